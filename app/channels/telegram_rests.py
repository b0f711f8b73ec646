"""Chats that Telegram told to wait: no sender of the process sends into one until it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from app.channels.base import AddressDownError

_WORTH_KEEPING_S = 2.0
"""What was told to wait for less is tried again later than that by itself."""


class ChatRests:
    """The chats that rest, for all senders of a process; for several threads. clock: seconds, going up."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rests: dict[str, tuple[float, str]] = {}

    def check(self, chat: str) -> None:
        """Raises AddressDownError while the chat rests, with the time that is left and what Telegram said."""
        with self._lock:
            rest = self._rests.get(chat)
        if rest is None:
            return
        until, words = rest
        left_s = until - self._clock()
        if left_s > 0:
            raise AddressDownError(f"not tried, the chat waits: {words}", retry_after_s=left_s)

    def begin(self, chat: str, error: AddressDownError) -> None:
        """Telegram told the chat to wait."""
        wait_s = error.retry_after_s or 0.0
        if wait_s < _WORTH_KEEPING_S:
            return
        now = self._clock()
        with self._lock:
            self._rests = {other: rest for other, rest in self._rests.items() if rest[0] > now}
            self._rests[chat] = (now + wait_s, str(error))
