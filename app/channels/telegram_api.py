"""Telegram's Bot API by pyTelegramBotAPI, with its HTTP client replaced by one that has a deadline.

The library's own (requests) has time-outs per read, hides whether a request had left when it failed, and puts the
bot's token, which is part of every address, into the words of its errors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar
from urllib.parse import urlsplit

from telebot import apihelper as untyped
from telebot import types

from app.channels.base import NoAnswerError
from app.channels.http_session import HttpSession
from app.channels.telegram_errors import NotModifiedError, meaning_of
from app.domain.errors import GatecallError, TransientError, UnknownOutcomeError
from app.settings import Settings

T = TypeVar("T")
apihelper: Any = untyped

Buttons = Sequence[Sequence[tuple[str, str]]]
"""Rows of buttons under a message: what they say, and what is sent back when they are pressed (at most 64 bytes)."""

UPDATES = ("message", "callback_query", "my_chat_member")
"""What the bot is told of (https://core.telegram.org/bots/api#update)."""
_HOST = "https://api.telegram.org"
_DATA_BYTES = 64
_NO_PREVIEW = types.LinkPreviewOptions(is_disabled=True)


class _Answer:
    """What the library reads of an answer."""

    def __init__(self, status: int, text: str) -> None:
        self.status_code = status
        self.text = text
        self.reason = ""

    def json(self) -> Any:
        """Raises ValueError when it is none."""
        return json.loads(self.text)


class Bot:
    """The bot, on a connection of its own; for one thread. Every method keeps within the time that `within` gave."""

    def __init__(self, settings: Settings) -> None:
        token = settings.telegram_bot_token
        self._token = token.get_secret_value() if token else ""
        self._base_url = settings.telegram_api_base_url or _HOST
        self._http = HttpSession()
        self._slowed: str | None = None

    def within(self, seconds: float) -> Bot:
        """Let everything from here on be done within so many seconds."""
        self._http.deadline.restart(seconds)
        return self

    def send(
        self,
        chat: str,
        text: str,
        buttons: Buttons = (),
        *,
        silent: bool = False,
        reply_to: int | None = None,
    ) -> int:
        """A new message, in Telegram's HTML; its number. silent: no sound. Raises the errors of `Sender.send`."""
        reply = types.ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None
        found = self._call(
            lambda: apihelper.send_message(
                self._token,
                chat,
                text,
                parse_mode="HTML",
                reply_markup=_keyboard(buttons),
                disable_notification=silent,
                link_preview_options=_NO_PREVIEW,
                reply_parameters=reply,
            ),
            chat=chat,
        )
        try:
            return int(found["message_id"])
        except (KeyError, TypeError, ValueError) as error:
            raise UnknownOutcomeError("the answer names no message") from error

    def edit(self, chat: str, message: int, text: str, buttons: Buttons = ()) -> bool:
        """Let a message of ours say something else; False when it says so already.

        Raises MessageGoneError when it cannot be edited any more, else the errors of `Sender.send` but
        UnknownOutcomeError: an edit may be repeated.
        """
        try:
            self._call(
                lambda: apihelper.edit_message_text(
                    *(self._token, text, chat, message),
                    parse_mode="HTML",
                    reply_markup=_keyboard(buttons),
                    link_preview_options=_NO_PREVIEW,
                ),
                chat=chat,
                repeatable=True,
            )
        except NotModifiedError:
            return False
        return True

    def delete(self, chat: str, message: int) -> None:
        """Take a message of ours away. Raises what `edit` raises."""
        self._call(lambda: apihelper.delete_message(self._token, chat, message), chat=chat, repeatable=True)

    def answer_press(self, press: str, text: str) -> None:
        """Say something to whoever pressed a button, at most 200 characters. Raises PressTooOldError and what `edit`
        raises."""
        self._call(lambda: apihelper.answer_callback_query(self._token, press, text[:200]), repeatable=True)

    def updates(self, after: int | None, wait_s: int) -> list[Mapping[str, Any]]:
        """What was said to the bot, in order; waits so long while nothing is. after: the last number that is dealt
        with, which Telegram forgets with all before; of one that it never had it knows nothing, and forgets nothing.
        Raises TransientError, ChannelDownError, PermanentError."""
        offset = None if after is None else after + 1
        found = self._call(
            lambda: apihelper.get_updates(
                self._token, offset, allowed_updates=list(UPDATES), long_polling_timeout=wait_s
            ),
            repeatable=True,
        )
        return list(found or ())

    def name(self) -> str:
        """The bot's user name, which links lead to. Raises what `updates` raises."""
        return str(self._call(lambda: apihelper.get_me(self._token), repeatable=True).get("username") or "")

    def abort(self) -> None:
        """End a request under way, from another thread."""
        self._http.abort()

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        self._http.close()

    def _call(self, work: Callable[[], T], *, chat: str | None = None, repeatable: bool = False) -> T:
        reset = _session.set((self._http, self._base_url))
        try:
            found = work()
        except apihelper.ApiTelegramException as error:
            raise self._meaning(error, chat, repeatable=repeatable) from None  # its words hold the token
        except apihelper.ApiHTTPException as error:
            raise meaning_of(error.result.status_code, "no JSON", repeatable=repeatable) from None
        except UnknownOutcomeError as error:
            if not repeatable:
                raise
            raise NoAnswerError(str(error)) from error
        except (apihelper.ApiException, ValueError, TypeError, KeyError, AttributeError) as error:
            words = f"the answer cannot be read: {type(error).__name__}"
            raise (TransientError if repeatable else UnknownOutcomeError)(words) from None
        finally:
            _session.reset(reset)
        if chat is not None:
            self._slowed = None
        return found

    def _meaning(
        self, error: apihelper.ApiTelegramException, chat: str | None, *, repeatable: bool
    ) -> GatecallError:
        body = error.result_json
        parameters = body.get("parameters") if isinstance(body.get("parameters"), Mapping) else {}
        code = int(error.error_code)
        whole_bot = code == 429 and (chat is None or self._slowed not in (None, chat))
        if code == 429:
            self._slowed = chat
        return meaning_of(
            code,
            str(error.description),
            retry_after_s=parameters.get("retry_after"),
            migrated="migrate_to_chat_id" in parameters,
            repeatable=repeatable,
            whole_bot=whole_bot,
        )


def _keyboard(buttons: Buttons) -> types.InlineKeyboardMarkup | None:
    if not buttons:
        return None
    assert all(len(data.encode()) <= _DATA_BYTES for row in buttons for _, data in row)
    rows = [[types.InlineKeyboardButton(says, callback_data=data) for says, data in row] for row in buttons]
    return types.InlineKeyboardMarkup(rows)


_session: ContextVar[tuple[HttpSession, str]] = ContextVar("the connection of the bot that calls")


def _send(method: str, url: str, params: Mapping[str, object] | None = None, **_: object) -> _Answer:
    """The library's requests, on the connection of the bot that makes them."""
    http, base_url = _session.get()
    address = base_url + urlsplit(url).path
    if method == "get":
        answer = http.request(method, address, params=params)
    else:
        answer = http.request(method, address, data=params)
    return _Answer(answer.status_code, answer.text)


apihelper.CUSTOM_REQUEST_SENDER = _send
