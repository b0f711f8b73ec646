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
  var said = JSON.parse(data.words);      // every sentence is the page's, in its language: app/web/script_words.py
  var rules = new Intl.PluralRules(said.lang);
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

  /* Words */
  function fill(sentence, places) {
    return sentence.replace(/\{(\w+)\}/g, function (whole, name) { return name in places ? places[name] : whole; });
  }
  function counted(forms, number, places) {
    var form = forms[rules.select(number)] || forms.other;
    return fill(form, Object.assign({ number: new Intl.NumberFormat(said.lang).format(number) }, places));
  }
  function put(line, sentence, places) {        // {bold} and {end} stand around what is bold
    line.textContent = "";
    var span = document.createElement("span");
    fill(sentence, places).split(/\{(?:bold|end)\}/).forEach(function (text, number) {
      var part = number === 1 ? document.createElement("b") : document.createTextNode("");
      part.textContent = text;
      span.append(part);
    });
    line.append(span);
  }

  /* Time */
  function domainNow() { return domainAtLoad + (Date.now() - loadedAt) * rate; }
  function domainTimeOf(systemMs) { return domainNow() - (Date.now() - systemMs) * rate; }
  function words(seconds) {
    var s = Math.max(0, Math.floor(seconds));
    if (s < 60) return fill(said.s, { number: s });
    if (s < 3600) return fill(said.min, { number: Math.floor(s / 60) });
    return s < 172800 ? fill(said.h, { number: Math.floor(s / 3600) }) : fill(said.d, { number: Math.floor(s / 86400) });
  }
  function ago(seconds) { return fill(said.ago, { age: words(seconds) }); }
  function clock(domainMs) {
    var options = said.twelve ? { hour: "numeric", minute: "2-digit", hour12: true } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    if (data.zone) options.timeZone = data.zone;
    var at = {};
    new Intl.DateTimeFormat(said.twelve ? said.lang : "en-GB", options).formatToParts(new Date(domainMs)).forEach(function (part) { at[part.type] = part.value; });
    return at.hour + ":" + at.minute + (said.twelve ? " " + at.dayPeriod : "");
  }

  /* How old the data is */
  function heard(seconds) { if (isFinite(seconds) && seconds >= 0) age = { s: seconds, at: Date.now() }; }
  function ageS() { return age.s < 0 || !isFinite(age.s) ? Infinity : age.s + (Date.now() - age.at) / 1000; }
  function showAge() {
    var s = ageS(), stale = s > staleS, known = isFinite(s);
    var line = one("[data-live]");
    if (line) {
      line.classList.toggle("is-stale", stale);
      put(line, stale ? (known ? said.stale : said.never) : said.live, { age: words(s) });
    }
    var checked = one("[data-checked]");
    if (checked) checked.textContent = known ? ago(s) : said.unchecked;
    if (document.body.classList.contains("is-frozen") !== stale) {
      document.body.classList.toggle("is-frozen", stale);
      var banner = one("[data-stale-banner]");
      var since = one("[data-stale-since]");
      if (since && known && data.zoneName) since.textContent = fill(said.since, { time: clock(domainTimeOf(Date.now() - s * 1000)) + " " + data.zoneName });
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
  /* The feed's sentences are English, for programs. */
  function spoken(flight) { return flight.slice(0, 2) + " " + flight.slice(2); }
  function tellOf(update) {
    var flight = update.subject && update.subject.flight_number;
    say(!said.changed ? update.message : flight ? fill(said.changed, { flight: spoken(flight) }) : said.moved);
  }
  function say(sentence) {
    queue.push(sentence);
    if (!speaking) speaking = setTimeout(speak, Math.max(0, spokeAt + SAY_EVERY_MS - Date.now()));
  }
  function speak() {
    var line = one("[data-say]"), rest = queue.length - 1;
    speaking = null;
    spokeAt = Date.now();
    if (line && queue.length) line.textContent = queue[0] + (rest ? " " + counted(said.more, rest) : "");
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
      if (answer.status === 404) location.reload();      // what the page is about is gone, and the server says so
      return answer.ok ? answer.text() : Promise.reject(new Error("status " + answer.status));
    }).then(function (text) {
      var page = new DOMParser().parseFromString(text, "text/html");
      heard(Number(page.body.dataset.age));
      take(page);
    }).catch(function () {
      // The cursor is past what was to be shown: nothing else would ask for it. A hidden page asks when it is looked at.
      if (!document.hidden) setTimeout(refresh, RETRY_MS);
    }).then(function () {
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
    all: all, one: one, said: said, fill: fill, counted: counted, ago: ago, spoken: spoken, tellOf: tellOf, clock: clock, domainNow: domainNow, domainTimeOf: domainTimeOf, rate: rate,
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
