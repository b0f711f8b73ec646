"""The demo's plan: the same in every run, true to the data where the data knows, plausible elsewhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import pairwise

import pytest

from app.domain import flight as flights
from app.domain.flight import Status
from scripts.demo import data, fares, plan
from scripts.demo.data import Departure
from scripts.demo.plan import STARTS, Plan
from scripts.demo.story import Edit, Identity


@pytest.fixture(scope="module")
def departures() -> list[Departure]:
    return data.load()


@pytest.fixture(scope="module")
def storm(departures: list[Departure]) -> Plan:
    return plan.make(departures)


@pytest.fixture(scope="module")
def edits_of(storm: Plan) -> dict[Identity, list[Edit]]:
    found: dict[Identity, list[Edit]] = defaultdict(list)
    for edit in storm.edits:
        found[edit.identity].append(edit)
    return found


def test_the_data_has_both_days_of_the_storm(departures: list[Departure]) -> None:
    assert len(departures) == 1614
    assert sum(departure.cancelled for departure in departures) == 865
    assert Counter(departure.day for departure in departures) == {"2013-02-08": 930, "2013-02-09": 684}


def test_a_time_of_2400_is_the_midnight_at_the_end_of_the_day(departures: list[Departure]) -> None:
    (to_burlington,) = [d for d in departures if d.identity == ("B6128", "JFK", "2013-02-09")]
    assert to_burlington.arrived is not None
    assert data.local(to_burlington.arrived, "BTV") == ("2013-02-10", "00:00")


def test_flights_arrive_after_they_left_however_the_zones_turn_the_date(departures: list[Departure]) -> None:
    for departure in departures:
        assert timedelta(minutes=20) < departure.arrives - departure.departs < timedelta(hours=12)
        if departure.arrived is not None and departure.left is not None:
            assert timedelta(minutes=20) < departure.arrived - departure.left < timedelta(hours=13)


def test_the_plan_is_the_same_in_every_run(departures: list[Departure], storm: Plan) -> None:
    again = plan.make(departures)
    assert again.edits == storm.edits
    assert again.published == storm.published
    assert plan.make(departures, seed=7).edits != storm.edits


def test_every_state_of_every_flight_can_be_read(storm: Plan) -> None:
    for fields in storm.published.values():
        assert flights.parse(fields).status is Status.SCHEDULED
    for edit in storm.edits:
        if edit.after is not None:
            flights.parse(edit.after)


def test_flights_end_as_they_really_ended(departures: list[Departure], storm: Plan) -> None:
    final = {identity: flights.parse(fields) for identity, fields in storm.final.items()}
    assert sum(flight.status is Status.CANCELLED for flight in final.values()) == 865
    for departure in departures:
        flight = final[departure.identity]
        assert flight.departs_at == departure.departs
        assert flight.arrives_at == departure.arrives
        assert flight.aircraft == departure.aircraft
        if departure.left is None:
            assert flight.status is Status.CANCELLED
            continue
        assert flight.leaves_at == departure.left
        if departure.arrived is not None:
            assert flight.status is Status.ARRIVED
            assert flight.lands_at == departure.arrived
        else:
            assert flight.status is Status.DIVERTED
            assert flight.diverted_to is not None


def test_each_edit_goes_on_where_the_last_one_of_its_flight_ended(
    storm: Plan, edits_of: dict[Identity, list[Edit]]
) -> None:
    for identity, edits in edits_of.items():
        stood = storm.published[identity]
        for earlier, later in pairwise(edits):
            assert later.at > earlier.at
        for edit in edits:
            assert edit.before == (stood or None)
            stood = edit.after or {}


def test_edits_are_in_order_and_begin_with_the_clock(storm: Plan) -> None:
    assert [edit.at for edit in storm.edits] == sorted(edit.at for edit in storm.edits)
    assert storm.edits[0].at >= STARTS


def test_departures_are_saved_at_the_minute_they_happened(
    departures: list[Departure], edits_of: dict[Identity, list[Edit]]
) -> None:
    for departure in departures:
        if departure.left is not None:
            (departed,) = [edit for edit in edits_of[departure.identity] if edit.what == "departed"]
            assert departed.at == departure.left


def test_cancellations_come_before_departure_and_mostly_hours_before(
    departures: list[Departure], edits_of: dict[Identity, list[Edit]]
) -> None:
    ahead = []
    for departure in departures:
        if departure.cancelled:
            cancelled = [edit for edit in edits_of[departure.identity] if edit.what == "cancelled"]
            ahead.append(departure.departs - cancelled[-1].at)
    assert min(ahead) > timedelta(minutes=15)
    assert sorted(ahead)[len(ahead) // 2] > timedelta(hours=2)


def test_many_cancellations_come_in_waves(storm: Plan) -> None:
    hours = Counter(
        edit.at.astimezone(STARTS.tzinfo).strftime("%d %H")
        for edit in storm.edits
        if edit.what == "cancelled"
    )
    assert hours["08 11"] > 60
    assert sum(count for _, count in hours.most_common(6)) > 400


def test_long_delays_grow_in_steps_and_end_at_the_truth(
    departures: list[Departure], edits_of: dict[Identity, list[Edit]]
) -> None:
    long = [d for d in departures if d.left is not None and d.left - d.departs > timedelta(minutes=80)]
    assert len(long) > 30
    for departure in long:
        delays = [edit for edit in edits_of[departure.identity] if edit.what == "delay"]
        assert len(delays) >= 2
        last = delays[-1].after
        assert last is not None
        assert flights.parse(last).leaves_at == departure.left


def test_rare_things_happen_too(storm: Plan) -> None:
    kinds = Counter(edit.what for edit in storm.edits)
    rare = (
        "reinstated",
        "rescheduled",
        "deleted",
        "inserted again",
        "diverted",
        "undone",
        "note",
        "saved unchanged",
    )
    assert {name for name in rare if not kinds[name]} == set()
    assert kinds["deleted"] == kinds["inserted again"]
    assert all(not edit.visible for edit in storm.edits if edit.what in ("note", "saved unchanged"))
    assert all(edit.visible for edit in storm.edits if edit.what not in ("note", "saved unchanged"))


def test_fares_are_the_same_in_every_run_and_never_too_low(departures: list[Departure], storm: Plan) -> None:
    ends = storm.edits[-1].at
    made = fares.make(departures, STARTS, ends)
    assert made == fares.make(departures, STARTS, ends)
    assert {type(edit.amount).__name__ for edit in made.edits} == {"Decimal128", "str", "int"}
    assert all(float(str(edit.amount)) > 40 for edit in made.edits)
    assert all(STARTS <= edit.at <= ends for edit in made.edits)
