/* A field that takes an airport by name suggests while somebody types (ARIA's combobox with a list). Without this the
   server understands names, too, and asks where several are meant. */
(function () {
  "use strict";
  var WAIT_MS = 200;
  var MOST = 8;

  function words(place) {
    var name = place.city.indexOf(place.name) >= 0 ? place.city
      : place.name.indexOf(place.city) >= 0 ? place.name : place.city + " " + place.name;
    return name + " (" + place.iata + ")";
  }

  function start(input) {
    var list = document.createElement("ul"), said = document.createElement("span"), holder = document.createElement("div");
    var known = Array.prototype.map.call(input.list ? input.list.options : [], function (one) { return one.value; });
    var counts = input.dataset.counts.split("|");   // "1 airport", "2 airports" and so on, in the page's language
    var at = -1, timer = null, asked = 0;

    list.id = input.id + "-places";
    list.className = "places";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.dataset.list);
    said.className = "vh";
    said.setAttribute("aria-live", "polite");
    holder.className = "places-holder";
    input.parentNode.insertBefore(holder, input);
    holder.append(input, list, said);
    input.removeAttribute("list");
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);

    function close() {
      list.hidden = true;
      at = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }
    function show(found, none) {
      close();
      list.textContent = "";
      found.forEach(function (text, number) {
        var item = document.createElement("li");
        item.id = list.id + "-" + number;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.textContent = text;
        list.append(item);
      });
      said.textContent = found.length ? counts[found.length - 1] || String(found.length) : none;
      list.hidden = !found.length;
      input.setAttribute("aria-expanded", String(found.length > 0));
    }
    function move(to) {
      var items = list.children;
      if (list.hidden || !items.length) return;
      if (at >= 0) items[at].setAttribute("aria-selected", "false");
      at = (to + items.length) % items.length;
      items[at].setAttribute("aria-selected", "true");
      items[at].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", items[at].id);
    }
    function pick(item) {
      input.value = item.textContent;
      asked += 1;
      close();
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
    function ask() {
      var text = input.value.trim(), own = (asked += 1);
      if (text.length < 2) { close(); return; }
      fetch(input.dataset.places + "?limit=" + MOST + "&q=" + encodeURIComponent(text), { headers: { Accept: "application/json" } })
        .then(function (answer) { return answer.ok ? answer.json() : { airports: [] }; })
        .then(function (answer) {
          if (own === asked && document.activeElement === input) show(answer.airports.map(words), input.dataset.none);
        })
        .catch(close);   // the server understands names, too
    }

    input.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(ask, WAIT_MS); });
    input.addEventListener("keydown", function (event) {
      var down = event.key === "ArrowDown", up = event.key === "ArrowUp";
      if (down || up) {
        event.preventDefault();
        if (!list.hidden) move(down ? at + 1 : at < 0 ? -1 : at - 1);
        else if (known.length && input.value === input.defaultValue) show(known, "");
        else ask();
      } else if (event.key === "Enter" && !list.hidden && at >= 0) {
        event.preventDefault();
        pick(list.children[at]);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      }
    });
    input.addEventListener("focus", function () { input.select(); });
    input.addEventListener("blur", function () { clearTimeout(timer); asked += 1; close(); });
    list.addEventListener("mousedown", function (event) { event.preventDefault(); });   // the focus stays in the field
    list.addEventListener("click", function (event) {
      var item = event.target.closest("[role=option]");
      if (item) pick(item);
    });
  }

  document.querySelectorAll("input[data-places]").forEach(start);
})();
