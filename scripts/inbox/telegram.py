"""The Telegram side of the inbox: the part of the Bot API that Gatecall uses, and the people who write to the bot.

Shapes and words as in https://core.telegram.org/bots/api. Any token that looks like one is good. Chats are made when
somebody writes in them; a bot cannot begin one, as with the real one.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.inbox.telegram_html import ParseError, length, read

Answer = tuple[int, dict[str, Any]]

PATH = re.compile(r"/bot(?P<token>\d+:[A-Za-z0-9_-]+)/(?P<method>[A-Za-z]+)")
BOT_NAME = "gatecall_demo_bot"
MOST, _DATA_BYTES, _PRESS_WORDS = 4096, 64, 200
KEPT = 500
"""Messages that a chat keeps."""


class ApiError(Exception):
    """What the Bot API refuses: its code, its words, and its parameters."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.answer: Answer = (
            code,
            {"ok": False, "error_code": code, "description": description}
            | ({"parameters": parameters} if parameters else {}),
        )


@dataclass
class Sent:
    """One message of a chat. by_bot: else a person wrote it. buttons: rows of (words, data). history: earlier texts
    with the times they were replaced."""

    id: int
    by_bot: bool
    text: str
    at: float
    buttons: list[list[tuple[str, str]]] = field(default_factory=list)
    silent: bool = False
    reply_to: int | None = None
    edited_at: float | None = None
    history: list[tuple[str, float]] = field(default_factory=list)


@dataclass
class Chat:
    """One chat. id: negative for groups, as Telegram has it. refusal: what is said instead of accepting a message."""

    id: int
    type: str = "private"
    messages: list[Sent] = field(default_factory=list)
    refusal: ApiError | None = None
    notices: list[str] = field(default_factory=list)


class Telegram:
    """All chats of one bot. Safe to use from several threads. now: seconds since 1970. last_update: the number of the
    latest update."""

    def __init__(self, now: Callable[[], float] = time.time, name: str = BOT_NAME) -> None:
        self._now = now
        self._name = name
        self._changed = threading.Condition()
        self._chats: dict[int, Chat] = {}
        self._updates: list[dict[str, Any]] = []
        self.last_update = 0
        self._last_message = 0
        self._polls = 0
        self._presses: dict[str, int] = {}

    # What the bot asks for

    def call(self, token: str, method: str, sent: Mapping[str, str]) -> Answer:
        """One method of the Bot API. sent: its parameters as text; what is no text is JSON."""
        found = getattr(self, f"_do_{method.lower()}", None)
        if found is None:
            return ApiError(404, "Not Found").answer
        try:
            return 200, {"ok": True, "result": found(sent, token)}
        except ApiError as error:
            return error.answer
        except (ValueError, KeyError) as error:
            return ApiError(400, f"Bad Request: {type(error).__name__} {error}").answer

    def _do_getme(self, _: Mapping[str, str], token: str) -> dict[str, Any]:
        bot = int(token.partition(":")[0])
        return {"id": bot, "is_bot": True, "first_name": "Gatecall", "username": self._name}

    def _do_sendmessage(self, sent: Mapping[str, str], _: str) -> dict[str, Any]:
        with self._changed:
            chat = self._open_chat(sent)
            text, buttons = _text(sent), _buttons(sent)
            reply = json.loads(sent.get("reply_parameters", "{}")).get("message_id")
            made = self._add(
                chat, Sent(0, True, text, self._now(), buttons, _is_true(sent, "disable_notification"))
            )
            made.reply_to = reply if any(one.id == reply for one in chat.messages) else None
            return self._shape(chat, made)

    def _do_editmessagetext(self, sent: Mapping[str, str], _: str) -> dict[str, Any]:
        with self._changed:
            chat = self._open_chat(sent)
            message = self._own(chat, sent, "edit")
            text, buttons = _text(sent), _buttons(sent)
            if (text, buttons) == (message.text, message.buttons):
                raise ApiError(
                    400,
                    "Bad Request: message is not modified: specified new message content and reply markup are exactly "
                    "the same as a current content and reply markup of the message",
                )
            if text != message.text:
                message.history.append((message.text, self._now()))
            message.text, message.buttons, message.edited_at = text, buttons, self._now()
            self._changed.notify_all()
            return self._shape(chat, message)

    def _do_deletemessage(self, sent: Mapping[str, str], _: str) -> bool:
        with self._changed:
            chat = self._open_chat(sent)
            chat.messages.remove(self._own(chat, sent, "delete"))
            return True

    def _do_answercallbackquery(self, sent: Mapping[str, str], _: str) -> bool:
        with self._changed:
            chat = self._presses.pop(sent["callback_query_id"], None)
            if chat is None:
                raise ApiError(
                    400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
                )
            if len(sent.get("text", "")) > _PRESS_WORDS:
                raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
            self._chats[chat].notices.append(sent.get("text", ""))
            return True

    def _do_getupdates(self, sent: Mapping[str, str], _: str) -> list[dict[str, Any]]:
        offset, limit = int(sent.get("offset", 0)), int(sent.get("limit", 100))
        until = time.monotonic() + min(int(sent.get("timeout", 0)), 50)
        with self._changed:
            self._polls += 1
            mine = self._polls
            self._changed.notify_all()  # whoever polls besides is told so
            self._updates = [one for one in self._updates if one["update_id"] >= offset]
            while not self._updates and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
                if self._polls != mine:
                    raise ApiError(
                        409,
                        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is "
                        "running",
                    )
            return self._updates[:limit]

    # What people do

    def write(self, chat: int, text: str, *, at: float | None = None) -> int:
        """Somebody writes to the bot; the chat is made by it, and unblocked by /start. Returns the update's number."""
        with self._changed:
            there = self._chats.setdefault(chat, Chat(chat, "private" if chat > 0 else "supergroup"))
            if text.startswith("/start"):
                there.refusal = None
            message = self._add(there, Sent(0, False, text, at or self._now()))
            return self._tell({"message": self._shape(there, message)})

    def press(self, chat: int, data: str, message: int | None = None) -> int:
        """Somebody presses a button, or sends what one would send; the update's number."""
        with self._changed:
            there = self._chats[chat]
            of_bot = [one for one in there.messages if one.by_bot]
            under = next((one for one in of_bot if one.id == message), of_bot[-1] if of_bot else None)
            press = f"{self.last_update + 1}00{chat}"
            self._presses[press] = chat
            query: dict[str, Any] = {"id": press, "from": _person(chat), "data": data, "chat_instance": "1"}
            if under is not None:
                query["message"] = self._shape(there, under)
            return self._tell({"callback_query": query})

    def block(self, chat: int, refusal: ApiError | None = None) -> None:
        """Somebody blocks the bot. refusal: what is said from now on, by default that."""
        with self._changed:
            there = self._chats.setdefault(chat, Chat(chat))
            there.refusal = refusal or ApiError(403, "Forbidden: bot was blocked by the user")
            self._tell_member(there, "member", "kicked")

    def unblock(self, chat: int) -> None:
        """Somebody has the bot back, and says nothing."""
        with self._changed:
            there = self._chats[chat]
            there.refusal = None
            self._tell_member(there, "kicked", "member")

    def _tell_member(self, there: Chat, old: str, new: str) -> None:
        bot = {"user": {"id": 1, "is_bot": True, "first_name": "Gatecall"}}
        before, after = (
            bot | {"status": status} | ({"until_date": 0} if status == "kicked" else {})
            for status in (old, new)
        )
        changed = {"chat": _chat(there), "from": _person(there.id), "date": int(self._now())}
        self._tell({"my_chat_member": changed | {"old_chat_member": before, "new_chat_member": after}})

    def forget(self, chat: int, message: int) -> None:
        """A message is gone, as if somebody had cleared the chat."""
        with self._changed:
            there = self._chats[chat]
            there.messages = [one for one in there.messages if one.id != message]

    # What a page shows

    def chats(self) -> list[Chat]:
        """All chats, in the order they began."""
        with self._changed:
            return list(self._chats.values())

    def chat(self, chat: int) -> Chat:
        """One chat; an empty one where nobody has written yet."""
        with self._changed:
            return self._chats.get(chat) or Chat(chat)

    def waiting(self) -> int:
        """Updates that the bot has not dealt with."""
        with self._changed:
            return len(self._updates)

    # What both rest on

    def _open_chat(self, sent: Mapping[str, str]) -> Chat:
        chat = self._chats.get(int(sent["chat_id"]))
        if chat is None:
            raise ApiError(400, "Bad Request: chat not found")
        if chat.refusal is not None:
            raise chat.refusal
        return chat

    @staticmethod
    def _own(chat: Chat, sent: Mapping[str, str], what: str) -> Sent:
        number = int(sent["message_id"])
        found = next((one for one in chat.messages if one.id == number), None)
        if found is None:
            raise ApiError(400, f"Bad Request: message to {what} not found")
        if not found.by_bot:
            raise ApiError(400, f"Bad Request: message can't be {what}ed")
        return found

    def _add(self, chat: Chat, message: Sent) -> Sent:
        self._last_message += 1
        message.id = self._last_message
        chat.messages.append(message)
        del chat.messages[:-KEPT]
        return message

    def _tell(self, update: dict[str, Any]) -> int:
        self.last_update += 1
        self._updates.append({"update_id": self.last_update, **update})
        self._changed.notify_all()
        return self.last_update

    def _shape(self, chat: Chat, message: Sent) -> dict[str, Any]:
        sender = {"id": 1, "is_bot": True, "first_name": "Gatecall"} if message.by_bot else _person(chat.id)
        shape: dict[str, Any] = {
            "message_id": message.id,
            "from": sender,
            "chat": _chat(chat),
            "date": int(message.at),
        }
        if message.edited_at is not None:
            shape["edit_date"] = int(message.edited_at)
        return shape | {"text": read(message.text) if message.by_bot else message.text}


def _chat(chat: Chat) -> dict[str, Any]:
    return {"id": chat.id, "type": chat.type} | (
        {"first_name": "Somebody"} if chat.type == "private" else {"title": "A group"}
    )


def _person(chat: int) -> dict[str, Any]:
    return {"id": abs(chat), "is_bot": False, "first_name": "Somebody"}


def _text(sent: Mapping[str, str]) -> str:
    """The text, if the real one would take it."""
    text = sent.get("text", "")
    try:
        plain = read(text) if sent.get("parse_mode") == "HTML" else text
    except ParseError as error:
        raise ApiError(400, f"Bad Request: can't parse entities: {error}") from error
    if not plain.strip():
        raise ApiError(400, "Bad Request: message text is empty")
    if length(plain) > MOST:
        raise ApiError(400, "Bad Request: message is too long")
    return text


def _buttons(sent: Mapping[str, str]) -> list[list[tuple[str, str]]]:
    rows = json.loads(sent.get("reply_markup") or "{}").get("inline_keyboard", [])
    found = [[(str(one["text"]), str(one["callback_data"])) for one in row] for row in rows]
    if any(not 1 <= len(data.encode()) <= _DATA_BYTES for row in found for _, data in row):
        raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    return found


def _is_true(sent: Mapping[str, str], name: str) -> bool:
    return sent.get(name, "").casefold() in ("true", "1")
