"""What was decided about every event is kept, also where nobody is told."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo import monitoring

from app.bus.consumer import Received
from app.domain.errors import BadEventError
from app.domain.why_words import of_event
from app.store import decisions as store
from tests.why.world import World


def outcomes(world: World) -> dict[str, str]:
    return {row["_id"]: row["outcome"] for row in world.db.event_decisions.find()}


def test_the_outcome_of_every_flight_event_is_kept(world: World) -> None:
    n = world.notifying
    n.handle(n.snapshot(1, gate="C70"))
    n.handle(n.flight(5, gate="C71"))
    n.handle(n.flight(6, gate="C71", status_reason="snow"))
    n.handle(n.flight(7, gate="C71", status_reason="snow"))
    n.handle(n.flight(3, gate="C99"))
    n.handle(n.flight(8, departure_time="soon"))
    assert outcomes(world) == {
        "snapshot-1-1-f1": "first",
        "update-5-1-f1": "news",
        "update-6-1-f1": "no_news",
        "update-7-1-f1": "same",
        "update-3-1-f1": "old",
        "update-8-1-f1": "unknown",
    }
    row = world.db.event_decisions.find_one({"_id": "update-6-1-f1"})
    assert row is not None
    assert row["changes"] == [{"field": "status_reason", "from": None, "to": "snow"}]
    assert (row["topic"], row["partition"], row["offset"]) == ("flights.changes", 0, 3)
    assert row["expires_at"] - row["decided_at"] == store.KEEP


def test_an_event_that_comes_again_keeps_what_was_decided_first(world: World) -> None:
    n = world.notifying
    n.handle(n.snapshot(1, gate="C70"))
    news = n.flight(5, gate="C71")
    n.handle(news)
    n.handle(news)
    assert outcomes(world)["update-5-1-f1"] == "news"


def test_a_crash_before_known_is_set_decides_the_same_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CrashError(BaseException):
        pass

    def crash(*_: Any) -> None:
        raise CrashError

    n = world.notifying
    n.handle(n.snapshot(1, gate="C70"))
    news = n.flight(5, gate="C71")
    with monkeypatch.context() as patch:
        patch.setattr(n.stores.known, "set_all", crash)
        with pytest.raises(CrashError):
            n.handle(news)
    n.handle(news)
    assert outcomes(world)["update-5-1-f1"] == "news"


def test_many_events_cost_one_write(world: World, mongo_uri: str) -> None:
    from pymongo import MongoClient

    class Counting(monitoring.CommandListener):
        def __init__(self) -> None:
            self.inserts: list[Any] = []

        def started(self, event: monitoring.CommandStartedEvent) -> None:
            if event.command_name == "insert" and event.command["insert"] == store.EVENTS:
                self.inserts.append(event.command)

        def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
            del event

        def failed(self, event: monitoring.CommandFailedEvent) -> None:
            del event

    counting = Counting()
    with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, event_listeners=[counting]) as client:
        from tests.notifier.world import World as Notifying

        n = Notifying(client[world.db.name])
        n.handle(*(n.snapshot(1, key=f"k{i}", flight_number=f"UA{i}") for i in range(1, 100)))
    assert len(counting.inserts) == 1
    assert counting.inserts[0]["writeConcern"] == {"w": 1}
    assert world.db.event_decisions.count_documents({}) == 99


def test_history_that_cannot_be_written_stops_nobody(world: World) -> None:
    n = world.notifying
    n.handle(n.snapshot(1, gate="C70"))
    world.db.command("collMod", store.EVENTS, validator={"never": {"$exists": True}})
    try:
        n.handle(n.flight(5, gate="C71"))
    finally:
        world.db.command("collMod", store.EVENTS, validator={})
    assert world.db.announcements.count_documents({}) == 1
    assert world.db.known.count_documents({"announced.gate": "C71"}) == 1
    assert set(outcomes(world)) == {"snapshot-1-1-f1"}


def test_what_cannot_be_understood_leads_to_its_dead_letter(world: World) -> None:
    n = world.notifying
    n.handle(n.flight(8, departure_time="soon"))
    event = world.reader.event("update-8-1-f1")
    assert event is not None
    assert event.dead_letter is not None
    steps = of_event(event)
    assert (steps[-1].title, steps[-1].tone) == ("It could not be processed", "bad")
    assert "departure_time" in steps[-1].words


def test_what_the_message_itself_hides_is_found_by_its_flight(world: World) -> None:
    n = world.notifying
    n.handle(n.snapshot(1))
    broken = BadEventError("not_json", "the message is not JSON")
    n.handle(Received("flights.changes", 0, 99, "f1", broken))
    found = [event for event in world.reader.events("flight:f1") if event.dead_letter]
    assert [event.dead_letter.reason for event in found if event.dead_letter] == ["not_json"]


def test_a_change_found_late_says_so(world: World) -> None:
    n = world.notifying
    n.handle(n.flight(1, gate="C70"))
    n.handle(n.snapshot(9, gate="C71"))
    event = world.reader.event("snapshot-9-1-f1")
    assert event is not None
    assert of_event(event)[0].title == "A change was found late"
