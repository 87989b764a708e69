#!/usr/bin/env node
/* screenshots.mjs: takes docs/screenshots/ anew: the main pages on a phone, on a desktop, in the dark and in Arabic, over the
 * demonstration newsroom. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { reader, root, signUp, startBrowser, startNode, submit } from '../tests/e2e/harness.mjs';

const folder = join(root, 'docs/screenshots');
// Columns: what stands in the file's name; how the reader looks at it.
const ways = [
  ['phone', { size: { width: 390, height: 844 } }],
  ['desktop', { size: { width: 1280, height: 900 } }],
  ['dark', { size: { width: 1280, height: 900 }, dark: true }],
  ['arabic', { size: { width: 390, height: 844 }, language: 'ar' }],
];

const node = await startNode({ demo: true });
const browser = await startBrowser();
try {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  const find = async (page, query) => {
    await page.goto('/search?q=' + encodeURIComponent(query));
    return page.locator('article.item h2 a').first().getAttribute('href');
  };
  // Two people whose ratings the others read by.
  const { items } = await (await fetch(`${node.url}/index.json`)).json();
  const links = items.map((item) => new URL(item.link).pathname);
  for (const [name, rated] of [['ben', [[0, 100], [1, 75], [2, 100], [4, 75], [6, 100], [9, 0]]], ['carla', [[0, 75], [2, 75], [3, 0], [6, 75], [7, 100]]]]) {
    const rater = await reader(browser, node, { js: false });
    await signUp(rater, name);
    for (const [i, value] of rated) {
      await rater.page.goto(`${links[i]}/rate`);
      await rater.page.locator(`label:has(> input[name="v0"][value="${value}"])`).click();
      if (i === 2) {
        await rater.page.locator('fieldset.scale').first().locator('summary').click();
        await rater.page.fill('input[name=r0]', 'I was at that meeting; it is as they say.');
      }
      await submit(rater.page, 'form.fields', 'button.main');
    }
    await rater.close();
  }
  for (const [way, options] of ways) {
    const person = await reader(browser, node, options);
    const { page } = person;
    const shoot = async (name) => {
      await page.screenshot({ path: join(folder, `${name}-${way}.png`) });
    };
    const article = await find(page, way === 'arabic' ? '"بيت البذور"' : '"how Brickfield got its heating back"');
    const changed = await find(page, '"common answer to the rent letter"');
    await page.goto('/');
    await shoot('front');
    await page.goto(article);
    await shoot('article');
    await page.goto('/search?q=' + encodeURIComponent(way === 'arabic' ? 'البذور' : 'night shift'));
    await shoot('search');
    await page.goto(`${changed}/history`);
    await Promise.all([page.waitForNavigation(), page.locator('main form button').first().click()]);
    await shoot('versions');
    await signUp(person, `ana-${way}`);
    await page.goto('/write');
    await page.fill('#title', way === 'arabic' ? 'حافلة الساعة الخامسة' : 'The five o’clock bus');
    await page.fill('#summary', way === 'arabic' ? 'من ينتظرها، ومن لا يستطيع الانتظار.' : 'Who waits for it, and who cannot wait.');
    await shoot('write');
    for (const who of ['ben', 'carla']) {
      await page.goto('/trust');
      await page.fill('#who', who);
      await page.fill('#petname', way === 'arabic' ? { ben: 'سالم', carla: 'ليلى' }[who] : { ben: 'Ben from the depot', carla: 'Carla' }[who]);
      await page.locator('form.card label:has(> input[value=fully])').first().click();
      await submit(page, 'form.card', 'button.main');
    }
    await page.goto('/?filter=trusted');
    await shoot('trusted');
    await page.goto(`${links[2]}/why?filter=trusted`);
    await shoot('why');
    await page.goto('/hidden?filter=trusted');
    await shoot('hidden');
    await page.goto('/filters/newsworthy');
    await shoot('filter');
    await person.close();
  }
} finally {
  await browser.close();
  await node.stop();
}
const files = readdirSync(folder).map((name) => join(folder, name));
execFileSync('pngquant', ['--force', '--ext', '.png', '--quality', '60-90', '--skip-if-larger', ...files], { stdio: 'inherit' });
console.log(`${files.length} pictures in docs/screenshots/`);
