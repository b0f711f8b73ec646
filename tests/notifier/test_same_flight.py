"""Which documents are the same flight: a new one on the old date of a rescheduled one is not."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.events import Op
from tests.notifier.world import FLIGHT, World

NEXT = {"departure_date": "2035-12-02", "arrival_date": "2035-12-02"}


def put(world: World, key: str, **fields: Any) -> None:
    """The flight's document as it is now, be it valid or not."""
    world.db.flights.replace_one({"_id": key}, FLIGHT | fields, upsert=True, bypass_document_validation=True)


def subject(world: World, key: str) -> str | None:
    return world.stores.known.of_keys([key])[key].subject


def test_a_new_flight_on_the_old_date_is_another_although_its_event_comes_first(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    put(world, "f1", **NEXT)
    put(world, "f2")
    new = world.flight(3, "f2", Op.INSERT, partition=1)
    world.handle(new)
    world.handle(world.flight(2, **NEXT))
    assert subject(world, "f2") == "flight:f2"
    assert world.due() == {"ada"}
    assert world.conversation("ada")["want"]["departure_date"] == NEXT["departure_date"]
    world.deliver()
    world.handle(world.flight(20, "f2", status="cancelled", partition=1))
    assert world.deliver() == []


def test_both_found_by_one_snapshot_are_two_flights(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    put(world, "f1", **NEXT)
    put(world, "f0")
    world.handle(world.snapshot(9, "f0"), world.snapshot(9, **NEXT))
    assert subject(world, "f0") == "flight:f0"
    assert world.due() == {"ada"}


def test_two_flights_although_the_move_was_in_another_chunk(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.notifier.notifier.SUBJECTS_AT_ONCE", 1)
    world.handle(world.snapshot(1), world.books("ada"))
    put(world, "f1", **NEXT)
    put(world, "f2")
    world.handle(world.flight(4, "f2", Op.INSERT), world.flight(3, **NEXT))
    assert subject(world, "f2") == "flight:f2"
    assert world.due() == {"ada"}


def test_two_flights_although_the_move_was_not_understood(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    put(world, "f1", **NEXT, gate="§")
    put(world, "f2", status="cancelled")
    world.handle(world.flight(2, **NEXT, gate="§"))
    world.handle(world.flight(3, "f2", Op.INSERT, status="cancelled"))
    assert subject(world, "f2") == "flight:f2"
    assert world.deliver() == []


def test_rubbish_in_a_gate_makes_no_other_flight_of_it(world: World) -> None:
    """Events of an older document come late, while the present one cannot be understood."""
    world.handle(world.snapshot(1), world.books("ada"))
    put(world, "f3", gate="§")
    world.handle(world.deleted(2), world.flight(5, "f3", Op.INSERT), world.flight(6, "f3", gate="§"))
    world.handle(
        world.flight(3, "f2", Op.INSERT, status="cancelled", partition=1), world.deleted(4, "f2", partition=1)
    )
    assert subject(world, "f2") == "flight:f1"
    assert subject(world, "f3") == "flight:f1"
    assert world.deliver() == []


def test_a_third_flight_does_not_follow_a_deleted_one_whose_successor_moved(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"), world.deleted(2), world.flight(3, "f2", Op.INSERT))
    world.handle(world.flight(4, "f2", **NEXT))
    world.deliver()
    world.handle(world.flight(5, "f3", Op.INSERT, status="cancelled"))
    assert subject(world, "f2") == "flight:f1"
    assert subject(world, "f3") == "flight:f3"
    assert world.deliver() == []


def test_the_same_flight_in_another_spelling_continues_it_while_both_are_there(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    put(world, "f1")
    world.handle(world.flight(2, "f2", Op.INSERT, flight_number="ua 1545", partition=1))
    assert subject(world, "f2") == "flight:f1"
    assert world.due() == set()


@pytest.mark.parametrize("status", ["scheduled", "cancelled"])
def test_inserted_before_the_other_is_deleted_is_there_whatever_comes_first(
    world: World, status: str
) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    put(world, "f2", flight_number="ua 1545", status=status)
    again = world.flight(2, "f2", Op.INSERT, flight_number="ua 1545", status=status, partition=1)
    world.handle(world.deleted(3, before=FLIGHT))
    assert world.conversation("ada")["want"]["status"] == "removed"
    world.handle(again)
    assert world.conversation("ada")["want"]["status"] == status
    assert world.due() == (set() if status == "scheduled" else {"ada"})
    world.handle(world.deleted(3, before=FLIGHT))
    assert world.conversation("ada")["want"]["status"] == status, "what is repeated sets nothing back"


def test_late_events_of_both_documents_end_as_the_latest_of_each(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    world.handle(world.deleted(9, before=FLIGHT))
    other = {"flight_number": "ua 1545", "partition": 1}
    put(world, "f2", flight_number="ua 1545", status="cancelled")
    for late, want in (
        (world.flight(2, "f2", Op.INSERT, **other), "scheduled"),
        (world.flight(3, "f2", status="cancelled", **other), "cancelled"),
        (world.deleted(4, "f2", partition=1), "removed"),
    ):
        world.handle(late)
        assert world.conversation("ada")["want"]["status"] == want


def test_conversations_know_the_new_document_before_it_is_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delivery looks for the booking between N3 and N4, also when the notifier dies there and comes back later."""
    world.handle(world.snapshot(1), world.books("ada"))
    assert "documents" not in world.conversation("ada"), "one document is named by the subject"
    world.handle(world.deleted(2, before=FLIGHT))
    world.db.bookings.delete_many({})
    world.books("ada", "f2")
    world.books("bob", "f2")

    def dies(*_: object) -> None:
        raise RuntimeError("N4")

    monkeypatch.setattr("app.store.known.KnownFlights.set_all", dies)
    with pytest.raises(RuntimeError, match="N4"):
        world.handle(world.flight(3, "f2", Op.INSERT, status="cancelled"))
    assert world.stores.known.of_keys(["f2"]) == {}
    for person in ("ada", "bob"):
        assert set(world.conversation(person)["documents"]) == {"f1", "f2"}
    assert world.due() == {"ada", "bob"}


def test_two_notifiers_at_once_leave_nobody_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each handles a document of the same flight; neither sees in its picture what the other did."""
    world.handle(world.snapshot(1, gate="A1"))
    world.books("ada", "f2", seen={"gate": "B2"}, seen_at=6)
    other = [world.deleted(5), world.flight(10, "f3", Op.INSERT, gate="C3")]
    steps: list[str] = []

    def meanwhile(step: str) -> None:
        steps.append(step)
        if step == "N1.read" and steps.count(step) == 1:
            world.notifier.handle(other)

    monkeypatch.setattr("app.crash_points.reached", meanwhile)
    mine = [world.flight(6, "f2", Op.INSERT, gate="B2", partition=1), world.deleted(9, "f2", partition=1)]
    world.handle(*mine)
    assert world.conversation("ada")["want"]["gate"] == "C3"
    assert world.conversation("ada")["want"]["status"] == "scheduled"


def test_what_was_before_a_newer_document_is_not_told_while_its_deletion_is_on_the_way(world: World) -> None:
    """Deleted, inserted again, deleted again; the first deletion comes last, through another partition."""
    world.handle(world.snapshot(1, gate="A1"), world.books("ada", seen={"gate": "A1"}, seen_at=1))
    new = {"gate": "B2", "partition": 1}
    put(world, "f2", gate="B2")
    world.handle(world.flight(6, "f2", Op.INSERT, **new))
    assert world.deliver() == [("ada", "scheduled", "scheduled")]
    world.db.flights.delete_many({})
    world.handle(world.deleted(9, "f2", partition=1))
    world.handle(world.books("bob", "f2", seen={"gate": "B2"}, seen_at=7))
    assert world.due() == set(), "that gate A1 stands again is not so"
    world.handle(world.deleted(5))
    assert world.deliver() == [("ada", "scheduled", "removed"), ("bob", "scheduled", "removed")]


SHOWN = {"status": "delayed", "gate": "C1"}


def both_there(world: World) -> None:
    """Two documents of one flight, the older still there; what is known of the newer is of time 2."""
    world.handle(world.snapshot(1))
    put(world, "f2", **SHOWN)
    world.handle(world.flight(2, "f2", Op.INSERT, status="cancelled", partition=1))


@pytest.mark.parametrize("known_already", [False, True])
def test_an_older_document_that_is_gone_brings_back_nothing_from_before_a_booking(
    world: World, known_already: bool
) -> None:
    """The news that the older is gone is later than the booking; the state of the newer that is known is earlier."""
    both_there(world)
    if known_already:
        world.handle(world.books("ada", "f2"))
        world.deliver()
    world.handle(world.books("ada", "f2", seen=SHOWN, seen_at=6))
    assert world.conversation("ada")["heard"]["gate"] == "C1"
    world.handle(world.deleted(8))
    assert world.due() == set()
    world.handle(world.flight(4, "f2", gate="C1", partition=1), world.flight(5, "f2", **SHOWN, partition=1))
    assert world.due() == set(), "what came before the booking comes late"
    world.handle(world.flight(9, "f2", status="delayed", gate="C3", partition=1))
    assert world.due() == {"ada"}
    assert world.conversation("ada")["heard"]["gate"] == "C1"


def test_who_was_shown_the_document_that_is_gone_hears_of_the_one_that_stands(world: World) -> None:
    both_there(world)
    world.handle(world.books("ada", seen=SHOWN, seen_at=6))
    world.handle(world.deleted(8))
    assert world.deliver() == [("ada", "delayed", "cancelled")]
