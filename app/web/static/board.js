/* The board: rows that change in place, new ones slid in by time, and what was missed while away. */
(function () {
  "use strict";
  var g = window.gatecall;
  var data = document.body.dataset;
  var newFor = Number(data.newFor) || 60, markedFor = Number(data.markedFor) || 900;   // seconds of the domain clock
  var place = g.one('[data-part="rows"]');
  var form = g.one("[data-filter]");
  var waiting = null, force = false;

  /* In use: nothing moves, values still change. */
  function busy() { return place.matches(":hover") || (place !== document.activeElement && place.contains(document.activeElement)); }
  function rowsOf(where) {
    var rows = {};
    g.all("tr[data-row]", where).forEach(function (row) { rows[row.dataset.row] = row; });
    return rows;
  }
  function without(html) { return html.replace(/<span class="muted">.*?<\/span>/g, ""); }   // the age is counted here

  function renew(row, fresh) {
    if (row.className !== fresh.className) row.className = fresh.className;
    for (var i = 0; i < fresh.cells.length; i += 1) {
      var cell = row.cells[i], other = fresh.cells[i];
      if (without(cell.innerHTML) !== without(other.innerHTML) && !cell.contains(document.activeElement)) cell.innerHTML = other.innerHTML;
    }
  }
  function arrange(body, freshBody) {
    var rows = rowsOf(body), keep = rowsOf(freshBody);
    Object.keys(rows).forEach(function (key) { if (!keep[key]) rows[key].remove(); });
    var at = body.firstElementChild;
    g.all("tr[data-row]", freshBody).forEach(function (fresh) {
      var row = rows[fresh.dataset.row];
      if (row && row === at) { at = at.nextElementSibling; return; }
      if (!row) { row = document.importNode(fresh, true); row.classList.add("is-in"); }
      body.insertBefore(row, at);
    });
  }
  function put(page) {
    var fresh = g.one('[data-part="rows"]', page), head = g.one('[data-part="head"]', page), own = g.one('[data-part="head"]');
    if (!fresh) return;
    if (head && own && own.innerHTML !== head.innerHTML) own.innerHTML = head.innerHTML;
    var table = g.one("table", place), freshTable = g.one("table", fresh);
    var still = !force && busy();
    waiting = still ? page : null;
    force = false;
    if (!table || !freshTable) {
      if (!still && place.innerHTML !== fresh.innerHTML) place.innerHTML = fresh.innerHTML;
      if (!still) tellMissed();
      return;
    }
    var rows = rowsOf(table), others = rowsOf(freshTable);
    Object.keys(rows).forEach(function (key) { if (others[key]) renew(rows[key], others[key]); });
    if (still) return;
    arrange(table.tBodies[0], freshTable.tBodies[0]);
    if (table.caption.textContent !== freshTable.caption.textContent) table.caption.textContent = freshTable.caption.textContent;
    var foot = g.one(".board-foot", place), freshFoot = g.one(".board-foot", fresh);
    if (foot && freshFoot && foot.innerHTML !== freshFoot.innerHTML) foot.innerHTML = freshFoot.innerHTML;
    only(shown);
    grow();
    tellMissed();
  }
  function later() { setTimeout(function () { if (waiting && !busy()) put(waiting); }, 50); }
  place.addEventListener("pointerleave", later);
  place.addEventListener("focusout", later);

  /* Marks grow old by the domain clock. */
  function grow() {
    var now = g.domainNow(), over = false;
    g.all(".chg[data-at]", place).forEach(function (mark) {
      var s = (now - Date.parse(mark.dataset.at)) / 1000;
      mark.classList.toggle("is-new", s <= newFor);
      if (s > markedFor) { mark.classList.remove("chg"); mark.classList.add("was"); over = true; }
    });
    g.all(".c-when time", place).forEach(function (time) {
      var s = (now - Date.parse(time.getAttribute("datetime"))) / 1000;
      var said = g.one(".muted", time.parentNode);
      if (s > markedFor) { if (said) said.remove(); return; }
      if (!said) {
        said = document.createElement("span");
        said.className = "muted";
        time.after(" ", said);
      }
      said.textContent = "\u00b7 " + g.ago(s);
    });
    if (over) g.refresh();   // the server says what stands there now
  }

  /* What was missed */
  var banner = g.one("[data-missed]"), missedKeys = [], shown = null, unseen = [];
  function keyOf(update) { var s = update.subject; return s.flight_number + "|" + s.origin + "|" + s.departure_date; }
  function spoken(update) { return g.spoken(update.subject.flight_number); }
  function has(update, fields) { return update.changes.some(function (c) { return c.from !== null && fields.indexOf(c.field) >= 0; }); }
  function summed(updates) {
    var groups = [
      [g.said.cancelled, function (u) { return u.now && u.now.status === "cancelled"; }],
      [g.said.gates, function (u) { return has(u, ["gate", "arrival_gate"]); }],
      [g.said.times, function (u) { return u.changes.some(function (c) { return /_time$/.test(c.field); }); }]
    ];
    var left = updates.slice(), parts = [];
    groups.forEach(function (group) {
      var names = [];
      left = left.filter(function (u) { if (!group[1](u)) return true; if (names.indexOf(spoken(u)) < 0) names.push(spoken(u)); return false; });
      if (names.length) parts.push(g.counted(group[0], names.length) + (names.length <= 4 ? " (" + names.join(", ") + ")" : ""));
    });
    if (left.length) parts.push(g.counted(g.said.others, left.length));
    return parts.join(", ");
  }
  function showing(count) { return count === 1 ? g.said.showOne : g.counted(g.said.show, count); }
  /* The feed brings all that concerns the airport; told is what stands on this board. */
  function tellMissed() {
    var rows = rowsOf(place), flights = unseen.filter(function (u) { return u.type === "flight" && rows[keyOf(u)]; });
    unseen = [];
    if (!flights.length) return;
    var first = g.clock(g.domainTimeOf(Date.parse(flights[0].at))), last = g.clock(g.domainTimeOf(Date.parse(flights[flights.length - 1].at)));
    missedKeys = flights.map(keyOf);
    g.one("[data-missed-count]").textContent = g.counted(g.said.missed, flights.length);
    g.one("[data-missed-words]").textContent = g.fill(first === last ? g.said.at : g.said.between, { start: first, end: last, zone: data.zoneName, changes: summed(flights) });
    g.one("[data-missed-show]").textContent = showing(flights.length);
    banner.hidden = false;
  }
  function only(keys) {
    shown = keys;
    g.all("tr[data-row]", place).forEach(function (row) { row.hidden = Boolean(keys) && keys.indexOf(row.dataset.row) < 0; });
  }
  g.one("[data-missed-show]").addEventListener("click", function (event) {
    only(shown ? null : missedKeys);
    event.target.textContent = shown ? g.said.showAll : showing(missedKeys.length);
  });
  g.one("[data-missed-dismiss]").addEventListener("click", function () { banner.hidden = true; only(null); });

  /* The filter: every board has an address, so a filtered one is asked of the server too. */
  var typing = null;
  function go() {
    var query = new URLSearchParams();
    new FormData(form).forEach(function (value, name) { if (value) query.set(name, value); });
    query.set("airport", form.dataset.airport);
    history.replaceState(null, "", form.getAttribute("action") + "?" + query);
    force = true;
    g.refresh();
  }
  /* Another airport, which the server finds by what was written, or another direction: another page. */
  function isElsewhere() { return form.airport.value.trim() !== form.airport.defaultValue; }
  function leave() { if (form.airport.value.trim()) form.submit(); }
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (isElsewhere()) leave(); else go();
  });
  form.airport.addEventListener("change", function () { if (isElsewhere()) leave(); });
  form.addEventListener("input", function (event) {
    if (event.target.name === "airport") return;
    if (event.target.name === "dir") { form.submit(); return; }
    clearTimeout(typing);
    typing = setTimeout(go, 250);
  });

  g.onUpdates(function (updates, away) {
    if (away) unseen = unseen.concat(updates);
    else updates.forEach(function (update) { g.tellOf(update); });
    g.refresh();
  });
  g.start(put);
  setInterval(grow, 1000);
  grow();
  /* The board moves on with the clock even when nobody edits anything. */
  setInterval(function () { if (!document.hidden) g.refresh(); }, Math.min(60000, Math.max(5000, 300000 / g.rate)));
})();
