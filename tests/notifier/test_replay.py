"""N7's other half: a document that was read afresh ends what was unknown, and says what was missed; once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.bus.consumer import Received
from app.domain.errors import BadEventError
from app.domain.events import ChangeEvent, Op
from app.store.dead_letters import REPLAYED, WAITING
from app.store.known import State
from app.store.read_requests import ReadRequests
from app.store.repair import LetterDesk
from tests.notifier.world import FLIGHT, World


def absent(world: World, time: int, key: str = "f1") -> Received:
    """A read that found no document."""
    return world.event(time, "flights", key, Op.SNAPSHOT, after=None)


def poison(world: World, time: int, key: str = "f1") -> Received:
    """A message of which nothing but the key can be read, whatever it was."""
    event = world.flight(time, key)
    return replace(event, event=BadEventError("not_json", "the message is not JSON"))


def state(world: World, key: str = "f1") -> State:
    return world.stores.known.of_keys([key])[key].state


def test_what_was_missed_is_told_by_the_replay_and_nothing_by_its_repetition(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1), poison(world, 2))
    assert state(world) is State.UNKNOWN
    assert world.deliver() == []
    again = world.snapshot(3, status="cancelled")
    world.handle(again)
    assert state(world) is State.PRESENT
    assert world.deliver() == [("ada", "scheduled", "cancelled")]
    before = world.state()
    world.handle(again)
    world.handle(world.snapshot(4, status="cancelled"))
    assert world.deliver() == []
    assert world.state()["announcements"] == before["announcements"]


def test_the_same_replay_is_silent_where_nothing_was_missed(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1), poison(world, 2), world.snapshot(3))
    assert world.due() == set()
    assert world.db.announcements.count_documents({}) == 0


def test_older_events_that_come_after_the_replay_say_nothing(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1), poison(world, 2))
    world.handle(world.snapshot(9, status="cancelled"))
    world.handle(world.flight(5, status="scheduled"), world.flight(6, status="cancelled"))
    assert world.deliver() == [("ada", "scheduled", "cancelled")]


def test_a_deletion_that_could_not_be_read_is_told_by_the_replay(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1), poison(world, 2))
    world.handle(absent(world, 3))
    assert state(world) is State.GONE
    assert world.deliver() == [("ada", "scheduled", "removed")]
    world.handle(absent(world, 4), world.deleted(2, before=FLIGHT))
    assert world.deliver() == []


@pytest.mark.parametrize("seen_before", [True, False])
def test_a_read_that_finds_nothing_does_not_hide_what_the_deletion_knows(
    world: World, seen_before: bool
) -> None:
    """Nothing was ever understood of the document, and the read overtakes the stream."""
    world.books("ada")
    if seen_before:
        world.handle(poison(world, 1))
    world.handle(absent(world, 9))
    if seen_before:
        assert state(world) is State.UNKNOWN
    else:
        assert world.stores.known.of_keys(["f1"]) == {}
    world.handle(world.deleted(5, before=FLIGHT))
    assert state(world) is State.GONE


def test_a_document_inserted_again_lives_on_when_a_read_of_the_old_one_finds_nothing(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1), poison(world, 2), world.flight(3, "f2", Op.INSERT, partition=1))
    world.handle(absent(world, 4))
    assert world.deliver() == []
    assert world.stores.known.of_keys(["f2"])["f2"].subject == "flight:f1"


def test_a_replay_that_is_not_understood_comes_back_as_the_same_letter(world: World) -> None:
    world.handle(world.snapshot(1), world.flight(2, status="odd"))
    (letter,) = world.stores.dead_letters.list()
    desk = LetterDesk(world.db, "staff:test", lambda: world.now)
    requests = ReadRequests(world.db)
    for count, status, outcome in ((2, "odd", WAITING), (2, "delayed", REPLAYED)):
        assert desk.replay(letter["_id"]) is None
        (request_id,) = requests.waiting("flights", 9)
        begun = requests.begin(request_id)
        assert begun is not None
        request = begun[0]
        counts = world.stores.dead_letters.begin_replay(request.letters, request.run)
        read = world.snapshot(10 + count + len(status), status=status)
        assert isinstance(read.event, ChangeEvent)
        world.handle(replace(read, event=replace(read.event, id=f"replay:{request.run}:f1")))
        world.stores.dead_letters.end_replay(counts, "read and published")
        requests.end(request)
        found = world.stores.dead_letters.find(letter["_id"])
        assert found is not None
        assert (found["count"], found["status"]) == (count, outcome)
    assert world.db.dead_letters.count_documents({}) == 1
    assert state(world) is State.PRESENT
