"""News that goes back and forth, through a sender: told a few times, then once when it has settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.domain.flight import Flight, Status
from tests.delivery.world import NOW, A, World, flight
from tests.providers import Mailbox

ORDERS = 1_800_000_000 << 32


def changed(world: World, number: int, value: Flight, minutes_ago: float = 0) -> None:
    """An edit that was announced, and given to the conversation."""
    order = f"0000.{ORDERS + number:016x}.82"
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    announced = {"subject": "flight:f1", "order": order, "kinds": ["gate"]}
    world.database.announcements.update_one({"_id": order}, {"$set": announced}, upsert=True)
    world.database.conversations.update_many(
        {}, {"$set": {"want": value.to_document(), "order": order, "changed_at": at, "due_at": NOW}}
    )


def deliver(world: World) -> None:
    world.worker().deliver_due()


def gates(world: World, count: int) -> None:
    """So many gate changes, each told."""
    for number in range(1, count + 1):
        changed(world, number, flight(gate=f"C{number}"))
        deliver(world)


def words_of(mailbox: Mailbox, number: int) -> str:
    """The text of a mail, in one line."""
    body = mailbox.mails[number].message.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def test_fourth_gate_waits_and_the_sum_is_told_when_it_has_settled(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation(want=A)
    gates(world, 3)
    assert len(mailbox.mails) == 3
    assert "changes often" in words_of(mailbox, 2)
    for number in (4, 5, 6):
        changed(world, number, flight(gate=f"C{number}"))
        deliver(world)
    assert len(mailbox.mails) == 3
    stored = world.stored()
    assert stored["reason"] == "flapping"
    calm = stored["due_at"] - datetime.now(UTC)
    assert timedelta(minutes=14) < calm <= timedelta(minutes=15)
    held = world.database.delivery_decisions.find_one({"reason": "flapping"})
    assert held is not None
    assert held["action"] == "wait"

    changed(world, 6, flight(gate="C6"), minutes_ago=16)
    deliver(world)
    assert "C6" in mailbox.mails[3].message["Subject"]
    words = words_of(mailbox, 3)
    assert "(was C3)" in words, "against what was heard"
    assert "It changed 3 times since our last message." in words
    assert "changes often" not in words, "it has settled"
    assert "due_at" not in world.stored()


def test_only_the_last_message_before_the_holding_announces_it(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation(want=A)
    gates(world, 3)
    changed(world, 4, flight(gate="C4"), minutes_ago=16)
    deliver(world)
    changed(world, 5, flight(gate="C5", status=Status.CANCELLED))
    deliver(world)
    assert [number for number in range(5) if "changes often" in words_of(mailbox, number)] == [2]


def test_what_comes_back_to_where_it_was_is_not_told(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation(want=A)
    gates(world, 3)
    changed(world, 4, flight(gate="C9"))
    deliver(world)
    changed(world, 5, flight(gate="C3"))
    deliver(world)
    assert len(mailbox.mails) == 3
    assert "due_at" not in world.stored()


def test_cancellation_is_told_at_once(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation(want=A)
    gates(world, 3)
    changed(world, 4, flight(gate="C9", status=Status.CANCELLED))
    deliver(world)
    assert "cancelled" in mailbox.mails[3].message["Subject"]


def test_another_field_is_not_held(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation(want=A)
    gates(world, 3)
    changed(world, 4, flight(gate="C3", departure_time="00:01", departure_date="2099-01-01"))
    deliver(world)
    assert len(mailbox.mails) == 4
