/* Gatecall: keeps a page fresh. Every page is whole without it.
   It follows GET /update by cursor with a long poll, tells how old the data is, and draws nothing itself: what
   changed is asked of the server again, which is the only one that knows how a row looks. */
(function () {
  "use strict";

  var data = document.body.dataset;
  var WAIT_S = 10;              // of a long poll; the age shown never grows beyond it while all is well
  var RETRY_MS = 5000;
  var SAY_EVERY_MS = 5000;
  var AWAY_MS = 60000;          // a clock that jumps by so much belongs to a computer that slept
  var REFRESH_GAP_MS = 700;
  var AGE_HEADER = "Gatecall-Data-Age";

  var rate = Number(data.rate) || 1;
  var loadedAt = Date.now();
  var domainAtLoad = Number(data.domainNow) || loadedAt;
  var staleS = Number(data.stale) || 30;
  var age = { s: Number(data.age), at: loadedAt };
  var cursor = data.cursor || "";
  var etag = "";
  var listeners = [];
  var wake = null;
  var awaySince = document.hidden ? loadedAt : 0;

  function all(selector, where) { return Array.prototype.slice.call((where || document).querySelectorAll(selector)); }
  function one(selector, where) { return (where || document).querySelector(selector); }

  /* Time */
  function domainNow() { return domainAtLoad + (Date.now() - loadedAt) * rate; }
  function domainTimeOf(systemMs) { return domainNow() - (Date.now() - systemMs) * rate; }
  function words(seconds) {
    var s = Math.max(0, Math.floor(seconds));
    if (s < 60) return s + " s";
    if (s < 3600) return Math.floor(s / 60) + " min";
    return s < 172800 ? Math.floor(s / 3600) + " h" : Math.floor(s / 86400) + " d";
  }
  function clock(domainMs) {
    var options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    if (data.zone) options.timeZone = data.zone;
    return new Intl.DateTimeFormat("en-GB", options).format(new Date(domainMs));
  }

  /* How old the data is */
  function heard(seconds) { if (isFinite(seconds) && seconds >= 0) age = { s: seconds, at: Date.now() }; }
  function ageS() { return age.s < 0 || !isFinite(age.s) ? Infinity : age.s + (Date.now() - age.at) / 1000; }
  function showAge() {
    var s = ageS(), stale = s > staleS, known = isFinite(s);
    var line = one("[data-live]");
    if (line) {
      line.classList.toggle("is-stale", stale);
      line.innerHTML = stale
        ? "<span><b>STALE</b>: " + (known ? "no data for " + words(s) : "no data yet") + "</span>"
        : "<span><b>Live</b>, " + words(s) + " ago</span>";
    }
    var checked = one("[data-checked]");
    if (checked) checked.textContent = known ? words(s) + " ago" : "Not yet";
    if (document.body.classList.contains("is-frozen") !== stale) {
      document.body.classList.toggle("is-frozen", stale);
      var banner = one("[data-stale-banner]");
      var since = one("[data-stale-since]");
      if (since && known && data.zoneName) since.textContent = " since " + clock(domainTimeOf(Date.now() - s * 1000)) + " " + data.zoneName;
      if (banner) banner.hidden = !stale;
    }
    var face = one("[data-clock]");
    if (face) {
      var now = clock(domainNow());
      if (face.textContent !== now) face.textContent = now;
    }
  }

  /* One polite sentence every five seconds at most */
  var queue = [], spokeAt = 0, speaking = null;
  function say(sentence) {
    queue.push(sentence);
    if (!speaking) speaking = setTimeout(speak, Math.max(0, spokeAt + SAY_EVERY_MS - Date.now()));
  }
  function speak() {
    var line = one("[data-say]"), rest = queue.length - 1;
    speaking = null;
    spokeAt = Date.now();
    if (line && queue.length) line.textContent = queue[0] + (rest ? " And " + rest + " more change" + (rest > 1 ? "s." : ".") : "");
    queue = [];
  }

  /* The page, drawn anew by the server; take(document) puts it in place */
  var take = function () {};
  var refreshing = false, again = false, refreshedAt = 0, planned = null;
  function refresh() {
    if (refreshing) { again = true; return; }
    if (planned) return;
    var due = Math.max(0, refreshedAt + REFRESH_GAP_MS - Date.now()) + Math.random() * 150;
    planned = setTimeout(load, due);
  }
  function load() {
    planned = null;
    refreshing = true;
    again = false;
    fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" }).then(function (answer) {
      return answer.ok ? answer.text() : Promise.reject(new Error("status " + answer.status));
    }).then(function (text) {
      var page = new DOMParser().parseFromString(text, "text/html");
      heard(Number(page.body.dataset.age));
      take(page);
    }).catch(function () { /* what stands there stays, and its age says how old it is */ }).then(function () {
      refreshing = false;
      refreshedAt = Date.now();
      showAge();
      if (again) refresh();
    });
  }

  /* The feed */
  function pause(ms) {
    return new Promise(function (resolve) {
      var timer = setTimeout(resolve, ms);
      wake = function () { clearTimeout(timer); wake = null; resolve(); };
    });
  }
  function ask(waitS) {
    var url = "/update?" + data.follow + "&limit=200" + (cursor ? "&cursor=" + encodeURIComponent(cursor) + "&wait=" + waitS : "");
    var headers = etag ? { "If-None-Match": etag } : {};
    return fetch(url, { headers: headers, cache: "no-store" }).then(function (answer) {
      if (answer.status === 304) { heard(Number(answer.headers.get(AGE_HEADER))); return null; }
      if (!answer.ok) return Promise.reject(new Error("status " + answer.status));
      heard(Number(answer.headers.get(AGE_HEADER)));
      etag = answer.headers.get("ETag") || "";
      return answer.json();
    });
  }
  function tell(updates, away, gap) { listeners.forEach(function (listener) { listener(updates, away, gap); }); }

  async function follow() {
    var missed = [], gap = false;
    for (;;) {
      if (document.hidden) { await pause(3600000); continue; }
      try {
        var known = cursor !== "";
        var catchingUp = awaySince > 0;
        var askedAt = Date.now();
        var body = await ask(catchingUp || ageS() > staleS ? 0 : WAIT_S);
        if (body) {
          cursor = body.cursor;
          gap = gap || body.gap;
          if (!known || body.gap) tell([], false, body.gap);
          else if (catchingUp || awaySince) missed = missed.concat(body.updates);   // nobody looked while it was asked
          else if (body.updates.length) tell(body.updates, false, false);
        }
        if (catchingUp && !(body && body.more)) {
          tell(missed, true, gap);
          missed = []; gap = false; awaySince = 0;
        }
        showAge();
        if (ageS() > staleS) await pause(RETRY_MS);
        // A server that has too many waiting already answers at once: do not turn that into a storm.
        else if (!(body && body.updates.length) && !catchingUp && Date.now() - askedAt < 1000) await pause(2000);
      } catch (error) {
        showAge();
        await pause(RETRY_MS);
      }
    }
  }

  var lastTick = Date.now();
  function tick() {
    var now = Date.now();
    if (now - lastTick > AWAY_MS && !awaySince) { awaySince = lastTick; if (wake) wake(); }
    lastTick = now;
    showAge();
  }

  document.addEventListener("visibilitychange", function () {
    if (document.hidden) { awaySince = awaySince || Date.now(); return; }
    lastTick = Date.now();
    if (wake) wake();
    refresh();
  });
  all("[data-try-now]").forEach(function (link) {
    link.addEventListener("click", function (event) { event.preventDefault(); if (wake) wake(); refresh(); });
  });

  window.gatecall = {
    all: all, one: one, say: say, words: words, clock: clock, domainNow: domainNow, domainTimeOf: domainTimeOf, rate: rate,
    refresh: refresh,
    onUpdates: function (listener) { listeners.push(listener); },
    start: function (put) {
      take = put;
      setInterval(tick, 1000);
      showAge();
      if (data.follow) follow();
    }
  };
})();
