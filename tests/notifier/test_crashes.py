"""Crashes between any two steps, zombies, two notifiers at once, many people."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from app.bus.consumer import Received
from app.domain.errors import TransientError
from app.domain.events import Op
from tests.notifier.world import World

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

    @property
    def happened(self) -> bool:
        """Whether it came to that call."""
        return self._left <= 0

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
                assert call > 1 or crash.happened, f"nothing crashed at {where}"
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


# Size ---------------------------------------------------------------------------------------------------


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
