#!/usr/bin/env node
/* screenshots.mjs: takes docs/screenshots/ anew: the five main pages on a phone, on a desktop, in the dark and in Arabic, over the
 * demonstration newsroom. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { reader, root, signUp, startBrowser, startNode } from '../tests/e2e/harness.mjs';

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
    await person.close();
  }
} finally {
  await browser.close();
  await node.stop();
}
const files = readdirSync(folder).map((name) => join(folder, name));
execFileSync('pngquant', ['--force', '--ext', '.png', '--quality', '60-90', '--skip-if-larger', ...files], { stdio: 'inherit' });
console.log(`${files.length} pictures in docs/screenshots/`);
