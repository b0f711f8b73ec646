"""One channel after the other: what bounds the wait, and what ends it at once."""

from __future__ import annotations

from dataclasses import replace

from tests.delivery.both import MAIL_FIRST, Both
from tests.delivery.choosers import HOUR
from tests.delivery.world import A, B

LONG = {"steps": [{"channel": "email", "minutes": 240}, {"channel": "sms"}], "news": ["gate"]}


def leaving_in(both: Both, hours: float) -> None:
    """It is so long before the departure of A and B."""
    both.clock.moment = B.leaves_at - hours * HOUR


def test_nobody_waits_for_a_mail_until_the_flight_has_left(both: Both) -> None:
    leaving_in(both, 2)
    both.person(LONG)
    both.news(A, B)
    assert both.told() == (1, 1)


def test_the_wait_ends_when_departure_makes_it_urgent(both: Both) -> None:
    leaving_in(both, 4)
    both.person(LONG)
    both.news(A, B)
    assert both.told() == (1, 0)
    assert both.waits(both.text) == ("waits_for_email", B.leaves_at - 3 * HOUR)
    both.clock.move(3600)
    assert both.told() == (1, 1)


def test_a_wait_that_ends_in_time_stays_as_long_as_it_was_chosen(both: Both) -> None:
    leaving_in(both, 2)
    both.person(MAIL_FIRST | {"news": ["gate"]})
    both.news(A, B)
    assert both.told() == (1, 0)
    both.clock.move(600)
    assert both.told() == (1, 1)


def test_a_channel_that_is_switched_off_is_not_waited_for(both: Both) -> None:
    both.person(MAIL_FIRST)
    both.news()
    both.text.terms = replace(both.text.terms, channels=frozenset({"sms"}))
    assert both.texts() == 1
