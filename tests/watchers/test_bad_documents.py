"""Whatever an admin stores, the watcher goes on: what cannot be an event is a dead letter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import bson
import pytest
from bson import (
    Binary,
    Code,
    DatetimeMS,
    DBRef,
    Decimal128,
    Int64,
    MaxKey,
    MinKey,
    ObjectId,
    Regex,
    Timestamp,
)
from bson.raw_bson import RawBSONDocument

from app.domain.events import ChangeEvent, Op
from tests.watchers.conftest import Line, markers, of_document, without_snapshots
from watchers import snapshot

ID = ObjectId()

READABLE = {
    "object_id": (ID, str(ID)),
    "datetime": (datetime(2026, 12, 1, 10, 0, 0, 5000, tzinfo=UTC), "2026-12-01T10:00:00.005Z"),
    "decimal": (Decimal128("129.90"), "129.90"),
    "int64": (Int64(2**53 + 1), 2**53 + 1),
    "double": (1.5, 1.5),
    "bool": (True, True),
    "null": (None, None),
    "empty": ("", ""),
    "unicode": ("Zürich ✈ 東京 \u0000 '\"", "Zürich ✈ 東京 \u0000 '\""),
    "nested": (
        {"a": [1, {"b": Decimal128("1.5"), "c": None}], "d": ID},
        {"a": [1, {"b": "1.5", "c": None}], "d": str(ID)},
    ),
    "array": (["A1", Int64(5)], ["A1", 5]),
}
UNREADABLE = {
    "nan": float("nan"),
    "infinity": float("inf"),
    "decimal_nan": Decimal128("NaN"),
    "binary": b"\x00\x01",
    "uuid": Binary(b"0123456789abcdef", 4),
    "regex": Regex("^A"),
    "code": Code("function() {}"),
    "timestamp": Timestamp(1, 1),
    "min_key": MinKey(),
    "max_key": MaxKey(),
    "reference": DBRef("gates", 1),
    "year_10000": DatetimeMS(253402300800000),
    "nan_within": {"deep": [{"er": float("nan")}]},
}


def not_utf8(document_id: str) -> RawBSONDocument:
    """A document whose gate is not UTF-8: drivers refuse to make one, but servers keep what broken programs send."""
    return RawBSONDocument(bson.encode({"_id": document_id, "gate": "A?"}).replace(b"A?\x00", b"A\xff\x00"))


def test_every_readable_bson_type_arrives_as_json(line: Line) -> None:
    reader = line.reader()
    line.database.flights.insert_many({"_id": name, "gate": value} for name, (value, _) in READABLE.items())
    line.database.flights.insert_one({"_id": "missing"})
    with line.watching():
        reader.until(markers(3))
        for name, (value, _) in READABLE.items():
            line.database.flights.insert_one({"_id": f"{name} again", "gate": value})
        events = reader.until(lambda e: len(without_snapshots(e)) == len(READABLE))
    for name, (_, expected) in READABLE.items():
        for key in (name, f"{name} again"):
            assert [e.after for e in of_document(events, key)] == [{"gate": expected}], key
    assert [e.after for e in of_document(events, "missing")] == [{}]


@pytest.mark.parametrize("found_by", ["stream", "snapshot"])
def test_what_has_no_form_in_json_is_a_dead_letter_and_its_neighbours_go_on(
    line: Line, found_by: str
) -> None:
    reader, flights = line.reader(), line.database.flights

    def write() -> None:
        for name, value in UNREADABLE.items():
            flights.insert_one({"_id": name, "gate": value, "status": "scheduled", "secret": "stays"})
            flights.insert_one({"_id": f"after {name}", "gate": "A1"})
        flights.insert_one(not_utf8("not_utf8"))

    if found_by == "snapshot":
        write()
    with line.watching():
        reader.until(markers(3))
        if found_by == "stream":
            write()
        names = {*UNREADABLE, "not_utf8"}
        events = reader.until(
            lambda e: names | {f"after {n}" for n in UNREADABLE} <= {x.document_key for x in e}
        )
    unreadable = {e.document_key: e for e in events if e.op is Op.UNREADABLE}
    assert set(unreadable) == names
    assert all((e.before, e.after, e.changed) == (None, None, ()) for e in unreadable.values())
    letters: dict[str, dict[str, Any]] = {
        letter["key"]: letter for letter in line.database.dead_letters.find()
    }
    assert set(letters) == names
    for name, letter in letters.items():
        assert (letter["reason"], letter["field"], letter["source"]) == ("unencodable", "gate", "watcher")
        assert letter["event_id"] == unreadable[name].id
        assert "secret" not in letter.get("document", {})


def test_ids_that_are_not_utf8_stop_neither_a_snapshot_nor_a_stream_without_images(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "CHUNK_DOCUMENTS", 1)  # the next read begins after each of them
    reader, database = line.reader(), line.database
    plain = {"_id": "f1", "gate": "A"}
    for odd in ("f?", {"of": ["f1", {"n": "f?"}, 1]}):
        written = bson.encode({"_id": odd, "gate": "A"}).replace(b"f?\x00", b"f\xff\x00")
        database.flights.insert_one(RawBSONDocument(written))
    database.flights.insert_one(plain)
    with line.watching():
        events = reader.until(markers(3))
        assert len([e for e in events if e.after == {"gate": "A"}]) == 3
        database.command({"collMod": "flights", "changeStreamPreAndPostImages": {"enabled": False}})
        database.flights.update_many({}, {"$set": {"gate": "B"}})
        reader.until(lambda e: len([x for x in e if x.after == {"gate": "B"}]) == 3)
    assert line.database.dead_letters.count_documents({}) == 0


def test_mending_a_bad_document_is_an_event_like_any(line: Line) -> None:
    reader, flights = line.reader(), line.database.flights
    with line.watching():
        reader.until(markers(3))
        flights.insert_one({"_id": "f1", "gate": float("nan")})
        flights.update_one({"_id": "f1"}, {"$set": {"gate": "A1"}})
        flights.update_one({"_id": "f1"}, {"$set": {"gate": float("inf")}})
        flights.delete_one({"_id": "f1"})
        events = without_snapshots(reader.until(lambda e: any(x.op is Op.DELETE for x in e)))
    assert [event.op for event in events] == [Op.UNREADABLE, Op.UPDATE, Op.UNREADABLE, Op.DELETE]
    assert (events[1].before, events[1].after) == (None, {"gate": "A1"})


def test_a_dead_letter_met_again_is_counted_not_doubled(line: Line) -> None:
    reader = line.reader()
    with line.watching():
        reader.until(markers(3))
    line.database.flights.insert_one({"_id": "f1", "gate": float("nan")})
    stored = line.database.resume_tokens.find_one({"_id": "flights"})
    for times in (1, 2):
        line.database.resume_tokens.replace_one({"_id": "flights"}, stored or {})
        with line.watching():
            reader.until(lambda e, n=times: sum(x.op is Op.UNREADABLE for x in e) == n)
    (letter,) = line.database.dead_letters.find()
    assert letter["count"] == 2
    assert letter["first_at"] < letter["last_at"]


def test_watched_fields_that_are_too_large_are_dead_letters_and_the_stream_goes_on(line: Line) -> None:
    reader, flights = line.reader(), line.database.flights

    def done(events: list[ChangeEvent]) -> bool:
        return bool(of_document(events, "last"))

    with line.watching():
        reader.until(markers(3))
        flights.insert_one({"_id": "f1", "gate": "A1"})
        # Both images together exceed what one answer of the server may hold.
        flights.update_one({"_id": "f1"}, {"$set": {"gate": "x" * 15_000_000}})
        flights.update_one({"_id": "f1"}, {"$set": {"gate": "y" * 15_000_000}})
        flights.update_one({"_id": "f1"}, {"$set": {"gate": "A2"}})
        flights.insert_one({"_id": "f2", "gate": "z" * 1_100_000})
        flights.insert_one({"_id": "f3", "gate": "w" * 100_000})
        flights.insert_one({"_id": "last", "gate": "A1"})
        events = without_snapshots(reader.until(done))
        flights.update_one({"_id": "last"}, {"$set": {"gate": "A2"}})
        after = reader.until(lambda e: len(of_document(e, "last")) == 2)
    assert [e.op for e in of_document(events, "f1")] == [Op.INSERT, Op.UNREADABLE, Op.UNREADABLE, Op.UPDATE]
    assert (of_document(events, "f1")[-1].before, of_document(events, "f1")[-1].after) == (
        None,
        {"gate": "A2"},
    )
    assert [e.op for e in of_document(events, "f2")] == [Op.UNREADABLE]
    assert [e.after for e in of_document(events, "f3")] == [{"gate": "w" * 100_000}]
    assert of_document(after, "last")[-1].before == {"gate": "A1"}
    letters = list(line.database.dead_letters.find())
    assert sorted(letter["key"] for letter in letters) == ["f1", "f1", "f2"]
    assert {letter["reason"] for letter in letters} == {"too_large"}


def test_a_booking_without_a_flight_is_a_dead_letter(line: Line) -> None:
    reader = line.reader("bookings")
    line.database.bookings.insert_one({"_id": "b0", "user_id": "u", "flight_id": None})
    with line.watching("bookings"):
        reader.until(markers(3))
        line.database.bookings.insert_one({"_id": "b1", "user_id": "u"})
        line.database.bookings.insert_one({"_id": "b2", "user_id": "u", "flight_id": "f1"})
        events = reader.until(lambda e: of_document(e, "b2"))
    assert not of_document(events, "b0")
    assert not of_document(events, "b1")
    assert {letter["reason"] for letter in line.database.dead_letters.find()} == {"no_key"}
    assert line.database.dead_letters.count_documents({}) == 2
