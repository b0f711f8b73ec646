"""What programs write: bookings with their passengers, and flights; each needs its scope."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId

from app.domain import flight as flights
from tests.api.conftest import DAY, Asking, Site, fields_at_fault

BOOKING = {
    "id": "bk-1", "passenger": {"id": "pax-1", "name": "Ada", "email": "ada@example.org", "phone": "+15550100142"},
    "flight_number": "UA1545", "departure_date": DAY, "reference": "k7q2md", "seats": 2,
}  # fmt: skip
FLIGHT = {
    "flight_number": "ua1545", "origin": "ewr", "destination": "IAH", "departure_date": DAY,
    "departure_time": "9:30", "gate": "c70",
}  # fmt: skip


@pytest.fixture
def importer(site: Site) -> Asking:
    return site.program("bookings:write")


@pytest.fixture
def scheduler(site: Site) -> Asking:
    return site.program("flights:write")


def test_a_booking_brings_its_passenger(site: Site, importer: Asking) -> None:
    site.flight()
    made = importer.post("/bookings", BOOKING)
    assert made.status_code == 201, made.text
    assert (made.json["id"], made.json["passenger"]) == ("bk-1", "pax-1")
    user = site.database.users.find_one({"_id": "pax-1"})
    assert user == {"_id": "pax-1", "name": "Ada", "email": "ada@example.org", "phone": "+15550100142"}
    row = site.database.bookings.find_one({"_id": "bk-1"})
    assert (row["user_id"], row["reference"], row["seats"], row["status"]) == (
        "pax-1",
        "K7Q2MD",
        2,
        "confirmed",
    )
    assert row["seen"]["flight"]["gate"] == "C70"


def test_a_booking_again_is_the_same_and_the_person_stays_as_they_are(site: Site, importer: Asking) -> None:
    site.flight()
    importer.post("/bookings", BOOKING)
    again = importer.post(
        "/bookings", BOOKING | {"passenger": {"id": "pax-1", "name": "Eve", "email": "e@x.org"}}
    )
    assert (again.status_code, again.json["id"]) == (200, "bk-1")
    assert site.database.users.find_one({"_id": "pax-1"})["email"] == "ada@example.org"
    assert site.database.bookings.count_documents({}) == 1
    other = importer.post("/bookings", BOOKING | {"passenger": {"id": "pax-2", "name": "Eve"}})
    assert other.status_code == 400
    assert fields_at_fault(other) == {"id"}


@pytest.mark.parametrize(
    "fields",
    [
        {"added_by": "program", "user_id": "pax-1"},
        {"added_by": "program", "flight_id": "f9"},
        {"added_by": "person"},
        {},
    ],
)
def test_a_booking_that_is_refused_brings_nobody(
    site: Site, importer: Asking, fields: dict[str, Any]
) -> None:
    flight = site.flight()
    there = {"_id": "bk-1", "user_id": "pax-2", "flight_id": flight["_id"], "status": "confirmed"} | fields
    site.database.bookings.insert_one(there)
    answer = importer.post("/bookings", BOOKING | {"passenger": {"id": "pax-2", "name": "Eve"}})
    assert answer.status_code == 400
    assert fields_at_fault(answer) == {"id"}
    assert site.database.users.count_documents({}) == 0
    assert site.database.bookings.find_one() == there


def test_a_booking_whose_passenger_is_gone_brings_them_again(site: Site, importer: Asking) -> None:
    site.flight()
    importer.post("/bookings", BOOKING)
    site.database.users.delete_many({})
    assert importer.post("/bookings", BOOKING).status_code == 200
    assert site.database.users.find_one()["_id"] == "pax-1"


def test_a_booking_without_an_id_is_one_for_each_flight(site: Site, importer: Asking) -> None:
    site.flight()
    sent = {name: value for name, value in BOOKING.items() if name != "id"}
    first, again = importer.post("/bookings", sent), importer.post("/bookings", sent)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["id"] == again.json["id"]


def test_an_imported_booking_ends_and_what_a_person_added_does_not(
    site: Site, importer: Asking, ada: Asking
) -> None:
    site.flight()
    importer.post("/bookings", BOOKING)
    tag = importer.get("/bookings/bk-1").headers["ETag"]
    assert importer.delete("/bookings/bk-1").status_code == 428
    ended = importer.delete("/bookings/bk-1", If_Match=tag)
    assert ended.json == {"id": "bk-1", "status": "cancelled"}
    assert importer.delete("/bookings/bk-1", If_Match=tag).status_code == 412
    own = ada.post("/me/bookings", {"flight_number": "UA1545", "departure_date": DAY}).json["id"]
    assert importer.delete(f"/bookings/{own}", If_Match="*").status_code == 404
    assert importer.post("/bookings", BOOKING).json["status"] == "confirmed", "brought again, it is one again"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"passenger": {"id": {"$ne": 1}, "name": "A"}}, "passenger.id.$ne"),
        ({"passenger": {"id": "x y", "name": "A"}}, "passenger.id"),
        ({"passenger": {"id": "x", "name": "A", "roles": ["admin"]}}, "passenger.roles"),
        ({"passenger": {"id": "x", "name": "A", "email": "a@b\r\nBcc: c@d"}}, "passenger.email"),
        ({"passenger": {"id": "x", "name": "A", "phone": "12"}}, "passenger.phone"),
        ({"passenger": "x"}, "passenger"),
        ({"seats": "2"}, "seats"),
        ({"seats": 0}, "seats"),
        ({"status": "cancelled"}, "status"),
        ({"id": ["bk"]}, "id"),
    ],
)
def test_a_booking_that_is_not_understood_is_not_stored(
    site: Site, importer: Asking, more: dict[str, Any], field: str
) -> None:
    site.flight()
    answer = importer.post("/bookings", BOOKING | more)
    assert answer.status_code == 400, answer.text
    assert field in fields_at_fault(answer)
    assert site.database.bookings.count_documents({}) == site.database.users.count_documents({}) == 0


def test_each_route_of_programs_needs_its_scope(site: Site, ada: Asking) -> None:
    flight = site.flight()
    for asker, status in ((site.program("feed:read"), 403), (site.stranger(), 401), (ada, 403)):
        assert asker.post("/bookings", BOOKING).status_code == status
        assert asker.delete("/bookings/bk-1", If_Match="*").status_code == status
        assert asker.ask("PUT", "/flights", FLIGHT).status_code == status
        changed = asker.ask("PATCH", f"/flights/{flight['_id']}", {"gate": "C71"}, If_Match="*")
        assert changed.status_code == status
    assert site.program("bookings:write").ask("PUT", "/flights", FLIGHT).status_code == 403
    assert site.program("flights:write").post("/bookings", BOOKING).status_code == 403
    assert site.database.flights.find_one()["gate"] == "C70"


def test_a_flight_is_put_read_and_put_again(site: Site, scheduler: Asking) -> None:
    made = scheduler.ask("PUT", "/flights", FLIGHT)
    assert made.status_code == 201, made.text
    stored = site.database.flights.find_one()
    assert {**stored, "_id": None} == FLIGHT | {
        "_id": None, "flight_number": "UA1545", "origin": "EWR", "departure_time": "09:30", "gate": "C70",
    }  # fmt: skip
    path = f"/flights/{made.json['id']}"
    assert site.stranger().get(path).json == made.json
    assert scheduler.ask("PUT", "/flights", FLIGHT).status_code == 428, "it is there: what is it based on?"
    whole = {name: value for name, value in FLIGHT.items() if name != "gate"} | {"belt": "4"}
    again = scheduler.ask("PUT", "/flights", whole, If_Match=made.headers["ETag"])
    assert (again.status_code, again.json["gate"], again.json["belt"]) == (200, None, "4")
    assert "gate" not in site.database.flights.find_one()
    assert site.database.flights.count_documents({}) == 1
    found = site.stranger().get(f"/flights?flight_number=UA1545&departure_date={DAY}")
    assert [one["id"] for one in found.json["flights"]] == [made.json["id"]]


def test_fields_of_a_flight_are_changed(site: Site, scheduler: Asking) -> None:
    flight = site.flight(internal="stays")
    path = f"/flights/{flight['_id']}"
    changed = scheduler.patch(path, {"gate": "c71", "status": "Delayed", "estimated_departure_time": "11:05"})
    assert changed.status_code == 200, changed.text
    stored = site.database.flights.find_one()
    assert (stored["gate"], stored["status"], stored["internal"]) == ("C71", "delayed", "stays")
    assert flights.parse(stored).delay.total_seconds() == 65 * 60
    cleared = scheduler.patch(path, {"gate": None})
    assert cleared.json["gate"] is None
    assert "gate" not in site.database.flights.find_one()


def test_an_admins_change_meanwhile_is_not_overwritten(site: Site, scheduler: Asking) -> None:
    flight = site.flight()
    path = f"/flights/{flight['_id']}"
    tag = scheduler.get(path).headers["ETag"]
    site.database.flights.update_one({}, {"$set": {"gate": "C99"}})
    assert scheduler.patch(path, {"gate": "C71"}, If_Match=tag).status_code == 412
    assert site.database.flights.find_one()["gate"] == "C99"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"gate": {"$ne": ""}}, "gate.$ne"),
        ({"gate": ["C71"]}, "gate"),
        ({"gate": 71}, "gate"),
        ({"gate": "far too long a gate"}, "gate"),
        ({"status": "removed"}, "status"),
        ({"status": "nonsense"}, "status"),
        ({"destination": None}, "destination"),
        ({"destination": "XXX"}, "destination"),
        ({"departure_time": "25:00"}, "departure_time"),
        ({"flight_number": "UA2"}, "flight_number"),
        ({"origin": "JFK"}, "origin"),
        ({"_id": "x"}, "_id"),
        ({"internal": "x"}, "internal"),
        ({"$unset": {"gate": ""}}, "$unset"),
        ({"status_reason": "a\u0000b"}, "status_reason"),
        ({"gate": "?", "status": "?"}, "status"),
    ],
)
def test_a_change_that_is_not_understood_is_not_written(
    site: Site, scheduler: Asking, sent: dict[str, Any], field: str
) -> None:
    flight = site.flight()
    answer = scheduler.patch(f"/flights/{flight['_id']}", sent)
    assert answer.status_code == 400, answer.text
    assert field in fields_at_fault(answer)
    assert site.database.flights.find_one() == flight


def test_every_wrong_field_of_a_flight_is_named(scheduler: Asking) -> None:
    wrong = FLIGHT | {"origin": "QQQ", "departure_time": "later", "gate": "?", "status": "?"}
    answer = scheduler.ask("PUT", "/flights", wrong)
    assert answer.status_code == 400
    assert fields_at_fault(answer) == {"origin", "departure_time", "gate", "status"}


def test_a_number_that_an_import_gave_to_another_booking_is_refused(site: Site, bob: Asking) -> None:
    flight = site.flight()
    theirs = {
        "_id": 77120,
        "user_id": ObjectId(bob.person),
        "flight_id": flight["_id"],
        "status": "confirmed",
    }
    site.database.bookings.insert_one(theirs)
    program = site.program("bookings:write")
    sent = {"id": "77120", "passenger": {"id": "pax-1", "name": "Ada"}, "flight_number": "UA1545"}
    assert program.post("/bookings", sent | {"departure_date": DAY}).status_code == 400
    assert list(site.database.bookings.find()) == [theirs]
