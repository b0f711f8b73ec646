"""The tiles of the operators' page: a figure of now, the line of the last hour, and what is promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.store import samples
from app.web.pages import words
from app.web.staff.history import Figures, Line, Points, added, line, present, quantile

PROMISED_S = 5.0
"""From the save in MongoDB to the provider's answer, in the middle."""
LATE_S = 60.0
"""What takes longer than this was not in time; one message in a hundred may."""
LATE_PART = 0.01
DUE = 300.0
LAG_S = 60.0

_NOT_KNOWN = "not known"


class Seen(Protocol):
    """The part of what is known that tiles are made of."""

    @property
    def now(self) -> datetime:
        """System clock."""
        ...

    def of(self, process: str) -> Figures:
        """The samples of one kind of process."""
        ...


@dataclass(frozen=True, slots=True)
class Tile:
    """title; figure and unit; line: None when nothing was measured; told: the line in words; left, right: below."""

    title: str
    figure: str
    unit: str
    line: Line | None
    told: str
    left: str
    right: str
    is_bad: bool = False


def tiles(seen: Seen) -> list[Tile]:
    """All of them, in the order of the way of a change."""
    watchers, notifier, delivery, web = (
        seen.of(name) for name in (samples.WATCHERS, samples.NOTIFIER, samples.DELIVERY, samples.WEB)
    )
    accepted = delivery.accepted()
    return [
        _median(accepted),
        _rated("Edits", watchers.rate("events")),
        _aged("Behind, watchers", watchers.gauge("behind_s"), LAG_S),
        _aged("Waiting in Kafka", notifier.gauge("lag_s"), LAG_S),
        _rated("Notifications sent", delivery.rate("sent"), f"last hour {_sum(delivery.growth('sent'))}"),
        _due(delivery),
        _late(accepted),
        _counted("Told twice, at most", delivery.growth("doubtful")),
        _letters(notifier),
        _readers(web),
    ]


def _median(accepted: Sequence[dict[float, float]]) -> Tile:
    points = [quantile(0.5, counts) for counts in accepted]
    total = added(accepted)
    middle, slow = quantile(0.5, total), quantile(0.99, total)
    return _tile(
        "From edit to accepted, median",
        "none" if middle is None else f"{middle:.1f}",
        "" if middle is None else "s",
        points,
        f"promise {PROMISED_S:.0f} s",
        "" if slow is None else f"99 %: {words.seconds(slow)}",
        promise=PROMISED_S,
        is_bad=middle is not None and middle > PROMISED_S,
    )


def _late(accepted: Sequence[dict[float, float]]) -> Tile:
    points = [_late_part(counts) for counts in accepted]
    part = _late_part(added(accepted))
    return _tile(
        f"Not in time, over {LATE_S:.0f} s",
        "none" if part is None else f"{100 * part:.1f}",
        "" if part is None else "%",
        points,
        f"promise {100 * LATE_PART:.0f} %",
        f"of {words.number(round(max(added(accepted).values(), default=0)))}",
        promise=LATE_PART,
        is_bad=part is not None and part > LATE_PART,
    )


def _late_part(counts: dict[float, float]) -> float | None:
    total = max(counts.values(), default=0.0)
    return 1 - counts.get(LATE_S, total) / total if total else None


def _rated(title: str, points: Points, right: str = "") -> Tile:
    known = [value for value in points if value is not None]
    now = present(points)
    figure, unit = (_NOT_KNOWN, "") if now is None else (f"{now:.1f}", "a second")
    low, high = (f"{f(known):.1f}" if known else "none" for f in (min, max))
    return _tile(title, figure, unit, points, f"lowest {low}", right or f"highest {high}")


def _aged(title: str, points: Points, promise: float) -> Tile:
    known = [value for value in points if value is not None]
    now = present(points)
    number, _, unit = words.seconds(now).partition(" ") if now is not None else (_NOT_KNOWN, "", "")
    highest = f"highest {words.seconds(max(known))}" if known else ""
    is_bad = now is not None and now > promise
    left = f"promise {words.age(promise)}"
    return _tile(title, number, unit, points, left, highest, promise=promise, is_bad=is_bad)


def _due(delivery: Figures) -> Tile:
    # Every delivery process counts the same conversations.
    points = delivery.gauge("due")
    known = [value for value in points if value is not None]
    now = present(points)
    highest = f"highest {words.number(round(max(known)))}" if known else ""
    is_bad = now is not None and now > DUE
    left = f"promise {DUE:.0f}"
    return _tile("Waiting and due", _whole(now), "", points, left, highest, promise=DUE, is_bad=is_bad)


def _counted(title: str, growth: Points) -> Tile:
    return _tile(title, _sum(growth), "", growth, "last hour", "leases ran out")


def _letters(notifier: Figures) -> Tile:
    points = notifier.gauge("letters")
    now = present(points)
    return _tile("Dead letters", _whole(now), "", points, "waiting", "", is_bad=bool(now))


def _readers(web: Figures) -> Tile:
    points = web.gauge("waiting", sum)
    now = present(points)
    requests = f"{_sum(web.growth('requests'))} requests"
    unit = "" if now is None else "waiting"
    return _tile("Readers of /update", _whole(now), unit, points, requests, "")


def _whole(now: float | None) -> str:
    return _NOT_KNOWN if now is None else words.number(round(now))


def _sum(growth: Points) -> str:
    return words.number(round(sum(value or 0.0 for value in growth)))


def _tile(
    title: str,
    figure: str,
    unit: str,
    points: Points,
    left: str,
    right: str,
    *,
    promise: float | None = None,
    is_bad: bool = False,
) -> Tile:
    known = [value for value in points if value is not None]
    told = f"Between {min(known):.3g} and {max(known):.3g}" if known else "Nothing was measured"
    if promise is not None:
        told += f", promise {promise:g}"
    return Tile(title, figure, unit, line(points, promise), told, left, right, is_bad)
