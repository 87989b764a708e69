/* read.test.mjs: a reader's pages in a real browser: front, article, search, lists, languages, dark, right to left, offline. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desktop, phone, reader, startBrowser, startNode, tablet, until } from './harness.mjs';

let node, browser;
before(async () => {
  node = await startNode({ demo: true });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  const how = await node?.stop();
  assert.equal(how?.code, 0, `the node stops with status 0 on SIGTERM, not ${JSON.stringify(how)}\n${node?.log()}`);
});

async function open(options, work) {
  const person = await reader(browser, node, options);
  try { await work(person, person.page); } finally { await person.close(); }
}

const ways = [
  { what: 'on a phone without JavaScript', js: false, size: phone },
  { what: 'on a phone with JavaScript', js: true, size: phone },
  { what: 'on a larger phone', js: true, size: tablet },
  { what: 'on a desktop without JavaScript', js: false, size: desktop },
  { what: 'on a desktop in the dark', js: true, size: desktop, dark: true },
];

for (const way of ways) {
  test(`front page, article and search ${way.what}`, () => open(way, async (person, page) => {
    await person.visit('/');
    assert.ok(await page.locator('article.item').count() >= 10, 'the front page lists articles');
    const first = page.locator('article.item h2 a').first();
    const title = await first.textContent();
    await Promise.all([page.waitForNavigation(), first.click()]);
    await person.check();
    assert.equal((await page.locator('h1').textContent()).trim(), title.trim());
    await person.visit('/search');
    await page.fill('input[name=q]', '"lashing rod"');
    await Promise.all([page.waitForNavigation(), page.locator('main form button').first().click()]);
    await person.check();
    assert.match(await page.locator('article.item').first().textContent(), /Four minutes a container/);
    assert.match(await page.locator('mark').first().textContent(), /lashing/i);
  }));
}

test('every page that a visitor can be led to keeps the rules', () => open({ js: false, size: phone }, async (person, page) => {
  const seen = new Set(), waiting = ['/'];
  // Each sort of page a few times: by its first piece of the path.
  const counts = new Map();
  while (waiting.length && seen.size < 40) {
    const path = waiting.shift();
    if (seen.has(path)) continue;
    seen.add(path);
    const answer = await page.goto(path);
    assert.ok(answer.status() < 400, `${path} answers ${answer.status()}`);
    await person.check();
    const links = await page.evaluate(() => [...document.querySelectorAll('a[href]')].map((a) => a.href));
    for (const link of links) {
      const url = new URL(link);
      if (url.origin !== node.url || /\.(json|atom|md|xml|txt)$/.test(url.pathname)) continue;
      const next = url.pathname + url.search;
      const kind = url.pathname.split('/').map((piece, i) => (i === 1 || i === 3 ? piece : '*')).join('/') + [...url.searchParams.keys()].sort();
      if (seen.has(next) || waiting.includes(next) || (counts.get(kind) ?? 0) >= 2) continue;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      waiting.push(next);
    }
  }
  assert.ok(seen.size >= 15, `found only ${seen.size} pages: ${[...seen].join(' ')}`);
}));

test('an article shows its table, its footnote and both its versions', () => open({ size: phone, js: false }, async (person, page) => {
  await person.visit('/search?q=' + encodeURIComponent('"how Brickfield got its heating back"'));
  await Promise.all([page.waitForNavigation(), page.locator('article.item h2 a').first().click()]);
  assert.equal(await page.locator('.text table').count(), 1);
  assert.match(await page.locator('.text').textContent(), /Two tenants asked not to appear/);
  await person.visit('/search?q=' + encodeURIComponent('"common answer to the rent letter"'));
  await Promise.all([page.waitForNavigation(), page.locator('article.item h2 a').first().click()]);
  await Promise.all([page.waitForNavigation(), page.locator('a[href$="/history"]').first().click()]);
  await person.check();
  assert.equal(await page.locator('main .sheet .item').count(), 2);
  await Promise.all([page.waitForNavigation(), page.locator('main form button').first().click()]);
  await person.check();
  assert.match(await page.locator('ins').allTextContents().then((all) => all.join(' ')), /arrived/);
}));

test('search finds in every script, and its operators narrow', () => open({ js: false }, async (person, page) => {
  const hits = async (query) => {
    await person.visit('/search?q=' + encodeURIComponent(query), { axeRules: false });
    return page.locator('article.item h2').allTextContents().then((all) => all.map((s) => s.trim()));
  };
  assert.deepEqual((await hits('派单')).length, 1, 'two Chinese characters');
  assert.ok((await hits('骑')).length >= 1, 'one Chinese character');
  assert.ok((await hits('البذور')).length >= 1, 'Arabic');
  assert.ok((await hits('البُذُور')).length >= 1, 'Arabic with vowel marks');
  assert.ok((await hits('बुनकर')).length >= 1, 'Devanagari');
  assert.ok((await hits('muayenesi')).length >= 1, 'Turkish');
  assert.ok((await hits('horario')).length >= 2, 'Spanish');
  assert.ok((await hits('horario -conductora')).length < (await hits('horario')).length, 'without a word');
  assert.ok((await hits('tag:docks')).length === 2, 'a topic');
  assert.ok((await hits('lang:de')).length === 2, 'a language');
  assert.ok((await hits('author:Brickfield boiler')).every((title) => /heating|rent|laundry/i.test(title)), 'an author');
  assert.deepEqual(await hits('boiler after:2100-01-01'), [], 'a date');
}));

test('the interface follows the browser and the reader', async () => {
  for (const [language, direction, word] of [['fr', 'ltr', 'Rechercher'], ['es', 'ltr', 'Buscar'], ['ar', 'rtl', 'بحث'], ['en', 'ltr', 'Search']]) {
    await open({ language, js: false, size: phone }, async (person, page) => {
      await person.visit('/');
      assert.equal(await page.evaluate(() => document.documentElement.dir || 'ltr'), direction);
      assert.equal(await page.evaluate(() => document.documentElement.lang), language);
      assert.match(await page.locator('header').first().textContent(), new RegExp(word));
      await person.visit('/search');
    });
  }
  await open({ language: 'en', js: false, size: phone }, async (person, page) => {
    await person.visit('/');
    await Promise.all([page.waitForNavigation(), page.locator('footer a[hreflang=ar]').click()]);
    await person.check();
    assert.equal(await page.evaluate(() => document.documentElement.dir), 'rtl');
    await person.visit('/topics');
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'ar', 'the choice stays');
  });
});

test('articles of both directions fit a phone in an Arabic interface', () => open({ language: 'ar', js: false, size: phone }, async (person, page) => {
  for (const query of ['lang:ar', 'lang:en tag:heating', 'lang:zh']) {
    await person.visit('/search?q=' + encodeURIComponent(query));
    await Promise.all([page.waitForNavigation(), page.locator('article.item h2 a').first().click()]);
    await person.check();
  }
}));

test('what is not there gets a page that says so', () => open({ js: false, size: phone }, async (person) => {
  for (const [path, status] of [['/r/zzzzzzzzzz', 404], ['/nothing/of/the/sort', 404], ['/by/npub1nobody', 404]]) {
    const answer = await person.visit(path);
    assert.equal(answer.status(), status, path);
  }
}));

test('lists are to be had as JSON and Atom, and the sitemap leads to articles', async () => {
  const get = async (path) => {
    const answer = await fetch(node.url + path);
    assert.equal(answer.status, 200, path);
    return answer;
  };
  const front = await (await fetch(`${node.url}/`)).text();
  const json = front.match(/rel="alternate" type="application\/json" href="([^"]+)"/)[1];
  const atom = front.match(/rel="alternate" type="application\/atom\+xml"[^>]* href="([^"]+)"/)[1];
  assert.match(JSON.stringify(await (await get(json)).json()), /Four minutes a container/);
  const feed = await get(atom);
  assert.match(feed.headers.get('content-type'), /application\/atom\+xml/);
  assert.match(await feed.text(), /<feed[^>]*xmlns="http:\/\/www\.w3\.org\/2005\/Atom"/);
  assert.match(await (await get('/sitemap.xml')).text(), /<(urlset|sitemapindex)/);
  assert.match(await (await get('/robots.txt')).text(), /Sitemap:/i);
});

test('the front page is small: at most 14 KB compressed, one request more for the style sheet', () => open({ js: false }, async (person, page) => {
  const requests = [];
  page.on('request', (request) => requests.push(new URL(request.url()).pathname));
  await page.goto('/');
  const others = requests.filter((path) => path !== '/' && !/favicon/.test(path));
  assert.ok(others.length <= 1, `more than the style sheet: ${others.join(' ')}`);
  const bytes = Number((await new Promise((resolve, reject) => {
    import('node:http').then(({ get }) => get(`${node.url}/`, { headers: { 'Accept-Encoding': 'gzip' } }, (answer) => {
      let size = 0;
      assert.equal(answer.headers['content-encoding'], 'gzip');
      answer.on('data', (chunk) => { size += chunk.length; });
      answer.on('end', () => resolve(size));
    }).on('error', reject));
  })));
  assert.ok(bytes <= 14 * 1024, `${bytes} bytes`);
}));

test('a page read before can be read again when the node is gone', async () => {
  const other = await startNode({ demo: true });
  const person = await reader(browser, other, { js: true, size: phone, workers: 'allow' });
  const { page } = person;
  try {
    await page.goto('/');
    const path = await page.locator('article.item h2 a').first().getAttribute('href');
    await page.locator('article.item h2 a').first().click();
    await page.waitForURL(`**${path}*`);
    const title = await page.locator('h1').textContent();
    for (const wanted of [path, '/'])
      await until(`${wanted} is kept`, () => page.evaluate(async (address) => (await caches.match(address)) !== undefined, wanted));
    await other.stop();
    await page.goto('/');
    assert.ok(await page.locator('article.item').count() >= 10, 'the front page can be read again, too');
    await page.goto(path);
    assert.equal(await page.locator('h1').textContent(), title);
    await page.goto('/topics');
    assert.match(await page.locator('main').textContent(), /No connection/);
    await until('the page read before is listed', () => page.locator(`#kept a[href$="${path}"]`).count());
  } finally {
    await other.stop();
    await person.close();
  }
});

test('nobody but the node named is answered', async () => {
  const { request } = await import('node:http');
  const status = await new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: node.port, path: '/', headers: { Host: 'evil.example' } },
      (answer) => { answer.resume(); resolve(answer.statusCode); });
    sent.on('error', reject);
    sent.end();
  });
  assert.ok([400, 403, 421].includes(status), `an unknown Host is answered ${status}`);
});
