/* filter.test.mjs: reading by whom one trusts, in a real browser: three accounts rate imported articles differently, one of them is
 * trusted, and the front page changes, says why, and shows what disappeared; filters made, compared and shared. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { desktop, phone, reader, shared, signUp, startBrowser, startNode, submit, until } from './harness.mjs';

const articles = join(shared, 'data/articles/opensource-guide');
const real = existsSync(articles);
let node, browser, items;
before(async () => {
  node = await startNode({ demo: !real });
  if (real) await node.command('import', '--license', 'CC-BY-4.0', '--source', 'guides', articles);
  browser = await startBrowser();
  const list = async () => (await (await fetch(`${node.url}/lang/en.json`)).json()).items;
  await until('the articles are listed', async () => (await list()).length >= 5);
  items = (await list()).map((item) => ({ path: new URL(item.link).pathname, title: item.title }));
});
after(async () => {
  await browser?.close();
  const how = await node?.stop();
  assert.equal(how?.code, 0, `the node stops with status 0, not ${JSON.stringify(how)}\n${node?.log()}`);
});

const words = (page) => page.locator('main').textContent();
const headlines = async (page) => (await page.locator('article.item h2').allTextContents()).map((s) => s.trim());
const step = (page, field, value) => page.locator(`label:has(> input[name="${field}"][value="${value}"])`).click();

async function rate(person, path, value) {
  await person.page.goto(`${path}/rate`);
  await step(person.page, 'v0', value);
  await submit(person.page, 'form.fields', 'button.main');
}

async function follow(page, link) {
  await Promise.all([page.waitForNavigation(), link.click()]);
}

for (const js of [false, true]) {
  test(`the front page follows whom one trusts: ${js ? 'with' : 'without'} JavaScript`, async () => {
    const options = { js, size: js ? desktop : phone, dark: js };
    const people = await Promise.all([0, 1, 2].map(() => reader(browser, node, options)));
    const [ana, ben, carla] = people, { page } = ana;
    const mark = js ? 'js' : 'plain', [good, better, junk, other] = items.slice(js ? 4 : 0);
    try {
      await Promise.all(['ana', 'ben', 'carla'].map((name, i) => signUp(people[i], `${name}-${mark}`)));
      await rate(ben, good.path, '100');
      await rate(ben, better.path, '75');
      await rate(ben, junk.path, '0');
      await rate(carla, junk.path, '100');
      await rate(carla, other.path, '100');

      await ana.visit('/?filter=trusted');
      assert.match(await words(page), /You trust nobody yet/);
      await follow(page, page.locator('main a.button.main'));
      await ana.check();
      await page.fill('#who', `ben-${mark}`);
      await page.fill('#petname', 'Ben from the depot');
      await step(page, 'w', 'fully');
      await submit(page, 'form.card', 'button.main');

      // The front page by those she trusts, and why.
      await ana.visit('/');
      await follow(page, page.locator('.filters a', { hasText: 'People I trust' }));
      await ana.check();
      assert.deepEqual((await headlines(page)).sort(), [good.title, better.title].sort());
      const because = page.locator('.because a').first();
      assert.match(await because.textContent(), /Ben from the depot.*, whom you trust: newsworthy/);
      await follow(page, because);
      await ana.check();
      assert.match(await words(page), /It passes the filter “People I trust”/);
      assert.match(await words(page), /Ben from the depot/);
      await page.locator('details.ui summary').click();
      await ana.check();

      // What disappeared, by rule, with a way to peek.
      await page.goBack();
      await follow(page, page.locator('.why a', { hasText: 'hidden, and why' }));
      await ana.check();
      await follow(page, page.locator('.columns a', { hasText: 'rated too low in all' }));
      await ana.check();
      const fold = page.locator('details.peek').first();
      assert.equal(await fold.locator('h3').isVisible(), false, 'a title stands behind a fold');
      await fold.locator('summary').click();
      assert.equal((await fold.locator('h3').textContent()).trim(), junk.title);
      await ana.check();
      await follow(page, fold.locator('a', { hasText: 'Why it is hidden' }));
      assert.match(await words(page), /hides it: rated too low in all/);
      await ana.visit(`${other.path}/why?filter=trusted`);
      assert.match(await words(page), /too few people you trust have rated it/);

      // Kept as what she sees first; nobody else does.
      await ana.visit('/?filter=trusted');
      await submit(page, 'form.why', 'button');
      await ana.check();
      assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, '/');
      assert.deepEqual((await headlines(page)).sort(), [good.title, better.title].sort());
      await ben.visit('/');
      assert.ok((await headlines(ben.page)).length > 2);

      // Another's trust is another front page.
      await carla.visit('/trust');
      await carla.page.fill('#who', `carla-${mark}`);
      await submit(carla.page, 'form.card', 'button.main');
      await carla.visit('/?filter=trusted');
      assert.doesNotMatch(await words(carla.page), /Ben from the depot/);
    } finally {
      for (const person of people) await person.close();
    }
  });
}

test('a filter is made, kept, published, copied, compared and withdrawn without JavaScript', async () => {
  const dora = await reader(browser, node, { js: false, size: phone }), eva = await reader(browser, node, { js: false, size: phone });
  const { page } = dora;
  try {
    await signUp(dora, 'dora');
    await signUp(eva, 'eva');
    await dora.visit('/filters');
    await follow(page, page.locator('a.button.main'));
    await dora.check();
    await page.fill('#name', 'Dockers');
    await page.check('input[value=everyone]');
    await page.fill('#support', '0');
    await page.fill('#quality', '');
    await page.fill('#window', '');
    await page.fill('#languages', 'en');
    await submit(page, '#filter', '.card button[value=show]');
    await dora.check();
    assert.match(await page.locator('#would').textContent(), /It shows [\d,]+ articles\./);
    assert.match(await page.locator('#would').textContent(), /in a language that this filter leaves out/);
    assert.equal(await page.inputValue('#name'), 'Dockers');
    await submit(page, '#filter', 'button[value=keep]');
    await dora.check();
    assert.match(await words(page), /only you see it/);
    const mine = new URL(page.url()).pathname;
    assert.equal((await eva.page.goto(mine)).status(), 404);
    await follow(page, page.locator('a.button', { hasText: 'Change it' }));
    await dora.check();
    await submit(page, '#filter', 'button[value=publish]');
    await dora.check();
    assert.match(await words(page), /The filter is published|Just now, through your eyes/);
    const place = new URL(page.url()).pathname;
    assert.match(place, /^\/filters\/naddr1/);

    await eva.visit('/filters');
    await follow(eva.page, eva.page.locator('h3 a', { hasText: 'Dockers' }));
    await eva.check();
    await submit(eva.page, 'form[action="/filters/subscribe"]', 'button');
    await eva.visit('/');
    assert.equal(await eva.page.locator('.filters a', { hasText: 'Dockers' }).count(), 1);
    await eva.visit(place);
    await follow(eva.page, eva.page.locator('a.button', { hasText: 'Copy and change' }));
    await eva.page.fill('#name', 'Dockers, newest week');
    await eva.page.fill('#window', '168');
    await submit(eva.page, '#filter', 'button[value=publish]');
    await eva.check();
    assert.match(await words(eva.page), /Made from/);
    await eva.page.selectOption('#b', { label: 'Dockers' });
    await submit(eva.page, 'form[action="/filters/compare"]', 'button');
    await eva.check();
    assert.match(await words(eva.page), /Only “Dockers” shows/);

    await page.goto(place);
    await submit(page, 'form[action="/filters/withdraw"]', 'button');
    await dora.check();
    assert.equal((await eva.page.goto(place)).status(), 410);
    await eva.visit('/filters');
    assert.match(await words(eva.page), /Withdrawn since you subscribed/);
  } finally {
    await dora.close();
    await eva.close();
  }
});

test('what a filter would do is counted while one types', async () => {
  const person = await reader(browser, node, { js: true, size: phone });
  const { page } = person;
  try {
    await signUp(person, 'fay');
    await person.visit('/filters/new?from=everything');
    const before = await page.locator('#would strong').textContent();
    await page.fill('#tags', 'no such topic');
    await until('the counts follow', async () => /It shows 0 articles/.test(await page.locator('#would').textContent()));
    assert.match(await page.locator('#would').textContent(), /on none of the topics/);
    await person.check();
    await page.fill('#tags', '');
    await until('they follow back', async () => (await page.locator('#would strong').textContent()) === before);
    await page.fill('#quality', 'much');
    await until('a fault is said', async () => /not a number/.test(await page.locator('#would').textContent()));
  } finally {
    await person.close();
  }
});

test('the pages of filters in four languages, and for who is not signed in', async () => {
  for (const language of ['en', 'fr', 'es', 'ar']) {
    const person = await reader(browser, node, { js: false, size: phone, language });
    try {
      for (const path of ['/?filter=newsworthy', '/hidden?filter=everything', '/filters', '/filters/newsworthy', '/filters/compare?a=everything&b=trusted',
        `${items[0].path}/why?filter=everything`])
        await person.visit(path);
    } finally {
      await person.close();
    }
  }
});
