"""News that something else could swallow: an event after it, a failure, a back-off, the end of a conversation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.domain.events import Op
from app.store.known import State
from tests.notifier.world import FLIGHT, World

BAD_GATE = "§"


def test_news_before_an_event_that_is_not_understood_is_told_in_the_same_batch(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    world.handle(world.flight(2, status="cancelled"), world.flight(3, status="cancelled", gate=BAD_GATE))
    assert world.deliver() == [("ada", "scheduled", "cancelled")]
    assert world.db.announcements.count_documents({}) == 1
    assert world.stores.known.of_keys(["f1"])["f1"].state is State.UNKNOWN


def test_events_around_those_that_are_not_understood_end_as_if_they_came_one_by_one(world: World) -> None:
    events = [
        world.snapshot(1),
        world.flight(2, gate=BAD_GATE),
        world.flight(3, estimated_departure_time="12:00"),
        world.flight(4, gate=BAD_GATE),
        world.flight(5, gate=BAD_GATE),
        world.flight(6, "f2", Op.INSERT, flight_number="UA2"),
        world.flight(7, "f2", flight_number="UA2", gate=BAD_GATE),
        world.deleted(8, before=FLIGHT),
    ]
    world.books("ada")
    world.books("bob", "f2")
    for event in events:
        world.handle(event)
    one_by_one = world.state()
    for name in ("known", "conversations", "announcements", "dead_letters"):
        world.db[name].delete_many({})
    world.handle(*events)
    together = world.state()
    assert together["known"] == one_by_one["known"]
    assert together["conversations"] == one_by_one["conversations"]
    assert together["announcements"] == one_by_one["announcements"]


def test_a_back_off_ends_with_what_it_held_back(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"), world.flight(2, estimated_departure_time="12:00"))
    later = world.now + timedelta(minutes=50)
    world.db.conversations.update_one({}, {"$set": {"not_before": later, "attempts": 9}})
    world.handle(world.flight(3))
    assert world.due() == set()
    assert "not_before" not in world.conversation("ada")
    world.db.conversations.update_one({}, {"$set": {"not_before": later}})
    world.handle(world.flight(4, status="cancelled"))
    assert world.due() == {"ada"}
    assert "not_before" not in world.conversation("ada")


def test_a_failed_conversation_with_a_doubt_is_revived_by_what_undoes_the_news(world: World) -> None:
    world.handle(world.snapshot(1), world.books("ada"))
    world.handle(world.flight(2, status="cancelled"))
    world.db.conversations.update_one(
        {}, {"$set": {"status": "failed", "doubt": "t/x"}, "$unset": {"due_at": ""}}
    )
    world.handle(world.flight(3))
    ada = world.conversation("ada")
    assert (ada["status"], ada["doubt"]) == ("open", "t/x")
    assert world.due() == {"ada"}


def test_a_slip_in_the_year_does_not_end_a_conversation(world: World) -> None:
    world.now = datetime(2035, 11, 28, tzinfo=UTC)
    world.handle(world.snapshot(1), world.books("ada"))
    typo = {"departure_date": "2034-12-01", "arrival_date": "2034-12-01"}
    world.handle(world.flight(2, **typo))
    assert world.conversation("ada")["ends_at"] == world.now + timedelta(days=30)
    world.handle(world.flight(3))
    assert world.conversation("ada")["ends_at"] > world.now + timedelta(days=30)
    assert world.due() == set()


def test_a_deletion_nobody_saw_is_found_although_the_topic_has_fewer_partitions_now(world: World) -> None:
    world.handle(world.flight(1, partition=5), world.books("ada"))
    world.handle(*(world.marker(50, partition=number) for number in (1, 2)))
    assert world.due() == set()
    world.handle(world.marker(50))
    assert world.deliver() == [("ada", "scheduled", "removed")]


def test_a_booking_that_says_it_was_shown_something_in_the_future_hears_the_news(world: World) -> None:
    world.handle(world.snapshot(1))
    world.handle(world.books("ada", seen={}, seen_at=600_000_000))
    world.handle(world.flight(50, status="cancelled"))
    assert world.deliver() == [("ada", "scheduled", "cancelled")]


def test_a_booking_made_while_its_flight_is_unknown_starts_in_its_incarnation(world: World) -> None:
    fields = {"after": FLIGHT, "incarnation": 1}
    world.handle(world.event(1, "flights", "f1", Op.SNAPSHOT, **fields))
    world.handle(world.event(2, "flights", "f1", Op.UPDATE, after=FLIGHT | {"gate": BAD_GATE}, incarnation=1))
    world.handle(world.books("ada", seen={}, seen_at=10), world.books("bob"))
    assert world.conversation("ada")["order"].startswith("0001.")
    assert world.due() == set(), "nothing may be told now"
    world.handle(
        world.event(5, "flights", "f1", Op.UPDATE, after=FLIGHT | {"status": "cancelled"}, incarnation=1)
    )
    assert world.due() == {"bob"}, "what ada was shown is newer"
    world.handle(
        world.event(20, "flights", "f1", Op.UPDATE, after=FLIGHT | {"status": "diverted"}, incarnation=1)
    )
    assert world.due() == {"ada", "bob"}


def settled_without(world: World) -> None:
    """Ada's booking was cancelled, so the delay was not told; nothing is due."""
    world.handle(world.snapshot(1), world.books("ada"))
    world.handle(world.flight(2, estimated_departure_time="12:00"))
    world.db.conversations.update_one({}, {"$unset": {"due_at": ""}})


def test_who_books_again_is_not_told_what_the_new_booking_showed(world: World) -> None:
    settled_without(world)
    world.handle(world.books("ada", seen={"estimated_departure_time": "12:00"}, seen_at=10))
    assert world.due() == set()
    world.handle(world.flight(8, status="cancelled"))
    assert world.due() == set(), "older than what was shown"
    world.handle(world.flight(20, status="cancelled"))
    assert world.deliver() == [("ada", "scheduled", "cancelled")]


def test_who_books_again_after_an_old_page_is_told_what_it_did_not_show(world: World) -> None:
    settled_without(world)
    world.handle(world.books("ada", seen={}, seen_at=1))
    assert world.due() == {"ada"}


def test_a_new_booking_does_not_settle_what_may_have_been_sent(world: World) -> None:
    settled_without(world)
    world.db.conversations.update_one({}, {"$set": {"doubt": "t/x", "due_at": world.now}})
    before = world.conversation("ada")
    world.handle(world.books("ada", seen={}, seen_at=10))
    assert world.conversation("ada") == before


def test_what_was_deleted_while_the_collection_was_read_does_not_come_back_for_a_moment(world: World) -> None:
    """Gone before its turn in the snapshot came: its last edits and its deletion are in the stream, and past."""
    world.handle(world.snapshot(1, gate="A1"), world.books("ada"))
    world.handle(world.marker(10))
    assert world.conversation("ada")["want"]["status"] == "removed"
    world.handle(world.flight(11, gate="B2"))
    assert world.conversation("ada")["want"]["status"] == "removed"
    world.handle(world.deleted(12))
    assert world.deliver() == [("ada", "scheduled", "removed")]
