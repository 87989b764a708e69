/* offline.test.mjs: what the browser of somebody who is signed in keeps for reading without a connection, and that nothing of it is theirs or stays. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { phone, reader, signUp, startBrowser, startNode, submit, until } from './harness.mjs';

let node, browser;
before(async () => {
  node = await startNode({ demo: true });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await node?.stop();
  rmSync(dirname(node.directory), { recursive: true, force: true });
});

/* Playwright's setOffline() leaves the service worker its network: the node goes away instead, and comes back at its address. */
let gone = false;
async function disconnect() {
  await node.stop({ keep: true });
  gone = true;
}
async function connect() {
  if (gone) node = await startNode({ data: node.directory, port: node.port });
  gone = false;
}

/** Everything in CacheStorage: [{cache, path, text}]. */
const everything = (page) => page.evaluate(async () => {
  const all = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const url = new URL(request.url);
      const answer = await cache.match(request, { ignoreVary: true });
      const headers = [...answer.headers].map((pair) => pair.join(': ')).join('\n');
      all.push({ cache: name, path: url.pathname + url.search, text: `${headers}\n\n${await answer.text()}` });
    }
  }
  return all;
});
const kept = async (page) => (await everything(page)).filter((one) => one.cache.startsWith('widenet-read-'));
const isKept = (page, path) => until(`${path} is kept`, async () => (await kept(page)).some((one) => one.path === path));

/** Reads the front page and its first article; resolves when both are kept. Returns the article's path. */
async function read(page) {
  await page.goto('/');
  const link = page.locator('article.item h2 a').first();
  const path = await link.getAttribute('href');
  await link.click();
  await page.waitForURL(`**${path}*`);
  for (const wanted of [path, '/']) await isKept(page, wanted);
  return path;
}

test('somebody signed in reads again without a connection, and leaves nothing behind at sign-out', async () => {
  const person = await reader(browser, node, { workers: 'allow', size: phone });
  const { page } = person;
  try {
    await signUp(person, 'zenobia');
    await page.goto('/write');
    await page.fill('input[name=title]', 'A secret draft of mine');
    await page.fill('textarea[name=text]', 'Nobody has read this yet.');
    await submit(page, '#editor', 'button[value=save]');
    const path = await read(page);
    const title = await page.locator('h1').textContent();
    await page.goto('/search?q=water');
    await isKept(page, '/search?q=water');
    for (const own of ['/me', '/account', '/account/password', '/write']) await page.goto(own);
    assert.match(await page.locator('header.mast').textContent(), /zenobia/, 'still signed in');
    for (const one of await everything(page)) {
      assert.doesNotMatch(one.text, /zenobia|name="csrf"|secret draft|set-cookie/i, `${one.path} in ${one.cache} holds something of hers`);
      assert.doesNotMatch(one.path, /^\/(me|account|write|sign)/);
    }

    await disconnect();
    await person.visit(path);
    assert.equal(await page.locator('h1').textContent(), title);
    assert.match(await page.locator('main [role=note]').first().textContent(), /You are reading what your device kept: \d+ \w+ 20\d\d/);
    await page.goto('/');
    assert.ok(await page.locator('article.item').count() >= 10, 'the front page');
    await page.goto('/search?q=water');
    assert.equal(await page.locator('input[name=q]').inputValue(), 'water');
    await page.goto('/me');
    assert.match(await page.locator('h1').textContent(), /No connection/);
    await until('what was read is listed', () => page.locator(`#kept a[href$="${path}"]`).count());
    await person.check();

    await connect();
    await page.goto('/');
    assert.equal(await page.locator('main [role=note]').count(), 0, 'what is fresh bears no note');
    await page.goto('/account');
    await submit(page, 'form[action="/sign-out"]');
    assert.match(await page.locator('[role=status]').textContent(), /signed out/);
    assert.deepEqual((await kept(page)).map((one) => one.path), []);
    for (const one of await everything(page)) assert.doesNotMatch(one.text, /zenobia/);
  } finally {
    await connect();
    await person.close();
  }
});

test('a session that ended elsewhere takes along what was read in it', async () => {
  const person = await reader(browser, node, { workers: 'allow', size: phone });
  const { page, context } = person;
  try {
    await signUp(person, 'yusra');
    const path = await read(page);
    await context.clearCookies();
    await page.goto('/topics');
    await until('the article is gone', async () => !(await kept(page)).some((one) => one.path === path));
    await isKept(page, '/topics');
    await page.goto('/offline');
    await until('the list is filled', () => page.locator('#kept a').count());
    await page.click('#forget');
    await until('the list is empty', async () => await page.locator('#kept a').count() === 0);
    assert.deepEqual((await kept(page)).map((one) => one.path).filter((one) => one !== '/offline'), []);
  } finally {
    await person.close();
  }
});

test('what is kept is in the language in which it was read', async () => {
  const person = await reader(browser, node, { workers: 'allow', size: phone, language: 'en' });
  const { page } = person;
  try {
    await signUp(person, 'xavier');
    await page.goto('/?ui=fr');
    const path = await read(page);
    await until('the offline page is French', async () =>
      (await everything(page)).some((one) => one.path === '/offline' && /<html lang="fr"/.test(one.text)));
    await disconnect();
    await person.visit(path);
    assert.equal(await page.locator('html').getAttribute('lang'), 'fr');
    assert.match(await page.locator('main [role=note]').first().textContent(), /ce que votre appareil a gardé/);
  } finally {
    await connect();
    await person.close();
  }
});

test('a device that saves data is not asked for what nobody looks at', async () => {
  const person = await reader(browser, node, { workers: 'allow', size: phone });
  const { page, context } = person;
  try {
    await page.goto('/');
    await signUp(person, 'wanda');
    await read(page);
    const worker = context.serviceWorkers()[0];
    await worker.evaluate(() => Object.defineProperty(navigator, 'connection', { value: { saveData: true }, configurable: true }));
    await page.goto('/topics');
    await page.goto('/languages');
    await worker.evaluate(() => Object.defineProperty(navigator, 'connection', { value: { saveData: false }, configurable: true }));
    await page.goto('/authors');
    await isKept(page, '/authors'); /* asked for later than the others would have been */
    assert.deepEqual((await kept(page)).map((one) => one.path).filter((one) => /topics|languages/.test(one)), []);
  } finally {
    await person.close();
  }
});
