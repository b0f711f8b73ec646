"""From flight events to what everybody concerned should know."""

from __future__ import annotations

from datetime import timedelta

from app.domain.events import Op
from tests.notifier.world import World


def test_a_cancelled_flight_is_due_at_once_for_everybody_booked_and_following(world: World) -> None:
    world.books("ada")
    world.books("bob", status="cancelled")
    world.follows("eve")
    world.handle(world.snapshot(1))
    assert world.due() == set()
    world.now += timedelta(seconds=10)
    world.handle(world.flight(2, status="cancelled"))
    assert world.due() == {"ada", "eve"}
    ada = world.conversation("ada")
    assert ada["heard"]["status"] == "scheduled"
    assert ada["want"]["status"] == "cancelled"
    assert (ada["due_at"], ada["priority"]) == (world.now, 0)
    assert ada["found_late"] is False
    row = world.db.announcements.find_one({"subject": "flight:f1"})
    assert row is not None
    assert (row["kinds"], row["_id"]) == (["cancelled"], f"flight:f1@{ada['order']}")


def test_a_delay_settles_for_two_seconds_and_an_undone_one_is_silent(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1))
    world.handle(world.flight(2, estimated_departure_time="11:00"))
    first_due = world.now + timedelta(seconds=2)
    assert world.conversation("ada")["due_at"] == first_due
    world.now += timedelta(seconds=1)
    world.handle(world.flight(3, estimated_departure_time="11:30"))
    assert world.conversation("ada")["due_at"] == first_due, "what was due earlier stays due then"
    world.handle(world.flight(4))
    assert world.due() == set()


def test_jitter_below_every_step_moves_the_order_but_not_what_they_should_know(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1))
    world.handle(world.flight(2, estimated_departure_time="10:04"))
    ada = world.conversation("ada")
    known = world.stores.known.of_keys(["f1"])["f1"]
    assert "estimated_departure_time" not in ada["want"]
    assert ada["order"] == known.order
    assert known.value is not None
    assert known.value.estimated_departure_time == "10:04"
    world.handle(world.flight(3, estimated_departure_time="10:07"))
    assert world.due() == {"ada"}, "small steps add up against what was announced"


def test_several_edits_in_one_batch_are_one_fan_out_and_each_an_announcement(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1))
    world.handle(
        world.flight(2, estimated_departure_time="11:00"),
        world.flight(3, status="cancelled"),
        world.flight(4, estimated_departure_time="12:00"),
    )
    assert world.deliver() == [("ada", "scheduled", "scheduled")]
    kinds = [row["kinds"] for row in world.db.announcements.find().sort("order", 1)]
    assert kinds == [["delayed"], ["cancelled"], ["reinstated", "delayed"]]


def test_a_repeated_batch_changes_nothing(world: World) -> None:
    world.books("ada")
    batch = [world.snapshot(1), world.flight(2, gate="A1"), world.flight(3, gate="B2")]
    world.handle(*batch)
    before = world.state()
    world.handle(*batch)
    world.handle(batch[1])
    assert world.state() == before


def test_a_booker_who_saw_the_delay_hears_nothing_of_it(world: World) -> None:
    world.handle(world.snapshot(1), world.flight(5, estimated_departure_time="11:00"))
    world.handle(world.books("ada", seen={"estimated_departure_time": "11:00"}, seen_at=6))
    world.handle(world.books("bob", seen={}, seen_at=3))
    assert world.due() == {"bob"}
    assert world.conversation("ada")["heard"]["estimated_departure_time"] == "11:00"


def test_what_a_booker_saw_is_newer_than_an_event_that_comes_late(world: World) -> None:
    world.books("ada", seen={"gate": "C9"}, seen_at=9)
    world.handle(world.snapshot(1, gate="A1"), world.flight(5, gate="B2"))
    assert world.due() == set()
    assert world.conversation("ada")["want"]["gate"] == "C9"
    world.handle(world.flight(8, gate="C9"), world.flight(11, gate="D4"))
    assert world.conversation("ada")["heard"]["gate"] == "C9"
    assert world.due() == {"ada"}


def test_a_booking_without_seen_starts_with_what_was_announced(world: World) -> None:
    world.handle(world.snapshot(1), world.flight(2, estimated_departure_time="11:00"))
    world.handle(world.books("ada"))
    assert world.due() == set()
    assert world.conversation("ada")["heard"]["estimated_departure_time"] == "11:00"


def test_a_flight_that_is_delayed_when_it_is_first_seen_is_told_against_the_schedule(world: World) -> None:
    world.books("ada")
    world.books("bob", seen={"status": "delayed", "estimated_departure_time": "12:00"})
    world.handle(world.snapshot(1, status="delayed", estimated_departure_time="12:00"))
    assert world.due() == {"ada"}
    assert world.conversation("ada")["found_late"] is True


def test_a_booking_before_its_flight_is_known_waits_for_the_flight(world: World) -> None:
    world.handle(world.books("ada"))
    assert world.db.conversations.count_documents({}) == 0
    world.handle(world.flight(1, op=Op.INSERT))
    assert world.conversation("ada")["heard"] == world.conversation("ada")["want"]


def test_each_channel_has_its_own_conversation_and_a_new_channel_starts_in_silence(world: World) -> None:
    world.books("ada", seen={"gate": "A1"}, seen_at=0)
    world.handle(world.snapshot(1, gate="A1"), world.flight(3, gate="B2"))
    assert world.deliver() == [("ada", "scheduled", "scheduled")]
    world.channels = ("email", "sms")
    world.handle(world.snapshot(4, gate="B2"))
    assert world.due() == set()
    assert world.conversation("ada", channel="sms")["heard"]["gate"] == "B2"
    world.handle(world.flight(5, gate="C3"))
    assert {c["channel"] for c in world.db.conversations.find({"due_at": {"$exists": True}})} == {
        "email",
        "sms",
    }


def test_flights_keyed_by_number_and_object_id_find_their_bookings(world: World) -> None:
    from bson import ObjectId

    oid = ObjectId()
    for key in (oid, 4711, "text"):
        world.books(f"p-{key}", key)
        world.handle(world.flight(1, str(key), flight_number=f"UA{len(str(key))}"))
    assert world.db.conversations.count_documents({}) == 3


def test_a_change_revives_a_failed_conversation(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1))
    world.db.conversations.update_one(
        {}, {"$set": {"status": "failed", "not_before": world.now, "reason": "x"}}
    )
    world.handle(world.flight(2, status="cancelled"))
    ada = world.conversation("ada")
    assert ada["status"] == "open"
    assert "not_before" not in ada
    assert "due_at" in ada


def test_doubt_keeps_a_conversation_due_although_heard_equals_want(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1), world.flight(2, status="cancelled"))
    world.db.conversations.update_one({}, {"$set": {"doubt": "token/x"}})
    world.handle(world.flight(3))
    ada = world.conversation("ada")
    assert ada["heard"] == ada["want"]
    assert "due_at" in ada


def test_a_snapshot_reaches_a_booker_who_was_left_behind(world: World) -> None:
    world.handle(world.snapshot(1), world.flight(2, status="cancelled"))
    world.books("ada", seen={}, seen_at=1)  # and its event is lost
    world.handle(world.snapshot(9, status="cancelled"))
    assert world.deliver() == [("ada", "scheduled", "cancelled")]


def test_conversations_end_thirty_days_after_their_flight(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1))
    first = world.conversation("ada")["ends_at"]
    assert first.isoformat() == "2035-12-31T15:00:00+00:00"
    world.handle(world.flight(2, departure_date="2035-12-03", arrival_date="2035-12-03"))
    assert world.conversation("ada")["ends_at"] - first == timedelta(days=2)


def test_rescheduled_flight_reaches_everyone_who_booked_it(world: World) -> None:
    world.books("ada", seen={})
    world.handle(world.snapshot(1))
    world.handle(world.flight(2, departure_date="2035-12-04", arrival_date="2035-12-04"))
    assert world.deliver() == [("ada", "scheduled", "scheduled")]
    assert world.conversation("ada")["subject"] == "flight:f1"


def test_the_doorbell_rings_after_a_fan_out_only(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1))
    rung = world.db.doorbells.find_one({"_id": "email"})
    world.handle(world.snapshot(1))
    assert world.db.doorbells.find_one({"_id": "email"}) == rung
    world.handle(world.flight(2, status="cancelled"))
    assert world.db.doorbells.find_one({"_id": "email"}) != rung


def test_the_flight_event_is_what_the_conversation_names(world: World) -> None:
    world.books("ada")
    world.handle(world.snapshot(1))
    world.handle(world.flight(2, status="cancelled"))
    world.handle(world.flight(3, status="cancelled", aircraft="B738"))
    ada = world.conversation("ada")
    assert ada["want"]["aircraft"] == "B738"
    assert ada["event_id"] == "update-2-1-f1", "the first aircraft is nothing to tell; the cancellation is"


def test_nobody_gets_a_conversation_about_a_flight_of_long_ago(world: World) -> None:
    world.books("ada")
    past = {"departure_date": "2019-06-01", "arrival_date": "2019-06-01"}
    world.handle(world.snapshot(1, status="cancelled", **past), world.books("bob"))
    assert world.db.conversations.count_documents({}) == 0
    world.handle(world.flight(2))
    assert world.conversation("ada")["want"]["departure_date"] == "2035-12-01"
