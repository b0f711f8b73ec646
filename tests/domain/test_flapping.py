"""When news that goes back and forth is held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.flapping import Flapping, Telling, held, is_last
from app.domain.news import Kind
from app.domain.timing import Hold, Reason

NOW = datetime(2013, 2, 8, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULES = Flapping(3, 15 * MINUTE)


def told(*minutes_ago: int, kinds: tuple[Kind, ...] = (Kind.GATE,)) -> list[Telling]:
    return [Telling(NOW - ago * MINUTE, kinds, f"o{ago}") for ago in minutes_ago]


def hold(tellings: list[Telling], *kinds: Kind, changed: int = 0, hurry: bool = False) -> Hold | None:
    return held(RULES, tellings, kinds or (Kind.GATE,), NOW - changed * MINUTE, NOW, hurry=hurry)


def test_a_fourth_message_about_a_field_within_an_hour_waits_until_it_has_settled() -> None:
    assert hold(told(50, 30)) is None
    assert hold(told(50, 30, 10)) == Hold(Reason.FLAPPING, NOW + 15 * MINUTE)
    assert hold(told(50, 30, 10), changed=14) == Hold(Reason.FLAPPING, NOW + MINUTE)
    assert hold(told(50, 30, 10), changed=15) is None, "it has settled"
    assert hold(told(61, 30, 10)) is None, "the hour is over for the first of them"


def test_what_never_settles_is_told_once_an_hour() -> None:
    assert hold(told(59, 58, 50)) == Hold(Reason.FLAPPING, NOW + 10 * MINUTE)
    assert hold(told(59, 58, 46), changed=1) == Hold(Reason.FLAPPING, NOW + 14 * MINUTE)


def test_near_departure_nobody_waits_long() -> None:
    assert hold(told(20, 15, 2), hurry=True) == Hold(Reason.FLAPPING, NOW + 5 * MINUTE)
    assert hold(told(20, 15, 12), hurry=True) == Hold(Reason.FLAPPING, NOW + 3 * MINUTE)
    assert hold(told(20, 15, 15), hurry=True) is None


@pytest.mark.parametrize(
    "kind", [Kind.CANCELLED, Kind.REINSTATED, Kind.DIVERTED, Kind.BOARDING, Kind.REMOVED]
)
def test_what_cannot_wait_never_does(kind: Kind) -> None:
    often = told(5, 4, 3, 2, 1, kinds=(kind, Kind.GATE))
    assert hold(often, kind) is None
    assert hold(often, kind, Kind.GATE) is None, "and takes along what would"


def test_later_and_earlier_are_one_field_and_a_gate_another() -> None:
    delays = [*told(30, 20, kinds=(Kind.DELAYED,)), *told(10, kinds=(Kind.EARLIER,))]
    assert hold(delays, Kind.DELAYED) is not None
    assert hold(delays, Kind.GATE) is None
    assert hold(delays, Kind.DELAYED, Kind.GATE) is None, "a first gate is news"


def test_the_last_message_says_that_it_is() -> None:
    assert not is_last(RULES, told(30), [Kind.GATE], NOW)
    assert is_last(RULES, told(30, 20), [Kind.GATE], NOW)
    assert is_last(RULES, told(30, 20), [Kind.CANCELLED, Kind.GATE], NOW)
    assert not is_last(RULES, told(30, 20), [Kind.CANCELLED], NOW)


def test_zero_is_no_limit() -> None:
    off = Flapping(0, 15 * MINUTE)
    assert held(off, told(4, 3, 2, 1), [Kind.GATE], NOW, NOW, hurry=False) is None
    assert not is_last(off, told(4, 3, 2, 1), [Kind.GATE], NOW)
