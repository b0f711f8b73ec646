"""How long to wait before another try: for one message, and for a provider that is down."""

from __future__ import annotations

import random
import threading
import time

_FIRST_S = 5.0
_LONGEST_S = 3600.0
_DOWN_FIRST_S = 1.0
_DOWN_LONGEST_S = 30.0


def back_off_s(tries: int, asked_s: float | None = None) -> float:
    """Seconds before the next try, on the system clock: doubled each time up to an hour, half of it chance.

    tries: how often it was tried, at least 1. asked_s: what the provider asked for; never less than that.
    """
    longest = min(_FIRST_S * 2.0 ** min(tries - 1, 20), _LONGEST_S)
    return max(longest * random.uniform(0.5, 1.0), asked_s or 0.0)


class Outage:
    """Whether a provider is down, shared by the senders of one channel: all of them pause, none hammers
    it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0
        self._words: str | None = None

    def begins(self, words: str, asked_s: float | None) -> None:
        """Note a failure that would hit every message."""
        with self._lock:
            if time.monotonic() < self._until:
                return  # another sender has noted the same
            self._failures += 1
            pause = min(_DOWN_FIRST_S * 2.0 ** min(self._failures - 1, 10), _DOWN_LONGEST_S)
            self._until = time.monotonic() + max(pause * random.uniform(0.5, 1.0), asked_s or 0.0)
            self._words = words

    def ends(self) -> None:
        """Note that the provider answers."""
        with self._lock:
            self._failures, self._until, self._words = 0, 0.0, None

    def left_s(self) -> float:
        """Seconds until the next try makes sense, 0 when it does now."""
        with self._lock:
            return max(0.0, self._until - time.monotonic())

    def words(self) -> str | None:
        """What is wrong, None when nothing is."""
        with self._lock:
            return self._words
