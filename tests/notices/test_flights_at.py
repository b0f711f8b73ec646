"""Until when a flight concerns its people: where it leaves from, where it lands, and by its number."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.at_noon import NOON
from tests.notices.world import SNOW, Noticing, at

DELAYED = {"status": "delayed"}
TO_THREE = {"status": "delayed", "estimated_departure_time": "15:00"}
BOARDING = {"status": "boarding", "estimated_departure_time": "10:00"}
DEPARTED = {"status": "departed"}
LANDED = {"status": "landed"}
CANCELLED = {"status": "cancelled"}


def moment(text: str) -> datetime:
    """ "09:31" of that day in New York, "+09:31" of the next."""
    hour, minute = text.removeprefix("+").split(":")
    days = 1 if text.startswith("+") else 0
    return NOON + timedelta(days=days, hours=int(hour) - 12, minutes=int(minute))


def is_reached(notices: Noticing, airport: str | None, number: str | None, now: str) -> bool:
    """Whether a notice of the next day reaches a flight."""
    begins = moment(now)
    found = notices.stores.reached.about(airport, number, begins, begins + timedelta(days=1))
    return found.booked == ("f1",)


@pytest.fixture
def morning(notices: Noticing) -> Noticing:
    """UA1545 from Newark at 09:30 to Denver, where it lands when it is 13:30 in New York."""
    notices.flight("f1", "UA1545", departure_time="09:30", arrival_time="11:30")
    return notices


@pytest.mark.parametrize(
    ("fields", "last", "after"),
    [
        # Nobody wrote that it left: for a while it is believed to stand there still.
        ({}, "11:30", "11:31"),
        (BOARDING, "12:00", "12:01"),
        (TO_THREE, "17:00", "17:01"),
        # Nobody knows when it leaves.
        (DELAYED, "21:30", "21:31"),
        (DELAYED | {"estimated_arrival_time": "16:00"}, "21:30", "21:31"),
        (CANCELLED, "09:30", "09:31"),
    ],
)
def test_where_it_leaves_from_it_counts_until_it_left(
    morning: Noticing, fields: dict[str, str], last: str, after: str
) -> None:
    morning.db.flights.update_one({}, {"$set": fields})
    assert is_reached(morning, "EWR", None, last)
    assert not is_reached(morning, "EWR", None, after)


@pytest.mark.parametrize("fields", [DEPARTED, DEPARTED | {"estimated_departure_time": "15:00"}, LANDED])
def test_what_left_counts_no_longer_where_it_left_from(morning: Noticing, fields: dict[str, str]) -> None:
    morning.db.flights.update_one({}, {"$set": fields})
    assert not is_reached(morning, "EWR", None, "09:29")
    assert is_reached(morning, "DEN", None, "09:29")


@pytest.mark.parametrize(
    ("fields", "last", "after"),
    [
        # Bags take three hours.
        (LANDED, "16:29", "16:30"),
        # Nobody wrote that it landed.
        ({}, "18:29", "18:30"),
        (DEPARTED, "18:29", "18:30"),
        (DEPARTED | {"estimated_arrival_time": "14:00"}, "20:59", "21:00"),
        (TO_THREE, "23:59", "+00:00"),
        # Nobody knows when it lands.
        (DELAYED, "+04:29", "+04:30"),
        (DELAYED | {"estimated_arrival_time": "14:00"}, "20:59", "21:00"),
    ],
)
def test_where_it_lands_and_by_its_number_it_counts_until_bags_are_there(
    morning: Noticing, fields: dict[str, str], last: str, after: str
) -> None:
    morning.db.flights.update_one({}, {"$set": fields})
    for airport, number in (("DEN", None), (None, "UA1545"), ("EWR", "UA1545")):
        assert is_reached(morning, airport, number, last)
        assert not is_reached(morning, airport, number, after)


def test_what_does_not_fly_lands_nowhere_and_its_number_counts_for_a_while(morning: Noticing) -> None:
    morning.db.flights.update_one({}, {"$set": CANCELLED})
    assert is_reached(morning, "DEN", None, "13:30")
    assert not is_reached(morning, "DEN", None, "13:31")
    assert is_reached(morning, None, "UA1545", "16:29")
    assert not is_reached(morning, None, "UA1545", "16:30")


def test_a_long_flight_that_is_a_day_late_is_found(notices: Noticing) -> None:
    # From Honolulu in the evening of the 5th; in New York by the evening of the 7th, as far as is known.
    notices.flight(
        "f1",
        "HA50",
        origin="HNL",
        destination="JFK",
        departure_date="2013-02-05",
        departure_time="23:30",
        arrival_date="2013-02-06",
        arrival_time="14:00",
        estimated_departure_date="2013-02-06",
        estimated_departure_time="23:30",
        estimated_arrival_date="2013-02-07",
        estimated_arrival_time="20:00",
        status="departed",
    )
    for airport, number in (("JFK", None), (None, "HA50")):
        assert is_reached(notices, airport, number, "00:59")
        assert not is_reached(notices, airport, number, "01:00")


def test_people_who_wait_for_a_late_flight_hear_that_the_airport_closed(notices: Noticing) -> None:
    flights: dict[str, dict[str, str]] = {
        "waiting": {"departure_time": "09:30"} | DELAYED,
        "boarding": {"departure_time": "11:30"} | BOARDING | {"estimated_departure_time": "11:59"},
        "flying_here": {
            "origin": "DEN",
            "destination": "EWR",
            "departure_time": "06:00",
            "arrival_time": "11:45",
        }
        | DEPARTED,
        "at_the_belt": {"origin": "DEN", "destination": "EWR", "departure_time": "05:00"}
        | {"arrival_time": "11:00"}
        | LANDED,
        "left": {"departure_time": "11:30"} | DEPARTED,
        "yesterday": {"departure_date": "2013-02-07", "arrival_date": "2013-02-07"} | DELAYED,
    }
    for number, (person, fields) in enumerate(flights.items(), 1):
        notices.books(person, notices.flight(person, f"UA{number}", **fields))
    notices.handle(notices.publishes(airport="EWR", expires_at=at(hours=6)))
    reached = ["at_the_belt", "boarding", "flying_here", "waiting"]
    assert notices.due() == [(person, "", SNOW) for person in reached]
