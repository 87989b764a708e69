/* harness.mjs: starts a node in a directory of its own and a Chromium beside it, for the browser tests.
 *
 * A page opened here watches itself: requests to anyone but the node are stopped and remembered, and so are breaches of the
 * content security policy and errors of scripts. check() fails on any of them, on any axe violation, and on a page that is wider
 * than its window. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const program = join(process.env.WIDENET_BUILD ?? join(root, 'build'), 'widenet');
export const shared = process.env.WIDENET_SHARED ?? join(dirname(root), 'shared');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const run = promisify(execFile);

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Asks until the answer is true; the only clock in these tests is the one that gives up. */
export async function until(what, condition, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** A node on a free port. demo: with the demonstration newsroom; config: lines of widenet.ini; data, port: a directory and an address to go on with. */
export async function startNode({ demo = false, config = '', data, port } = {}) {
  const place = data ? null : mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'widenet-e2e-'));
  const directory = data ?? join(place, 'data');
  const command = (...words) => run(program, [...words, '--data', directory], { maxBuffer: 1 << 26 });
  if (config) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, 'widenet.ini'), config);
  }
  if (demo) await command('demo', 'load');
  port ??= await freePort();
  const url = `http://127.0.0.1:${port}`;
  let log = '';
  const child = spawn(program, ['serve', '--data', directory, '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  let serves;
  const serving = new Promise((resolve) => { serves = resolve; });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => {
      log += bytes;
      if (log.includes('Serving at ')) serves(true);
    });
  }
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  let over = false;
  ended.then(() => { over = true; serves(false); });
  if (!await serving) throw new Error(`the node ended:\n${log}`);
  return {
    url, directory, port, child, command,
    log: () => log,
    /** Stops it as systemd would, and says with which status it ended. */
    async stop({ keep = false } = {}) {
      if (!over) child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 30000);
      const how = await ended;
      clearTimeout(late);
      if (place && !keep) rmSync(place, { recursive: true, force: true });
      return how;
    },
    remove() { if (place) rmSync(place, { recursive: true, force: true }); },
  };
}

/** The children of a process, as the kernel lists them: [{pid, words}]. */
export function childrenOf(pid) {
  const listed = existsSync(`/proc/${pid}/task/${pid}/children`) ? readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8') : '';
  return listed.split(' ').filter(Boolean).map((child) => ({
    pid: Number(child), words: readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0'),
  }));
}

export async function startBrowser() {
  const path = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (!path) throw new Error('no Chromium here; tools/install-deps test installs Debian\'s');
  return chromium.launch({
    executablePath: path,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
}

export const phone = { width: 320, height: 640 };
export const tablet = { width: 390, height: 844 };
export const desktop = { width: 1280, height: 900 };

/** A reader: a browser context of its own with one page. */
export async function reader(browser, node, { js = true, size = phone, language = 'en', dark = false, workers = 'block' } = {}) {
  const context = await browser.newContext({
    viewport: size, javaScriptEnabled: js, locale: language, colorScheme: dark ? 'dark' : 'light', baseURL: node.url,
    serviceWorkers: workers, isMobile: size.width < 600, hasTouch: size.width < 600,
    extraHTTPHeaders: { 'Accept-Language': language },
  });
  const faults = [];
  const elsewhere = (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin === node.url || protocol === 'data:' || protocol === 'blob:') return false;
    faults.push(`a request to ${origin}`);
    return true;
  };
  // Stopping requests would also stop what the service worker answers: there they are only looked at.
  if (workers === 'allow') context.on('request', elsewhere);
  else await context.route(() => true, (route) => (elsewhere(route.request()) ? route.abort() : route.fallback()));
  const page = await context.newPage();
  if (!js) page.twin = () => twin(browser, node, page, { size, language, dark });
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(`a script failed: ${error.message}`));
  page.setDefaultTimeout(20000);
  return {
    page, context, faults,
    /** Goes to a path and checks what every page must keep to. */
    async visit(path, options) {
      const answer = await page.goto(path);
      await check(page, faults, options);
      return answer;
    },
    check: (options) => check(page, faults, options),
    close: () => context.close(),
  };
}

/** The same page in a context that runs scripts: axe waits by timers, which never come on a page whose scripts are off. */
async function twin(browser, node, page, { size, language, dark }) {
  const context = await browser.newContext({
    viewport: size, locale: language, colorScheme: dark ? 'dark' : 'light', serviceWorkers: 'block', isMobile: size.width < 600,
    hasTouch: size.width < 600,
  });
  const copy = await context.newPage();
  const [url, body] = [page.url(), (await page.content()).replace(/<script\b.*?<\/script>/gs, '')];
  await copy.route(url, (route) => route.fulfill({ contentType: 'text/html; charset=utf-8', body }));
  await copy.goto(url);
  return copy;
}

/** No axe violation, no sideways scrolling, no request elsewhere, no breach of the policy, one h1, a language, a title. */
export async function check(page, faults, { axeRules = true } = {}) {
  await page.waitForLoadState('load'); // a script's own form may have led here: without the style sheet all is too small
  const where = page.url();
  const shape = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    language: document.documentElement.lang, title: document.title, headings: document.querySelectorAll('h1').length,
    widest: [...document.querySelectorAll('body *')].filter((e) => {
      if (e.closest('.table, pre, [tabindex="0"]')) return false;
      const box = e.getBoundingClientRect();
      return box.right > document.documentElement.clientWidth + 1 || box.left < -1;
    }).slice(0, 3).map((e) => e.outerHTML.slice(0, 120)),
  }));
  assert.ok(shape.wide <= 0, `${where} is ${shape.wide} px wider than its window: ${shape.widest.join(' … ')}`);
  assert.ok(shape.language, `${where} names no language`);
  assert.ok(shape.title, `${where} has no title`);
  assert.equal(shape.headings, 1, `${where} has ${shape.headings} first headings`);
  if (axeRules) {
    const copy = page.twin ? await page.twin() : page;
    await copy.evaluate(axe);
    const { violations } = await copy.evaluate(() => globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'],
    }));
    if (copy !== page) await copy.context().close();
    const lines = violations.map((v) => `${v.id}: ${v.help}\n      ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200)).join('\n      ')}`);
    assert.deepEqual(lines, [], `axe finds at ${where}:\n${lines.join('\n')}`);
  }
  assert.deepEqual(faults, [], `${where}: ${faults.join('; ')}`);
}

/** Makes an account through the page and stays signed in. */
export async function signUp(person, name, password = 'a long enough password') {
  const { page } = person;
  await person.visit('/sign-up');
  await page.fill('input[name=name]', name);
  for (const field of await page.locator('input[autocomplete=new-password]').all()) await field.fill(password);
  await submit(page, 'form[action^="/sign-up"]');
  await person.check();
  return password;
}

/** Presses a form's main button (or the one named) and waits for the next page. */
export async function submit(page, form, button) {
  const target = button ? page.locator(`${form} ${button}`).first() : page.locator(`${form} button`).last();
  await Promise.all([page.waitForNavigation(), target.click()]);
}
