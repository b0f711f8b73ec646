"""What becomes of each kind of change."""

from __future__ import annotations

import pytest
from bson import ObjectId

from app.domain.events import Op
from app.store.resume_tokens import ResumeTokens
from tests.watchers.conftest import Line, eventually, markers, of_document, without_snapshots
from watchers import pump


def test_insert_update_replace_and_delete_arrive_with_before_and_after(line: Line) -> None:
    reader, flights = line.reader(), line.database.flights
    with line.watching():
        reader.until(markers(3))
        flights.insert_one({"_id": "f1", "flight_number": "AI1", "gate": "A1"})
        flights.update_one({"_id": "f1"}, {"$set": {"gate": "A2"}})
        flights.replace_one({"_id": "f1"}, {"flight_number": "AI1", "status": "delayed"})
        flights.delete_one({"_id": "f1"})
        events = of_document(reader.until(lambda e: len(of_document(e, "f1")) == 4), "f1")
    assert [event.op for event in events] == [Op.INSERT, Op.UPDATE, Op.REPLACE, Op.DELETE]
    insert, update, replace, delete = events
    assert (insert.before, insert.after) == (None, {"flight_number": "AI1", "gate": "A1"})
    assert insert.changed == ("flight_number", "gate")
    assert (update.before, update.after) == (insert.after, {"flight_number": "AI1", "gate": "A2"})
    assert update.changed == ("gate",)
    assert replace.changed == ("gate", "status")
    assert (delete.before, delete.after) == ({"flight_number": "AI1", "status": "delayed"}, None)
    assert [e.order for e in events] == sorted(e.order for e in events)
    assert len({e.id for e in events}) == 4
    assert {e.namespace for e in events} == {f"{line.database.name}.flights"}


def test_ids_of_every_kind_become_text_and_the_message_key(line: Line) -> None:
    reader, object_id = line.reader(), ObjectId()
    with line.watching():
        reader.until(markers(3))
        line.database.flights.insert_many([{"_id": i, "gate": "1"} for i in (object_id, "text", 5)])
        events = without_snapshots(reader.until(lambda e: len(without_snapshots(e)) == 3))
    assert {event.key for event in events} == {str(object_id), "text", "5"}
    assert {key.decode() for key in reader.keys if key} == {str(object_id), "text", "5"}


def test_an_edit_that_changes_no_watched_field_makes_no_event(line: Line) -> None:
    reader, flights = line.reader(), line.database.flights
    flights.insert_one({"_id": "f1", "gate": "A1", "updated_at": 1, "version": 1})
    with line.watching():
        reader.until(markers(3))
        flights.update_one({"_id": "f1"}, {"$set": {"updated_at": 2}, "$inc": {"version": 1}})
        flights.replace_one({"_id": "f1"}, {"gate": "A1", "updated_at": 3})
        flights.update_one({"_id": "f1"}, {"$set": {"gate": "A2"}})
        events = without_snapshots(reader.until(without_snapshots))
    assert [event.after for event in events] == [{"gate": "A2"}]


def test_only_allow_listed_fields_leave_mongodb(line: Line) -> None:
    reader = line.reader("bookings")
    booking = {
        "_id": "b1",
        "user_id": "u1",
        "flight_id": "f1",
        "status": "confirmed",
        "name": "Ann",
        "email": "a@example.org",
    }
    line.database.bookings.insert_one(booking)
    with line.watching("bookings"):
        reader.until(markers(3))
        line.database.bookings.update_one(
            {"_id": "b1"}, {"$set": {"status": "cancelled", "phone": "+15550100"}}
        )
        events = reader.until(without_snapshots)
    for event in events:
        for image in (event.before, event.after):
            assert set(image or {}) <= {"user_id", "flight_id", "status"}


def test_bookings_are_keyed_by_their_flight_in_every_operation(line: Line) -> None:
    reader, bookings = line.reader("bookings"), line.database.bookings
    flight_id = ObjectId()
    bookings.insert_one({"_id": "b0", "user_id": "u", "flight_id": flight_id})
    with line.watching("bookings"):
        reader.until(markers(3))
        bookings.insert_one({"_id": "b1", "user_id": "u", "flight_id": flight_id})
        bookings.update_one({"_id": "b1"}, {"$set": {"status": "cancelled"}})
        bookings.delete_one({"_id": "b1"})
        events = reader.until(lambda e: len(of_document(e, "b1")) == 3)
    assert {e.key for e in events if e.op is not Op.MARKER} == {str(flight_id)}
    assert {e.document_key for e in events if e.op is not Op.MARKER} == {"b0", "b1"}


def test_all_writes_of_one_transaction_arrive_in_their_order(line: Line) -> None:
    reader, flights = line.reader(), line.database.flights
    flights.insert_many([{"_id": "f1", "gate": "A"}, {"_id": "f2", "gate": "A"}])
    with line.watching():
        reader.until(markers(3))
        with line.database.client.start_session() as session, session.start_transaction():
            flights.update_one({"_id": "f1"}, {"$set": {"gate": "B"}}, session=session)
            flights.update_one({"_id": "f2"}, {"$set": {"gate": "B"}}, session=session)
            flights.update_one({"_id": "f1"}, {"$set": {"gate": "C"}}, session=session)
        events = without_snapshots(reader.until(lambda e: len(without_snapshots(e)) == 3))
    assert len({event.cluster_time for event in events}) == 1
    assert len({event.order for event in events}) == 3
    of_f1 = of_document(events, "f1")
    assert [(e.before, e.after) for e in of_f1] == [
        ({"gate": "A"}, {"gate": "B"}),
        ({"gate": "B"}, {"gate": "C"}),
    ]
    assert of_f1[0].order < of_document(events, "f2")[0].order < of_f1[1].order


def test_a_collection_without_images_still_works(line_without_images: Line) -> None:
    line = line_without_images
    reader, flights = line.reader(), line.database.flights
    flights.insert_one({"_id": "f1", "gate": "A1", "status": "scheduled"})
    with line.watching():
        reader.until(markers(3))
        flights.update_one({"_id": "f1"}, {"$set": {"gate": "A2"}})
        update = without_snapshots(reader.until(without_snapshots))[0]
        flights.delete_one({"_id": "f1"})
        delete = without_snapshots(reader.until(lambda e: len(without_snapshots(e)) == 2))[1]
    assert (update.before, update.after) == (None, {"gate": "A2", "status": "scheduled"})
    assert update.changed == ("gate", "status")
    assert (delete.op, delete.key, delete.before, delete.after) == (Op.DELETE, "f1", None, None)


def test_a_document_deleted_before_it_could_be_read_is_only_a_deletion(line_without_images: Line) -> None:
    line = line_without_images
    reader, flights = line.reader(), line.database.flights
    with line.watching():
        reader.until(markers(3))
    flights.insert_one({"_id": "f1", "gate": "A1"})
    flights.update_one({"_id": "f1"}, {"$set": {"gate": "A2"}})
    flights.delete_one({"_id": "f1"})
    with line.watching():
        events = without_snapshots(reader.until(lambda e: any(x.op is Op.DELETE for x in e)))
    assert [event.op for event in events] == [Op.INSERT, Op.DELETE]
    assert line.database.dead_letters.count_documents({}) == 0


def test_a_booking_deleted_without_image_is_skipped_because_nobody_knows_its_flight(
    line_without_images: Line,
) -> None:
    line = line_without_images
    reader, bookings = line.reader("bookings"), line.database.bookings
    bookings.insert_one({"_id": "b1", "user_id": "u", "flight_id": "f1"})
    with line.watching("bookings"):
        reader.until(markers(3))
        bookings.delete_one({"_id": "b1"})
        bookings.insert_one({"_id": "b2", "user_id": "u", "flight_id": "f1"})
        events = without_snapshots(reader.until(without_snapshots))
    assert [event.document_key for event in events] == ["b2"]
    assert line.database.dead_letters.count_documents({}) == 0


def test_documents_near_16_mb_pass_because_only_watched_fields_travel(line: Line) -> None:
    reader, flights = line.reader(), line.database.flights
    with line.watching():
        reader.until(markers(3))
        flights.insert_one({"_id": "f1", "gate": "A1", "notes": "x" * 15_900_000})
        flights.update_one({"_id": "f1"}, {"$set": {"notes": "y" * 15_900_000, "gate": "A2"}})
        flights.delete_one({"_id": "f1"})
        events = without_snapshots(reader.until(lambda e: len(without_snapshots(e)) == 3))
    assert [e.after for e in events] == [{"gate": "A1"}, {"gate": "A2"}, None]
    assert events[1].before == {"gate": "A1"}


def test_the_token_of_a_quiet_collection_moves_with_the_rest_of_the_database(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "STORE_IDLE_S", 0.2)
    tokens = ResumeTokens(line.database)
    with line.watching():
        line.reader().until(markers(3))
        seen = set()

        def has_moved() -> bool:
            line.database.other.insert_one({})
            stored = tokens.load("flights")
            if stored and stored.position.token:
                seen.add(stored.position.token["_data"])
            return len(seen) >= 3

        eventually(has_moved)


def test_a_restart_goes_on_where_the_last_one_stopped_without_repeating(line: Line) -> None:
    reader, flights = line.reader(), line.database.flights
    with line.watching():
        reader.until(markers(3))
        flights.insert_one({"_id": "f1", "gate": "A"})
        reader.until(without_snapshots)
    flights.insert_one({"_id": "f2", "gate": "A"})
    with line.watching():
        reader.until(lambda e: len(without_snapshots(e)) == 2)
        flights.insert_one({"_id": "f3", "gate": "A"})
        events = reader.until(lambda e: of_document(e, "f3"))
    assert sorted(e.document_key for e in without_snapshots(events)) == ["f1", "f2", "f3"]
    assert sum(event.op is Op.MARKER for event in events) == 3
