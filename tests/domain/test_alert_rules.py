"""When a fare alert tells: one table for each rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.domain.alert import Alert, Offer
from app.domain.alert_conditions import (
    Against,
    AnyChange,
    Below,
    Condition,
    Drop,
    NewLow,
    Repeat,
    Report,
)
from app.domain.alert_rules import AlertState, Step, next_report, step
from app.domain.fares import Fare, Money
from app.domain.news import Kind

NOW = datetime(2013, 2, 8, 19, 42, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)


def dollars(amount: float) -> Money:
    return Money(round(amount * 100), "USD")


def alert(condition: Condition, **more: Any) -> Alert:
    """JFK to SFO in March 2013, made at NOON."""
    usual = Alert("a1", "p1", ("JFK",), ("SFO",), "2013-03-01", "2013-03-31", "USD", condition, NOW)
    return replace(usual, **more)


def offer(
    amount: float, id_: str = "x", day: str = "2013-03-09", currency: str = "USD", **more: Any
) -> Offer:
    return Offer(id_, Fare("JFK", "SFO", day, replace(dollars(amount), currency=currency), **more))


class Watch:
    """An alert that looks at fares, an hour apart unless said otherwise."""

    def __init__(self, asked: Alert, zone: ZoneInfo = NEW_YORK, floor: Decimal | None = None) -> None:
        self.alert, self.zone, self.floor = asked, zone, floor
        self.state, self.now = AlertState(), NOW
        self.last = Step(self.state)

    def sees(self, *offers: Offer, later: timedelta = HOUR) -> str | None:
        """What it tells then: the amount, "nothing" for a report without one, None for silence."""
        self.last = step(self.alert, self.state, offers, self.now, zone=self.zone, floor=self.floor)
        assert step(self.alert, self.last.state, offers, self.now, zone=self.zone, floor=self.floor) == Step(
            self.last.state
        ), "a look that is repeated changes nothing"
        self.state = AlertState.from_document(self.last.state.to_document())
        assert self.state == self.last.state
        self.now += later
        fires = self.last.fires
        return None if fires is None else fires.fare.price.plain if fires.fare else "nothing"

    def series(self, *amounts: float | None) -> list[bool]:
        """Whether it tells, for each cheapest fare in turn; None: there is none."""
        return [self.sees(*([offer(one)] if one is not None else [])) is not None for one in amounts]


BELOW = Below(dollars(220))


@pytest.mark.parametrize(
    ("more", "amounts", "told"),
    [
        ({}, [190, 250, 190], [True, False, True]),
        ({}, [190, 190, 180, 200], [True, False, False, False]),
        ({}, [220, 219.99], [False, True]),
        # above by less than 1 % of the limit is not above
        ({}, [219, 222.19, 219, 222.20, 219], [True, False, False, False, True]),
        ({"min_step": dollars(30)}, [190, 249.99, 190, 250, 190], [True, False, False, False, True]),
        # a fare that is withdrawn and offered again was not above
        ({}, [190, None, 190], [True, False, False]),
        ({}, [None, 190], [False, True]),
        ({"tell_now": False}, [190, 190, 250, 190], [False, False, False, True]),
        ({"tell_now": False}, [250, 190], [False, True]),
        ({"tell_now": False}, [None, 190], [False, True]),
        ({"repeat": Repeat.ONCE}, [190, 250, 190], [True, False, False]),
        (
            {"repeat": Repeat.ONCE, "tell_now": False},
            [190, 250, 190, 250, 190],
            [False, False, True, False, False],
        ),
        (
            {"repeat": Repeat.EACH_LOW},
            [190, 188, 187.80, 250, 187, 185.60],
            [True, False, True, False, False, True],
        ),
        ({"repeat": Repeat.EACH_LOW, "tell_now": False}, [190, 188, 187], [False, False, True]),
    ],
)
def test_below(more: dict[str, Any], amounts: list[float | None], told: list[bool]) -> None:
    assert Watch(alert(BELOW, **more)).series(*amounts) == told


@pytest.mark.parametrize(
    ("drop", "more", "amounts", "told"),
    [
        ((dollars(20), None, Against.TOLD), {}, [250, 231, 230, 211, 210], [False, False, True, False, True]),
        ((dollars(20), None, Against.TOLD), {}, [250, 300, 281, 230], [False, False, False, True]),
        ((None, Decimal(10), Against.TOLD), {}, [250, 225.01, 225, 202.50], [False, False, True, True]),
        ((None, Decimal("12.5"), Against.CREATED), {}, [99.99, 87.50, 87.49], [False, False, True]),
        (
            (dollars(20), None, Against.CREATED),
            {},
            [250, 230, 200, 240, 230],
            [False, True, False, False, True],
        ),
        ((dollars(20), None, Against.CREATED), {}, [250, 230, 230.99, 230], [False, True, False, False]),
        (
            (dollars(20), None, Against.CREATED),
            {"repeat": Repeat.EACH_LOW},
            [250, 230, 229.50, 229, 250, 230],
            [False, True, False, True, False, False],
        ),
        (
            (dollars(20), None, Against.LOWEST),
            {},
            [250, 240, 230, 300, 210],
            [False, False, False, False, True],
        ),
        (
            (dollars(20), None, Against.CREATED),
            {"repeat": Repeat.ONCE},
            [250, 230, 260, 230],
            [False, True, False, False],
        ),
        # what was first seen is what it was when the alert was made
        ((dollars(20), None, Against.CREATED), {}, [None, 250, 230], [False, False, True]),
        # a drop smaller than the smallest step is none
        ((dollars(5), None, Against.TOLD), {"min_step": dollars(10)}, [250, 244, 240], [False, False, True]),
    ],
)
def test_drop(
    drop: tuple[Any, Any, Any], more: dict[str, Any], amounts: list[float | None], told: list[bool]
) -> None:
    assert Watch(alert(Drop(*drop), **more)).series(*amounts) == told


def test_a_new_low_is_lower_than_on_any_of_the_last_days() -> None:
    watch = Watch(alert(NewLow(7)))
    day = timedelta(days=1)
    assert watch.sees(offer(200), later=day) is None, "nothing was seen before"
    assert watch.sees(offer(250), later=3 * day) is None
    assert watch.sees(offer(200), later=day) is None, "as low is not lower"
    assert watch.sees(offer(198), later=10 * day) == "198.00"
    assert watch.sees(offer(240), later=timedelta()) is None
    assert watch.sees(offer(230), later=7 * day) is None, "198 could be bought until today"
    assert watch.sees(offer(220), later=timedelta()) is None
    assert watch.sees(offer(197.50), later=timedelta()) is None, "a dollar less than 198 would be lower"
    assert watch.sees(offer(220), later=day) is None
    assert watch.sees(offer(197), later=day) == "197.00"


@pytest.mark.parametrize("repeat", [Repeat.AGAIN, Repeat.EACH_LOW])
def test_a_low_that_was_told_counts_no_longer_than_any_other(repeat: Repeat) -> None:
    watch = Watch(alert(NewLow(7), repeat=repeat))
    day = timedelta(days=1)
    assert watch.sees(offer(250), later=day) is None
    assert watch.sees(offer(199), later=day) == "199.00"
    assert watch.sees(offer(250), later=7 * day) is None
    assert watch.sees(offer(199), later=timedelta()) is None, "199 could be bought 7 days ago"
    assert watch.sees(offer(250), later=8 * day) is None
    assert watch.sees(offer(199)) == "199.00"
    assert watch.last.fires
    assert watch.last.fires.against == dollars(250)


@pytest.mark.parametrize(
    ("more", "amounts", "told"),
    [
        # less than the smallest step below the low is as low
        ({}, [300, 300, 299.99, 299.01, 299], [False, False, False, False, True]),
        ({"repeat": Repeat.EACH_LOW}, [300, 299.01, 299, 298.01, 298], [False, False, True, False, True]),
        # many small steps down are one that counts, in the end
        (
            {"min_step": dollars(25)},
            [300, 290, 280, 275, 265, 255, 250],
            [False, False, False, True, False, False, True],
        ),
        # what stood between does not count twice
        ({}, [300, 299.50, 310, 299.50, 299.10, 299], [False, False, False, False, False, True]),
        ({"paused": True}, [300, 290], [False, False]),
    ],
)
def test_a_new_low_is_lower_by_the_smallest_step(
    more: dict[str, Any], amounts: list[float | None], told: list[bool]
) -> None:
    assert Watch(alert(NewLow(30), **more)).series(*amounts) == told


def test_what_is_as_low_for_long_is_the_low() -> None:
    watch = Watch(alert(NewLow(7)))
    watch.sees(offer(300), later=timedelta(days=18))
    assert watch.sees(offer(299.99)) is None
    assert watch.sees(later=timedelta(days=9)) is None
    assert watch.sees(offer(250)) is None, "nothing was seen for so long"
    assert watch.sees(offer(249.50)) is None
    assert watch.sees(offer(249)) == "249.00"


def test_a_low_of_long_ago_counts_no_more() -> None:
    watch = Watch(alert(NewLow(7)))
    watch.sees(offer(150))
    watch.sees(offer(250), later=timedelta(days=8))
    watch.sees(offer(250))
    assert watch.sees(offer(240)) == "240.00"


@pytest.mark.parametrize(
    ("more", "amounts", "told"),
    [
        ({}, [200, 200.99, 201, 200.01, 200], [True, False, True, False, True]),
        ({"tell_now": False}, [200, 199], [False, True]),
        ({"repeat": Repeat.EACH_LOW}, [200, 210, 199], [True, False, True]),
        ({"repeat": Repeat.ONCE, "tell_now": False}, [200, 210, 199], [False, True, False]),
        ({}, [200, None, 200, 210], [True, False, False, True]),
    ],
)
def test_any_change(more: dict[str, Any], amounts: list[float | None], told: list[bool]) -> None:
    assert Watch(alert(AnyChange(), **more)).series(*amounts) == told


def test_the_persons_smallest_change_is_a_floor_to_the_step() -> None:
    watch = Watch(alert(AnyChange()), floor=Decimal("25.00"))
    assert watch.series(200, 224.99, 225) == [True, False, True]
    assert watch.last.fires
    assert watch.last.fires.step == 2500
    assert Watch(alert(AnyChange(), min_step=dollars(30)), floor=Decimal("25")).series(200, 226) == [
        True,
        False,
    ]


def test_a_report_comes_at_its_hours_with_what_changed() -> None:
    watch = Watch(alert(Report(6, None)))
    assert watch.sees(offer(200), later=5 * HOUR) == "200.00"
    assert watch.sees(offer(150), later=HOUR) is None
    assert watch.sees(offer(150), later=6 * HOUR) == "150.00"
    assert watch.sees(offer(150), later=6 * HOUR) is None, "nothing has changed"
    assert watch.sees(later=6 * HOUR) is None, "there is none"
    assert watch.sees(offer(151)) == "151.00"
    assert watch.last.fires
    assert watch.last.fires.kind is Kind.FARE_REPORT


def test_a_report_comes_without_news_where_that_is_asked_for() -> None:
    watch = Watch(alert(Report(24, time(8), unchanged=True)))
    assert watch.sees(later=timedelta(days=1)) == "nothing"
    assert watch.sees(offer(150), later=timedelta(days=1)) == "150.00"
    assert watch.sees(offer(150), later=timedelta(days=1)) == "150.00"


def test_a_missed_report_is_not_repeated() -> None:
    watch = Watch(alert(Report(1, None, unchanged=True)))
    watch.sees(offer(200), later=48 * HOUR + timedelta(minutes=5))
    assert watch.sees(offer(200), later=timedelta()) == "200.00"
    assert watch.sees(offer(200), later=timedelta(minutes=54)) is None
    assert watch.sees(offer(200), later=timedelta(minutes=1)) is None
    assert watch.sees(offer(200)) == "200.00"


@pytest.mark.parametrize(
    ("report", "made", "since", "expected"),
    [
        ((6, None), "2013-02-08T19:42Z", "2013-02-08T19:42Z", "2013-02-09T01:42Z"),
        ((24, "08:00"), "2013-02-08T19:42Z", "2013-02-08T19:42Z", "2013-02-09T13:00Z"),
        ((24, "08:00"), "2013-02-08T19:42Z", "2013-02-09T13:00Z", "2013-02-10T13:00Z"),
        # clocks go forward in the night to 10 March: 08:00 is an hour earlier then
        ((24, "08:00"), "2013-02-08T19:42Z", "2013-03-09T13:00Z", "2013-03-10T12:00Z"),
        # there is no 02:30 in that night; clocks pass it at 03:00
        ((24, "02:30"), "2013-02-08T19:42Z", "2013-03-10T05:00Z", "2013-03-10T07:00Z"),
        # 01:30 comes twice in the night to 3 November: the first counts, and it counts once
        ((24, "01:30"), "2013-02-08T19:42Z", "2013-11-03T04:30Z", "2013-11-03T05:30Z"),
        ((24, "01:30"), "2013-02-08T19:42Z", "2013-11-03T05:30Z", "2013-11-04T06:30Z"),
        ((48, "08:00"), "2013-02-08T19:42Z", "2013-02-08T19:42Z", "2013-02-10T13:00Z"),
        ((168, "08:00"), "2013-02-08T12:00Z", "2013-02-08T12:00Z", "2013-02-08T13:00Z"),
        ((168, "08:00"), "2013-02-08T12:00Z", "2013-02-08T13:00Z", "2013-02-15T13:00Z"),
    ],
)
def test_the_next_report(report: tuple[int, str | None], made: str, since: str, expected: str) -> None:
    asked = Report(report[0], time.fromisoformat(report[1]) if report[1] else None)
    made_at, after = datetime.fromisoformat(made), datetime.fromisoformat(since)
    assert next_report(asked, made_at, NEW_YORK, after) == datetime.fromisoformat(expected)
