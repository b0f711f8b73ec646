"""What the bot is told, as far as it matters. Shapes: https://core.telegram.org/bots/api#update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody wrote. chat: its number as text. at: when, by Telegram's clock. text: "" for what is no text.
    language: BCP 47 tag of the app they write with; None when Telegram does not say."""

    chat: str
    is_private: bool
    text: str
    at: datetime
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed a button. press: what to answer it by. message: the number of the message that it stands under;
    None when Telegram does not say. language: as in `Said`."""

    chat: str
    is_private: bool
    press: str
    data: str
    message: int | None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody blocked the bot, or deleted their chat with it."""

    chat: str


@dataclass(frozen=True, slots=True)
class Back:
    """Somebody who had blocked the bot has unblocked it."""

    chat: str


Update = Said | Pressed | Left | Back


def understood(raw: Mapping[str, Any]) -> Update | None:
    """What an update says; None for what is nothing to us (somebody edited, joined, sent a sticker to a group).

    Raises KeyError, TypeError, ValueError when it is not what Telegram sends.
    """
    if "message" in raw:
        message = raw["message"]
        at = datetime.fromtimestamp(int(message["date"]), UTC)
        return Said(*_where(message["chat"]), str(message.get("text") or "")[:4096], at, _language(message))
    if "callback_query" in raw:
        query = raw["callback_query"]
        message = query.get("message")
        # Without a message (an inline one, which is none of ours) it is of the person's own chat.
        where = _where(message["chat"]) if message else (str(int(query["from"]["id"])), True)
        number = int(message["message_id"]) if message else None
        return Pressed(*where, str(query["id"]), str(query.get("data") or ""), number, _language(query))
    if "my_chat_member" in raw:
        change = raw["my_chat_member"]
        chat, is_private = _where(change["chat"])
        if is_private:
            return Left(chat) if change["new_chat_member"]["status"] in ("kicked", "left") else Back(chat)
    return None


def _language(of: Mapping[str, Any]) -> str | None:
    who = of.get("from")
    tag = who.get("language_code") if isinstance(who, Mapping) else None
    return tag if isinstance(tag, str) else None


def _where(chat: Mapping[str, Any]) -> tuple[str, bool]:
    return str(int(chat["id"])), chat.get("type") == "private"
