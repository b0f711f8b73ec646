"""What goes wrong: documents made again, deletions nobody saw, poison, crashes, two notifiers."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from app.bus.consumer import Received
from app.domain.errors import BadEventError, TransientError
from app.domain.events import Op
from app.runtime import StopFlag
from app.store.known import State
from consumers.notifier.resync import Resync
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


def test_a_dead_letter_that_cannot_be_written_stops_the_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise AutoReconnect("no primary")

    monkeypatch.setattr(world.stores.dead_letters, "add", refuse)
    with pytest.raises(TransientError):
        world.handle(world.flight(1, status="nonsense"))
    assert world.db.known.count_documents({}) == 0


# Crashes and repeats --------------------------------------------------------------------------------------

STEPS = [
    ("announcements", "record"),
    ("audience", "of_flights"),
    ("conversations", "make"),
    ("conversations", "tell"),
    ("doorbells", "ring"),
    ("known", "set_all"),
    ("audience", "of_bookings"),
    ("conversations", "look_again"),
    ("dead_letters", "add"),
]


class Crash:
    """A store that dies before or after the n-th call of one method."""

    def __init__(self, store: Any, method: str, call: int, *, after: bool) -> None:
        self._store, self._method, self._left, self._after = store, method, call, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name != self._method:
            return found

        def crashing(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise AutoReconnect("died before")
            answer = found(*args, **kwargs)
            if self._left == 0:
                raise AutoReconnect("died after")
            return answer

        return crashing


def _story(world: World) -> Iterable[list[Received]]:
    world.books("ada", seen={}, seen_at=0)
    world.follows("eve")
    yield [world.snapshot(1), world.snapshot(1, "f2", flight_number="UA2"), world.books("bob", "f2")]
    yield [
        world.flight(2, estimated_departure_time="11:00"),
        world.flight(3, gate="A1"),
        world.flight(3, status="x", key="f2"),
    ]
    yield [world.books("late"), world.flight(4, status="cancelled"), world.deleted(5, "f2")]
    yield [world.books("bob", "f2"), world.flight(6, "f3", Op.INSERT, flight_number="UA2", gate="C1")]


def _empty(world: World) -> None:
    for name in world.db.list_collection_names():
        if not name.startswith("system."):
            world.db[name].delete_many({})
    world.offset = 0


def test_a_crash_at_any_step_leads_to_the_same_end(world: World) -> None:
    world.channels = ("email", "sms")
    for batch in _story(world):
        world.handle(*batch)
    expected = world.state()
    healthy = world.stores
    for store, method in STEPS:
        for call in (1, 3):
            for after in (False, True):
                _empty(world)
                crash = Crash(getattr(healthy, store), method, call, after=after)
                world.stores = replace(healthy, **{store: crash})
                for batch in _story(world):
                    try:
                        world.handle(*batch)
                    except TransientError:
                        world.handle(*batch)
                found = world.state()
                where = f"{store}.{method}, call {call}, {'after' if after else 'before'}"
                for name in expected:
                    assert found[name] == expected[name], f"{name} differ after a crash at {where}"


def test_a_zombie_cannot_set_known_or_a_conversation_back(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    old = world.flight(2, gate="A1")
    stores = world.stores

    class Slow:
        """Reads what is known, and goes on only after another notifier is done with a newer event."""

        def of_keys(self, keys: Iterable[str]) -> Any:
            found = stores.known.of_keys(keys)
            world.stores = stores
            world.handle(world.flight(3, gate="B2"), world.flight(4, status="cancelled"))
            return found

        def __getattr__(self, name: str) -> Any:
            return getattr(stores.known, name)

    world.stores = replace(stores, known=Slow())  # type: ignore[arg-type]
    world.handle(old)
    assert world.stores.known.of_keys(["f1"])["f1"].value.status == "cancelled"  # type: ignore[union-attr]
    assert world.deliver() == [("ada", "scheduled", "cancelled")]


def test_two_notifiers_at_once_leave_what_one_leaves(world: World) -> None:
    people = [f"p{n}" for n in range(40)]
    for person in people:
        world.books(person, seen={}, seen_at=0)
    events = [world.snapshot(1)]
    events += [world.flight(2 + n, estimated_departure_time=f"{11 + n % 5}:{n % 6}0") for n in range(20)]
    events += [world.flight(40, status="cancelled")]
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for first in range(0, len(events), 3):
                world.notifier.handle(events[first : first + 3])
        except BaseException as error:  # noqa: BLE001 - reported below
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert world.deliver() == [(person, "scheduled", "cancelled") for person in sorted(people)]


@pytest.mark.parametrize("moment", ["of_keys", "of_subjects", "set_all"])
def test_a_booking_made_while_its_flight_changes_is_told(world: World, moment: str) -> None:
    world.handle(world.snapshot(1))
    stores = world.stores

    class Meanwhile:
        def __getattr__(self, name: str) -> Any:
            found = getattr(stores.known, name)
            if name != moment:
                return found

            def then(*args: Any) -> Any:
                answer = found(*args)
                world.stores = stores
                world.handle(world.books("ada", seen={}, seen_at=1))
                return answer

            return then

    world.stores = replace(stores, known=Meanwhile())  # type: ignore[arg-type]
    world.handle(world.flight(2, status="cancelled"))
    assert world.deliver() == [("ada", "scheduled", "cancelled")]


def test_a_booking_handled_before_its_flight_is_known_is_found_by_the_second_look(world: World) -> None:
    stores = world.stores

    class Meanwhile:
        def of_flights(self, flights: Any) -> Any:
            found = stores.audience.of_flights(flights)
            if world.stores is not stores:
                world.stores = stores
                world.handle(world.books("ada"))  # known is not there yet: nothing is made
            return found

        def __getattr__(self, name: str) -> Any:
            return getattr(stores.audience, name)

    world.books("bob")
    world.stores = replace(stores, audience=Meanwhile())  # type: ignore[arg-type]
    world.handle(world.snapshot(1, status="cancelled"))
    assert world.due() == {"ada", "bob"}


def test_a_person_who_books_again_is_looked_at_again(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    world.handle(world.flight(2, status="cancelled"))
    world.db.conversations.update_one(
        {}, {"$unset": {"due_at": ""}}
    )  # settled: the booking was cancelled then
    world.handle(world.books("ada"))
    assert world.due() == {"ada"}


# Resync, and size -----------------------------------------------------------------------------------------


def test_resync_mends_and_counts_only_what_was_left_behind(world: World) -> None:
    world.handle(
        world.snapshot(1), world.books("ada"), world.books("bob"), world.flight(2, status="cancelled")
    )
    world.deliver()
    kept = world.conversation("ada")
    world.db.conversations.update_one({"person": "bob"}, {"$set": {"want.status": "scheduled", "order": ""}})
    resync = Resync(world.stores, world.rules)
    assert resync.round(StopFlag()) == 0, "what is young may be in the middle of its fan-out"
    world.now += timedelta(minutes=5)
    assert resync.round(StopFlag()) == 1
    assert world.conversation("bob")["want"]["status"] == "cancelled"
    assert world.conversation("ada") == kept
    assert resync.round(StopFlag()) == 0


@pytest.mark.slow
def test_twenty_thousand_people_hear_of_one_cancelled_flight(world: World) -> None:
    world.db.bookings.insert_many(
        {"user_id": f"p{n}", "flight_id": "f1", "status": "x"} for n in range(20_000)
    )
    world.handle(world.flight(1, status="cancelled"))
    due = {"due_at": {"$exists": True}, "priority": 0, "want.status": "cancelled"}
    assert world.db.conversations.count_documents(due) == 20_000
    world.handle(world.flight(2))
    assert world.db.conversations.count_documents(due) == 0
    assert world.db.conversations.count_documents({"want.status": "scheduled"}) == 20_000


def test_a_covered_index_answers_who_is_concerned(world: World) -> None:
    world.books("ada")
    plan = world.db.command(
        "explain",
        {
            "find": "bookings",
            "filter": {"flight_id": {"$in": ["f1"]}, "status": {"$nin": ["cancelled"]}},
            "projection": {"_id": 0, "flight_id": 1, "user_id": 1},
        },
    )
    assert "FETCH" not in str(plan["queryPlanner"]["winningPlan"])
