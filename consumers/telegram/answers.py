"""The bot's answers in chats: as fast as Telegram lets, and no faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog

from app.channels.base import AddressDownError
from app.channels.telegram_api import Bot, Buttons
from app.channels.telegram_errors import MessageGoneError, PressTooOldError
from app.domain.clock import Now
from app.domain.errors import PermanentError, TransientError, UnknownOutcomeError
from app.runtime import StopFlag
from app.store.provider_state import ProviderState

log = structlog.get_logger()
T = TypeVar("T")

_LONGEST_WAIT_S = 60.0
_WAIT_S = 0.2
SEND_S = 15.0
"""Deadline of one request."""


class Answers:
    """Answers of one bot. rate: messages a second, together with delivery's; None without a limit. prolong: called
    before each request and while it waits, so that the work stays ours; it raises when it is not any more."""

    def __init__(
        self,
        bot: Bot,
        state: ProviderState,
        rate: float | None,
        stop: StopFlag,
        now: Now,
        prolong: Callable[[], None],
    ) -> None:
        self._bot = bot
        self._state = state
        self._rate = rate
        self._stop = stop
        self._now = now
        self._prolong = prolong

    def say(self, chat: str, text: str, buttons: Buttons = (), *, silent: bool = True) -> None:
        """Write into a chat. It was asked for, so it makes no sound; it is left out where the chat takes none for long.
        Raises TransientError when Telegram takes nothing now, and the update is to be handled again."""
        self._do(lambda: self._bot.within(SEND_S).send(chat, text, buttons, silent=silent))

    def change(self, chat: str, message: int | None, text: str) -> None:
        """Let the message with the button say something else, without buttons; a new one where it is gone. Raises as
        `say`."""
        if message is not None:
            number = message
            try:
                self._do(lambda: self._bot.within(SEND_S).edit(chat, number, text), passes=MessageGoneError)
            except MessageGoneError:
                pass
            else:
                return
        self.say(chat, text)

    def acknowledge(self, press: str, text: str = "") -> None:
        """Answer a pressed button: the words show for a moment. One that is too old is not answered. Raises as
        `say`."""
        self._do(lambda: self._bot.within(SEND_S).answer_press(press, text))

    def _do(self, work: Callable[[], T], passes: type[PermanentError] | None = None) -> None:
        self._granted()
        waited_s = 0.0
        while True:
            self._prolong()
            try:
                work()
            except TransientError as error:
                wait_s = error.retry_after_s
                if wait_s is None or waited_s + wait_s > _LONGEST_WAIT_S:
                    if isinstance(error, AddressDownError):
                        # What was asked is done; to wait with this chat would keep all others from being heard.
                        log.warning(
                            "an answer is left out, its chat takes none for long", retry_after_s=wait_s
                        )
                        return
                    raise
                waited_s += wait_s
                self._wait(wait_s)
            except (
                UnknownOutcomeError
            ) as error:  # twice the same answer would do no harm, but it is no use either
                log.warning("what became of an answer is not known", why=str(error))
                return
            except PermanentError as error:
                if passes is not None and isinstance(error, passes):
                    raise
                if not isinstance(error, PressTooOldError):
                    log.warning("an answer was refused", why=type(error).__name__)
                return
            else:
                return

    def _granted(self) -> None:
        """Wait for the rate that the bot shares with delivery. Raises TransientError at a stop."""
        while self._rate is not None:
            now = self._now()
            grant, standing = self._state.take(1, self._rate, max(self._rate, 1.0), now)
            if (
                grant.granted or standing.until is not None
            ):  # while delivery pauses, the answer is what shows why
                return
            self._wait(max(_WAIT_S, min(grant.wait_s, 1.0)))

    def _wait(self, seconds: float) -> None:
        """Raises TransientError at a stop."""
        left = seconds
        while left > 0:
            if self._stop.wait(min(left, 5.0)):
                raise TransientError("stopped while Telegram asked to wait")
            left -= 5.0
            self._prolong()
