"""Figures that somebody has to count now and then: dead letters that wait, and what gap reports say."""

from __future__ import annotations

import time
from datetime import timedelta

from app.domain.clock import Now
from app.metrics import DEAD_LETTERS_KEPT, DEAD_LETTERS_WAITING
from consumers.notifier.stores import Stores

# Messages about what a gap hid are on their way for minutes, or for hours while a provider is down.
_GAPS_GROW_FOR = timedelta(hours=24)
_GAPS_EVERY_S = 60.0


class Figures:
    """Counts. Any number of notifiers may do so at once, it gives the same. now: system clock."""

    def __init__(self, stores: Stores, now: Now) -> None:
        self._stores = stores
        self._now = now
        self._gaps_at = float("-inf")
        self._kept: set[tuple[str, str]] = set()

    def measure(self) -> None:
        """Count what is due. Raises PyMongoError."""
        DEAD_LETTERS_WAITING.set(self._stores.dead_letters.count())
        kept = self._stores.dead_letters.counts()
        for gone in self._kept - kept.keys():
            DEAD_LETTERS_KEPT.labels(*gone).set(0)
        for labels, count in kept.items():
            DEAD_LETTERS_KEPT.labels(*labels).set(count)
        self._kept |= kept.keys()
        if time.monotonic() - self._gaps_at >= _GAPS_EVERY_S:
            self._stores.gaps.recount_since(self._now() - _GAPS_GROW_FOR)
            self._gaps_at = time.monotonic()
