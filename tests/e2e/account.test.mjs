/* account.test.mjs: the account's pages in a real browser, and signing with a key that only the browser holds (NIP-07). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { npubEncode } from 'nostr-tools/nip19';
import { encrypt } from 'nostr-tools/nip49';
import { finalizeEvent, generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { desktop, phone, reader, signUp, startBrowser, startNode, submit } from './harness.mjs';

let node, browser;
before(async () => {
  node = await startNode();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await node?.stop();
});

/** Gives a reader's browser a key extension; what it signed is in .signed. */
async function addExtension(person, { refuse = () => false } = {}) {
  const secret = generateSecretKey();
  const extension = { key: getPublicKey(secret), signed: [] };
  await person.context.exposeFunction('signInTest', (template) => {
    if (refuse(template)) throw new Error('refused');
    const { kind, created_at, tags, content } = template;
    const signed = finalizeEvent({ kind, created_at, tags, content }, secret);
    extension.signed.push(signed);
    return { ...signed };
  });
  await person.context.addInitScript((key) => {
    globalThis.nostr = { getPublicKey: async () => key, signEvent: (template) => globalThis.signInTest(template) };
  }, extension.key);
  return extension;
}

for (const js of [false, true]) {
  test(`every page of an account, ${js ? 'with' : 'without'} JavaScript`, async () => {
    const person = await reader(browser, node, { js, size: phone, dark: js });
    const { page } = person;
    try {
      const name = js ? 'lin-js' : 'lin';
      await person.visit('/sign-in');
      await page.fill('input[name=name]', name);
      await page.fill('input[name=password]', 'not a password here');
      await submit(page, 'form[action="/sign-in"]');
      await person.check();
      assert.match(await page.locator('[role=alert]').first().textContent(), /name or the password is wrong/);
      const password = await signUp(person, name);
      for (const path of ['/account', '/account/password', '/account/key', '/account/delete']) await person.visit(path);
      await person.visit('/account/key');
      await page.fill('input[name=password]', password);
      await page.fill('input[name=export_password]', 'another long password');
      await page.fill('input[name=again]', 'another long password');
      await submit(page, 'form[action="/account/key"]');
      await person.check();
      assert.match(await page.locator('#ncryptsec').inputValue(), /^ncryptsec1/);
      await person.visit('/account');
      await submit(page, 'form[action="/sign-out"]');
      await person.check();
      assert.match(await page.locator('[role=status]').textContent(), /signed out/);
    } finally {
      await person.close();
    }
  });
}

for (const js of [false, true]) {
  test(`a key that was there before comes into an account, ${js ? 'with' : 'without'} JavaScript`, async () => {
    const person = await reader(browser, node, { js, size: phone });
    const { page } = person;
    try {
      const secret = generateSecretKey();
      await person.visit('/sign-up');
      await page.fill('input[name=name]', js ? 'kim-js' : 'kim');
      for (const field of ['password', 'again']) await page.fill(`input[name=${field}]`, 'a long enough password');
      await page.click('details summary');
      await person.check();
      await page.fill('input[name=key]', encrypt(secret, 'for the road', 8));
      await page.fill('input[name=key_password]', 'not that one');
      await submit(page, 'form[action="/sign-up"]');
      await person.check();
      assert.match(await page.locator('[role=alert]').first().textContent(), /does not open the key/);
      assert.equal(await page.locator('input[name=key]').inputValue(), '', 'a key is never sent back');
      for (const field of ['password', 'again']) await page.fill(`input[name=${field}]`, 'a long enough password');
      await page.fill('input[name=key]', encrypt(secret, 'for the road', 8));
      await page.fill('input[name=key_password]', 'for the road');
      await submit(page, 'form[action="/sign-up"]');
      await person.visit('/account');
      assert.ok((await page.locator('main').textContent()).includes(npubEncode(getPublicKey(secret))));
    } finally {
      await person.close();
    }
  });
}

test('account pages in Arabic keep to the window', async () => {
  const person = await reader(browser, node, { size: phone, language: 'ar' });
  try {
    for (const path of ['/sign-in', '/sign-up', '/sign-in/key', '/nowhere']) await person.visit(path);
    assert.equal(await person.page.locator('html').getAttribute('dir'), 'rtl');
  } finally {
    await person.close();
  }
});

test('without JavaScript the page for one\'s own key says what is missing', async () => {
  const person = await reader(browser, node, { js: false, size: phone });
  try {
    await person.visit('/sign-in/key');
    assert.match(await person.page.locator('noscript, main').first().textContent(), /needs JavaScript/);
    await submit(person.page, '#own-key-enter');
    await person.check();
    assert.match(await person.page.locator('[role=alert]').first().textContent(), /Nothing signed arrived/);
  } finally {
    await person.close();
  }
});

test('without an extension the page says so', async () => {
  const person = await reader(browser, node, { size: desktop });
  try {
    await person.visit('/sign-in/key');
    await person.page.click('#own-key-enter button');
    await person.page.waitForSelector('#own-key-problem:not([hidden])');
    assert.match(await person.page.locator('#own-key-problem').textContent(), /No key extension/);
    await person.check();
  } finally {
    await person.close();
  }
});

test('sign in and publish with one\'s own key', async () => {
  const person = await reader(browser, node, { size: desktop });
  const { page } = person;
  const extension = await addExtension(person);
  try {
    await person.visit('/sign-in/key?next=/write');
    await Promise.all([page.waitForNavigation(), page.click('#own-key-enter button')]);
    await person.check();
    assert.match(await page.locator('[role=alert]').first().textContent(), /no account here yet/);
    await page.fill('input[name=name]', 'own');
    await Promise.all([page.waitForURL('**/write'), page.click('#own-key-enter button')]);
    await person.check();
    const entry = extension.signed.at(-1);
    assert.equal(entry.kind, 27235);
    assert.deepEqual(entry.tags.filter(([tag]) => tag !== 'challenge'), [['u', `${node.url}/sign-in/key`], ['method', 'POST']]);

    await page.fill('#title', 'Signed at home');
    await page.fill('#text', 'The key of this text never left the browser.');
    await Promise.all([page.waitForURL('**/r/*'), page.click('#editor button[value=publish]')]);
    await person.check();
    assert.equal((await page.locator('h1').textContent()).trim(), 'Signed at home');
    const article = extension.signed.at(-1);
    assert.equal(article.kind, 30023);
    assert.equal(article.pubkey, extension.key);
    const { stdout } = await node.command('query', JSON.stringify({ ids: [article.id] }));
    assert.equal(JSON.parse(stdout).sig, article.sig);
  } finally {
    await person.close();
  }
});

test('what an extension does not sign is not published', async () => {
  const person = await reader(browser, node, { size: desktop });
  const { page } = person;
  await addExtension(person, { refuse: (template) => template.kind === 30023 });
  try {
    await person.visit('/sign-in/key?next=/write');
    await page.fill('input[name=name]', 'shy');
    await Promise.all([page.waitForURL('**/write'), page.click('#own-key-enter button')]);
    await page.fill('#title', 'Never to be seen');
    await page.fill('#text', 'Refused.');
    await page.click('#editor button[value=publish]');
    await page.waitForSelector('#own-key-problem:not([hidden])');
    assert.match(await page.locator('#own-key-problem').textContent(), /did not sign/);
    await person.check();
    await person.visit('/');
    assert.doesNotMatch(await page.locator('main').textContent(), /Never to be seen/);
  } finally {
    await person.close();
  }
});
