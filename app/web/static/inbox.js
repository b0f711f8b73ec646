/* Gatecall: the inbox of whoever is signed in, live on their own pages. Each page is whole without it.
   It asks for news and waits, keeps the count in the bar, and where the newest entries are shown it asks the server for
   them again, which is the only one that knows how they look. What was on the screen for a while counts as seen. */
(function () {
  "use strict";

  var WAIT_S = 25;
  var RETRY_MS = 10000;
  var HURRY_MS = 5000;          // between answers that came at once: the server has no place to wait
  var SEEN_AFTER_MS = 2500;

  var badge = document.querySelector("[data-inbox-count]");
  if (!badge) return;
  var part = document.querySelector("[data-inbox]");
  var line = document.querySelector("[data-inbox-say]");
  var state = badge.dataset.state;
  var waiting = null, wake = null, timer = null;

  function pause(ms) {
    return new Promise(function (resolve) {
      var ends = setTimeout(resolve, ms);
      wake = function () { clearTimeout(ends); wake = null; resolve(); };
    });
  }

  function count(news) {
    var shown = news.unseen > 99 ? "99+" : String(news.unseen);
    badge.hidden = news.unseen === 0;
    badge.querySelector("[data-number]").textContent = shown;
    badge.querySelector("[data-words]").textContent = news.words;
  }

  /* What is new, by the ids of its entries. */
  function fresh() {
    return Array.prototype.map.call(document.querySelectorAll("[data-new]"), function (one) { return one.dataset.new; });
  }

  /* Nothing moves under a finger: the part is replaced when the pointer or the focus has left it. */
  function busy() { return part.contains(document.activeElement) || part.matches(":hover"); }
  function put(html) {
    if (busy()) { waiting = html; return; }
    waiting = null;
    part.innerHTML = html;
    soon();
  }
  function later() { setTimeout(function () { if (waiting !== null) put(waiting); }, 50); }

  function load() {
    return fetch("/my/inbox/newest", { cache: "no-store" }).then(function (answer) {
      return answer.ok ? answer.text() : Promise.reject(new Error("status " + answer.status));
    }).then(function (html) {
      var title = new DOMParser().parseFromString(html, "text/html").querySelector("[data-new] .t");
      if (line && title) line.textContent = title.textContent;
      put(html);
    });
  }

  /* What is on the screen for a while was seen. */
  function soon() {
    clearTimeout(timer);
    if (!document.hidden && fresh().length) timer = setTimeout(seen, SEEN_AFTER_MS);
  }
  function seen() {
    var token = document.querySelector('input[name="csrf_token"]');
    var shown = fresh();
    if (document.hidden || !token || !shown.length) return;
    fetch("/api/v1/me/inbox/seen", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token.value },
      body: JSON.stringify({ entries: shown })
    }).then(function (answer) {
      if (!answer.ok) return;
      document.querySelectorAll("[data-new]").forEach(function (one) {
        if (shown.indexOf(one.dataset.new) >= 0) one.removeAttribute("data-new");   // it looks new until it is drawn again
      });
      if (wake) wake();
    }).catch(function () { /* it is new once more the next time */ });
  }

  async function follow() {
    for (;;) {
      if (document.hidden) { await pause(3600000); continue; }
      var asked = Date.now();
      try {
        var answer = await fetch("/my/inbox/news?wait=" + WAIT_S + "&state=" + encodeURIComponent(state),
          { headers: { Accept: "application/json" }, cache: "no-store" });
        if (answer.status === 401 || answer.status === 403) { badge.hidden = true; return; }   // signed out
        if (!answer.ok) throw new Error("status " + answer.status);
        var news = await answer.json();
        var changed = news.state !== state;
        count(news);
        if (changed && part && news.newest && news.newest !== part.dataset.newest) {
          await load();
          part.dataset.newest = news.newest;
        }
        state = news.state;
        if (!changed && Date.now() - asked < 1000) await pause(HURRY_MS);
      } catch (error) {
        await pause(RETRY_MS);
      }
    }
  }

  document.addEventListener("visibilitychange", function () {
    if (document.hidden) { clearTimeout(timer); return; }
    soon();
    if (wake) wake();
  });
  if (part) {
    part.addEventListener("pointerleave", later);
    part.addEventListener("focusout", later);
  }
  soon();
  follow();
})();
