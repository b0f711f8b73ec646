"""A flight as a calendar file, read back by a parser."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from app.domain import calendar_file
from app.domain.calendar_file import Entry
from app.domain.flight import Flight, Status
from app.domain.order import Order, of_event, of_marker, of_snapshot_read, raised

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


def sequence(order: Order) -> int:
    found = re.search(rb"SEQUENCE:(\d+)", calendar_file.of_flight(replace(entry(), order=order), URL, NOW))
    assert found
    return int(found[1])


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


DAY = 86_400
steps = st.one_of(
    st.tuples(st.just("change"), st.integers(1, 30 * DAY), st.just(0)),
    # By how much the clock is set back, and how many changes the backup does not have.
    st.tuples(st.just("restore"), st.integers(0, 2 * DAY), st.integers(0, 4)),
)


@given(st.lists(steps, min_size=1, max_size=12))
def test_sequence_never_falls_and_grows_with_every_change_also_over_restores(
    history: list[tuple[str, int, int]],
) -> None:
    incarnation, now = 1, 1_780_000_000
    kept = [of_event(incarnation, (now, 1), "82AB")]  # what the database has known of the flight
    told = sequence(kept[-1])
    for step, seconds, lost in history:
        if step == "change":
            now += seconds
            kept.append(of_snapshot_read(incarnation, (now, 1)))
            assert sequence(kept[-1]) > told
        else:
            now, incarnation = now - seconds, incarnation + 1
            kept = [raised(incarnation, order) for order in kept[: max(1, len(kept) - lost)]]
            assert sequence(kept[-1]) >= told
        told = sequence(kept[-1])
        assert told < 2**31


def test_sequence_of_a_subject_with_several_documents_is_that_of_the_latest() -> None:
    one, other = of_event(1, (1_800_000_000, 1), "82AB"), of_event(1, (1_800_000_060, 1), "82AC")
    version = Order(f"{other}-{one}")
    assert sequence(version) == sequence(other)
    assert sequence(raised(2, version)) == sequence(raised(2, other)) > sequence(other)


@pytest.mark.parametrize("order", [Order(""), raised(2, Order("")), of_marker(3, (0, 0))])
def test_sequence_of_what_never_happened_is_one(order: Order) -> None:
    assert 0 <= sequence(order) < sequence(raised(4, of_event(1, (1_800_000_000, 1), "82AB")))


def test_sequence_stays_the_highest_that_calendars_read_after_too_many_restores() -> None:
    some = [sequence(of_event(number, (1_800_000_000, 1), "82AB")) for number in (1, 40, 60, 0xFFFF)]
    assert some[0] < some[1] < some[2] == some[3] == 2**31 - 1


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
