/* Gatecall: the inbox of whoever is signed in, live on their own pages. Each page is whole without it.
   It asks for news and waits, keeps the count in the bar, and where the newest entries are shown it asks the server for
   them again, which is the only one that knows how they look. What was on the screen for a while counts as seen, if
   somebody sits before it: the window has the focus, and was touched since the entry came. */
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
  var touched = false;          // somebody did something since the entries were put there
  var pointer = null;           // where it was: what moves under it is no move of a hand
  var since = new Map();        // ids of what is new and on the screen, with the time it came there
  var eyes = "IntersectionObserver" in window ? new IntersectionObserver(looked, { threshold: 0.9 }) : null;

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

  /* Look at what is new: an entry is on the screen when its title is. */
  function watch() {
    since.clear();
    touched = false;
    clearTimeout(timer);
    timer = null;
    if (!eyes) return;
    eyes.disconnect();
    document.querySelectorAll("[data-new]").forEach(function (one) { eyes.observe(one.querySelector(".t") || one); });
  }
  function looked(changes) {
    changes.forEach(function (change) {
      var one = change.target.closest("[data-new]");
      if (!one) return;
      if (!change.isIntersecting) since.delete(one.dataset.new);
      else if (!since.has(one.dataset.new)) since.set(one.dataset.new, performance.now());
    });
    soon();
  }

  /* Nothing moves under a finger: the part is replaced when the pointer or the focus has left it. */
  function busy() { return part.contains(document.activeElement) || part.matches(":hover"); }
  function put(html) {
    if (busy()) { waiting = html; return; }
    waiting = null;
    part.innerHTML = html;
    watch();
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

  /* What is on the screen for a while was seen by whoever sits before it. */
  function attended() { return touched && !document.hidden && document.hasFocus(); }
  function soon() {
    if (timer === null && attended() && since.size) timer = setTimeout(seen, SEEN_AFTER_MS);
  }
  function act(event) {
    if (event.type === "pointermove") {
      var at = event.screenX + " " + event.screenY, moved = pointer !== null && pointer !== at;
      pointer = at;
      if (!moved) return;
    }
    touched = true;
    soon();
  }
  function seen() {
    timer = null;
    var token = document.querySelector('input[name="csrf_token"]');
    var shown = [], now = performance.now();
    since.forEach(function (came, id) { if (now - came >= SEEN_AFTER_MS - 100) shown.push(id); });
    if (!attended() || !token) return;
    if (!shown.length) { soon(); return; }
    fetch("/api/v1/me/inbox/seen", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token.value },
      body: JSON.stringify({ entries: shown })
    }).then(function (answer) {
      if (!answer.ok) return;
      document.querySelectorAll("[data-new]").forEach(function (one) {
        if (shown.indexOf(one.dataset.new) < 0) return;
        since.delete(one.dataset.new);
        one.removeAttribute("data-new");   // it looks new until it is drawn again
      });
      soon();
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
    if (document.hidden) { clearTimeout(timer); timer = null; return; }
    soon();
    if (wake) wake();
  });
  if (part) {
    part.addEventListener("pointerleave", later);
    part.addEventListener("focusout", later);
  }
  ["pointerdown", "pointermove", "keydown", "wheel"].forEach(function (name) {
    document.addEventListener(name, act, { capture: true, passive: true });
  });
  window.addEventListener("focus", act);
  watch();
  follow();
})();
