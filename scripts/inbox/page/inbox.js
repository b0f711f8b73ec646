// Follows the inbox: asks for what is newer every second, keeps the list short, shows the chosen message.
"use strict";

const SHOWN = 200;          // rows in the list
const EVERY_MS = 1000;      // between two questions
const LONG = 40;            // lines of a mail's text from which on it gets more room
const NEW_FOR_MS = 10000;   // how long a row counts as just come

const $ = (id) => document.getElementById(id);
const WHO = new URLSearchParams(location.search).get("who") || "";
const ZONE = "America/New_York";  // where the demo's messages are about, for whoever has no zone here
const numbers = new Intl.NumberFormat("en");
let zone = ZONE;            // of the person whose inbox this is
let known = "";             // the people as they were last drawn
let last = 0;               // the highest number in the list
let turn = 0;               // a changed filter makes answers to older questions void
let shown = 0;              // the number of the message being read

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Day and time by the clock that the messages tell by, in the person's zone.
function clock(text) {
  const parts = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  return new Date(text).toLocaleString("en-GB", { ...parts, timeZone: zone });
}

function count(counts) {
  for (const channel of ["email", "sms"]) $(`count-${channel}`).textContent = numbers.format(counts[channel]);
}

function counted(counts) {
  return `${numbers.format(counts.email)} ${counts.email === 1 ? "mail" : "mails"}, ${numbers.format(counts.sms)} SMS`;
}

function card(key, name, chose, counts) {
  const link = element("a", { href: key ? `/?who=${encodeURIComponent(key)}` : "/" },
    element("b", { textContent: name }), element("span", { className: "soft", textContent: chose }),
    element("span", { className: "count", textContent: counts }));
  if (key === WHO) link.setAttribute("aria-current", "true");
  return element("li", {}, link);
}

async function people() {
  const text = await (await fetch("/api/people")).text();
  if (text === known) return;
  known = text;
  const found = JSON.parse(text).people;
  $("people").hidden = !found.length;
  const held = document.activeElement && document.activeElement.closest("#known a");
  $("known").replaceChildren(card("", "Everybody", "all that arrives", ""),
    ...found.map((one) => card(one.key, one.name, one.chose, counted(one.counts))));
  if (held) [...$("known").querySelectorAll("a")].find((link) => link.href === held.href)?.focus();
  const mine = found.find((one) => one.key === WHO);
  if (!mine) return;
  count(mine.counts);
  if (document.title.startsWith(mine.name)) return;
  $("field").hidden = true;
  $("known").scrollLeft = $("known").querySelector("[aria-current]").offsetLeft - $("known").offsetLeft;
  zone = mine.time_zone;
  document.title = `${mine.name} · Inbox of the demo · Gatecall`;
  $("title").textContent = `What ${mine.name} receives`;
  const addresses = [mine.email, mine.phone].filter(Boolean).join(", ");
  $("about").textContent = `${mine.chose[0].toUpperCase()}${mine.chose.slice(1)}. ${addresses}. Times are those of ${zone.split("/")[1].replace("_", " ")}.`;
  restart();
}

function row(message, isNew) {
  const link = element("a", { href: `#m${message.number}` },
    element("b", { textContent: message.subject }),
    element("span", { className: "soft", textContent: `${message.channel === "sms" ? "SMS" : "Mail"} to ${message.to}` }),
    element("time", { dateTime: message.told_at, textContent: clock(message.told_at) }));
  if (message.number === shown) link.setAttribute("aria-current", "true");
  const item = element("li", { className: isNew ? "is-new" : "" }, link);
  if (isNew) setTimeout(() => item.classList.remove("is-new"), NEW_FOR_MS);
  return item;
}

function wanted() {
  const form = new FormData($("filters"));
  return { person: form.get("person").trim(), channel: form.get("channel"), who: WHO };
}

async function ask() {
  const mine = turn;
  const first = last === 0;
  const query = new URLSearchParams({ ...wanted(), after: last, limit: SHOWN });
  const answer = await (await fetch(`/api/messages?${query}`)).json();
  if (mine !== turn) return;
  if (!WHO) count(answer.counts);
  const list = $("list");
  list.prepend(...answer.messages.map((message) => row(message, !first)));
  while (list.children.length > SHOWN) list.lastElementChild.remove();
  if (answer.messages.length) last = Math.max(last, answer.messages[0].number);
  $("more").hidden = list.children.length < SHOWN;
  const { person, channel } = wanted();
  $("empty").hidden = list.children.length > 0;
  $("empty").textContent = person || channel ? "No message kept matches this filter."
    : WHO ? "Nothing has arrived here yet. What this person chose may hold it for a while."
      : "Nothing has arrived yet. The first messages come when a flight changes.";
}

async function follow() {
  try {
    await Promise.all([ask(), people()]);
    $("live").classList.remove("is-stale");
    $("live").firstElementChild.textContent = "Live";
  } catch {
    $("live").classList.add("is-stale");
    $("live").firstElementChild.textContent = "STALE: the inbox does not answer";
  }
  setTimeout(follow, EVERY_MS);
}

function restart() {
  turn += 1;
  last = 0;
  $("list").replaceChildren();
  ask().catch(() => {});
}

function mail(message) {
  const parts = [];
  if (message.html) {
    // No permission at all in the sandbox: no script, no form, no navigation.
    const frame = element("iframe", { title: "The mail as it looks", src: `/mails/${message.number}` });
    frame.setAttribute("sandbox", "");
    // How high the mail is, the sandbox does not say; its text part tells a digest from a message alone.
    frame.classList.toggle("is-long", message.text.split("\n").length > LONG);
    parts.push(frame);
  }
  parts.push(element("details", { open: !message.html }, element("summary", { textContent: "Text part" }),
    element("pre", { textContent: message.text })));
  parts.push(element("details", {}, element("summary", { textContent: "Headers" }),
    element("table", { className: "headers" }, ...message.headers.map(([name, value]) =>
      element("tr", {}, element("th", { scope: "row", textContent: name }), element("td", { textContent: value }))))));
  return parts;
}

async function read() {
  const match = /^#m(\d+)$/.exec(location.hash);
  shown = match ? Number(match[1]) : 0;
  for (const link of $("list").querySelectorAll("a")) {
    if (link.hash === location.hash) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  $("split").classList.toggle("is-reading", Boolean(match));
  $("detail").classList.toggle("is-open", Boolean(match));
  if (!match) {
    $("detail").replaceChildren(element("p", { className: "empty", textContent: "Choose a message to read it." }));
    return;
  }
  const answer = await fetch(`/api/messages/${match[1]}`);
  const message = await answer.json();
  if (Number(match[1]) !== shown) return;
  if (!answer.ok) {
    $("detail").replaceChildren(element("p", { className: "empty", textContent: message.error }));
    return;
  }
  const back = element("button", { className: "back", type: "button", textContent: "Back to the list",
    onclick: () => { location.hash = ""; } });
  const isMail = message.channel === "email";
  const top = element("div", { className: "top" }, back,
    element("h2", { textContent: isMail ? message.subject : "SMS" }),
    element("p", { textContent: `To ${message.to} from ${message.from}, ${clock(message.told_at)}` }));
  const body = isMail ? mail(message) : [
    element("p", { className: "bubble", textContent: message.text }),
    element("pre", { textContent: `${message.text.length} characters\n${message.id}` })];
  $("detail").replaceChildren(element("article", {}, top, ...body));
  if (matchMedia("(max-width: 54rem)").matches) scrollTo(0, 0);
}

let typing;
$("filters").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(restart, 200); });
$("filters").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", () => { read().catch(() => {}); });
read().catch(() => {});
follow();
