/* Pages that are replaced part by part: a flight, the fares, the health page. */
(function () {
  "use strict";
  var g = window.gatecall;
  var waiting = null;

  function busy(part) { return part.contains(document.activeElement) || part.matches(":hover"); }

  /* Nothing moves under a finger: a part that is in use is replaced when the pointer or the focus has left it. */
  function put(page) {
    var parts = g.all("[data-part]", page);
    if (!parts.length) { location.reload(); return; }    // another page answers at this address now
    waiting = null;
    parts.forEach(function (fresh) {
      var part = g.one('[data-part="' + fresh.dataset.part + '"]');
      if (!part || part.innerHTML === fresh.innerHTML) return;
      if (busy(part) && !g.one("[data-live]", part)) { waiting = page; return; }
      part.innerHTML = fresh.innerHTML;
    });
    if (document.title !== page.title) document.title = page.title;
  }
  function later() { setTimeout(function () { if (waiting) put(waiting); }, 50); }

  g.all("[data-part]").forEach(function (part) {
    part.addEventListener("pointerleave", later);
    part.addEventListener("focusout", later);
  });
  g.onUpdates(function (updates) {
    updates.forEach(function (update) { g.tellOf(update); });
    g.refresh();
  });
  g.start(put);

  /* What a page says of now moves on with the domain's clock, also when nobody edits anything. */
  var every = Number(document.body.dataset.every);
  if (every) setInterval(function () { if (!document.hidden) g.refresh(); }, Math.max(5, every / g.rate) * 1000);

  g.all("[data-copy]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      var field = document.getElementById(button.dataset.copy);
      var said = g.one("[data-said]", button);
      field.select();
      (navigator.clipboard ? navigator.clipboard.writeText(field.value) : Promise.reject(new Error("no clipboard"))).then(
        function () { said.textContent = g.said.copied; },
        function () { said.textContent = g.said.press; });
    });
  });
})();
