"""The page's side of Telegram: the chats as JSON, and what a visitor writes and presses in them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from scripts.inbox.telegram import Answer, Chat, Sent, Telegram
from scripts.inbox.telegram_html import pieces

LINKS = "/t.me/"
"""Links to the bot lead here in the demo, as those of https://t.me/ lead into the app."""
_FIRST_CHAT = 70001


def shown(telegram: Telegram) -> dict[str, Any]:
    """All chats with their messages, the latest chat first; and a number for a new one."""
    chats = telegram.chats()
    free = max((chat.id for chat in chats), default=_FIRST_CHAT - 1) + 1
    return {
        "chats": [_chat(chat) for chat in sorted(chats, key=_latest, reverse=True)],
        "free": max(free, _FIRST_CHAT),
    }


def act(telegram: Telegram, what: str, body: bytes) -> Answer:
    """Somebody writes (`chat`, `text`), presses (`chat`, `message`, `data`) or blocks (`chat`)."""
    try:
        said = json.loads(body)
        chat = int(said["chat"])
        if what == "write":
            telegram.write(chat, str(said["text"])[:4096])
        elif what == "press":
            telegram.press(chat, str(said["data"]), int(said["message"]))
        elif what == "block":
            telegram.block(chat)
        else:
            return 404, {"error": "There is nothing here."}
    except (ValueError, KeyError, TypeError) as error:
        return 400, {"error": f"Not understood: {type(error).__name__} {error}"}
    return 200, {"done": what}


def link(path: str, query: dict[str, str]) -> str:
    """Where a link to the bot leads: to the page, with what it is to say."""
    return f"/telegram?bot={quote(urlsplit(path).path.removeprefix(LINKS))}&start={quote(query.get('start', ''))}"


def _latest(chat: Chat) -> float:
    return max((one.edited_at or one.at for one in chat.messages), default=0.0)


def _chat(chat: Chat) -> dict[str, Any]:
    return {
        "id": chat.id,
        "is_group": chat.type != "private",
        "is_blocked": chat.refusal is not None,
        "notice": chat.notices[-1] if chat.notices else "",
        "notices": len(chat.notices),
        "messages": [_message(one) for one in chat.messages],
    }


def _message(one: Sent) -> dict[str, Any]:
    return {
        "id": one.id,
        "by_bot": one.by_bot,
        "pieces": _pieces(one.text, one.by_bot),
        "at": _time(one.at),
        "edited_at": _time(one.edited_at) if one.edited_at else None,
        "silent": one.silent,
        "reply_to": one.reply_to,
        "buttons": [[{"words": words, "data": data} for words, data in row] for row in one.buttons],
        "history": [{"pieces": _pieces(text, True), "until": _time(at)} for text, at in one.history],
    }


def _pieces(text: str, by_bot: bool) -> list[dict[str, Any]]:
    return [asdict(one) for one in pieces(text)] if by_bot else [{"text": text, "marks": (), "href": None}]


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
