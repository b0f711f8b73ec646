"""From samples to what a line is drawn from: one value a minute, and the line itself as an SVG path.

Plain functions. Counters grow from 0 in each process and are told apart by their holder; a process that is gone
takes nothing away from what it counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from app.store.samples import Sample, holders

MINUTES = 60
"""How far back the lines go."""

Points = Sequence[float | None]
"""One value a minute, the oldest first; None where nothing was measured."""

_WIDTH, _HEIGHT, _TOP = 200, 48, 7


@dataclass(frozen=True, slots=True)
class Figures:
    """The samples of one kind of process within the last hour. end: aware UTC."""

    samples: Sequence[Sample]
    end: datetime

    def latest(self, within: timedelta) -> list[Sample]:
        """The last sample of each process that took one not longer ago than this."""
        last = (some[-1] for some in holders(self.samples).values())
        return [sample for sample in last if self.end - sample.at <= within]

    def now(
        self, name: str, within: timedelta, join: Callable[[Iterable[float]], float] = max
    ) -> float | None:
        """The value of the running processes together, None when none has it."""
        values = [s.values[name] for s in self.latest(within) if name in s.values]
        return join(values) if values else None

    def gauge(self, name: str, join: Callable[[Iterable[float]], float] = max) -> list[float | None]:
        """The largest value of each minute and process; of several processes, joined."""
        found: list[dict[str, float]] = [{} for _ in range(MINUTES)]
        for sample in self.samples:
            minute = self._minute(sample.at)
            if minute is not None and name in sample.values:
                known = found[minute].get(sample.holder, -math.inf)
                found[minute][sample.holder] = max(known, sample.values[name])
        return [join(values.values()) if values else None for values in found]

    def growth(self, name: str) -> list[float | None]:
        """By how much a counter grew in each minute, over all processes."""
        found: list[float | None] = [None] * MINUTES
        for before, after in self._pairs():
            minute = self._minute(after.at)
            if minute is not None and name in after.values:
                grown = _grown(before.values.get(name, 0.0), after.values[name])
                found[minute] = (found[minute] or 0.0) + grown
        return found

    def rate(self, name: str) -> list[float | None]:
        """How fast it grew in each minute, a second, over all processes."""
        found: list[dict[str, tuple[float, float]]] = [{} for _ in range(MINUTES)]
        for before, after in self._pairs():
            minute = self._minute(after.at)
            if minute is not None and name in after.values:
                grown, seconds = found[minute].get(after.holder, (0.0, 0.0))
                grown += _grown(before.values.get(name, 0.0), after.values[name])
                seconds += (after.at - before.at).total_seconds()
                found[minute][after.holder] = grown, seconds
        return [sum(g / s for g, s in rates.values() if s) if rates else None for rates in found]

    def accepted(self) -> list[dict[float, float]]:
        """How many messages were accepted in each minute within so many seconds of the save, by upper bound."""
        found: list[dict[float, float]] = [{} for _ in range(MINUTES)]
        for before, after in self._pairs():
            minute = self._minute(after.at)
            if minute is None:
                continue
            old = dict(before.seconds)
            for bound, count in after.seconds:
                grown = _grown(old.get(bound, 0.0), count)
                found[minute][bound] = found[minute].get(bound, 0.0) + grown
        return found

    def _pairs(self) -> Iterator[tuple[Sample, Sample]]:
        for some in holders(self.samples).values():
            yield from pairwise(some)

    def _minute(self, at: datetime) -> int | None:
        minute = MINUTES - 1 - int((self.end - at).total_seconds() // 60)
        return minute if 0 <= minute < MINUTES else None


def _grown(before: float, after: float) -> float:
    return after - before if after >= before else after  # a smaller one began anew


def present(points: Points) -> float | None:
    """The value of now: of the minute that has begun, or of the last whole one; None when both have none."""
    return points[-1] if points[-1] is not None else points[-2]


def added(minutes: Iterable[dict[float, float]]) -> dict[float, float]:
    """The counts of several minutes together."""
    total: dict[float, float] = {}
    for counts in minutes:
        for bound, count in counts.items():
            total[bound] = total.get(bound, 0.0) + count
    return total


def quantile(part: float, counts: dict[float, float]) -> float | None:
    """The seconds within which this part (0 to 1) lay, None when there was nothing.

    counts: cumulative, by upper bound. Between two bounds it is drawn straight, as Prometheus does it
    (histogram_quantile); above the last finite one it is that one.
    """
    bounds = sorted(counts)
    total = counts[bounds[-1]] if bounds else 0.0
    if total <= 0:
        return None
    wanted, low, below = part * total, 0.0, 0.0
    for bound in bounds:
        if counts[bound] >= wanted:
            if math.isinf(bound):
                return low
            inside = counts[bound] - below
            return low + (bound - low) * ((wanted - below) / inside if inside else 1.0)
        low, below = bound, counts[bound]
    return low


@dataclass(frozen=True, slots=True)
class Line:
    """A line in an SVG of 200 by 48. path: the line, in pieces where nothing was measured; area: below it.

    limit: the height of what is promised, None when it lies far above everything.
    """

    path: str
    area: str
    limit: float | None


def line(points: Points, promise: float | None = None) -> Line | None:
    """The line of these points; None when there is nothing to draw. promise: in the points' unit."""
    known = [value for value in points if value is not None]
    if not known:
        return None
    top = max(known)
    if promise is not None and promise <= 4 * max(top, promise / 8):
        top = max(top, promise)
    top = top or 1.0

    def height(value: float) -> float:
        return round(_HEIGHT - (_HEIGHT - _TOP) * value / top, 1)

    path, area = [], []
    for piece in _pieces(points):
        places = [(round(_WIDTH * n / (len(points) - 1), 1), height(value)) for n, value in piece]
        if len(places) == 1:  # a single point would not be seen
            places.append((places[0][0] + 2, places[0][1]))
        drawn = "L".join(f"{x:g} {y:g}" for x, y in places)
        path.append(f"M{drawn}")
        area.append(f"M{drawn}L{places[-1][0]:g} {_HEIGHT}L{places[0][0]:g} {_HEIGHT}Z")
    limit = height(promise) if promise is not None and promise <= top else None
    return Line("".join(path), "".join(area), limit)


def _pieces(points: Points) -> Iterator[list[tuple[int, float]]]:
    piece: list[tuple[int, float]] = []
    for number, value in enumerate(points):
        if value is not None:
            piece.append((number, value))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece
