"""The loop that asks Telegram what people said: one process at a time, each update once, or again after a crash.

U1 hold the lease; U2 ask for what is new; U3 deal with one update; U4 keep its number. Telegram forgets an update when
a later one is asked for, so what was not kept comes again, and is dealt with to the same end.

Numbers go up, but after a quiet week the next is chosen at random (https://core.telegram.org/bots/api#update), and
another server of the Bot API has its own. Asked for what comes after a number that it never had, Telegram gives all it
has: then a lower number is kept. Each is kept in place of the one before it alone, so that whoever still deals with
updates of before puts nothing back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from app import crash_points
from app.channels.telegram_api import Bot
from app.domain.errors import PermanentError, TransientError
from app.metrics import TELEGRAM_UPDATES
from app.runtime import StopFlag
from app.store.leases import Leases
from app.store.telegram_links import TelegramBots
from consumers.telegram.answers import SEND_S
from consumers.telegram.updates import Update, understood

log = structlog.get_logger()

LEASE = "telegram"
_POLL_S = 20
_ANSWER_S = 10.0
"""What a poll may take longer than it waits."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0

Handle = Callable[[int, Update], str]
"""Deals with one update, with its number; says what it was."""


class Polling:
    """Asks for updates of one bot. number: the bot's own. server: the address of the Bot API, None for Telegram's own.
    lease_s: how long the work stays ours without a word."""

    def __init__(
        self,
        bot: Bot,
        bots: TelegramBots,
        leases: Leases,
        number: str,
        server: str | None,
        lease_s: float,
        stop: StopFlag,
    ) -> None:
        self._bot = bot
        self._bots = bots
        self._leases = leases
        self._number = number
        self._server = server
        self._lease_s = lease_s
        self._poll_s = max(1, min(_POLL_S, int(lease_s / 2)))
        self._stop = stop
        self._prolonged_at = 0.0
        self._named = False
        self._trouble: str | None = None

    def run(self, handle: Handle) -> None:
        """Until the stop. What Telegram or MongoDB cannot do now is tried again, after as long as they ask for."""
        failures = 0
        while not self._stop.is_set():
            try:
                if self.turn(handle):
                    failures, self._trouble = 0, None
                else:
                    self._stop.wait(min(self._lease_s / 3, 5.0))
            except (TransientError, PermanentError, PyMongoError) as error:
                failures += 1
                asked_s = getattr(error, "retry_after_s", None) or 0.0
                pause_s = max(asked_s, min(_FIRST_PAUSE_S * 2**failures, _LONGEST_PAUSE_S))
                self._trouble = f"updates cannot be had: {error}"
                log.warning("updates cannot be had, trying again", why=str(error), pause_s=round(pause_s))
                self._stop.wait(pause_s)
        self._release()

    def problem(self) -> str | None:
        """For the health check: None while updates come, or another process has them."""
        return self._trouble

    def prolong(self) -> None:
        """Say that the work is still ours, now and then, and for a request more. Raises PyMongoError; TransientError
        when another has it."""
        if time.monotonic() - self._prolonged_at > self._lease_s / 4:
            if not self._leases.take(LEASE, self._lease_s + SEND_S):
                raise TransientError("another process asks Telegram by now")
            self._prolonged_at = time.monotonic()

    def turn(self, handle: Handle) -> bool:
        """U1 to U4 for what is there; False when another process has the lease. Raises TransientError, PermanentError
        and PyMongoError."""
        if not self._leases.take(LEASE, self._lease_s + self._poll_s + _ANSWER_S):
            return False
        self._prolonged_at = time.monotonic()
        if not self._named:
            self._bots.keep_name(self._number, self._bot.within(_ANSWER_S).name())
            self._named = True
        kept = self._bots.dealt_with(self._number, self._server)
        for raw in self._bot.within(self._poll_s + _ANSWER_S).updates(kept, self._poll_s):
            if self._stop.is_set():
                break
            self.prolong()
            kept = self._one(raw, handle, kept)
        return True

    def _one(self, raw: Mapping[str, Any], handle: Handle, kept: int | None) -> int:
        """U3 and U4, in place of the number that is kept; the update's own."""
        number = int(raw["update_id"])
        try:
            update = understood(raw)
            what = handle(number, update) if update is not None else "nothing"
        except (TransientError, PyMongoError):
            raise
        except Exception:  # one update must not keep all others from being heard
            log.exception("update cannot be dealt with", update=number)
            what = "failed"
        crash_points.reached("U3.handled")
        if not self._bots.keep_dealt_with(self._number, self._server, number, kept):
            raise TransientError("another process keeps the numbers by now")
        TELEGRAM_UPDATES.labels(what).inc()
        return number

    def _release(self) -> None:
        try:
            self._leases.release(LEASE)
        except PyMongoError as error:
            log.warning("the lease could not be given back", why=type(error).__name__)
