/* filter.js: says what a filter would do while its form is being filled in. The form is complete without it. */
"use strict";
(function () {
  var form = document.getElementById("filter"), would = document.getElementById("would");
  if (!form || !would || !window.fetch || !window.AbortController)
    return;
  var timer = 0, running = null;

  function ask() {
    if (running)
      running.abort();
    running = new AbortController();
    var mine = running;
    would.setAttribute("aria-busy", "true");
    fetch(form.dataset.count, {
      method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin", redirect: "error", signal: mine.signal,
    }).then(function (answer) {
      if (!answer.ok)
        throw new Error(String(answer.status));
      return answer.text();
    }).then(function (text) {
      if (mine !== running)
        return;
      /* The node's own piece of this page, parsed apart: a document made so runs nothing. */
      var piece = new DOMParser().parseFromString(text, "text/html");
      would.replaceChildren.apply(would, Array.from(piece.body.childNodes));
      would.removeAttribute("aria-busy");
    }).catch(function (fault) {
      if (mine !== running || fault.name === "AbortError")
        return;
      would.textContent = form.dataset.fault;
      would.removeAttribute("aria-busy");
    });
  }
  form.addEventListener("input", function (event) {
    if (event.target.name === "name" || event.target.name === "about")
      return;
    clearTimeout(timer);
    timer = setTimeout(ask, 500);
  });
})();
