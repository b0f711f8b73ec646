"""What the person's own choices hold is shown as held, with the reason and the time until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain.channels import NAMES
from app.domain.clock import DomainClock
from app.domain.news import Role
from app.domain.routing import HEARD_ELSEWHERE, WAITS
from app.domain.timing import Reason
from app.domain.why import Chain, Event, Quiet, Thread
from app.domain.why_reasons import HELD, REASONS
from app.domain.why_view import held_until, view
from tests.delivery.world import B

MORNING = datetime(2026, 7, 2, 11, tzinfo=UTC)  # 07:00 in Newark
EVENING = MORNING - timedelta(hours=12)
ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
FLIGHT = replace(B, origin="EWR")


def chain(reason: str) -> Chain:
    """A gate that delivery held."""
    event = Event("e1", "f1", "flight:f1", "1", "1", "news", EVENING, EVENING, kinds=("gate",))
    quiet = Quiet("1", "e1", "wait", reason, Role.TRAVELLER, EVENING, MORNING, ("gate",), ())
    return Chain(event, FLIGHT, "p1", None, (Thread("email", (quiet,), (), (), None, None),))


def at(moment: datetime) -> DomainClock:
    return DomainClock(start=ORIGIN, origin=ORIGIN, system=lambda: moment)


def test_a_traveller_reads_until_when_and_by_which_choice_it_is_held() -> None:
    shown = view(chain("quiet_hours"), at(MORNING - timedelta(hours=1)), you=True).channels[0]
    assert (shown.state.shape, shown.state.words) == ("held", "Held until 07:00 EDT")
    assert "Held until 07:00 EDT: your quiet hours" in [line.title for line in shown.lines]


def test_staff_read_whose_choice_it_is_and_the_day() -> None:
    shown = view(chain("digest"), at(EVENING)).channels[0]
    assert "Held until 2 Jul, 07:00 EDT: the person's digest" in [line.title for line in shown.lines]


def test_the_year_is_said_where_it_is_another() -> None:
    later = MORNING.replace(year=MORNING.year + 1)
    words = held_until(later, at(MORNING), None)
    assert words == f"Held until {later.day} {later:%b} {later.year}, 11:00 UTC"


def test_every_reason_to_hold_has_words() -> None:
    assert set(HELD) == {*Reason, *(f"{WAITS}{name}" for name in NAMES)}
    assert {*HELD, HEARD_ELSEWHERE} <= set(REASONS)


def test_a_flight_that_is_not_known_has_times_on_utc() -> None:
    assert held_until(MORNING, at(MORNING), None) == "Held until 11:00 UTC"
