"""Gaps are closed, not hidden: first start, lost token, dropped collection, another topic."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from bson import ObjectId

from app.bus import topics
from app.bus.incarnation import Incarnations
from app.bus.topics import TopicIds
from app.domain import order
from app.domain.clock import system_now
from app.domain.errors import TransientError
from app.domain.events import ChangeEvent, Op
from app.domain.namespaces import BY_COLLECTION
from app.runtime import StopFlag
from app.store.gaps import Gaps
from app.store.resume_tokens import Position, ResumeTokens
from tests.watchers.conftest import IMAGES, Line, eventually, markers, of_document, without_snapshots
from watchers import snapshot


def shape(events: list[ChangeEvent]) -> dict[str, object]:
    return {e.document_key: e.after for e in events if e.op is Op.SNAPSHOT}


def test_the_first_start_reads_everything_and_ends_with_a_marker_in_every_partition(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "CHUNK_DOCUMENTS", 4)
    ids = [*(f"f{n}" for n in range(9)), *(ObjectId() for _ in range(5)), *range(5), 5.5, {"a": 1}]
    line.database.flights.insert_many([{"_id": i, "gate": "A1", "secret": "x"} for i in ids])
    reader = line.reader()
    with line.watching():
        events = reader.until(markers(3))
    snapshots = [e for e in events if e.op is Op.SNAPSHOT]
    found_markers = [e for e in events if e.op is Op.MARKER]
    assert sorted(e.document_key for e in snapshots) == sorted(str(i) for i in ids)
    assert all(e.after == {"gate": "A1"} and e.before is None for e in snapshots)
    (t0,) = {e.cluster_time for e in found_markers}
    assert all(e.cluster_time >= t0 for e in snapshots)
    assert all(e.order == order.of_marker(1, t0) and e.key == "" for e in found_markers)
    assert all(e.order == order.of_snapshot_read(1, e.cluster_time) for e in snapshots)
    assert len({e.id for e in snapshots}) == len(ids)


def test_a_chunk_is_as_large_as_it_is_said_to_be(line: Line) -> None:
    count = snapshot.CHUNK_DOCUMENTS + 500
    line.database.flights.insert_many([{"_id": n, "gate": "A1"} for n in range(count)])
    reader = snapshot.SnapshotReader(line.database, BY_COLLECTION["flights"], system_now, StopFlag())
    chunks = [[change["documentKey"]["_id"] for change in some] for some in reader.reads("s", (0, 0))]
    assert [len(some) for some in chunks] == [snapshot.CHUNK_DOCUMENTS, 500]
    assert [document_id for some in chunks for document_id in some] == list(range(count))


def test_a_snapshot_of_an_empty_or_missing_collection_is_its_markers(line: Line) -> None:
    line.database.notices.drop()
    with line.watching("notices"):
        events = line.reader("notices").until(markers(3))
    assert {e.op for e in events} == {Op.MARKER}


def test_changes_made_while_the_snapshot_is_read_are_not_lost(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "CHUNK_DOCUMENTS", 50)
    flights, reader = line.database.flights, line.reader()
    flights.insert_many([{"_id": f"f{n:04}", "gate": "A"} for n in range(1000)])
    with line.watching():
        reader.until(lambda e: len(e) > 50)
        for n in range(0, 1000, 10):
            flights.update_one({"_id": f"f{n:04}"}, {"$set": {"gate": "B"}})
        flights.delete_one({"_id": "f0999"})
        events = reader.until(lambda e: any(x.op is Op.DELETE for x in e) and markers(3)(e))
    latest: dict[str, ChangeEvent] = {}
    for event in events:
        if event.op is not Op.MARKER and event.order > getattr(latest.get(event.key), "order", ""):
            latest[event.key] = event
    expected = {d["_id"]: {"gate": d["gate"]} for d in flights.find()} | {"f0999": None}
    assert {key: event.after for key, event in latest.items()} == expected


BOGUS = {
    "not hexadecimal": Position(token={"_data": "zzzz"}),
    "cut off": Position(token={"_data": "8263"}),
    "nonsense": Position(token={"_data": "82" + "00" * 30}),
    "of another shape": Position(token={"foo": 1}),
}


@pytest.mark.parametrize("position", BOGUS.values(), ids=BOGUS.keys())
def test_a_token_that_mongodb_refuses_leads_to_a_snapshot(line: Line, position: Position) -> None:
    reader, flights = line.reader(), line.database.flights
    with line.watching():
        reader.until(markers(3))
    flights.insert_one({"_id": "unseen", "gate": "A1"})
    stored = ResumeTokens(line.database).load("flights")
    assert stored is not None
    ResumeTokens(line.database).save("flights", position, stored.topic_id, stored.saved_at)
    with line.watching():
        events = reader.until(markers(6))
        assert [e.op for e in of_document(events, "unseen")] == [Op.SNAPSHOT]
        flights.update_one({"_id": "unseen"}, {"$set": {"gate": "A2"}})
        reader.until(lambda e: of_document(e, "unseen")[-1].op is Op.UPDATE)


def test_a_start_before_the_oplogs_first_entry_loses_nothing(line: Line) -> None:
    reader = line.reader()
    with line.watching():
        reader.until(markers(3))
    line.database.flights.insert_one({"_id": "unseen", "gate": "A1"})
    stored = ResumeTokens(line.database).load("flights")
    assert stored is not None
    position = Position(start_at=(1000, 1))
    ResumeTokens(line.database).save("flights", position, stored.topic_id, stored.saved_at)
    with line.watching():
        reader.until(lambda e: of_document(e, "unseen"))


def test_the_gap_of_a_restore_says_so_and_since_when(line: Line) -> None:
    reader, tokens = line.reader(), ResumeTokens(line.database)
    with line.watching():
        reader.until(markers(3))
    stored = tokens.load("flights")
    assert stored is not None
    assert tokens.forget_all() == 1  # R4
    with line.watching(incarnation=lambda: 2):
        reader.until(markers(6))
    (gap,) = Gaps(line.database).latest(10)
    assert (gap.cause, gap.blind_from, gap.first) == ("restore", stored.saved_at, False)


@pytest.mark.parametrize("how", ["drop", "rename", "rename over"])
def test_a_collection_that_was_dropped_or_renamed_is_read_anew_and_watched_on(line: Line, how: str) -> None:
    reader, database = line.reader(), line.database
    database.flights.insert_many([{"_id": "f1", "gate": "A"}, {"_id": "f2", "gate": "A"}])
    with line.watching():
        reader.until(markers(3))
        database.flights.update_one({"_id": "f1"}, {"$set": {"gate": "B"}})
        if how == "rename over":
            database.create_collection("prepared", **IMAGES).insert_one({"_id": "f2", "gate": "C"})
            database.prepared.rename("flights", dropTarget=True)
        elif how == "rename":
            database.flights.rename("flights_of_yesterday")
        else:
            database.flights.drop()
        reader.until(markers(6))
        if how != "rename over":
            database.create_collection("flights", **IMAGES)
            database.flights.insert_one({"_id": "f2", "gate": "C"})
        events = reader.until(lambda e: {"gate": "C"} in [x.after for x in of_document(e, "f2")])
        database.flights.update_one({"_id": "f2"}, {"$set": {"gate": "D"}})
        events = reader.until(lambda e: of_document(e, "f2")[-1].after == {"gate": "D"})
    assert [e.after for e in of_document(without_snapshots(events), "f1")] == [{"gate": "B"}]
    last_marker = max(e.order for e in events if e.op is Op.MARKER)
    assert all(e.order < last_marker for e in of_document(events, "f1")), (
        "the notifier would not notice that f1 is gone"
    )
    assert of_document(events, "f2")[-1].before == {"gate": "C"}


def test_a_watcher_that_dies_before_the_snapshot_of_a_dropped_collection_owes_it_still(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchers.pump.STORE_IDLE_S", 0)
    reader, begun = line.reader(), threading.Event()

    def dies(*_: object) -> Position:
        begun.set()
        raise TransientError("killed here")

    line.database.flights.insert_one({"_id": "f1", "gate": "A"})
    with monkeypatch.context() as patch, line.watching():
        reader.until(markers(3))
        patch.setattr("watchers.watcher.Watcher._snapshot", dies)
        line.database.flights.drop()
        assert begun.wait(20)
    with line.watching():
        reader.until(markers(6))


def test_collmod_that_turns_images_off_is_survived(line: Line) -> None:
    reader, database = line.reader(), line.database
    with line.watching():
        reader.until(markers(3))
        database.flights.insert_one({"_id": "f1", "gate": "A"})
        database.command({"collMod": "flights", "changeStreamPreAndPostImages": {"enabled": False}})
        database.flights.update_one({"_id": "f1"}, {"$set": {"gate": "B"}})
        reader.until(
            lambda e: len(of_document(e, "f1")) == 2
        )  # without images the document is read as it is then
        database.command({"collMod": "flights", "validator": {}})
        database.command({"collMod": "flights", "changeStreamPreAndPostImages": {"enabled": True}})
        database.flights.update_one({"_id": "f1"}, {"$set": {"gate": "C"}})
        events = of_document(reader.until(lambda e: len(of_document(e, "f1")) == 3), "f1")
    assert [e.after for e in events] == [{"gate": "A"}, {"gate": "B"}, {"gate": "C"}]
    assert [e.before for e in events] == [None, None, {"gate": "B"}]


def test_a_topic_that_was_made_again_is_filled_by_a_snapshot(line: Line) -> None:
    database = line.database
    database.flights.insert_one({"_id": "f1", "gate": "A"})
    with line.watching():
        line.reader().until(markers(3))
        line.admin.delete_topics([line.topic("flights")])
        eventually(lambda: line.topic("flights") in line.admin.list_topics())  # the watcher makes it again
        again = line.reader()
        again.until(markers(3), timeout_s=60)
        database.flights.insert_one({"_id": "f2", "gate": "A"})
        events = again.until(lambda e: of_document(e, "f2"), timeout_s=60)
    assert shape(events)["f1"] == {"gate": "A"}


def test_a_topic_made_again_while_nobody_watched_is_filled_by_a_snapshot(line: Line) -> None:
    line.database.flights.insert_one({"_id": "f1", "gate": "A"})
    with line.watching():
        line.reader().until(markers(3))
    line.admin.delete_topics([line.topic("flights")])
    with line.watching():
        eventually(lambda: line.topic("flights") in line.admin.list_topics())
        assert shape(line.reader().until(markers(3)))["f1"] == {"gate": "A"}


def test_a_topic_of_operations_that_is_deleted_at_run_time_is_made_again(
    make_line: Callable[..., Line], database_uri: str, apache_kafka: str
) -> None:
    line = make_line(database_uri, apache_kafka)  # Tansu has such a topic again by itself
    operations = topics.name(line.settings, topics.OPERATIONS)
    incarnations, reader = Incarnations(line.settings, max_age_s=0), line.reader()
    before = TopicIds(line.admin).current(operations).id

    def made_again() -> bool:
        missing = operations in topics.missing(line.admin, line.settings)
        return not missing and TopicIds(line.admin).current(operations).id != before

    with line.watching(incarnation=incarnations.number) as watcher:
        reader.until(markers(3))
        line.admin.delete_topics([operations])
        line.database.flights.insert_one({"_id": "f1", "gate": "A"})
        eventually(made_again, timeout_s=120)  # clients believe what they know of topics for 30 s
        reader.until(lambda e: of_document(e, "f1"), timeout_s=60)
        stored = line.database.resume_tokens.find_one({"_id": "flights"})
        eventually(lambda: line.database.resume_tokens.find_one({"_id": "flights"}) != stored, timeout_s=120)
        eventually(lambda: watcher.check() is None)
    incarnations.close()


def test_more_partitions_are_another_topic(
    make_line: Callable[..., Line], database_uri: str, apache_kafka: str
) -> None:
    line = make_line(database_uri, apache_kafka)
    line.database.flights.insert_one({"_id": "f1", "gate": "A"})
    with line.watching():
        line.reader().until(markers(3))
        line.admin.create_partitions({line.topic("flights"): 5})
        line.settings = line.settings.model_copy(update={"kafka_partitions": 5})
        line.database.flights.update_one({"_id": "f1"}, {"$set": {"gate": "B"}})
        line.reader().until(markers(3 + 5), timeout_s=60)
