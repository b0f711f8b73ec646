"""The tiles of the operators' page: a figure of now, the line of the last hour, and what is promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from app.domain.speech import measured, number, plural, say, say_as
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
    """All said. title; figure and unit; line: None when nothing was measured; told: the line in words; left, right:
    below."""

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
        _rated(say("Edits"), watchers.rate("events")),
        _aged(say("Behind, watchers"), watchers.gauge("behind_s"), LAG_S),
        _aged(say("Waiting in Kafka"), notifier.gauge("lag_s"), LAG_S),
        _sent(delivery),
        _due(delivery),
        _late(accepted),
        _counted(say("Told twice, at most"), delivery.growth("doubtful")),
        _letters(notifier),
        _readers(web),
    ]


def _median(accepted: Sequence[dict[float, float]]) -> Tile:
    points = [quantile(0.5, counts) for counts in accepted]
    total = added(accepted)
    middle, slow = quantile(0.5, total), quantile(0.99, total)
    return _tile(
        say("From edit to accepted, median"),
        say("none") if middle is None else _tenths(middle),
        "" if middle is None else say("s"),
        points,
        _promise(words.age(PROMISED_S)),
        "" if slow is None else say("99 %: {duration}", duration=words.seconds(slow)),
        promise=PROMISED_S,
        is_bad=middle is not None and middle > PROMISED_S,
    )


def _late(accepted: Sequence[dict[float, float]]) -> Tile:
    points = [_late_part(counts) for counts in accepted]
    total = added(accepted)
    part = _late_part(total)
    # Translators: {number} messages in all.
    of_all = say("of {number}", number=number(round(max(total.values(), default=0))))
    return _tile(
        say("Not in time, over {number} s", number=number(round(LATE_S))),
        say("none") if part is None else _tenths(100 * part),
        "" if part is None else "%",
        points,
        _promise(say("{number} %", number=number(round(100 * LATE_PART)))),
        of_all,
        promise=LATE_PART,
        is_bad=part is not None and part > LATE_PART,
    )


def _late_part(counts: dict[float, float]) -> float | None:
    total = max(counts.values(), default=0.0)
    return 1 - counts.get(LATE_S, total) / total if total else None


def _sent(delivery: Figures) -> Tile:
    sent = say("last hour {number}", number=number(_sum(delivery.growth("sent"))))
    return _rated(say("Notifications sent"), delivery.rate("sent"), sent)


def _rated(title: str, points: Points, right: str = "") -> Tile:
    known = [value for value in points if value is not None]
    now = present(points)
    # Translators: the unit of a figure: so many a second.
    figure, unit = (say("not known"), "") if now is None else (_tenths(now), say("a second"))
    low, high = (_tenths(f(known)) if known else say("none") for f in (min, max))
    return _tile(title, figure, unit, points, say("lowest {value}", value=low), right or _highest(high))


def _aged(title: str, points: Points, promise: float) -> Tile:
    known = [value for value in points if value is not None]
    now = present(points)
    # The unit is set smaller than the number, where the language has a blank between them.
    figure, unit = (say("not known"), "")
    if now is not None:
        figure, *units = words.seconds(now).split(maxsplit=1)
        unit = "".join(units)
    highest = _highest(words.seconds(max(known))) if known else ""
    is_bad = now is not None and now > promise
    left = _promise(words.age(promise))
    return _tile(title, figure, unit, points, left, highest, promise=promise, is_bad=is_bad)


def _due(delivery: Figures) -> Tile:
    # Every delivery process counts the same conversations.
    points = delivery.gauge("due")
    known = [value for value in points if value is not None]
    now = present(points)
    highest = _highest(number(round(max(known)))) if known else ""
    is_bad = now is not None and now > DUE
    left = _promise(number(round(DUE)))
    return _tile(say("Waiting and due"), _whole(now), "", points, left, highest, promise=DUE, is_bad=is_bad)


def _counted(title: str, growth: Points) -> Tile:
    # Translators: leases of conversations: a provider's answer was not written down in time.
    right = say("leases ran out")
    return _tile(title, number(_sum(growth)), "", growth, say("last hour"), right)


def _letters(notifier: Figures) -> Tile:
    points = notifier.gauge("letters")
    now = present(points)
    return _tile(
        say("Dead letters"),
        _whole(now),
        "",
        points,
        say_as("of dead letters", "waiting"),
        "",
        is_bad=bool(now),
    )


def _readers(web: Figures) -> Tile:
    points = web.gauge("waiting", sum)
    now = present(points)
    requests = plural("{number} request", "{number} requests", _sum(web.growth("requests")))
    unit = "" if now is None else say_as("of programs that read", "waiting")
    return _tile(say("Readers of {path}", path="/update"), _whole(now), unit, points, requests, "")


def _promise(value: str) -> str:
    # Translators: what we promise: at most {value}, like "5 s" or "1 %".
    return say("promise {value}", value=value)


def _highest(value: str) -> str:
    return say("highest {value}", value=value)


def _whole(now: float | None) -> str:
    return say("not known") if now is None else number(round(now))


def _tenths(value: float) -> str:
    return measured(round(value, 1), 1)


def _sum(growth: Points) -> int:
    return round(sum(value or 0.0 for value in growth))


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
    told = _told(known, promise)
    return Tile(title, figure, unit, line(points, promise), told, left, right, is_bad)


def _told(known: Sequence[float], promise: float | None) -> str:
    """The line in words, for those who do not see it."""
    if promise is None:
        if not known:
            return say("Nothing was measured")
        return say("Between {lowest} and {highest}", lowest=_rough(min(known)), highest=_rough(max(known)))
    if not known:
        return say("Nothing was measured, promise {value}", value=_rough(promise))
    return say(
        "Between {lowest} and {highest}, promise {value}",
        lowest=_rough(min(known)),
        highest=_rough(max(known)),
        value=_rough(promise),
    )


def _rough(value: float) -> str:
    """To three digits that count."""
    decimals = -int(Decimal(f"{value:.3g}").as_tuple().exponent)
    return measured(float(f"{value:.3g}"), max(decimals, 0))
