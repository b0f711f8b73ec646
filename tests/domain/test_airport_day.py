"""How an airport's day is counted, and when its level changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import airport_day, subjects
from app.domain.airport_day import AirportDay, Level, Steps
from app.domain.flight import Flight, Status
from app.domain.news import TOLD_BY_DEFAULT, Action, Kind, Role, Rules
from app.domain.news import Steps as FlightSteps

STEPS = Steps(late=timedelta(minutes=60), disrupted=15, severe=40, least=5)
DAY = "2013-02-08"
NOON = datetime(2013, 2, 8, 17, tzinfo=UTC)
RULES = Rules(FlightSteps(timedelta(minutes=15), timedelta(minutes=10)), timedelta(hours=24))
UA = Flight("UA407", "UA", "EWR", "DEN", DAY, "10:00", arrival_date=DAY, arrival_time="12:30")


def of(affected: int, flights: int = 100, level: Level = Level.NORMAL) -> AirportDay:
    """A day with so many cancelled flights."""
    return AirportDay("EWR", DAY, flights, affected, level=level)


@pytest.mark.parametrize(
    ("affected", "flights", "before", "after"),
    [
        (14, 100, Level.NORMAL, Level.NORMAL),
        (15, 100, Level.NORMAL, Level.DISRUPTED),
        (39, 100, Level.NORMAL, Level.DISRUPTED),
        (40, 100, Level.NORMAL, Level.SEVERE),
        (10, 100, Level.DISRUPTED, Level.DISRUPTED),
        (9, 100, Level.DISRUPTED, Level.NORMAL),
        (27, 100, Level.SEVERE, Level.SEVERE),
        (26, 100, Level.SEVERE, Level.DISRUPTED),
        (12, 100, Level.SEVERE, Level.DISRUPTED),
        (9, 100, Level.SEVERE, Level.NORMAL),
        (4, 4, Level.NORMAL, Level.NORMAL),
        (5, 5, Level.NORMAL, Level.SEVERE),
        (4, 5, Level.SEVERE, Level.SEVERE),
        (3, 5, Level.SEVERE, Level.NORMAL),
        (0, 0, Level.SEVERE, Level.NORMAL),
    ],
)
def test_a_level_begins_at_its_step_and_ends_below_two_thirds_of_it(
    affected: int, flights: int, before: Level, after: Level
) -> None:
    assert airport_day.with_level(of(affected, flights), before, STEPS).level is after


@given(st.lists(st.integers(10, 14), min_size=1), st.sampled_from([Level.NORMAL, Level.DISRUPTED]))
def test_a_share_that_moves_below_the_step_flaps_nothing(shares: list[int], level: Level) -> None:
    for share in shares:
        assert airport_day.with_level(of(share), level, STEPS).level is level


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1),
    st.integers(1, 98),
    st.integers(1, 20),
)
def test_a_level_that_just_began_needs_a_third_of_its_step_to_end(
    moves: list[tuple[int, int]], percent: int, least: int
) -> None:
    steps = Steps(STEPS.late, percent, percent + 1, least)
    level = Level.NORMAL
    for affected, others in moves:
        day = of(affected, affected + others)
        found = airport_day.with_level(day, level, steps).level
        if found is Level.NORMAL is not level:
            assert affected * 300 < day.flights * steps.severe * 2 or affected * 3 < least * 2
        if level is Level.NORMAL is not found:
            assert affected * 100 >= day.flights * percent
            assert affected >= least
        # The same figures a second time change nothing.
        assert airport_day.with_level(day, found, steps).level is found
        level = found


def test_departures_and_arrivals_of_the_day_count_once_each() -> None:
    there = replace(UA, origin="DEN", destination="EWR", flight_number="UA1")
    flights = [
        UA,
        replace(UA, flight_number="UA2", status=Status.CANCELLED),
        replace(UA, flight_number="UA3", status=Status.DIVERTED),
        replace(UA, flight_number="UA4", estimated_departure_time="11:00"),
        replace(UA, flight_number="UA5", estimated_departure_time="10:59"),
        there,
        replace(there, flight_number="UA6", estimated_arrival_time="13:30"),
        replace(UA, flight_number="UA7", departure_date="2013-02-09", arrival_date="2013-02-09"),
        replace(UA, flight_number="UA8", origin="JFK", status=Status.CANCELLED),
    ]
    day = airport_day.counted(flights, "EWR", DAY, STEPS)
    assert (day.flights, day.cancelled, day.diverted, day.late, day.affected) == (7, 1, 1, 2, 4)


def test_a_flight_counts_on_the_local_day_it_is_to_land() -> None:
    overnight = replace(
        UA, origin="LAX", destination="EWR", departure_time="22:30", arrival_date=None, arrival_time="06:40"
    )
    assert airport_day.days_of(overnight) == {("LAX", DAY), ("EWR", "2013-02-09")}


def test_the_day_ends_at_its_own_midnight_and_is_a_document() -> None:
    day = of(40)
    assert (day.begins_at, day.ends_at) == (
        datetime(2013, 2, 8, 5, tzinfo=UTC),
        datetime(2013, 2, 9, 5, tzinfo=UTC),
    )
    kind = subjects.of(day.subject)
    assert kind.parse(day.to_document()) == day
    assert kind.key(day.subject) == "airport:EWR"
    assert kind.over_at(day) == day.ends_at


NORMAL, SEVERE = of(0), of(40, level=Level.SEVERE)


@pytest.mark.parametrize(
    ("heard", "want", "now", "action", "reason"),
    [
        (NORMAL, SEVERE, NOON, Action.TELL, None),
        (SEVERE, NORMAL, NOON, Action.TELL, None),
        (NORMAL, NORMAL, NOON, Action.SETTLE, "nothing_new"),
        (SEVERE, replace(SEVERE, cancelled=41), NOON, Action.SETTLE, "below_threshold"),
        (NORMAL, SEVERE, SEVERE.ends_at, Action.SKIP, "past"),
        (NORMAL, SEVERE, SEVERE.begins_at - timedelta(hours=25), Action.WAIT, "day_too_early"),
        (NORMAL, SEVERE, SEVERE.begins_at - timedelta(hours=24), Action.TELL, None),
    ],
)
def test_only_a_level_is_news_and_only_in_time(
    heard: AirportDay, want: AirportDay, now: datetime, action: Action, reason: str | None
) -> None:
    found = airport_day.decide(heard, want, Role.FOLLOWER, RULES, now)
    assert (found.action, found.reason) == (action, reason)


def test_who_chose_not_to_hear_of_airports_does_not() -> None:
    silent = replace(RULES, told={**TOLD_BY_DEFAULT, Kind.AIRPORT_SEVERE: frozenset[Role]()})
    assert airport_day.decide(NORMAL, SEVERE, Role.FOLLOWER, silent, NOON).reason == "not_wanted"
