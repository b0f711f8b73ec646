"""N8: what was left behind is mended, and nothing is told that the other steps withhold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.events import Op
from app.runtime import StopFlag
from consumers.notifier.resync import Resync
from tests.notifier.world import FLIGHT, World


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


def test_resync_tells_nothing_of_what_was_before_a_newer_document_whose_deletion_is_on_the_way(
    world: World,
) -> None:
    world.handle(world.snapshot(1, gate="A1"), world.books("ada", seen={"gate": "A1"}, seen_at=1))
    world.db.flights.insert_one({"_id": "f2", **FLIGHT, "gate": "B2"})
    world.handle(world.flight(6, "f2", Op.INSERT, gate="B2", partition=1))
    assert world.deliver() == [("ada", "scheduled", "scheduled")]
    world.db.flights.delete_many({})
    world.handle(world.deleted(9, "f2", partition=1))
    world.now += timedelta(minutes=5)
    assert Resync(world.stores, world.rules).round(StopFlag()) == 0
    assert world.due() == set(), "that gate A1 stands again is not so"


def test_resync_looks_at_all_documents_of_a_flight_however_many_there_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.notifier.resync._AT_ONCE", 2)
    world.handle(world.snapshot(1), world.books("ada"))
    for number in range(2, 5):
        world.handle(world.deleted(number * 10, f"f{number - 1}", before=FLIGHT))
        world.handle(world.flight(number * 10 + 1, f"f{number}", Op.INSERT))
    world.deliver()
    world.db.conversations.update_many({}, {"$set": {"want.gate": "Z9", "order": ""}})
    world.now += timedelta(minutes=5)
    assert Resync(world.stores, world.rules).round(StopFlag()) == 1
    ada = world.conversation("ada")
    assert (ada["want"]["status"], ada["want"].get("gate")) == ("scheduled", None)
    assert set(ada["documents"]) == {"f1", "f2", "f3", "f4"}
