/* rate.test.mjs: rating and trust in a real browser: on a phone without JavaScript, on a desktop with it, and with a key that
 * only the browser's extension holds. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { nip44, nip19 } from 'nostr-tools';
import { finalizeEvent, generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { desktop, phone, reader, signUp, startBrowser, startNode, submit } from './harness.mjs';

let node, browser, article;
before(async () => {
  node = await startNode({ demo: true });
  browser = await startBrowser();
  const { items } = await (await fetch(`${node.url}/index.json`)).json();
  article = new URL(items[0].link).pathname;
});
after(async () => {
  await browser?.close();
  await node?.stop();
});

/** Chooses a step by its label, as a finger would. */
const step = (page, field, value) => page.locator(`label:has(> input[name="${field}"][value="${value}"])`).click();
const words = (page) => page.locator('main').textContent();

for (const js of [false, true]) {
  const way = js ? 'with JavaScript' : 'without JavaScript';
  test(`rate, change, trust the rater, see why, take it back: ${way}`, async () => {
    const options = { js, size: js ? desktop : phone, dark: js };
    const rater = await reader(browser, node, options), person = await reader(browser, node, options);
    const name = js ? 'ruth-js' : 'ruth';
    try {
      await signUp(rater, name);
      await rater.visit(`${article}/rate`);
      await step(rater.page, 'v0', '100');
      await step(rater.page, 'v1', '75');
      await rater.page.locator('fieldset.scale').first().locator('summary').click();
      await rater.page.fill('input[name=r0]', 'It names who decided <b>and</b> when.');
      await submit(rater.page, 'form.fields', 'button.main');
      await rater.check();
      assert.match(await rater.page.locator('[role=status]').textContent(), /Your rating is published/);

      await signUp(person, js ? 'paul-js' : 'paul');
      await person.visit('/trust');
      assert.match(await words(person.page), /Nobody is on it yet/);
      await person.page.fill('#who', name);
      await person.page.fill('#petname', 'Ruth from the depot');
      await submit(person.page, 'form.card', 'button.main');
      await person.check();
      assert.match(await words(person.page), /Your list adds up to 0\.6/);
      await person.visit(article);
      const panel = person.page.locator('#ratings');
      assert.match(await panel.textContent(), /Ruth from the depot/);
      assert.match(await panel.textContent(), /It names who decided <b>and<\/b> when\./);
      await Promise.all([person.page.waitForNavigation(), panel.locator('a', { hasText: 'Ruth from the depot' }).click()]);
      await person.check();
      assert.match(await words(person.page), /because they are on your list/);
      assert.equal(await person.page.locator('svg.ways text').count(), 2);
      if (js) {
        await person.page.locator('input[type=range]').fill('35');
        assert.equal(await person.page.locator('input[name=w]:checked').count(), 0, 'no word says 0.35');
      } else {
        assert.equal(await person.page.locator('input[type=range]').isVisible(), false, 'no slider without a script');
        await person.page.locator('label:has(> input[value=little])').click();
      }
      await submit(person.page, 'form.card', 'button.main');
      await person.check();
      assert.match(await words(person.page), js ? /count 0\.35 for you/ : /count 0\.25 for you/);
      await person.visit(`${article}/ratings`);

      await rater.visit(`${article}/rate`);
      assert.ok(await rater.page.locator('input[name=v0][value="100"]').isChecked());
      await rater.page.locator('fieldset.scale').first().locator('label.check').click();
      await submit(rater.page, 'form.fields', 'button.main');
      await person.visit(`${article}/ratings`);
      assert.doesNotMatch(await words(person.page), /It names who decided/);
      assert.match(await words(person.page), /4 of 5/, 'the other one stays');
      await person.visit('/trust');
      await person.page.locator('details.person summary').click();
      await person.check();
      await submit(person.page, 'details.person form', 'button[value=remove]');
      assert.match(await words(person.page), /Nobody is on it yet/);
    } finally {
      await rater.close();
      await person.close();
    }
  });

  test(`what one agrees with stays on the node until later: ${way}`, async () => {
    const person = await reader(browser, node, { js, size: phone, dark: !js });
    const { page } = person;
    try {
      await signUp(person, js ? 'omar-js' : 'omar');
      await person.visit(`${article}/rate`);
      assert.match(await page.locator('#agree').textContent(), /nobody's business/);
      await step(page, 'v', '100');
      await submit(page, '#agree form', 'button[value=keep]');
      await person.check();
      assert.match(await page.locator('[role=status]').first().textContent(), /leaves this node later/);
      await person.visit(`${article}/rate`);
      assert.match(await page.locator('#agree').textContent(), /Your choice leaves the node later/);
      assert.ok(await page.locator('#agree input[value="100"]').isChecked());
      const records = (await node.command('export', '--format', 'jsonl')).stdout.trim().split('\n').map((line) => JSON.parse(line));
      assert.equal(records.filter((r) => r.kind === 34259 && JSON.stringify(r.tags).includes('agree')).length, 0);
      await person.visit('/me/opinions');
      assert.match(await words(page), /5 of 5/);
      await person.visit('/account/delete');
      assert.equal(await page.locator('input[name=opinions]').count(), 2, 'what becomes of it is asked');
      await person.visit(`${article}/agree`);
      assert.match(await words(page), /Everybody can then read, for good/);
      await person.visit(`${article}/rate`);
      await submit(page, '#agree form', 'button[value=back]');
      assert.match(await page.locator('[role=status]').first().textContent(), /It is forgotten/);
    } finally {
      await person.close();
    }
  });

  test(`the pages on trust and dimensions: ${way}`, async () => {
    const person = await reader(browser, node, { js, size: phone, language: js ? 'ar' : 'en' });
    const { page } = person;
    try {
      await signUp(person, js ? 'tara-js' : 'tara');
      for (const path of ['/trust', '/trust/publish', '/trust/import', '/dimensions', '/dimensions/new', `${article}/ratings`])
        await person.visit(path);
      await person.visit('/trust/import');
      await page.fill('#list', `Two: ${nip19.npubEncode(getPublicKey(generateSecretKey()))} and ${getPublicKey(generateSecretKey())}`);
      await submit(page, 'form.card', 'button.main');
      await person.check();
      assert.equal(await page.locator('ul.columns li').count(), 2);
      await submit(page, 'form.card', 'button.main');
      await person.check();
      assert.equal(await page.locator('details.person').count(), 2);
    } finally {
      await person.close();
    }
  });
}

test('a key in the browser signs several ratings at once, seals the trust list and opens it again', async () => {
  const person = await reader(browser, node, { size: phone });
  const { page } = person;
  const secret = generateSecretKey(), key = getPublicKey(secret), signed = [];
  const shared = nip44.v2.utils.getConversationKey(secret, key);
  await person.context.exposeFunction('signInTest', ({ kind, created_at, tags, content }) => {
    signed.push(kind);
    return { ...finalizeEvent({ kind, created_at, tags, content }, secret) };
  });
  await person.context.exposeFunction('sealInTest', (text) => nip44.v2.encrypt(text, shared));
  await person.context.exposeFunction('openInTest', (text) => nip44.v2.decrypt(text, shared));
  await person.context.addInitScript((own) => {
    globalThis.nostr = {
      getPublicKey: async () => own, signEvent: (template) => globalThis.signInTest(template),
      nip44: { encrypt: (_, text) => globalThis.sealInTest(text), decrypt: (_, text) => globalThis.openInTest(text) },
    };
  }, key);
  try {
    await person.visit('/sign-in/key');
    await page.fill('input[name=name]', 'nadia');
    await submit(page, '#own-key-enter');
    await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
    await person.visit(`${article}/rate`);
    await step(page, 'v0', '75');
    await step(page, 'v2', '50');
    await page.locator('form.fields button.main').click();
    await page.waitForURL(`**${article}`);
    assert.deepEqual(signed.filter((kind) => kind === 34259), [34259, 34259]);
    await person.visit('/trust');
    await page.fill('#who', nip19.npubEncode(getPublicKey(generateSecretKey())));
    await page.fill('#petname', 'Secret friend');
    await submit(page, 'form.card', 'button.main');
    await person.visit('/trust/publish');
    await page.locator('form[data-nip44] button').click();
    await page.waitForURL('**/trust/publish');
    await page.locator('text=sealed, only you can read it').waitFor();
    await person.check();
    const records = (await node.command('export', '--format', 'jsonl')).stdout.trim().split('\n').map((line) => JSON.parse(line));
    const list = records.find((r) => r.kind === 30000 && r.pubkey === key);
    assert.ok(list && !list.tags.some(([tag]) => tag === 'p') && !list.content.includes('Secret'));
    await person.visit('/trust/import');
    await page.locator('form[data-nip44] button').click();
    await page.locator('text=Secret friend').waitFor();
    await person.check();
  } finally {
    await person.close();
  }
});
