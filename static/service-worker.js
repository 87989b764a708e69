/* service-worker.js: pages read before can be read again without a connection. The network is asked first; what it gives is
   kept (public pages only, a bounded number) and shown, with a note, when it is silent. Forms and pages made for somebody who
   is signed in are never kept: the node marks those "private" or "no-store". Where it says that such a page is there for
   everybody as well (Widenet-Reader: signed-in, public), what everybody gets is fetched without cookies and kept instead, in
   a cache of its own that goes as soon as nobody is signed in any more. */
"use strict";
const PAGES = "widenet-read-1";
const MINE = "widenet-read-signed-in-1"; /* likewise what everybody gets, but read while somebody was signed in */
const THINGS = "widenet-things-1"; /* style sheet, scripts, the offline page */
const MOST_PAGES = 60;
const LATER = 1000; /* ms after a page until its public form is fetched, when the page has what it needs */
let sweeps = 0; /* what was begun before the last one is not kept any more */
const MOST_THINGS = 40;
const OFFLINE = "/offline";
const WAIT = 8000; /* ms until a kept page is shown instead of waiting on */
const ANY = { ignoreVary: true }; /* one copy of a page, whatever language it was asked in */

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(THINGS);
    const page = await fetch(OFFLINE, { credentials: "omit" });
    if (!page.ok)
      throw new Error("no offline page");
    const text = await page.clone().text();
    await cache.put(OFFLINE, page);
    const parts = [...text.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((found) => found[1]);
    await cache.addAll([...new Set(parts)]);
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys())
      if (name !== PAGES && name !== MINE && name !== THINGS)
        await caches.delete(name);
    await self.clients.claim();
  })());
});

function mayKeep(response, type) {
  const control = response.headers.get("cache-control") || "";
  return response.status === 200 && response.type === "basic" && !response.redirected &&
    !/\b(?:no-store|private)\b/.test(control) && (response.headers.get("content-type") || "").startsWith(type);
}

async function keep(name, request, response, most) {
  const cache = await caches.open(name);
  await cache.delete(request, ANY); /* so that the newest stand last */
  await cache.put(request, response);
  const all = (await cache.keys()).filter((kept) => new URL(kept.url).pathname !== OFFLINE);
  for (const old of all.slice(0, Math.max(0, all.length - most)))
    await cache.delete(old, ANY);
}

async function forget(...names) {
  sweeps++;
  for (const name of names)
    await caches.delete(name);
}

async function findKept(request) {
  for (const name of [MINE, PAGES]) {
    const kept = await caches.has(name) && await (await caches.open(name)).match(request, ANY);
    if (kept)
      return kept;
  }
  return undefined;
}

async function drop(request) {
  for (const name of [MINE, PAGES])
    if (await caches.has(name))
      await (await caches.open(name)).delete(request, ANY);
}

/* The page that stands in for a missing one, and the note on kept ones, in the language of what was read last. */
async function fitOffline(language) {
  const cache = await caches.open(THINGS);
  const there = await cache.match(OFFLINE, ANY);
  if (!language || (there && there.headers.get("content-language") === language))
    return;
  const page = await fetch(OFFLINE, { credentials: "omit", headers: { "Accept-Language": language } });
  if (mayKeep(page, "text/html"))
    await cache.put(OFFLINE, page);
}

/* What everybody gets at this address, in the language in which it was read. */
async function keepPublic(address, language) {
  if (navigator.connection && navigator.connection.saveData)
    return;
  const begun = sweeps;
  await new Promise((done) => setTimeout(done, LATER));
  const request = new Request(address);
  const cache = await caches.open(MINE);
  const kept = await cache.match(request, ANY);
  const headers = { "Accept-Language": language || "en" };
  if (kept && kept.headers.get("etag") && kept.headers.get("content-language") === language)
    headers["If-None-Match"] = kept.headers.get("etag");
  let response = await fetch(address, { credentials: "omit", cache: "no-store", redirect: "error", priority: "low", headers });
  if (response.status === 304 && kept)
    response = await rewritten(kept, (text) => text, { "Date": response.headers.get("date") || new Date().toUTCString() });
  else if (!mayKeep(response, "text/html"))
    return response.status === 404 || response.status === 410 ? drop(request) : undefined;
  if (begun === sweeps)
    await keep(MINE, request, response, MOST_PAGES);
  if (begun !== sweeps) /* signed out meanwhile */
    await caches.delete(MINE);
}

/* What becomes of an answer beside being shown. copy: one that may be kept, or null: what is not kept is not read twice. */
async function consider(request, response, copy) {
  const reader = response.headers.get("widenet-reader") || "";
  const language = response.headers.get("content-language");
  const page = response.status === 200 && response.type === "basic" && language;
  if (page && !reader && await caches.has(MINE))
    await forget(MINE); /* nobody is signed in any more: the session was ended, here or elsewhere */
  if (copy)
    await keep(PAGES, request, copy, MOST_PAGES);
  else if (page && /\bpublic\b/.test(reader))
    await keepPublic(request.url, language);
  else if (/\b(?:no-store|private)\b/.test(response.headers.get("cache-control") || "") || response.status === 404 || response.status === 410)
    return drop(request);
  return page ? fitOffline(language) : undefined;
}

async function rewritten(response, change, headers) {
  const all = new Headers(response.headers);
  for (const name of ["Content-Encoding", "Content-Length"])
    all.delete(name);
  for (const name in headers)
    all.set(name, headers[name]);
  return new Response(change(await response.text()), { status: response.status, headers: all });
}

/* A kept page says that it is one, and from when. The words are on the offline page. */
async function withNote(kept) {
  const offline = await caches.match(OFFLINE, ANY);
  const note = offline && /<template id="kept-note">([^]*?)<\/template>/.exec(await offline.text());
  const when = new Date(kept.headers.get("date") || NaN);
  if (!note)
    return kept;
  const language = (offline.headers.get("content-language") || "en").replace(/^en$/, "en-GB"); /* as the pages write dates */
  const time = isNaN(when) ? "" : `<time datetime="${when.toISOString()}">` +
    new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" }).format(when) + "</time>";
  return rewritten(kept, (text) => text.replace(/<main [^>]*>/, (main) => main + note[1].replace("<time></time>", () => time)), {});
}

async function page(event) {
  const kept = await findKept(event.request);
  const fresh = fetch(event.request).then((response) => {
    const copy = mayKeep(response, "text/html") ? response.clone() : null;
    event.waitUntil(consider(event.request, response, copy).catch(() => {}));
    return response;
  });
  event.waitUntil(fresh.catch(() => {}));
  try {
    if (!kept)
      return await fresh;
    const late = new Promise((done) => setTimeout(done, WAIT));
    return await Promise.race([fresh, late.then(() => withNote(kept.clone()))]);
  } catch (e) {
    return kept ? withNote(kept) : await caches.match(OFFLINE, ANY) || Response.error();
  }
}

async function thing(event) {
  const kept = await caches.match(event.request, ANY);
  if (kept)
    return kept; /* its name holds the hash of what is in it */
  const response = await fetch(event.request);
  if (mayKeep(response, ""))
    event.waitUntil(keep(THINGS, event.request, response.clone(), MOST_THINGS));
  return response;
}

self.addEventListener("fetch", (event) => {
  const request = event.request;
  const url = new URL(request.url);
  if (url.origin !== location.origin)
    return;
  if (request.method === "POST" && url.pathname.startsWith("/sign-")) {
    event.waitUntil(forget(PAGES, MINE)); /* in or out: another reader may sit here now */
    return;
  }
  if (request.method !== "GET")
    return;
  if (request.mode === "navigate" && !/\.(?:json|atom|xml|md|txt)$/.test(url.pathname))
    event.respondWith(page(event));
  else if (url.pathname.startsWith("/static/"))
    event.respondWith(thing(event));
});

self.addEventListener("message", (event) => {
  const url = new URL((event.data && event.data.keep) || "/", location.href);
  if (url.origin === location.origin)
    event.waitUntil(fetch(url.href).then((response) =>
      consider(new Request(url.href), response, mayKeep(response, "text/html") ? response : null)).catch(() => {}));
});
