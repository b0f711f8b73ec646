"""A flight read from what an admin wrote: accepted where it is unambiguous, refused by name where it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadEventError
from app.domain.flight import Flight, Status, parse

WRITTEN: dict[str, Any] = {
    "flight_number": "UA1545",
    "origin": "EWR",
    "destination": "IAH",
    "departure_date": "2026-12-01",
    "departure_time": "10:00",
}


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("flight_number", "ua 0407", "UA407"),
        ("flight_number", "9W 12a", "9W12A"),
        ("origin", " ewr ", "EWR"),
        ("departure_time", "9:05", "09:05"),
        ("departure_time", "09:05:59", "09:05"),
        ("status", "Canceled", Status.CANCELLED),
        ("status", "GATE CLOSED", Status.GATE_CLOSED),
        ("status", "gate-closed", Status.GATE_CLOSED),
        ("status", "on time", Status.SCHEDULED),
        ("status", "", Status.SCHEDULED),
        ("status", None, Status.SCHEDULED),
        ("gate", 7, "7"),
        ("gate", "c71", "C71"),
        ("gate", "  ", None),
        ("terminal", None, None),
        ("status_reason", "snow\r\n at  EWR", "snow at EWR"),
        ("diverted_to", "aus", "AUS"),
        ("airline", None, "UA"),
    ],
)
def test_what_is_unambiguous_is_written_one_way(field: str, value: Any, read: Any) -> None:
    assert getattr(parse(WRITTEN | {field: value}), field) == read


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("flight_number", ""),
        ("flight_number", None),
        ("flight_number", 1545),
        ("flight_number", "1545"),
        ("flight_number", "UA15455"),
        ("flight_number", {"$ne": None}),
        ("origin", "Newark"),
        ("origin", "ZZZ"),
        ("origin", ["EWR"]),
        ("destination", ""),
        ("departure_date", "2026-02-30"),
        ("departure_date", "2026-2-3"),
        ("departure_date", "01.12.2026"),
        ("departure_date", "0001-01-01"),
        ("departure_date", "9999-12-31"),
        ("departure_date", None),
        ("departure_time", "2400"),
        ("departure_time", "24:00"),
        ("departure_time", "9.30"),
        ("departure_time", "10:60"),
        ("departure_time", 10.5),
        ("arrival_time", "25:00"),
        ("estimated_departure_time", "soon"),
        ("estimated_arrival_time", True),
        ("status", "removed"),
        ("status", "perhaps"),
        ("status", 3),
        ("gate", "A1\x07"),
        ("gate", "x" * 100_000),
        ("gate", True),
        ("gate", 1.5),
        ("belt", {"$oid": "x"}),
        ("status_reason", "x" * 201),
        ("diverted_to", "somewhere"),
    ],
)
def test_what_is_not_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(BadEventError) as caught:
        parse(WRITTEN | {field: value})
    assert (caught.value.reason, caught.value.field) == ("bad_field", field)
    assert str(caught.value).startswith(f"{field}: ")
    assert len(str(caught.value)) < 300


@given(
    st.dictionaries(
        st.sampled_from(
            [*WRITTEN, "status", "gate", "arrival_time", "arrival_date", "estimated_departure_date"]
        ),
        st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.text())),
    )
)
def test_whatever_is_written_it_is_a_flight_or_a_bad_event(fields: dict[str, Any]) -> None:
    try:
        flight = parse(WRITTEN | fields)
    except BadEventError:
        return
    assert parse(flight.to_document()) == flight
    assert flight.leaves_at.tzinfo is UTC


@given(st.sampled_from(list(Status)), st.sampled_from([None, "A1"]), st.sampled_from([None, "11:00"]))
def test_a_stored_flight_is_read_back_and_its_fields_keep_their_order(
    status: Status, gate: str | None, estimate: str | None
) -> None:
    flight = Flight(
        **(WRITTEN | {"airline": "UA"}), status=status, gate=gate, estimated_departure_time=estimate
    )
    assert Flight.from_document(flight.to_document()) == flight
    names = list(flight.to_document())
    assert names == [name for name in Flight.__slots__ if name in names]


def test_times_are_local_to_their_airports() -> None:
    flight = parse(WRITTEN | {"destination": "LHR", "departure_time": "21:00", "arrival_time": "9:00"})
    assert flight.departs_at == datetime(2026, 12, 2, 2, 0, tzinfo=UTC)
    assert flight.arrives_at == datetime(2026, 12, 2, 9, 0, tzinfo=UTC), "the next morning, without its date"
    assert flight.delay == timedelta(0)


def test_the_arrival_moves_with_the_departure_until_it_has_an_estimate() -> None:
    written = WRITTEN | {"arrival_time": "13:05", "estimated_departure_time": "11:30"}
    flight = parse(written)
    assert flight.delay == timedelta(minutes=90)
    assert flight.lands_at == datetime(2026, 12, 1, 20, 35, tzinfo=UTC)
    assert parse(written | {"estimated_arrival_time": "14:00"}).lands_at == datetime(
        2026, 12, 1, 20, 0, tzinfo=UTC
    )


def test_an_estimate_after_midnight_has_its_own_date() -> None:
    late = WRITTEN | {"departure_time": "23:30", "estimated_departure_time": "00:45"}
    flight = parse(late | {"estimated_departure_date": "2026-12-02"})
    assert flight.delay == timedelta(minutes=75)


def test_identity_survives_an_estimate_but_not_another_day() -> None:
    flight = parse(WRITTEN)
    assert parse(WRITTEN | {"estimated_departure_time": "12:00", "gate": "A1"}).identity == flight.identity
    assert parse(WRITTEN | {"departure_date": "2026-12-02"}).identity != flight.identity
    assert flight.removed().identity == flight.identity


def test_the_published_schedule_knows_nothing_of_the_day() -> None:
    flight = parse(
        WRITTEN | {"arrival_time": "13:05", "gate": "A1", "status": "cancelled", "aircraft": "B738"}
    )
    assert flight.as_published() == parse(WRITTEN | {"arrival_time": "13:05"})
