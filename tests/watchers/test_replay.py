"""W4: documents are read afresh when somebody asks, and only then their dead letters are replayed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from bson.timestamp import Timestamp

from app.domain import order
from app.domain.clock import system_now
from app.domain.events import ChangeEvent, Op
from app.domain.namespaces import BY_COLLECTION
from app.domain.order import is_snapshot_read
from app.store.dead_letters import REPLAYED, WAITING, DeadLetter, DeadLetters
from app.store.read_requests import RUN_PREFIX, ReadRequests
from app.store.repair import NO_TARGET, LetterDesk
from tests.watchers.conftest import Line, eventually, markers
from watchers.replay import Replays

AWAY = float("nan")
"""A gate that has no form in JSON."""


def desk(line: Line) -> LetterDesk:
    return LetterDesk(line.database, "staff:test", system_now)


def letters(line: Line) -> DeadLetters:
    return DeadLetters(line.database, system_now)


def unreadable(line: Line, document_id: Any = "f1") -> str:
    """A flight that cannot be published; the id of its dead letter. A watcher must run."""
    line.database.flights.insert_one({"_id": document_id, "gate": AWAY})
    found = eventually(lambda: letters(line).list())
    return str(found[0]["_id"])


def replays(events: list[ChangeEvent]) -> list[ChangeEvent]:
    return [event for event in events if event.id.startswith(RUN_PREFIX)]


def status(line: Line, letter_id: str) -> tuple[str, int]:
    letter = letters(line).find(letter_id)
    assert letter is not None
    return letter["status"], letter["count"]


def test_a_replay_is_a_fresh_snapshot_event_and_then_the_letter_is_replayed(line: Line) -> None:
    reader = line.reader()
    with line.watching():
        letter_id = unreadable(line)
        line.database.flights.update_one({"_id": "f1"}, {"$set": {"gate": "C71"}})
        assert desk(line).replay(letter_id) is None
        (event,) = reader.until(replays) and replays(reader.events)
        eventually(lambda: status(line, letter_id) == (REPLAYED, 1))
    assert (event.op, event.key, event.document_key, event.after) == (
        Op.SNAPSHOT,
        "f1",
        "f1",
        {"gate": "C71"},
    )
    others = [e for e in reader.events if e.key == "f1" and e is not event]
    assert is_snapshot_read(event.order)
    assert all(other.order < event.order for other in others)
    assert ReadRequests(line.database).count() == 0
    history = letters(line).find(letter_id)["history"]  # type: ignore[index]
    assert [(entry["what"], entry.get("by")) for entry in history] == [
        ("replay asked", "staff:test"),
        ("replayed", None),
    ]


def test_a_document_that_is_still_bad_comes_back_counted_and_goes_on_waiting(line: Line) -> None:
    with line.watching():
        letter_id = unreadable(line)
        desk(line).replay(letter_id)
        eventually(
            lambda: status(line, letter_id) == (WAITING, 2) and ReadRequests(line.database).count() == 0
        )
        assert line.database.dead_letters.count_documents({}) == 1
        line.database.flights.update_one({"_id": "f1"}, {"$set": {"gate": "C71"}})
        desk(line).replay(letter_id)
        eventually(lambda: status(line, letter_id) == (REPLAYED, 2))


def test_several_letters_and_asks_of_one_document_are_one_read(line: Line) -> None:
    reader = line.reader()
    with line.watching():
        first = unreadable(line)
        line.database.flights.update_one({"_id": "f1"}, {"$set": {"gate": float("inf")}})
        eventually(lambda: letters(line).count() == 2)
        line.database.flights.update_one({"_id": "f1"}, {"$set": {"gate": "C71"}})
        reader.until(lambda e: any(one.after == {"gate": "C71"} for one in e))
    ids = list(letters(line).states([first, *(row["_id"] for row in letters(line).list())]))
    for letter_id in [*ids, *ids]:
        assert desk(line).replay(letter_id) is None
    assert ReadRequests(line.database).count() == 1
    with line.watching():
        eventually(lambda: letters(line).count(status=REPLAYED) == 2)
        reader.until(replays)
    assert len(replays(reader.events)) == 1


def test_a_document_that_is_gone_is_said_to_be_absent(line: Line) -> None:
    reader = line.reader()
    with line.watching():
        letter_id = unreadable(line)
        line.database.flights.delete_one({"_id": "f1"})
        reader.until(lambda e: any(one.op is Op.DELETE for one in e))
        desk(line).replay(letter_id)
        reader.until(replays)
        eventually(lambda: status(line, letter_id) == (REPLAYED, 1))
    (event,) = replays(reader.events)
    assert (event.op, event.key, event.after) == (Op.SNAPSHOT, "f1", None)
    (deleted,) = [e for e in reader.events if e.op is Op.DELETE]
    assert deleted.order < event.order


@pytest.mark.parametrize("document_id", [7, 7.5])
def test_the_document_is_found_by_its_id_as_it_is_stored(line: Line, document_id: Any) -> None:
    reader = line.reader()
    with line.watching():
        letter_id = unreadable(line, document_id)
        line.database.flights.update_one({"_id": document_id}, {"$set": {"gate": "C71"}})
        desk(line).replay(letter_id)
        reader.until(replays)
    assert [e.after for e in replays(reader.events)] == [{"gate": "C71"}]


def test_letters_of_a_flights_bookings_read_all_bookings_of_the_flight(line: Line) -> None:
    line.database.bookings.insert_many({"_id": n, "user_id": "p", "flight_id": f"f{n % 2}"} for n in range(6))
    letters(line).add(
        DeadLetter("notifier", "bookings", "f1", "handler_failed", "boom", topic="t", partition=0, offset=9)
    )
    reader = line.reader("bookings")
    with line.watching("bookings"):
        reader.until(markers(3))
        desk(line).replay("notifier:bookings:t/0/9")
        reader.until(lambda e: len(replays(e)) == 3)
        eventually(lambda: letters(line).count(status=REPLAYED) == 1)
    assert {e.document_key for e in replays(reader.events)} == {"1", "3", "5"}
    assert {e.key for e in replays(reader.events)} == {"f1"}
    assert len({e.id for e in replays(reader.events)}) == 3


def test_a_letter_met_again_before_its_replay_ended_goes_on_waiting(line: Line) -> None:
    found = letters(line)
    found.add(DeadLetter("notifier", "flights", "f1", "bad_field", "gate", event_id="e1", document_id="f1"))
    counts = found.begin_replay(["notifier:flights:e1"], "abc")
    # The notifier is faster than the watcher, and does not understand the replay either.
    again = DeadLetter(
        "notifier", "flights", "f1", "bad_field", "gate: again", event_id=f"{RUN_PREFIX}abc:f1"
    )
    found.add(again)
    assert found.end_replay(counts, "read and published") == 0
    (letter,) = found.list()
    assert (letter["_id"], letter["count"], letter["words"]) == ("notifier:flights:e1", 2, "gate: again")
    assert [entry["what"] for entry in letter["history"]] == ["returned"]


def test_a_request_asked_again_while_it_is_served_is_served_again(line: Line) -> None:
    requests = ReadRequests(line.database)
    found = letters(line)
    found.add(DeadLetter("watcher", "flights", "f1", "unencodable", "gate", event_id="e1", document_id="f1"))
    desk(line).replay("watcher:flights:e1")
    (request_id,) = requests.waiting("flights", 10)
    begun = requests.begin(request_id)
    assert begun is not None
    desk(line).replay("watcher:flights:e1")
    assert not requests.end(begun[0])
    assert requests.waiting("flights", 10) == [request_id]


def test_a_letter_that_names_no_document_is_refused_with_the_reason(line: Line) -> None:
    letters(line).add(
        DeadLetter("notifier", "bookings", "", "not_json", "?", topic="t", partition=0, offset=1)
    )
    assert desk(line).replay("notifier:bookings:t/0/1") == NO_TARGET
    assert letters(line).count() == 1
    assert ReadRequests(line.database).count() == 0


class OlderReads:
    """A database whose reads with read concern snapshot are served as of an older time at first."""

    def __init__(self, database: Any, read_at: Timestamp, times: int) -> None:
        self._database = database
        self._read_at = read_at
        self.left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def __getitem__(self, name: str) -> Any:
        return self._database[name]

    def command(self, command: Any, **how: Any) -> Any:
        answer = self._database.command(command, **how)
        if "atClusterTime" in answer.get("cursor", {}) and self.left:
            self.left -= 1
            answer["cursor"]["atClusterTime"] = self._read_at
        return answer


def test_a_read_that_is_older_than_its_request_is_not_believed(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = line.database.command("ping")["operationTime"]
    served: list[OlderReads] = []
    made = Replays.__init__

    def on_older_reads(self: Replays, database: Any, *more: Any) -> None:
        served.append(OlderReads(database, older, times=2))
        made(self, served[-1], *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Replays, "__init__", on_older_reads)
    line.database.flights.insert_one({"_id": "f1", "gate": "C71"})
    reader = line.reader()
    with line.watching():
        reader.until(markers(3))
        letters(line).add(
            DeadLetter("watcher", "flights", "f1", "unencodable", "gate", event_id="e1", document_id="f1")
        )
        desk(line).replay("watcher:flights:e1")
        reader.until(replays)
        eventually(lambda: ReadRequests(line.database).count() == 0)
    (event,) = replays(reader.events)
    assert [one.left for one in served] == [0], "both old reads were made, and thrown away"
    assert order.cluster_time_of(event.order) > (older.time, older.inc)


def test_many_requests_leave_the_stream_its_turn(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        letter = DeadLetter(
            "watcher",
            "flights",
            f"f{number}",
            "unencodable",
            "gate",
            event_id=f"e{number}",
            document_id=f"f{number}",
        )
        letters(line).add(letter)
        desk(line).replay(f"watcher:flights:e{number}")
    clock, served = Clock(), list[float]()

    def serve(self: Replays, request: Any, t0: Any) -> None:
        served.append(clock.seconds)
        clock.seconds += 0.2

    monkeypatch.setattr("watchers.replay.time", SimpleNamespace(monotonic=clock))
    monkeypatch.setattr(Replays, "_serve", serve)
    nothing: Any = lambda: None  # noqa: E731
    replaying = Replays(
        line.database, BY_COLLECTION["flights"], nothing, nothing, nothing, nothing, system_now
    )
    replaying.serve()
    assert len(served) == 3
    clock.seconds += 0.9
    replaying.serve()
    assert len(served) == 3, "a second passes from the end of a round to the next"
    clock.seconds += 0.2
    replaying.serve()
    assert len(served) == 6


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds
