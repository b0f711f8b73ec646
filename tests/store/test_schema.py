"""Collections, validators and indexes: made on any database, and what they refuse and let through."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId
from bson.timestamp import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, WriteError

from app.domain import fares, flight
from app.domain.errors import BadEventError, SetupError
from app.domain.namespaces import WATCHED
from app.store import schema
from tests.domain.test_flight import WRITTEN

Docs = Database[dict[str, Any]]

FARE = {
    "origin": "EWR",
    "destination": "IAH",
    "departure_date": "2026-12-01",
    "amount": "199.50",
    "currency": "USD",
}


def test_it_makes_all_that_is_missing_and_may_be_repeated(database: Docs) -> None:
    assert len(schema.check(database)) == len(schema.COLLECTIONS)
    schema.ensure(database)
    assert schema.check(database) == []
    schema.ensure(database)
    options = {info["name"]: info["options"] for info in database.list_collections()}
    for namespace in WATCHED:
        assert options[namespace.collection]["changeStreamPreAndPostImages"] == {"enabled": True}
    database.flights.drop_indexes()
    database.command("collMod", "flights", validator={}, changeStreamPreAndPostImages={"enabled": False})
    assert len(schema.check(database)) == 6
    schema.ensure(database)
    assert schema.check(database) == []


def test_collections_that_are_there_keep_their_documents_even_wrong_ones(database: Docs) -> None:
    database.flights.insert_one(WRITTEN | {"_id": 1, "departure_time": "2400"})
    database.flights.create_index([("flight_number", 1), ("origin", 1), ("departure_date", 1)])
    schema.ensure(database)
    assert schema.check(database) == []
    database.flights.update_one({"_id": 1}, {"$set": {"gate": "A1"}})
    assert database.flights.count_documents({}) == 1


def test_duplicates_that_are_there_are_named(database: Docs) -> None:
    database.flights.insert_many([WRITTEN | {"_id": 1}, WRITTEN | {"_id": "two"}])
    with pytest.raises(SetupError) as caught:
        schema.ensure(database)
    assert "flights" in str(caught.value)
    assert "UA1545 EWR 2026-12-01: 2 documents, _id 1, 'two'" in str(caught.value)


def test_validators_refuse_nonsense_and_name_the_field(database: Docs) -> None:
    schema.ensure(database)
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("flights", WRITTEN | {"departure_time": "2400"}, "departure_time"),
        ("flights", WRITTEN | {"origin": "Newark"}, "origin"),
        ("flights", WRITTEN | {"status": "late"}, "status"),
        ("flights", WRITTEN | {"gate": {"x": 1}}, "gate"),
        ("flights", WRITTEN | {"status_reason": "x" * 100_000}, "status_reason"),
        ("prices", {"origin": "EWR", "destination": "IAH", "amount": [], "currency": "USD"}, "amount"),
        ("bookings", {"user_id": 1, "flight_id": {}}, "flight_id"),
        ("bookings", {"user_id": 1, "flight_id": 1, "seen": {"flight": "UA1"}}, "seen"),
        ("users", {"name": "Ada", "email": "ada"}, "email"),
        ("users", {"name": "Ada", "phone": "call me"}, "phone"),
    ]
    for collection, document, field in refused:
        with pytest.raises(WriteError) as caught:
            database[collection].insert_one(document)
        assert f"{field}: " in str(caught.value.details), (collection, field)
    with pytest.raises(WriteError, match="failed validation"):
        database.flights.insert_one({"flight_number": "UA1"})
    database.flights.insert_one(dict(WRITTEN))
    with pytest.raises(WriteError):
        database.flights.update_one({}, {"$set": {"departure_date": "01.12.2026"}})
    with pytest.raises(DuplicateKeyError):
        database.flights.insert_one(WRITTEN | {"_id": 2})


def test_rubbish_can_slip_through_where_somebody_must(database: Docs) -> None:
    schema.ensure(database)
    database.flights.insert_one(WRITTEN | {"gate": {"x": 1}}, bypass_document_validation=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("departure_date", None),
        ("departure_date", "1 March"),
        ("airline", "United"),
        ("flight_number", "407"),
        ("cabin", 1),
        ("stops", 12),
        ("stops", "none"),
        ("link", "javascript:alert(1)"),
        ("seen_at", 1_700_000_000),
    ],
)
def test_a_typo_in_a_fare_is_refused_with_its_field(database: Docs, field: str, value: object) -> None:
    schema.ensure(database)
    with pytest.raises(WriteError) as refused:
        database.prices.insert_one(FARE | {field: value})
    assert f"{field}: " in str(refused.value.details)


def test_a_fare_without_its_day_is_refused(database: Docs) -> None:
    schema.ensure(database)
    with pytest.raises(WriteError, match="Document failed validation"):
        database.prices.insert_one({k: v for k, v in FARE.items() if k != "departure_date"})


def test_what_people_write_is_let_through(database: Docs) -> None:
    schema.ensure(database)
    booking = {"user_id": ObjectId(), "flight_id": Int64(7)}
    database.bookings.insert_many(
        [
            booking,
            booking | {"status": None, "seats": ["12A", "12B"]},
            booking | {"seen": {"cluster_time": Timestamp(1, 2), "flight": {"gate": "A1"}}, "seats": 2},
        ]
    )
    database.prices.insert_many([FARE | {"amount": a} for a in ("199.50", 199, 199.5, Decimal128("199.50"))])
    database.users.insert_many(
        [{"name": "Ada"}, {"name": "Bob\r\nBcc: x", "email": None, "phone": "+1 555 010-0142"}]
    )


texts = st.text(alphabet="aAbB0149 :-\t\u00a0zEWR", max_size=12)
values = st.fixed_dictionaries(
    {},
    optional={
        "flight_number": st.sampled_from(["ua 1", "9W 12 a", "UA0001", "\u00a0ua9", "u1", "UA12345"]) | texts,
        "departure_time": st.sampled_from(["9:5", "9:05", "09:05:00", "24:00", " 0:00 "]) | texts,
        "departure_date": st.sampled_from(["2026-12-01", " 2026-01-31", "2026-13-01", "1899-01-01"]) | texts,
        "origin": st.sampled_from(["ewr", " EWR\t", ""]) | texts,
        "status": st.sampled_from(["On Time", "gate  closed", "CANCELED", "", None, "gone"]) | texts,
        "gate": st.sampled_from(["a1", 7, 7.5, None, "A 1/2", "A-1"]) | texts,
        "estimated_departure_time": st.sampled_from([None, "", "10:10"]) | texts,
        "aircraft": st.sampled_from([None, "B738", 320]) | texts,
    },
)


@pytest.fixture(scope="module")
def flights(mongo_client: Any) -> Iterator[Any]:
    database = mongo_client[f"test_{uuid.uuid4().hex[:12]}"]
    schema.ensure(database)
    database.flights.drop_indexes()
    yield database.flights
    mongo_client.drop_database(database.name)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values)
def test_whatever_a_flight_can_be_read_from_is_let_through(flights: Any, fields: dict[str, Any]) -> None:
    document = WRITTEN | fields
    try:
        flight.parse(document)
    except BadEventError:
        return
    flights.insert_one(dict(document))


fare_values = st.fixed_dictionaries(
    {},
    optional={
        "departure_date": st.sampled_from([" 2026-12-01", "2026-02-30", "", None]) | texts,
        "amount": st.sampled_from(["204", 204.5, 204, "-3", True]),
        "airline": st.sampled_from(["b6", " UA ", "", None, "United"]) | texts,
        "flight_number": st.sampled_from(["ua 1", "9W 12 a", "", None, 407]) | texts,
        "cabin": st.sampled_from(["Premium  economy", "premium-economy", "", None, "1st"]) | texts,
        "stops": st.sampled_from([0, 1, 2.0, "1", " 2 ", "\u0661", None, "", 10, "12", 0.5]) | texts,
        "provider": st.sampled_from(["Made-up Air", "", None]) | texts,
        "link": st.sampled_from([" https://example.org/a?b=c ", "http://x", "", None, "ftp://x"]) | texts,
        "seen_at": st.sampled_from(["2026-12-01T09:30:00Z", "0001-01-01T00:00:00Z", None, ""]) | texts,
    },
)


@pytest.fixture(scope="module")
def prices(flights: Any) -> Any:
    return flights.database.prices


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fare_values)
def test_whatever_a_fare_can_be_read_from_is_let_through(prices: Any, fields: dict[str, Any]) -> None:
    document = FARE | fields
    try:
        fares.parse(document)
    except BadEventError:
        return
    prices.insert_one(dict(document))
