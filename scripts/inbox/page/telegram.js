// Follows the chats with the bot, and lets a visitor write and press. Nothing of a message is believed: it comes in parts.
"use strict";

const EVERY_MS = 1000;
const NEW_FOR_MS = 10000;
const TAGS = { b: "b", strong: "b", i: "i", em: "i", u: "u", s: "s", strike: "s", del: "s", code: "code", pre: "code" };
const $ = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
let chosen = Number(asked.get("chat")) || 0;
let drawn = "";
let notices = {};

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function clock(text) {
  return new Date(text).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

function words(pieces) {
  return pieces.map((piece) => {
    let node = document.createTextNode(piece.text);
    for (const mark of piece.marks) if (TAGS[mark]) node = element(TAGS[mark], {}, node);
    if (piece.href && /^https?:/.test(piece.href)) node = element("a", { href: piece.href, rel: "noreferrer" }, node);
    return node;
  });
}

function plain(message) {
  return message.pieces.map((piece) => piece.text).join("").split("\n")[0];
}

async function send(what, body) {
  const headers = { "Content-Type": "application/json" };
  await fetch(`/api/telegram/${what}`, { method: "POST", headers, body: JSON.stringify({ chat: chosen, ...body }) });
  await follow(false);
}

function bubble(message, all) {
  const said = element("div", { className: "bubble-tg" }, ...words(message.pieces));
  const above = all.find((one) => one.id === message.reply_to);
  if (above) said.prepend(element("span", { className: "quote", textContent: `In answer to: ${plain(above)}` }));
  const meta = element("p", { className: "meta" }, clock(message.at));
  if (message.edited_at) meta.append(`, edited ${clock(message.edited_at)}`);
  if (message.by_bot) meta.append(message.silent ? ", without a sound" : "");
  if (message.history.length) {
    const open = element("details", {}, element("summary", { textContent: `${message.history.length} earlier` }),
      ...message.history.map((one) => element("div", { className: "earlier" }, ...words(one.pieces),
        element("p", { className: "meta", textContent: `until ${clock(one.until)}` }))));
    meta.append(", ", open);
  }
  const rows = message.buttons.map((row) => element("div", { className: "keys" }, ...row.map((key) =>
    element("button", { className: "btn", type: "button", textContent: key.words,
      onclick: () => send("press", { message: message.id, data: key.data }) }))));
  const at = new Date(message.edited_at || message.at);
  const isNew = message.by_bot && Date.now() - at < NEW_FOR_MS;
  return element("li", { className: `${message.by_bot ? "" : "mine"} ${isNew ? "is-new" : ""}` }, said, ...rows, meta);
}

function draw(answer) {
  if (!chosen) chosen = asked.get("start") ? answer.free : (answer.chats[0] || { id: answer.free }).id;
  const chat = answer.chats.find((one) => one.id === chosen) || { id: chosen, messages: [], notice: "", notices: 0 };
  const known = answer.chats.some((one) => one.id === chosen) ? answer.chats : [chat, ...answer.chats];
  const entries = known.map((one) => {
    const last = one.messages.at(-1);
    const button = element("button", { type: "button", onclick: () => { chosen = one.id; drawn = ""; follow(false); } },
      element("b", { textContent: one.is_group ? `Group ${one.id}` : `Chat ${one.id}` }),
      element("span", { textContent: last ? plain(last) : "Nothing said yet" }));
    if (one.id === chosen) button.setAttribute("aria-current", "true");
    return element("li", {}, button);
  });
  const another = element("button", { type: "button", onclick: () => { chosen = answer.free; drawn = ""; follow(false); } },
    element("b", { textContent: "Another chat" }), element("span", { textContent: "Write as somebody else" }));
  $("chats").replaceChildren(...entries, element("li", {}, another));
  $("name").textContent = `Chat ${chosen}${chat.is_blocked ? ", the bot is blocked" : ""}`;
  $("block").hidden = !chat.messages.length || Boolean(chat.is_blocked);
  const open = new Set([...$("said").querySelectorAll("li")].filter((one) => one.querySelector("details[open]")).map((one) => one.dataset.id));
  $("said").replaceChildren(...chat.messages.map((message) => {
    const item = bubble(message, chat.messages);
    item.dataset.id = message.id;
    if (open.has(String(message.id)) && item.querySelector("details")) item.querySelector("details").open = true;
    return item;
  }));
  $("said").scrollTop = $("said").scrollHeight;
  if (notices[chosen] !== undefined && chat.notices !== notices[chosen] && chat.notice) $("notice").textContent = `The bot: ${chat.notice}`;
  notices[chosen] = chat.notices;
}

async function follow(again = true) {
  try {
    const text = await (await fetch("/api/telegram")).text();
    if (text !== drawn) draw(JSON.parse(text));
    drawn = text;
    $("live").classList.remove("is-stale");
    $("live").firstElementChild.textContent = "Live";
  } catch {
    $("live").classList.add("is-stale");
    $("live").firstElementChild.textContent = "STALE: the inbox does not answer";
  }
  if (again) setTimeout(follow, EVERY_MS);
}

$("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  $("text").value = "";
  if (text) send("write", { text });
});
$("block").addEventListener("click", () => send("block", {}));
if (asked.get("start")) $("text").value = `/start ${asked.get("start")}`;
follow();
