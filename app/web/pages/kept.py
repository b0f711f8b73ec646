"""What was drawn a moment ago, for the many who look at the same board when something on it changes.

Reading a day's flights and arranging them takes tens of milliseconds, and every reader of a board asks for it again
after each change. So one of them makes it, the others get the same; it is made anew once the feed knows of
anything newer, and after a second in any case.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")

LONGEST = timedelta(seconds=1)
"""Edits that have not come through Kafka yet are seen after this time."""

_MOST = 64


@dataclass(slots=True)
class _Entry(Generic[T]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    value: T | None = None
    version: int = -1
    made_at: datetime | None = None


class Kept(Generic[T]):
    """Values by key, each made by one thread while the others wait. Safe for several threads.

    version: a number that grows with every change that may make a value old.
    """

    def __init__(self, version: Callable[[], int]) -> None:
        self._version = version
        self._lock = threading.Lock()
        self._entries: dict[Hashable, _Entry[T]] = {}

    def get(self, key: Hashable, now: datetime, make: Callable[[], T]) -> T:
        """The value of a key. now: system clock. What `make` raises is raised, and nothing is kept."""
        with self._lock:
            entry = self._entries.pop(key, None) or _Entry[T]()
            self._entries[key] = entry  # at the end: used last
            if len(self._entries) > _MOST:
                del self._entries[next(iter(self._entries))]
        with entry.lock:
            version = self._version()  # before reading, so that what comes while reading makes it old
            fresh = entry.version == version and entry.made_at is not None and now - entry.made_at < LONGEST
            if entry.value is None or not fresh:
                entry.value = make()
                entry.version, entry.made_at = version, now
            return entry.value
