"""What one sender claimed and decided, in groups for every sender that is free.

One sender at a time claims what is due (D1), for all that are free, and decides it (D2): both cost eleven round trips
to MongoDB, however much there is. The hand-overs are everybody's.
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
        self._looking = threading.Lock()
        self._groups: deque[Group] = deque()

    @contextmanager
    def looking(self) -> Iterator[bool]:
        """Whether the caller is the one that claims what is due, as long as the block lasts."""
        looks = self._looking.acquire(blocking=False)
        try:
            yield looks
        finally:
            if looks:
                self._looking.release()

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
