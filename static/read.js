/* read.js: keeps pages that were read, so that they can be read again without a connection; on the page that stands in for
   a missing one, lists them. Everything works without it. */
"use strict";
(function () {
  if ("serviceWorker" in navigator && window.isSecureContext) {
    var first = !navigator.serviceWorker.controller;
    navigator.serviceWorker.register("/service-worker.js").then(function () {
      return navigator.serviceWorker.ready;
    }).then(function (registration) {
      /* The page that brought the worker, and the list that led to it, were loaded before it: hand their addresses over. */
      if (first && registration.active)
        [document.referrer, location.href].forEach(function (address) {
          if (address.indexOf(location.origin + "/") === 0)
            registration.active.postMessage({ keep: address });
        });
    }).catch(function () {});
  }

  /* An article that has just been published from this tab is not unsent any more. */
  try {
    var sent = sessionStorage.getItem("widenet-sending");
    if (sent && document.querySelector(".notice[role=status]"))
      localStorage.removeItem("widenet-unsent-" + sent);
    sessionStorage.removeItem("widenet-sending");
  } catch (e) {}

  var list = document.getElementById("kept");
  if (!list || !("caches" in window))
    return;
  var forget = document.getElementById("forget"), names = [];
  function show(cache) {
    return cache.keys().then(function (requests) {
      requests.reverse().forEach(function (request) {
        cache.match(request, { ignoreVary: true }).then(function (response) {
          return response.text();
        }).then(function (text) {
          var page = new DOMParser().parseFromString(text, "text/html");
          var heading = page.querySelector("h1");
          var item = document.createElement("li"), link = document.createElement("a");
          link.href = request.url;
          link.dir = "auto";
          link.textContent = heading && heading.textContent.trim() ? heading.textContent.trim() : page.title;
          item.append(link);
          list.append(item);
          forget.hidden = false;
        });
      });
    });
  }
  caches.keys().then(function (all) {
    names = all.filter(function (name) { return name.indexOf("widenet-read-") === 0; });
    names.forEach(function (name) { caches.open(name).then(show); });
  }).catch(function () {});
  forget.addEventListener("click", function () {
    Promise.all(names.map(function (name) { return caches.delete(name); })).then(function () {
      list.textContent = "";
      forget.hidden = true;
    });
  });
})();
