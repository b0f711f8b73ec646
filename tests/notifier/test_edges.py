"""What goes wrong: documents made again, deletions nobody saw, poison."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pymongo.errors import AutoReconnect

from app.bus.consumer import Received
from app.domain.errors import BadEventError, TransientError
from app.domain.events import Op
from app.store.known import State
from tests.notifier.world import FLIGHT, World

# Deleted, and made again --------------------------------------------------------------------------------


def test_a_deleted_flight_is_told_after_a_minute_even_where_something_was_due_earlier(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1), world.flight(2, estimated_departure_time="12:00"))
    world.handle(world.deleted(3))
    ada = world.conversation("ada")
    assert ada["want"]["status"] == "removed"
    assert ada["due_at"] == world.now + timedelta(seconds=60)
    assert ada["priority"] == 0
    known = world.stores.known.of_keys(["f1"])["f1"]
    assert known.state is State.GONE
    assert known.value == known.announced


@pytest.mark.parametrize("delete_first", [True, False])
@pytest.mark.parametrize("together", [True, False])
def test_a_document_deleted_and_inserted_again_is_silent(
    world: World, delete_first: bool, together: bool
) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    gone, again = world.deleted(2, before=FLIGHT), world.flight(3, "f2", Op.INSERT, partition=1)
    events = [gone, again] if delete_first else [again, gone]
    for some in [events] if together else [[event] for event in events]:
        world.handle(*some)
    assert world.due() == set()
    assert world.stores.known.of_keys(["f2"])["f2"].subject == "flight:f1"
    world.handle(world.books("bob", "f2"), world.flight(4, "f2", status="cancelled", partition=1))
    assert world.deliver() == [("ada", "scheduled", "cancelled"), ("bob", "scheduled", "cancelled")]
    world.handle(world.flight(5, "f2", status="cancelled", gate="A1", partition=1))
    assert world.deliver() == [], "a first gate is nothing to tell"


def test_inserted_again_with_a_change_tells_the_change_alone(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    world.handle(world.deleted(2))
    world.now += timedelta(seconds=5)
    world.handle(world.flight(3, "f2", Op.INSERT, status="cancelled"))
    assert world.conversation("ada")["due_at"] == world.now
    assert world.deliver() == [("ada", "scheduled", "cancelled")]


def test_a_whole_import_deleted_and_made_again_says_nothing(world: World) -> None:
    flights = [(f"old{n}", f"UA{n + 1}") for n in range(30)]
    world.handle(*(world.snapshot(1, key, flight_number=number) for key, number in flights))
    world.handle(*(world.books(f"p{key}", key) for key, _ in flights))
    world.handle(*(world.deleted(2, key) for key, _ in flights))
    assert len(world.due()) == 30
    world.handle(*(world.flight(3, f"new{key}", Op.INSERT, flight_number=number) for key, number in flights))
    assert world.due() == set()


def test_deleting_one_of_two_documents_of_the_same_flight_removes_nothing(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    world.handle(world.flight(2, "twin", Op.INSERT, flight_number="ua 1545"))
    world.handle(world.deleted(3, "twin"))
    assert world.due() == set()
    world.handle(world.flight(4, status="cancelled"))
    assert world.deliver() == [("ada", "scheduled", "cancelled")]


def test_a_booking_of_the_old_document_follows_the_new_one(world: World) -> None:
    world.handle(world.snapshot(1), world.deleted(2), world.flight(3, "f2", Op.INSERT, gate="A1"))
    world.handle(world.books("late", "f1", seen={}, seen_at=1))
    assert world.deliver() == [], "a first gate is nothing to tell"
    world.handle(world.flight(4, "f2", gate="B2"))
    late = world.conversation("late")
    assert late["want"]["gate"] == "B2"


def test_a_flight_that_comes_back_after_it_was_told_as_gone_is_told_as_back(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    world.handle(world.deleted(2))
    assert world.deliver() == [("ada", "scheduled", "removed")]
    world.handle(world.flight(3, "f2", Op.INSERT))
    assert world.deliver() == [("ada", "removed", "scheduled")]


# Markers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changed", [{"origin": "LGA"}, {"destination": "DFW"}, {"flight_number": "UA999"}])
def test_another_airport_or_number_of_the_same_document_is_news(
    world: World, changed: dict[str, str]
) -> None:
    world.books("ada")
    world.handle(world.snapshot(1), world.flight(2, **changed))
    assert world.due() == {"ada"}
    assert world.conversation("ada")["want"].items() >= changed.items()


@pytest.mark.parametrize("seen_at", [2, 9])
def test_a_booking_moved_to_another_flight_starts_without_what_the_old_one_showed(
    world: World, seen_at: int
) -> None:
    other = {"flight_number": "UA200", "departure_time": "18:00", "arrival_time": "21:05", "gate": "B9"}
    world.handle(world.snapshot(1, gate="C70"), world.snapshot(1, "f2", **other))
    world.handle(world.books("ada", "f1", seen={"gate": "C70"}, seen_at=seen_at, time=3))
    world.handle(world.flight(4, "f2", **other | {"aircraft": "N1"}))
    world.db.bookings.update_one({"_id": "b-ada-f1"}, {"$set": {"flight_id": "f2"}})
    world.handle(world.event(5, "bookings", "f2", Op.UPDATE, after={"user_id": "ada"}, document="b-ada-f1"))
    assert world.conversation("ada", "flight:f2")["heard"]["flight_number"] == "UA200"
    assert world.due() == set()
    world.handle(world.flight(6, "f2", **other | {"status": "cancelled"}))
    assert world.due() == {"ada"}


def test_a_marker_finds_the_deletion_that_nobody_saw(world: World) -> None:
    world.handle(world.snapshot(1), world.snapshot(1, "f2", flight_number="UA2"), world.books("ada"))
    world.db.flights.insert_one({"_id": "f2", **FLIGHT, "flight_number": "UA2", "status": "cancelled"})
    world.books("bob", "f2")
    world.handle(world.marker(50, partition=1))
    assert world.due() == set(), "another partition's keys are not touched"
    world.handle(world.marker(50))
    assert world.deliver() == [("ada", "scheduled", "removed"), ("bob", "scheduled", "cancelled")]
    ada, bob = world.conversation("ada"), world.conversation("bob", "flight:f2")
    assert ada["found_late"] is True
    assert bob["found_late"] is True
    before = world.state()
    world.handle(world.marker(50))
    assert [k for k in world.state()["known"] if k["_id"] == "f1"] == [
        k for k in before["known"] if k["_id"] == "f1"
    ]


def test_a_marker_is_a_barrier_and_spares_what_the_snapshot_read(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    world.handle(world.snapshot(51), world.marker(50), world.flight(60, status="cancelled"))
    assert world.deliver() == [("ada", "scheduled", "cancelled")]


def test_a_flight_of_an_older_incarnation_is_dropped(world: World) -> None:
    world.handle(
        world.event(9, "flights", "f1", Op.SNAPSHOT, after=FLIGHT, incarnation=1), world.books("ada")
    )
    world.handle(world.flight(20, status="cancelled"))
    assert world.due() == set()


# Poison ---------------------------------------------------------------------------------------------------


def test_poison_is_a_dead_letter_and_the_next_event_tells(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    world.handle(
        world.flight(2, departure_time="2400"),
        world.flight(2, "f2", flight_number="UA2"),
        world.flight(1, "f9", status="?"),
    )
    letter = world.db.dead_letters.find_one({"key": "f1"})
    assert letter is not None
    assert (letter["reason"], letter["field"], letter["offset"]) == ("bad_field", "departure_time", 3)
    assert letter["document"]["departure_time"] == "2400"
    assert world.stores.known.of_keys(["f1"])["f1"].state is State.UNKNOWN
    assert world.stores.known.of_keys(["f2"])["f2"].state is State.PRESENT, "its neighbours go on"
    world.handle(world.flight(3, status="cancelled"))
    assert world.deliver() == [("ada", "scheduled", "cancelled")]


def test_undone_after_poison_is_silent_for_those_who_never_heard(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    world.handle(world.flight(2, status="nonsense"))
    world.handle(world.books("bob"), world.flight(3))
    assert world.due() == set()


def test_a_person_told_of_b_hears_of_a_again_although_poison_lay_between(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"), world.flight(2, status="cancelled"))
    world.deliver()
    world.handle(world.flight(3, status="nonsense"))
    world.handle(world.flight(4))
    assert world.deliver() == [("ada", "cancelled", "scheduled")]


def test_first_sight_may_be_poison(world: World) -> None:
    world.books("ada")
    world.handle(world.flight(1, origin="XXX"), world.flight(1, origin="XXX"))
    world.handle(world.deleted(2, "f3"))
    assert world.db.conversations.count_documents({}) == 0
    world.handle(world.flight(5, status="cancelled"))
    assert world.deliver() == [("ada", "scheduled", "cancelled")]
    known = world.stores.known.of_keys(["f3"])["f3"]
    assert (known.state, known.subject) == (State.GONE, None)


def test_unreadable_and_undecodable_messages_make_the_flight_unknown(world: World) -> None:
    world.handle(world.snapshot(1), world.snapshot(1, "f2", flight_number="UA2"))
    world.handle(world.event(2, "flights", "f1", Op.UNREADABLE, after=None))
    broken = Received("flights.changes", 0, 99, "f2", BadEventError("not_json", "the message is not JSON"))
    world.handle(broken)
    assert {k.state for k in world.stores.known.of_keys(["f1", "f2"]).values()} == {State.UNKNOWN}
    assert [row["key"] for row in world.db.dead_letters.find()] == ["f2"], "the watcher wrote the other"
    world.notifier.set_aside(world.flight(3, "f2"), "it failed")
    assert world.db.dead_letters.count_documents({"reason": "handler_failed"}) == 1


def test_a_flight_does_not_stay_unknown_when_what_cannot_be_decoded_comes_again_before_its_next_event(
    world: World,
) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    broken = Received("flights.changes", 0, 98, "f1", BadEventError("not_json", "the message is not JSON"))
    good = world.flight(11, status="cancelled")
    world.handle(broken, good)
    assert world.deliver() == [("ada", "scheduled", "cancelled")]
    world.handle(broken, good)  # their offsets could not be committed
    assert world.stores.known.of_keys(["f1"])["f1"].state is State.PRESENT
    assert world.deliver() == []
    world.handle(world.books("bob", seen={}, seen_at=2, time=12))
    assert world.deliver() == [("bob", "scheduled", "cancelled")]


def test_a_deletion_does_not_stay_unknown_either(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    broken = Received("flights.changes", 0, 98, "f1", BadEventError("not_json", "the message is not JSON"))
    world.handle(broken, gone := world.deleted(11, before=FLIGHT))
    world.handle(broken, gone)
    assert world.stores.known.of_keys(["f1"])["f1"].state is State.GONE
    assert world.deliver() == [("ada", "scheduled", "removed")]


def test_a_dead_letter_that_cannot_be_written_stops_the_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise AutoReconnect("no primary")

    monkeypatch.setattr(world.stores.dead_letters, "add", refuse)
    with pytest.raises(TransientError):
        world.handle(world.flight(1, status="nonsense"))
    assert world.db.known.count_documents({}) == 0
