/* service-worker.js: pages read before can be read again without a connection. The network is asked first; what it gives is
   kept (public pages only, a bounded number) and shown when it is silent. Forms and pages of somebody who is signed in are
   never kept: the node marks those "private" or "no-store". */
"use strict";
const PAGES = "widenet-read-1";
const THINGS = "widenet-things-1"; /* style sheet, scripts, the offline page */
const MOST_PAGES = 60;
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
      if (name !== PAGES && name !== THINGS)
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

async function page(event) {
  const cache = await caches.open(PAGES);
  const kept = await cache.match(event.request, ANY);
  const fresh = fetch(event.request).then((response) => {
    if (mayKeep(response, "text/html"))
      event.waitUntil(keep(PAGES, event.request, response.clone(), MOST_PAGES));
    else if (/\b(?:no-store|private)\b/.test(response.headers.get("cache-control") || "") || response.status === 410)
      event.waitUntil(cache.delete(event.request, ANY));
    return response;
  });
  event.waitUntil(fresh.catch(() => {}));
  try {
    if (!kept)
      return await fresh;
    return await Promise.race([fresh, new Promise((done) => setTimeout(() => done(kept.clone()), WAIT))]);
  } catch (e) {
    return kept || await caches.match(OFFLINE, ANY) || Response.error();
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
    event.waitUntil(caches.delete(PAGES)); /* in or out: another reader may sit here now */
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
      mayKeep(response, "text/html") ? keep(PAGES, new Request(url.href), response, MOST_PAGES) : undefined).catch(() => {}));
});
