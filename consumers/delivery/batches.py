"""What one sender claimed and decided, in groups for every sender that is free.

One sender at a time looks for what is due (D1) and decides (D2), once for all: each look costs a dozen round trips to
MongoDB, however much it finds. The hand-overs are everybody's.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from consumers.delivery.providers import Route
from consumers.delivery.told import Told


@dataclass(frozen=True, slots=True)
class Group:
    """Claimed and decided, not noted. told: the most urgent first. lease_ends: of the claims, monotonic clock. living:
    the message in which each conversation goes on, where messages can be edited."""

    token: str
    route: Route
    lease_ends: float
    living: Mapping[str, str]
    told: Sequence[Told]


class Batches:
    """One per channel and process. Whoever puts groups takes until nothing is left, so none stays behind."""

    def __init__(self) -> None:
        self._leading = threading.Lock()
        self._groups: deque[Group] = deque()

    @contextmanager
    def leading(self) -> Iterator[bool]:
        """Whether the caller is the one that looks for what is due, as long as the block lasts."""
        leads = self._leading.acquire(blocking=False)
        try:
            yield leads
        finally:
            if leads:
                self._leading.release()

    def put(self, groups: Sequence[Group]) -> None:
        """For whoever is free."""
        self._groups.extend(groups)

    def take(self) -> Group | None:
        """The next one; None when there is none."""
        try:
            return self._groups.popleft()
        except IndexError:
            return None


def divided(told: Sequence[Told], free: int, alone: int) -> list[Sequence[Told]]:
    """In equal parts for so many free senders, and fewer where one sender alone is soon done (alone: with so many)."""
    size = max(alone, -(-len(told) // max(free, 1)))
    return [told[first : first + size] for first in range(0, len(told), size)]
