/* write.test.mjs: a writer's pages in a real browser: account, draft, preview, publish, edit, versions, withdraw, pictures. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { childrenOf, desktop, phone, reader, signUp, startBrowser, startNode, submit, until } from './harness.mjs';

let node, browser;
before(async () => {
  node = await startNode();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await node?.stop();
});

async function write(person, { title, text, summary, topics }, button) {
  const { page } = person;
  await page.fill('#title', title);
  if (summary !== undefined) await page.fill('#summary', summary);
  await page.fill('#text', text);
  if (topics !== undefined) await page.fill('#topics', topics);
  await submit(page, '#editor', `button[value=${button}]`);
  await person.check();
}

for (const js of [false, true]) {
  const way = js ? 'with JavaScript' : 'without JavaScript';
  test(`sign up, publish, edit, see both versions, withdraw: ${way}`, async () => {
    const person = await reader(browser, node, { js, size: js ? desktop : phone });
    const { page } = person;
    try {
      const name = js ? 'ana-js' : 'ana';
      await signUp(person, name);
      await person.visit('/write');
      assert.equal(await page.locator('#license').inputValue(), 'CC0-1.0', 'CC0 is the default');
      assert.match(await page.locator('main').textContent(), /public for good/);
      await write(person, {
        title: `The depot ${name} <walked> & out`, summary: 'In one sentence.', topics: 'Depot, night shift',
        text: 'At four the **night shift** left.\n\n<script>alert(1)</script>\n\n[link](javascript:alert(1)) and one[^1].\n\n[^1]: a note',
      }, 'preview');
      assert.match(await page.locator('main').textContent(), /Nothing is published yet/);
      assert.equal(await page.locator('.text strong').textContent(), 'night shift');
      assert.equal(await page.locator('.text script').count(), 0);
      assert.equal(await page.locator('.text a[href^="javascript"]').count(), 0);
      await submit(page, '#publish', 'button[value=publish]');
      await person.check();
      assert.equal((await page.locator('h1').textContent()).trim(), `The depot ${name} <walked> & out`);
      const article = new URL(page.url()).pathname;

      await Promise.all([page.waitForNavigation(), page.locator('a[href$="/edit"]').first().click()]);
      await person.check();
      assert.match(await page.inputValue('#text'), /night shift/);
      await page.fill('#text', 'At five the **early shift** left, and this time the cleaners too.');
      await submit(page, '#editor', 'button[value=publish]');
      await person.check();
      await person.visit(article);
      assert.match(await page.locator('.text').textContent(), /early shift/);
      await Promise.all([page.waitForNavigation(), page.locator('a[href$="/history"]').first().click()]);
      await person.check();
      assert.equal(await page.locator('main .sheet .item').count(), 2);
      await Promise.all([page.waitForNavigation(), page.locator('main form button').first().click()]);
      await person.check();
      assert.match((await page.locator('ins').allTextContents()).join(' '), /early/);
      assert.match((await page.locator('del').allTextContents()).join(' '), /night/);

      await person.visit('/search?q=cleaners');
      assert.ok(await page.locator('article.item').count() >= 1, 'search finds the new version');

      await person.visit(`${article}/withdraw`);
      await submit(page, 'main form', 'button.main');
      const gone = await page.goto(article);
      assert.equal(gone.status(), 410);
      await person.check();
    } finally {
      await person.close();
    }
  });
}

test('a draft stays on the node and nobody else sees it', async () => {
  const person = await reader(browser, node, { js: false });
  const other = await reader(browser, node, { js: false });
  try {
    await signUp(person, 'drafter');
    await person.visit('/write');
    await write(person, { title: 'Half a thought about ladders', text: 'It goes' }, 'save');
    assert.match(await person.page.locator('main').textContent(), /saved on this node/);
    await person.visit('/me');
    assert.match(await person.page.locator('main').textContent(), /Half a thought about ladders/);
    await other.visit('/');
    assert.doesNotMatch(await other.page.locator('main').textContent(), /Half a thought/);
    await signUp(other, 'nosy');
    await other.visit('/me');
    assert.doesNotMatch(await other.page.locator('main').textContent(), /Half a thought/);
    await person.visit('/me');
    await submit(person.page, 'article.item form', 'button[value=discard]');
    await person.visit('/me');
    assert.doesNotMatch(await person.page.locator('main').textContent(), /Half a thought/);
  } finally {
    await person.close();
    await other.close();
  }
});

test('what is wrong in a form is said, and the text is kept', async () => {
  const person = await reader(browser, node, { js: false });
  try {
    await signUp(person, 'careless');
    await person.visit('/write');
    await person.page.evaluate(() => document.querySelectorAll('[required]').forEach((field) => field.removeAttribute('required')));
    await write(person, { title: '', text: 'A text without a headline that took an hour.' }, 'publish');
    assert.equal(await person.page.locator('#problem').count(), 1);
    assert.match(await person.page.inputValue('#text'), /took an hour/);
    const answer = await person.page.request.post('/write', { form: { title: 'forged', text: 'forged', do: 'publish' } });
    assert.equal(answer.status(), 403, 'a form without the token is refused');
  } finally {
    await person.close();
  }
});

test('signing in: a wrong password says so, a right one leads back, signing out ends it', async () => {
  const person = await reader(browser, node, { js: false });
  const { page } = person;
  try {
    const password = await signUp(person, 'berta');
    await person.visit('/account');
    await submit(page, 'form[action="/sign-out"]', 'button');
    await page.goto('/write');
    assert.match(page.url(), /sign-in/);
    await person.check();
    await page.fill('input[name=name]', 'berta');
    await page.fill('input[name=password]', 'not the password');
    await submit(page, 'form[action="/sign-in"]', 'button');
    await person.check();
    assert.equal(await page.locator('#problem').count(), 1);
    await page.fill('input[name=name]', 'berta');
    await page.fill('input[name=password]', password);
    await submit(page, 'form[action="/sign-in"]', 'button');
    assert.equal(new URL(page.url()).pathname, '/write');
    await person.check();
    const cookies = await person.context.cookies();
    assert.ok(cookies.some((cookie) => cookie.httpOnly && cookie.sameSite !== 'None'), 'the session cookie is HttpOnly and SameSite');
    for (const path of ['/account', '/account/password', '/account/key', '/account/delete']) await person.visit(path);
  } finally {
    await person.close();
  }
});

test('a picture loses where it was taken, and shows with its words', async () => {
  const person = await reader(browser, node, { js: false });
  const { page } = person;
  try {
    await signUp(person, 'photographer');
    await person.visit('/write');
    const png = pngWithText('Location: the back door');
    await page.fill('#title', 'A door');
    await page.fill('#text', 'Here it is.');
    await page.setInputFiles('#picture', { name: 'door.png', mimeType: 'image/png', buffer: png });
    await page.fill('#alt', 'A green door');
    await submit(page, '#editor', 'button[value=picture]');
    await person.check();
    assert.match(await page.inputValue('#text'), /A green door/);
    await submit(page, '#editor', 'button[value=publish]');
    await person.check();
    const picture = page.locator('.text img[alt="A green door"], figure img[alt="A green door"]').first();
    const address = await picture.getAttribute('src');
    const answer = await fetch(new URL(address, node.url));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'image/png');
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    assert.ok(!Buffer.from(await answer.arrayBuffer()).includes('back door'), 'the comment is gone');
  } finally {
    await person.close();
  }
});

test('with JavaScript an unsent text survives a lost connection', async () => {
  const person = await reader(browser, node, { js: true, size: phone });
  const { page, context } = person;
  try {
    await signUp(person, 'tunnel');
    await person.visit('/write');
    await page.fill('#title', 'Written in a tunnel');
    await page.locator('#text').pressSequentially('Between two stations.');
    const kept = () => Object.keys(localStorage).some((key) => localStorage.getItem(key).includes('Between two stations.'));
    await until('the text is kept', () => page.evaluate(kept));
    await context.setOffline(true);
    await page.reload().catch(() => {});
    await context.setOffline(false);
    await page.goto('/write');
    await until('the text is back', () => page.evaluate(() => document.querySelector('#text').value.includes('Between two stations.')));
    await person.check();
  } finally {
    await person.close();
  }
});

test('import beside the running node shows at once, and again adds nothing', async () => {
  const folder = join(node.directory, '..', 'posts');
  const { mkdirSync } = await import('node:fs');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tram.md'), '---\ntitle: The tram that turned round\ndate: 2020-02-03\ntags: [tram]\n---\nIt turned at the **roundhouse**.\n');
  writeFileSync(join(folder, 'draft.md'), '---\ntitle: Not yet\ndraft: true\n---\nNo.\n');
  const first = await node.command('import', '--license', 'CC0-1.0', '--source', 'Tram news', folder);
  assert.match(first.stdout + first.stderr, /draft/);
  const person = await reader(browser, node, { js: false });
  try {
    await person.visit('/search?q=roundhouse');
    assert.equal(await person.page.locator('article.item').count(), 1);
    const count = (await (await fetch(`${node.url}/healthz`)).text());
    await node.command('import', '--license', 'CC0-1.0', '--source', 'Tram news', folder);
    await person.visit('/search?q=roundhouse');
    assert.equal(await person.page.locator('article.item').count(), 1);
    assert.equal(count, await (await fetch(`${node.url}/healthz`)).text());
  } finally {
    await person.close();
  }
});

test('the demonstration newsroom comes and goes beside the running node', async () => {
  const person = await reader(browser, node, { js: false });
  try {
    await node.command('demo', 'load');
    await person.visit('/search?q=' + encodeURIComponent('"lashing rod"'));
    assert.equal(await person.page.locator('article.item').count(), 1);
    assert.match((await node.command('demo', 'load')).stdout, /nothing was added/);
    await node.command('demo', 'remove');
    await person.visit('/search?q=' + encodeURIComponent('"lashing rod"'));
    assert.equal(await person.page.locator('article.item').count(), 0);
    assert.match((await node.command('demo', 'remove')).stdout, /nothing was removed/);
    await node.command('demo', 'load');
    await person.visit('/search?q=' + encodeURIComponent('"lashing rod"'));
    assert.equal(await person.page.locator('article.item').count(), 1);
    await node.command('demo', 'remove');
  } finally {
    await person.close();
  }
});

test('after kill -9 of the keeper, and of the front, signed-in people go on', async () => {
  const person = await reader(browser, node, { js: false });
  const { page } = person;
  try {
    await signUp(person, 'stoic');
    for (const child of ['keeper', 'front']) {
      const victim = await until(`the ${child} runs`, () => childrenOf(node.child.pid).find(({ words }) => words[1] === child));
      process.kill(victim.pid, 'SIGKILL');
      await until('pages are served', async () => { try { return (await fetch(`${node.url}/healthz`)).status === 200; } catch { return false; } });
      await person.visit('/write');
      await write(person, { title: `After the ${child} fell`, text: `It stood up again: the ${child}.` }, 'publish');
      assert.equal((await page.locator('h1').textContent()).trim(), `After the ${child} fell`);
      await until(`another ${child} runs`, () => childrenOf(node.child.pid).find(({ words, pid }) => words[1] === child && pid !== victim.pid));
    }
  } finally {
    await person.close();
  }
});

/** A PNG of one pixel with a text chunk. */
function pngWithText(words) {
  const crcTable = Array.from({ length: 256 }, (_, n) => { let c = n; for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1; return c >>> 0; });
  const crc = (bytes) => { let c = 0xffffffff; for (const b of bytes) c = crcTable[(c ^ b) & 255] ^ (c >>> 8); return (c ^ 0xffffffff) >>> 0; };
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc(body), body.length + 4);
    return out;
  };
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', Buffer.from('00000001000000010802000000', 'hex')),
    chunk('tEXt', Buffer.from(`Comment\0${words}`)), chunk('IDAT', deflateSync(Buffer.from([0, 16, 128, 48]))), chunk('IEND', Buffer.alloc(0)),
  ]);
}
