"""What is known: set only forwards, and who speaks for a subject."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bson import Int64, ObjectId
from pymongo.database import Database

from app.domain.flight import parse
from app.domain.order import Order, of_event, of_snapshot_read
from app.store import ids
from app.store.known import Known, KnownFlights, State, Subject
from tests.domain.test_flight import WRITTEN

FLIGHT = parse(WRITTEN)


def at(time: int) -> Order:
    return of_event(0, (time, 1), "82AB")


def known(key: str, time: int, **more: Any) -> Known:
    values: dict[str, Any] = {
        "state": State.PRESENT,
        "partition": 0,
        "subject": "flight:a",
        "identity": FLIGHT.identity,
        "value": FLIGHT,
        "announced": FLIGHT,
    }
    order = more.pop("order", at(time))
    return Known(key, order, **(values | more))


def test_known_moves_forward_only(database: Database[dict[str, Any]]) -> None:
    store = KnownFlights(database)
    store.set_all([known("a", 5), known("b", 5, subject="flight:b")])
    store.set_all([known("a", 4, event_id="older"), known("b", 6, subject="flight:b", event_id="newer")])
    found = store.of_keys(["a", "b", "c"])
    assert found["a"] == known("a", 5)
    assert found["b"].event_id == "newer"
    store.set_unknown("a", at(5), 0)
    assert store.of_keys(["a"])["a"].state is State.PRESENT
    store.set_unknown("a", at(6), 3)
    assert store.of_keys(["a"])["a"] == replace(known("a", 6), state=State.UNKNOWN, partition=3)
    store.set_all([known("a", 6)])
    assert store.of_keys(["a"])["a"].state is State.UNKNOWN, "it was not read as unknown: a late worker's"
    store.set_all([known("a", 6)], mended=["a"])
    assert store.of_keys(["a"])["a"] == known("a", 6)
    store.set_all([known("a", 6, event_id="other")], mended=["a"])
    assert store.of_keys(["a"])["a"] == known("a", 6)
    store.set_unknown("never", None, 1)
    assert store.of_keys(["never"])["never"] == Known("never", Order(""), State.UNKNOWN, 1)


def test_subjects_are_read_with_all_their_documents(database: Database[dict[str, Any]]) -> None:
    store = KnownFlights(database)
    store.set_all([known("a", 1, state=State.GONE), known("b", 2), known("z", 3, subject="flight:z")])
    assert store.of_subjects(["flight:a"])["flight:a"].keys == ("a", "b")
    assert store.of_identities([FLIGHT.identity, "?"]) == {"flight:a", "flight:z"}
    assert store.names_after("", "2026-11-30", 2) == ["flight:a"]
    assert store.names_after("", "2026-11-30", 3) == ["flight:a", "flight:z"]
    assert store.names_after("flight:a", "2026-11-30", 3) == ["flight:z"]
    assert store.names_after("", "2026-12-02", 10) == []
    assert [k.key for k in store.unseen_since(0, at(3), 1)] == ["b"]
    store.set_all([known("p", 1, partition=5), known("q", 1, partition=2)])
    assert [[k.key for k in store.unseen_since(p, at(2), 3)] for p in range(3)] == [["p"], [], ["q"]]


def test_a_flight_that_was_inserted_again_has_all_its_documents(database: Database[dict[str, Any]]) -> None:
    store = KnownFlights(database)
    never_understood = known("n", 1, subject=None), known("m", 1, subject=None)
    store.set_all(
        [known("a", 1, state=State.GONE), known("b", 2), known("z", 3, subject="flight:z"), *never_understood]
    )
    assert store.documents_of(["b"]) == ["b", "a"]
    assert sorted(store.documents_of(["a", "n", "unseen"])) == ["a", "b", "n", "unseen"]
    assert store.documents_of([]) == []
    assert store.documents_of_subject("flight:a") == ["a", "b"]
    assert store.documents_of_subject("flight:unseen") == ["unseen"]
    assert store.documents_of_subject("notice:a") == ["notice:a"]


def test_the_latest_document_that_is_not_gone_speaks(database: Database[dict[str, Any]]) -> None:
    old, new = known("a", 9, state=State.GONE), known("b", 2)
    assert Subject("flight:a", (old, new)).speaker is new
    assert Subject("flight:a", (old, new)).order == at(9)
    assert Subject("flight:a", (old, replace(new, state=State.GONE))).speaker is old
    unknown = known("c", 3, state=State.UNKNOWN)
    assert Subject("flight:a", (new, unknown)).speaker is unknown


def test_an_id_written_as_text_finds_every_id_written_so() -> None:
    oid = ObjectId()
    assert ids.forms(str(oid)) == [str(oid), oid]
    assert ids.forms("42") == ["42", Int64(42)]
    assert ids.forms("-7") == ["-7", Int64(-7)]
    for text in ("007", "+7", "9" * 30, "x", "", "--1", "٣"):
        assert ids.forms(text) == [text]
    assert ids.all_forms(["1", "x"]) == ["1", Int64(1), "x"]


def test_a_subjects_version_grows_with_every_event_of_any_document() -> None:
    versions = [
        Subject("flight:a", tuple(known(key, time) for key, time in members)).version
        for members in (
            [("a", 3)],
            [("a", 3), ("b", 1)],
            [("a", 3), ("b", 2)],
            [("a", 3), ("b", 2), ("c", 1)],
            [("a", 4)],
            [("a", 4), ("b", 2)],
            [("a", 4), ("b", 5)],
        )
    ]
    assert versions == sorted(versions)
    assert len(set(versions)) == len(versions)
    assert versions[0] == at(3), "of one document it is that one's order"
    last = known("z", 1, order=of_snapshot_read(0, (3, 1)))
    both = Subject("flight:a", (known("a", 3), last)).version
    assert Subject("flight:a", (last,)).version < both < at(4)
