"""A flight as a calendar file, read back by a parser."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from icalendar import Calendar

from app.domain import calendar_file
from app.domain.calendar_file import Entry
from app.domain.flight import Flight, Status
from app.domain.order import of_event

URL = "https://gatecall.example"
NOW = datetime(2013, 2, 9, 12, tzinfo=UTC)
FLIGHT = Flight(
    flight_number="UA1071",
    airline="UA",
    origin="EWR",
    destination="BQN",
    departure_date="2013-02-09",
    departure_time="20:35",
    arrival_date="2013-02-10",
    arrival_time="01:00",
    gate="C103",
    terminal="C",
)


def entry(seconds: int = 1_800_000_000, **changes: Any) -> Entry:
    return Entry(replace(FLIGHT, **changes), "flight:f1071", of_event(0, (seconds, 1), "82AB"))


def read(some: Entry) -> tuple[Calendar, Any]:
    calendar = Calendar.from_ical(calendar_file.of_flight(some, URL, NOW))
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_says_where_and_when_in_utc_and_in_words_of_the_airport() -> None:
    calendar, event = read(entry(estimated_departure_time="20:59"))
    assert calendar["METHOD"] == "PUBLISH"
    assert event["DTSTART"].dt == datetime(2013, 2, 10, 1, 59, tzinfo=UTC)
    assert event["DTEND"].dt == datetime(2013, 2, 10, 5, 24, tzinfo=UTC)
    assert event["SUMMARY"] == "UA 1071 Newark EWR to Aguadilla BQN"
    assert event["LOCATION"] == "Newark Liberty International Airport, terminal C, gate C103"
    assert event["DESCRIPTION"] == (
        "Leaves Sat 9 Feb, 20:59 EST, 24 minutes late. Lands Sun 10 Feb, 01:24 AST.\n"
        f"Check before you go: {URL}/f/UA1071/2013-02-09"
    )
    assert (event["STATUS"], event["TRANSP"]) == ("CONFIRMED", "OPAQUE")


def test_later_file_replaces_the_entry_of_an_earlier_one_also_on_another_day() -> None:
    _, before = read(entry())
    _, after = read(entry(1_800_000_060, departure_date="2013-02-10", arrival_date="2013-02-11"))
    assert after["UID"] == before["UID"]
    assert after["UID"].endswith("@gatecall.example")
    assert "f1071" not in after["UID"]
    assert after["SEQUENCE"] == before["SEQUENCE"] + 60


@pytest.mark.parametrize(
    ("status", "words"), [(Status.CANCELLED, "Cancelled: UA"), (Status.REMOVED, "Not in the schedule: UA")]
)
def test_flight_that_does_not_fly_takes_its_entry_away(status: Status, words: str) -> None:
    calendar, event = read(entry(status=status))
    assert calendar["METHOD"] == "CANCEL"
    assert (event["STATUS"], event["TRANSP"]) == ("CANCELLED", "TRANSPARENT")
    assert event["SUMMARY"].startswith(words)


def test_what_is_not_known_is_not_made_up() -> None:
    _, unknown = read(entry(status=Status.DELAYED))
    assert "DTEND" not in unknown
    assert unknown["STATUS"] == "TENTATIVE"
    assert "until when is not yet known" in unknown["DESCRIPTION"]
    _, diverted = read(entry(status=Status.DIVERTED, diverted_to="SJU"))
    assert "DTEND" not in diverted
    assert "Diverted to" in diverted["DESCRIPTION"]
    _, before_it_leaves = read(entry(estimated_arrival_date="2013-02-09", estimated_arrival_time="10:00"))
    assert "DTEND" not in before_it_leaves


def test_nothing_an_admin_writes_makes_a_line_of_its_own() -> None:
    reason = "Snow; ice,\r\nATTENDEE:mailto:eve@example.org\nBEGIN:VALARM"
    raw = calendar_file.of_flight(entry(status_reason=reason), URL, NOW)
    assert not any(line.startswith((b"ATTENDEE", b"BEGIN:VALARM")) for line in raw.splitlines())
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))  # RFC 5545 section 3.1
    assert "ice," in read(entry(status_reason=reason))[1]["DESCRIPTION"]


def test_calendar_that_is_subscribed_to_has_all_and_says_how_often_to_ask() -> None:
    some = [entry(), Entry(replace(FLIGHT, flight_number="UA407"), "flight:f407", entry().order)]
    calendar = Calendar.from_ical(calendar_file.of_flights(some, "My flights", URL, NOW))
    assert [event["SUMMARY"][:7] for event in calendar.walk("VEVENT")] == ["UA 1071", "UA 407 "]
    assert calendar["X-WR-CALNAME"] == "My flights"
    assert calendar.to_ical().count(b"REFRESH-INTERVAL;VALUE=DURATION:PT15M") == 1
