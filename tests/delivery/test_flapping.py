"""News that goes back and forth, through a sender: told a few times, then once when it has settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.flight import Flight, Status
from tests.delivery.choosers import clock_of
from tests.delivery.world import NOW, A, HookedChannel, World, flight
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
    assert not {"due_at", "flapped"} & set(world.stored())


def test_only_the_last_message_before_the_holding_announces_it(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation(want=A)
    gates(world, 3)
    changed(world, 4, flight(gate="C4"), minutes_ago=16)
    deliver(world)
    changed(world, 5, flight(gate="C5", status=Status.CANCELLED))
    deliver(world)
    assert [number for number in range(5) if "changes often" in words_of(mailbox, number)] == [2]


QUIET = {"quiet": {"from": clock_of(NOW, -1), "until": clock_of(NOW, 4)}}
PAUSED = {"paused_until": NOW + timedelta(days=1)}
TEXT_FIRST = {
    "routing": {"steps": [{"channel": "sms", "minutes": 60}, {"channel": "email"}], "news": ["gate"]}
}


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        pytest.param(QUIET, "quiet_hours", id="quiet hours"),
        pytest.param(PAUSED, "paused", id="a pause"),
        pytest.param(TEXT_FIRST, "waits_for_sms", id="another channel"),
        pytest.param({"daily_max": 3}, "daily_maximum", id="the maximum"),
    ],
)
def test_what_settles_while_something_else_holds_it_still_says_how_often_it_changed(
    world: World, mailbox: Mailbox, choices: dict[str, Any], reason: str
) -> None:
    settles_while_held(world, choices)
    assert world.stored()["reason"] == reason
    choose(world, {})
    world.database.conversations.update_many({}, {"$set": {"due_at": NOW}, "$unset": {"fold": ""}})
    deliver(world)
    assert "It changed 2 times since our last message." in words_of(mailbox, 3)
    assert "flapped" not in world.stored()


def twice_held(world: World) -> None:
    """Three gates told, two more held."""
    world.conversation(want=A)
    gates(world, 3)
    for number in (4, 5):
        changed(world, number, flight(gate=f"C{number}"))
        deliver(world)
    assert world.stored()["reason"] == "flapping"


def settles_while_held(world: World, choices: dict[str, Any]) -> None:
    """Two changes after the last message; by the time it has settled, the person's choices hold it."""
    world.person(time_zone="UTC")
    world.terms = replace(world.terms, channels=frozenset({"email", "sms"}))
    if "daily_max" in choices:  # what was told counts
        choose(world, choices)
    twice_held(world)
    choose(world, choices)
    if "routing" in choices:  # the text is on its way
        fields = {"want": flight(gate="C5").to_document(), "reason": "", "due_at": NOW + timedelta(hours=1)}
        world.database.conversations.insert_one(
            world.stored() | {"_id": "flight:f1|p1|sms", "channel": "sms"} | fields
        )
    changed(world, 5, flight(gate="C5"), minutes_ago=16)
    deliver(world)


def choose(world: World, choices: dict[str, Any]) -> None:
    """The person chooses anew."""
    world.database.users.update_one({"_id": "p1"}, {"$set": {"preferences": choices}})


def test_what_is_tried_again_says_the_same(world: World, mailbox: Mailbox) -> None:
    world.person()
    twice_held(world)
    mailbox.once["RCPT"] = ["450 4.2.1 mailbox busy"]
    changed(world, 5, flight(gate="C5"), minutes_ago=16)
    deliver(world)
    assert (len(mailbox.mails), world.stored()["attempts"]) == (3, 1)
    world.hurry()
    deliver(world)
    assert "It changed 2 times since our last message." in words_of(mailbox, 3)


def test_a_change_while_the_sum_is_told_does_not_keep_that_it_was_held(
    world: World, mailbox: Mailbox
) -> None:
    world.person()
    twice_held(world)
    changed(world, 5, flight(gate="C5"), minutes_ago=16)
    meanwhile = HookedChannel(world.channel, after=lambda: changed(world, 6, flight(gate="C6")))
    world.worker(channel=meanwhile).deliver_due()
    assert len(mailbox.mails) == 4
    stored = world.stored()
    assert stored["due_at"] is not None
    assert not {"flapped", "reason"} & set(stored)


def test_what_was_held_before_there_was_the_field_says_how_often_it_changed(
    world: World, mailbox: Mailbox
) -> None:
    world.person()
    twice_held(world)
    world.database.conversations.update_many({}, {"$unset": {"flapped": ""}})
    changed(world, 5, flight(gate="C5"), minutes_ago=16)
    deliver(world)
    assert "It changed 2 times since our last message." in words_of(mailbox, 3)


def test_what_comes_back_to_where_it_was_is_not_told(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation(want=A)
    gates(world, 3)
    changed(world, 4, flight(gate="C9"))
    deliver(world)
    changed(world, 5, flight(gate="C3"))
    deliver(world)
    assert len(mailbox.mails) == 3
    assert not {"due_at", "flapped"} & set(world.stored())


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
