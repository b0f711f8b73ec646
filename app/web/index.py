"""The updates of one log in the order of their arrival, and where each partition stands. Not thread safe."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.feed import Tags


@dataclass(frozen=True, slots=True)
class Shown:
    """An update as it is kept. at: seconds since the epoch. body: its JSON, ready to be sent."""

    partition: int
    offset: int
    at: float
    type: str
    tags: Tags
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Part of the updates, oldest first. after: offsets to go on from. more: some are left after it."""

    updates: Sequence[Shown]
    after: Sequence[int]
    more: bool


Matches = Callable[[Shown], bool] | None
"""Whether an update is wanted; None when all are."""


class Index:
    """Updates of the partitions of one log.

    Each process may see the partitions interleaved in its own way. Within a partition all see the same order,
    so offsets per partition are all that a reader has to remember to miss nothing and to see nothing twice.

    log: the log's digest (see cursor). most: updates kept. Until `sort` a log is being read from its start, one
    partition perhaps before another; what is dropped then is the oldest in time, later the oldest arrivals.
    """

    def __init__(self, log: bytes, positions: Sequence[int], most: int) -> None:
        self.log = log
        self.positions = list(positions)
        self._floor = list(positions)
        self._most = most
        self._loading = True  # until sort(): a late arrival may be older than what is here
        self._updates: list[Shown] = []
        self._first = 0  # how many updates were dropped before the first one of _updates
        self._offsets: list[list[int]] = [[] for _ in positions]
        self._places: list[list[int]] = [[] for _ in positions]

    def __len__(self) -> int:
        return len(self._updates)

    def add(self, updates: Sequence[Shown]) -> None:
        """Append updates; those of a partition in the order of their offsets."""
        self._append(in_time_order(updates))
        if len(self._updates) > self._most + self._most // 8:
            if self._loading:
                self._arrange()
            self._drop(len(self._updates) - self._most)

    def sort(self) -> None:
        """The log was read to its end: bring what came partition after partition into the order of time."""
        self._loading = False
        self._arrange()

    def drop_before(self, at: float) -> None:
        """Forget updates saved before a time (seconds since the epoch), oldest arrivals first."""
        count = 0
        while count < len(self._updates) and self._updates[count].at < at:
            count += 1
        self._drop(count)

    def lost(self, partition: int, offset: int) -> None:
        """Messages of a partition before this offset were never seen: cursors before it have a gap."""
        self._floor[partition] = max(self._floor[partition], offset)

    def reaches(self, offsets: Sequence[int]) -> bool:
        """Whether everything from these offsets on is still here."""
        return len(offsets) == len(self._floor) and all(
            o >= f for o, f in zip(offsets, self._floor, strict=True)
        )

    def since(self, offsets: Sequence[int], matches: Matches, limit: int) -> Page:
        """The first `limit` updates from these offsets on."""
        found: list[Shown] = []
        after = list(offsets)
        for place in range(self._start(offsets), len(self._updates)):
            update = self._updates[place]
            if update.offset < offsets[update.partition]:
                continue
            if matches is None or matches(update):
                if len(found) == limit:
                    return Page(found, after, more=True)
                found.append(update)
            after[update.partition] = update.offset + 1
        # A process that is behind another must not take its readers back.
        after = [max(mine, theirs) for mine, theirs in zip(self.positions, after, strict=True)]
        return Page(found, after, more=False)

    def newest(self, matches: Matches, limit: int | None) -> Page:
        """The last `limit` updates, all when None."""
        found: list[Shown] = []
        for update in reversed(self._updates):
            if limit is not None and len(found) == limit:
                break
            if matches is None or matches(update):
                found.append(update)
        return Page(found[::-1], list(self.positions), more=False)

    def _start(self, offsets: Sequence[int]) -> int:
        """Index of the first update that may be at or after the offsets."""
        start = self._first + len(self._updates)
        for partition, offset in enumerate(offsets):
            if offset < self.positions[partition]:
                at = bisect_left(self._offsets[partition], offset)
                if at < len(self._places[partition]):
                    start = min(start, self._places[partition][at])
        return start - self._first

    def _arrange(self) -> None:
        """Put all updates into the order of time."""
        updates, self._updates = in_time_order(self._updates), []
        self._offsets = [[] for _ in self._offsets]
        self._places = [[] for _ in self._places]
        self._append(updates)

    def _append(self, updates: Sequence[Shown]) -> None:
        for update in updates:
            self._offsets[update.partition].append(update.offset)
            self._places[update.partition].append(self._first + len(self._updates))
            self._updates.append(update)

    def _drop(self, count: int) -> None:
        if not count:
            return
        for update in self._updates[:count]:
            self._floor[update.partition] = max(self._floor[update.partition], update.offset + 1)
        del self._updates[:count]
        self._first += count
        for partition, floor in enumerate(self._floor):
            gone = bisect_left(self._offsets[partition], floor)
            del self._offsets[partition][:gone]
            del self._places[partition][:gone]


def in_time_order(updates: Sequence[Shown]) -> list[Shown]:
    """Updates of several partitions by time, without ever changing the order within a partition."""
    latest: dict[int, float] = {}
    keyed = []
    for update in updates:
        at = max(update.at, latest.get(update.partition, update.at))
        latest[update.partition] = at
        keyed.append((at, update.partition, update.offset, update))
    keyed.sort(key=lambda key: key[:3])
    return [update for *_, update in keyed]
