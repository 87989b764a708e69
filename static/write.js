/* write.js: keeps a text that was not sent yet in this browser, through a lost connection, a closed tab or an ended session,
   and counts its words. The editor is complete without it. */
"use strict";
(function () {
  var form = document.getElementById("editor");
  var shown = form || document.getElementById("publish");
  if (!shown)
    return;
  var BEGIN = "widenet-unsent-";
  var MONTH = 30 * 86400000;
  var names = ["title", "summary", "text", "topics", "language", "license", "alt"].filter(function (name) {
    return form && form.elements[name];
  });

  function read(key) {
    try {
      return JSON.parse(localStorage.getItem(BEGIN + key));
    } catch (e) {
      return null;
    }
  }
  function forget(key) {
    try {
      localStorage.removeItem(BEGIN + key);
    } catch (e) {}
  }
  function sending() {
    try {
      sessionStorage.setItem("widenet-sending", shown.dataset.draft);
    } catch (e) {}
  }
  if (!form) { /* the preview: the node has the text */
    forget(shown.dataset.draft);
    shown.addEventListener("submit", sending);
    return;
  }

  var key = form.dataset.draft, changed = false, timer = 0;
  var box = document.getElementById("unsent"), count = document.getElementById("count");
  var saved = values();

  function values() {
    var v = {};
    names.forEach(function (name) {
      v[name] = form.elements[name].value;
    });
    return v;
  }
  function same(a, b) {
    return names.every(function (name) {
      return (a[name] || "").replace(/\r\n/g, "\n") === (b[name] || "").replace(/\r\n/g, "\n");
    });
  }
  function fill(v) {
    names.forEach(function (name) {
      if (typeof v[name] === "string")
        form.elements[name].value = v[name];
    });
    words();
  }
  function tell(message, button) {
    box.textContent = "";
    var p = document.createElement("p");
    p.textContent = message;
    box.append(p);
    if (button)
      box.append(button);
    box.hidden = false;
  }
  function words() {
    var text = form.elements.text.value, n = 0;
    if (window.Intl && Intl.Segmenter && text.length < 200000)
      for (var piece of new Intl.Segmenter(form.elements.language.value || undefined, { granularity: "word" }).segment(text))
        n += piece.isWordLike ? 1 : 0;
    else
      n = (text.match(/\S+/g) || []).length;
    count.textContent = n ? form.dataset.words + " " + n.toLocaleString(document.documentElement.lang) : "";
  }
  function store() {
    try {
      localStorage.setItem(BEGIN + key, JSON.stringify({ v: values(), at: Date.now(), fresh: form.dataset.fresh === "1" }));
    } catch (e) {}
  }
  function edited() {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(function () {
      store();
      words();
    }, 400);
  }

  /* What was not sent: under this draft's key or, on a fresh page, the last of an earlier fresh one. */
  var found = null, foundKey = key;
  try {
    for (var i = localStorage.length - 1; i >= 0; i--) {
      var name = localStorage.key(i);
      if (name.indexOf(BEGIN) !== 0)
        continue;
      var k = name.slice(BEGIN.length), entry = read(k);
      if (!entry || !entry.v || Date.now() - entry.at > MONTH)
        forget(k);
      else if (k === key || (form.dataset.fresh === "1" && entry.fresh))
        if (!found || entry.at > found.at) {
          found = entry;
          foundKey = k;
        }
    }
  } catch (e) {}
  if (found && same(found.v, saved)) {
    forget(foundKey);
  } else if (found) {
    if (foundKey !== key) {
      forget(key);
      key = foundKey;
      form.elements.draft.value = key;
    }
    var back = document.createElement("button");
    back.type = "button";
    back.textContent = form.dataset.discard;
    back.addEventListener("click", function () {
      fill(saved);
      forget(key);
      changed = false;
      box.hidden = true;
      form.elements.title.focus();
    });
    fill(found.v);
    changed = true;
    tell(form.dataset.restored, back);
  }
  words();

  form.addEventListener("input", edited);
  form.addEventListener("submit", function (event) {
    clearTimeout(timer);
    if (changed)
      store();
    if (navigator.onLine === false) {
      event.preventDefault();
      tell(form.dataset.offline);
      box.scrollIntoView({ block: "nearest" });
      return;
    }
    try {
      sessionStorage.setItem("widenet-sending", key);
    } catch (e) {}
  });
  window.addEventListener("online", function () {
    if (box.firstChild && box.firstChild.textContent === form.dataset.offline)
      box.hidden = true;
  });
  window.addEventListener("pagehide", function () {
    if (changed)
      store();
  });
})();
