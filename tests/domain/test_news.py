"""The table of what is told, row by row, and what lies between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import airport_day
from app.domain.flight import Flight, Status
from app.domain.news import (
    OF_PICKUPS,
    Action,
    Kind,
    Role,
    Rules,
    Steps,
    absorb_first_values,
    decide,
    differences,
    is_news,
    priority,
)
from app.domain.preferences import KINDS, Group

MIN = timedelta(minutes=1)
RULES = Rules(Steps(15 * MIN, 10 * MIN), timedelta(hours=24))
FLOOR = Steps(5 * MIN, 5 * MIN)
PLAIN = Flight(
    flight_number="UA1545",
    airline="UA",
    origin="EWR",
    destination="IAH",
    departure_date="2026-12-01",
    departure_time="10:00",
    arrival_date="2026-12-01",
    arrival_time="13:05",
    gate="A1",
    terminal="C",
    aircraft="B738",
)
LEAVES = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
BEFORE = LEAVES - timedelta(hours=3)
BOTH, TRAVELLER, FOLLOWER, NOBODY = (
    {Role.TRAVELLER, Role.FOLLOWER},
    {Role.TRAVELLER},
    {Role.FOLLOWER},
    set[Role](),
)


def flight(**changed: Any) -> Flight:
    return replace(PLAIN, **changed)


def late(minutes: int, **more: Any) -> Flight:
    clock = (datetime(2026, 12, 1, 10, 0) + minutes * MIN).strftime("%H:%M")  # noqa: DTZ001 - a clock on a wall
    return flight(estimated_departure_time=clock, **more)


TABLE: list[tuple[Kind, Flight, Flight, set[Role]]] = [
    (Kind.CANCELLED, flight(), flight(status=Status.CANCELLED), BOTH),
    (Kind.REINSTATED, flight(status=Status.CANCELLED), flight(), BOTH),
    (Kind.REINSTATED, flight(status=Status.REMOVED), flight(), BOTH),
    (Kind.DIVERTED, flight(), flight(status=Status.DIVERTED, diverted_to="AUS"), BOTH),
    (
        Kind.DIVERTED,
        flight(status=Status.DIVERTED, diverted_to="AUS"),
        flight(status=Status.DIVERTED, diverted_to="DFW"),
        BOTH,
    ),
    (Kind.DIVERTED, flight(status=Status.DIVERTED, diverted_to="AUS"), flight(status=Status.DEPARTED), BOTH),
    (Kind.LANDED, flight(status=Status.ARRIVED), flight(status=Status.DEPARTED), FOLLOWER),
    (Kind.DEPARTED, flight(status=Status.DEPARTED), flight(), FOLLOWER),
    (Kind.REROUTED, flight(), flight(origin="LGA"), BOTH),
    (Kind.REROUTED, flight(), flight(destination="DFW"), BOTH),
    (Kind.REROUTED, flight(), flight(flight_number="UA999"), BOTH),
    (Kind.DELAYED, flight(), late(15), BOTH),
    (Kind.DELAYED, late(20), late(35), BOTH),
    (Kind.DELAYED, flight(), flight(status=Status.DELAYED), BOTH),
    (Kind.EARLIER, late(40), late(25), BOTH),
    (Kind.EARLIER, late(40), flight(), BOTH),
    (Kind.EARLIER, flight(status=Status.DELAYED), flight(), BOTH),
    (Kind.RESCHEDULED, flight(), flight(departure_time="10:10"), BOTH),
    (Kind.RESCHEDULED, flight(), flight(departure_date="2026-12-02", arrival_date="2026-12-02"), BOTH),
    (Kind.GATE, flight(), flight(gate="B2"), BOTH),
    (Kind.TERMINAL, flight(), flight(terminal="A"), BOTH),
    (Kind.BOARDING, flight(), flight(status=Status.BOARDING), BOTH),
    (Kind.GATE_CLOSED, flight(), flight(status=Status.GATE_CLOSED), NOBODY),
    (Kind.DEPARTED, flight(), flight(status=Status.DEPARTED), FOLLOWER),
    (Kind.ARRIVAL, flight(), flight(estimated_arrival_time="13:20"), NOBODY),
    (
        Kind.ARRIVAL,
        late(30, status=Status.DEPARTED),
        late(30, status=Status.DEPARTED, estimated_arrival_time="13:55"),
        NOBODY,
    ),
    (Kind.LANDED, flight(), flight(status=Status.LANDED), FOLLOWER),
    (Kind.ARRIVED, flight(), flight(status=Status.ARRIVED), FOLLOWER),
    (Kind.BELT, flight(status=Status.LANDED), flight(status=Status.LANDED, belt="7"), BOTH),
    (Kind.AIRCRAFT, flight(), flight(aircraft="A320"), NOBODY),
    (Kind.REMOVED, flight(), flight(status=Status.REMOVED), BOTH),
]


@pytest.mark.parametrize(
    ("kind", "heard", "want", "roles"), TABLE, ids=lambda v: str(v) if isinstance(v, Kind) else ""
)
def test_each_row_is_told_to_whom_the_table_says(
    kind: Kind, heard: Flight, want: Flight, roles: set[Role]
) -> None:
    assert differences(heard, want, RULES.steps) == (kind,)
    assert is_news(heard, want, FLOOR)
    # Who picks somebody up hears of the arrival, also where it moves with the departure.
    picks_up = kind in OF_PICKUPS or heard.lands_at != want.lands_at
    picks_up = picks_up and (kind is not Kind.REROUTED or heard.destination != want.destination)
    roles = roles | ({Role.PICKUP} if picks_up else set())
    for role in Role:
        decision = decide(heard, want, role, RULES, BEFORE)
        assert (decision.action is Action.TELL) == (role in roles), (role, decision)
        if role not in roles:
            assert decision == decide(heard, want, role, RULES, BEFORE)
            assert (decision.action, decision.reason) == (Action.SETTLE, "not_wanted")


def test_every_kind_has_a_row() -> None:
    elsewhere = {*airport_day.KINDS.values(), *KINDS[Group.NOTICE], *KINDS[Group.FARE]}
    assert {row[0] for row in TABLE} == set(Kind) - elsewhere


@pytest.mark.parametrize(
    ("heard", "want"),
    [
        (flight(), flight()),
        (flight(), late(14)),
        (late(15), late(29)),
        (late(29), late(15)),
        (flight(), flight(departure_time="10:09")),
        (flight(gate=None), flight()),
        (flight(terminal=None), flight()),
        (flight(aircraft=None), flight()),
        (flight(), flight(gate=None)),
        (flight(status=Status.CANCELLED), flight(status=Status.REMOVED)),
        (flight(status=Status.CANCELLED), flight(status=Status.CANCELLED, gate="B2")),
        (flight(), late(5, status=Status.SCHEDULED)),
        (flight(), flight(arrival_gate="D1")),
        (late(30), late(30, status=Status.DELAYED)),
    ],
)
def test_what_reaches_no_step_is_not_told(heard: Flight, want: Flight) -> None:
    for role in Role:
        assert decide(heard, want, role, RULES, BEFORE).action is Action.SETTLE


def test_two_delays_of_ten_minutes_are_one_of_twenty() -> None:
    first, second = late(10), late(20)
    assert is_news(PLAIN, first, FLOOR), "somebody may have chosen five minutes"
    assert decide(PLAIN, first, Role.TRAVELLER, RULES, BEFORE).action is Action.SETTLE
    assert decide(PLAIN, second, Role.TRAVELLER, RULES, BEFORE).kinds == (Kind.DELAYED,)


def test_a_new_schedule_that_brings_no_further_delay_is_no_delay() -> None:
    assert differences(
        late(20), flight(departure_time="11:00", estimated_departure_time="11:20"), RULES.steps
    ) == (Kind.RESCHEDULED,)
    assert differences(
        flight(), flight(departure_time="11:00", estimated_departure_time="11:30"), RULES.steps
    ) == (
        Kind.RESCHEDULED,
        Kind.DELAYED,
    )


def test_a_first_gate_is_silent_and_a_later_change_is_told_against_it() -> None:
    unknown, first, other = flight(gate=None), flight(gate="A1"), flight(gate="B2")
    assert is_news(unknown, first, FLOOR), "what later changes are told against moves with it"
    assert decide(unknown, first, Role.TRAVELLER, RULES, BEFORE).reason == "below_threshold"
    heard = absorb_first_values(unknown, first)
    assert decide(heard, other, Role.TRAVELLER, RULES, BEFORE).kinds == (Kind.GATE,)


def test_gate_and_terminal_wait_for_the_last_day() -> None:
    early = LEAVES - timedelta(hours=30)
    decision = decide(flight(), flight(gate="B2"), Role.TRAVELLER, RULES, early)
    assert (decision.action, decision.until) == (Action.WAIT, LEAVES - timedelta(hours=24))
    assert (
        decide(flight(), flight(gate="B2"), Role.TRAVELLER, RULES, LEAVES - timedelta(hours=24)).action
        is Action.TELL
    )
    both = decide(flight(), late(60, gate="B2"), Role.TRAVELLER, RULES, early)
    assert both.kinds == (Kind.DELAYED, Kind.GATE), "with other news the gate is said too"


@pytest.mark.parametrize(
    ("heard", "want"),
    [
        (flight(), flight(gate="B2")),
        (flight(), late(15)),
        (flight(), flight(status=Status.BOARDING)),
        (flight(), flight(departure_time="09:30")),
        (flight(), flight(status=Status.REMOVED)),
        (flight(status=Status.BOARDING), late(50, status=Status.DEPARTED)),
    ],
)
def test_nothing_about_departure_is_told_after_it(heard: Flight, want: Flight) -> None:
    decision = decide(heard, want, Role.TRAVELLER, RULES, want.leaves_at + MIN)
    assert decision.action in (Action.SKIP, Action.SETTLE)
    if want.status is Status.DEPARTED:
        follower = decide(heard, want, Role.FOLLOWER, RULES, want.leaves_at + MIN)
        assert follower.kinds == (Kind.DEPARTED,)
    else:
        assert (decision.action, decision.reason) == (Action.SKIP, "departed")


def test_a_delay_is_told_after_the_scheduled_time_as_long_as_it_has_not_left() -> None:
    assert decide(flight(), late(60), Role.TRAVELLER, RULES, LEAVES + 20 * MIN).action is Action.TELL


def test_a_number_or_an_origin_put_right_after_departure_is_no_news() -> None:
    left = flight(status=Status.DEPARTED)
    for put_right in (replace(left, origin="LGA"), replace(left, flight_number="UA999")):
        assert differences(left, put_right, RULES.steps) == ()
    assert differences(left, replace(left, destination="DFW"), RULES.steps) == (Kind.REROUTED,)


def test_a_flight_still_on_its_way_elsewhere_is_not_said_to_be_no_longer_diverted() -> None:
    diverted = flight(status=Status.DIVERTED, diverted_to="AUS")
    assert differences(diverted, replace(diverted, status=Status.DEPARTED), RULES.steps) == ()


WAITING = flight(status=Status.DELAYED)


@pytest.mark.parametrize(
    ("heard", "want", "kind"),
    [
        (flight(), WAITING, Kind.DELAYED),
        (WAITING, replace(WAITING, gate="B2"), Kind.GATE),
        (WAITING, flight(status=Status.BOARDING), Kind.BOARDING),
        (WAITING, WAITING.removed(), Kind.REMOVED),
        (WAITING, flight(status=Status.CANCELLED), Kind.CANCELLED),
    ],
)
def test_who_waits_until_nobody_knows_when_hears_half_a_day_long(
    heard: Flight, want: Flight, kind: Kind
) -> None:
    waited = decide(heard, want, Role.TRAVELLER, RULES, LEAVES + timedelta(hours=11))
    assert (waited.action, waited.kinds) == (Action.TELL, (kind,)), (
        "it is not on time again: that time is over"
    )
    late_by_far = decide(heard, want, Role.TRAVELLER, RULES, LEAVES + timedelta(hours=40))
    assert late_by_far.action is Action.SKIP


def test_news_of_the_arrival_are_told_after_departure_and_nothing_a_day_later() -> None:
    landed = flight(status=Status.LANDED)
    belt = replace(landed, belt="7")
    assert decide(landed, belt, Role.TRAVELLER, RULES, LEAVES + timedelta(hours=4)).action is Action.TELL
    assert decide(landed, belt, Role.TRAVELLER, RULES, LEAVES + timedelta(hours=48)).action is Action.SKIP


def test_the_most_important_comes_first_and_decides_the_place_in_the_queue() -> None:
    kinds = differences(flight(status=Status.CANCELLED), late(60, gate="B2"), RULES.steps)
    assert kinds == (Kind.REINSTATED, Kind.DELAYED, Kind.GATE)
    assert [priority((k,)) for k in (Kind.CANCELLED, Kind.REMOVED, Kind.DELAYED, Kind.GATE)] == [0, 0, 1, 2]
    assert priority(kinds) == 0
    assert priority(()) == 2


statuses = st.sampled_from(list(Status))
flights = st.builds(
    flight,
    status=statuses,
    gate=st.sampled_from([None, "A1", "B2"]),
    belt=st.sampled_from([None, "7"]),
    departure_time=st.sampled_from(["10:00", "10:05", "10:30"]),
    estimated_departure_time=st.sampled_from([None, "10:04", "10:20", "11:00"]),
    departure_date=st.sampled_from(["2026-12-01", "2026-12-02"]),
)


@given(flights)
def test_nobody_is_told_what_they_heard(one: Flight) -> None:
    assert differences(one, one, FLOOR) == ()
    assert not is_news(one, one, FLOOR)


@given(flights, flights)
def test_what_is_told_at_any_step_is_news_at_the_smallest(heard: Flight, want: Flight) -> None:
    if differences(heard, want, RULES.steps):
        assert is_news(heard, want, FLOOR)


@given(flights, flights, st.sampled_from(list(Role)), st.integers(-72, 72))
def test_a_decision_says_all_that_its_action_needs(
    heard: Flight, want: Flight, role: Role, hours: int
) -> None:
    decision = decide(heard, want, role, RULES, LEAVES + timedelta(hours=hours))
    assert (decision.action is Action.TELL) == (decision.reason is None)
    assert (decision.until is not None) == (decision.action is Action.WAIT)
    assert bool(decision.kinds) == (decision.action is not Action.SETTLE)


@given(flights, flights)
def test_what_was_absorbed_is_silent_from_then_on(heard: Flight, want: Flight) -> None:
    absorbed = absorb_first_values(heard, want)
    assert differences(heard, absorbed, FLOOR) == ()
    assert absorb_first_values(absorbed, want) == absorbed


def test_an_estimate_after_midnight_needs_no_date() -> None:
    planned = replace(PLAIN, departure_time="23:30", arrival_date=None, arrival_time="02:35")
    late = replace(planned, estimated_departure_time="00:15", status=Status.DELAYED)
    assert late.delay == 45 * MIN
    assert differences(planned, late, RULES.steps) == (Kind.DELAYED,)
    early = replace(PLAIN, departure_time="00:20", estimated_departure_time="23:50")
    assert early.delay == -30 * MIN


def test_an_estimate_that_is_withdrawn_is_an_open_delay_and_no_good_news() -> None:
    known = replace(PLAIN, status=Status.DELAYED, estimated_departure_time="12:00")
    assert differences(known, replace(PLAIN, status=Status.DELAYED), RULES.steps) == (Kind.DELAYED,)


def test_the_first_time_after_an_open_delay_is_told_however_small() -> None:
    unknown = replace(PLAIN, status=Status.DELAYED)
    soon = replace(unknown, estimated_departure_time="10:10")
    assert differences(unknown, soon, RULES.steps) == (Kind.DELAYED,)
    assert differences(unknown, PLAIN, RULES.steps) == (Kind.EARLIER,)
