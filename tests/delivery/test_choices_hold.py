"""Choices through a real MongoDB and mail server: own rules, quiet hours, pauses, what is told to whom at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.clock import DomainClock
from app.domain.flight import Status
from app.domain.preferences import Group
from app.store.second_looks import SecondLooks
from tests.delivery.choosers import FAR_A, FAR_B, at_gates, by_clock, chooser, clock_of, held
from tests.delivery.clocks import Clock
from tests.delivery.world import A, B, Dying, World, flight
from tests.providers import Mailbox, Twilio

CANCELLED = flight(departure_date=FAR_A.departure_date, status=Status.CANCELLED)


@pytest.fixture
def clock(world: World) -> Clock:
    """The world's only clock; gates are told early."""
    found = Clock()
    at_gates(world)
    by_clock(world, found)
    return found


def quiet_now(clock: Clock, hours: int = 4) -> dict[str, Any]:
    """Quiet hours that are on, and end in so many hours."""
    return {"from": clock_of(clock.moment, -1), "until": clock_of(clock.moment, hours)}


def end_of(clock: Clock, hours: int = 4) -> datetime:
    """When they end."""
    return (clock.moment + timedelta(hours=hours)).replace(second=0, microsecond=0)


def test_quiet_hours_hold_until_their_end_and_then_tell(world: World, mailbox: Mailbox, clock: Clock) -> None:
    chooser(world, quiet=quiet_now(clock))
    world.conversation(heard=FAR_A, want=FAR_B)
    until = end_of(clock)
    assert world.worker().deliver_due() == 1
    stored = world.stored()
    assert (stored["due_at"], stored["reason"]) == (until, "quiet_hours")
    [row] = held(world)
    assert (row["action"], row["reason"], row["until"]) == ("wait", "quiet_hours", until)
    clock.moment = until - timedelta(seconds=1)
    assert world.worker().deliver_due() == 0
    assert mailbox.mails == []
    clock.moment = until
    assert world.worker().deliver_due() == 1
    assert len(mailbox.mails) == 1
    assert world.stored()["heard"] == FAR_B.to_document()


def test_what_is_held_on_a_fast_clock_is_never_claimed_before_its_time(world: World, clock: Clock) -> None:
    started = clock.moment.replace(microsecond=0)
    fast = DomainClock(started, started + timedelta(microseconds=1), 1440.0, system=clock)
    world.terms = replace(world.terms, domain_clock=fast)
    clock.moment = started + timedelta(seconds=1)  # 24 minutes by the fast clock
    chooser(world, quiet={"from": clock_of(fast()), "until": clock_of(fast(), 1)})
    world.conversation(heard=FAR_A, want=FAR_B)
    assert world.worker().deliver_due() == 1
    until = (fast() + timedelta(hours=1)).replace(second=0, microsecond=0)
    assert until <= fast.at(world.stored()["due_at"]) < until + timedelta(seconds=2)


def test_what_is_undone_while_it_is_held_is_never_told(world: World, mailbox: Mailbox, clock: Clock) -> None:
    chooser(world, quiet=quiet_now(clock))
    world.conversation(heard=FAR_A, want=FAR_B)
    world.worker().deliver_due()
    world.wants(FAR_A, 2)
    clock.move(5 * 3600)
    world.worker().deliver_due()
    assert mailbox.mails == []
    assert "due_at" not in world.stored()


def test_a_cancellation_comes_in_quiet_hours_and_in_a_pause(
    world: World, mailbox: Mailbox, clock: Clock
) -> None:
    chooser(world, quiet=quiet_now(clock), paused_until=clock.moment + timedelta(days=2))
    world.conversation(heard=FAR_A, want=CANCELLED)
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1


def test_news_shortly_before_departure_comes_in_quiet_hours(
    world: World, mailbox: Mailbox, clock: Clock
) -> None:
    chooser(world, quiet=quiet_now(clock), urgent_h=6)
    world.conversation(heard=A, want=B)  # in five hours
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1


def test_what_is_held_comes_when_departure_has_come_near(
    world: World, mailbox: Mailbox, clock: Clock
) -> None:
    chooser(world, quiet=quiet_now(clock, 8), urgent_h=3)
    world.conversation(heard=A, want=B)
    world.worker().deliver_due()
    due = world.stored()["due_at"]
    assert due == B.leaves_at - timedelta(hours=3)
    clock.moment = due
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1


def test_what_is_in_doubt_obeys_quiet_hours_and_stays_in_doubt(
    world: World, mailbox: Mailbox, clock: Clock
) -> None:
    chooser(world, quiet=quiet_now(clock))
    world.conversation(heard=FAR_A, want=FAR_B, doubt="some/attempt")
    world.worker().deliver_due()
    stored = world.stored()
    assert (stored["due_at"], stored["doubt"]) == (end_of(clock), "some/attempt")
    clock.moment = stored["due_at"]
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1
    assert "doubt" not in world.stored()


@pytest.mark.parametrize(
    ("off", "mails"),
    [
        pytest.param(["delayed"], 1, id="it says how the flight is"),
        pytest.param([group.value for group in Group if group.value not in {"airport", "fare", "notice"}], 0),
    ],
)
def test_who_wants_no_news_of_flights_by_a_channel_is_told_none_in_doubt(
    world: World, mailbox: Mailbox, off: list[str], mails: int
) -> None:
    """As after a restore: nothing says what they may have heard."""
    chooser(world, channels={"email": dict.fromkeys(off, False)})
    world.conversation(heard=FAR_A, want=FAR_A, doubt="restore/2")
    world.worker().deliver_due()
    assert len(mailbox.mails) == mails
    assert ("doubt" in world.stored(), "due_at" in world.stored()) == (mails == 0, False)


def test_what_is_unticked_after_an_unknown_outcome_is_not_told_again(world: World, mailbox: Mailbox) -> None:
    person = chooser(world)
    world.conversation(heard=A, want=B)
    mailbox.drop_after_data = 1
    world.worker().deliver_due()
    world.database["users"].update_one(
        {"_id": person}, {"$set": {"preferences.channels.email": {"gate": False}}}
    )
    world.hurry()
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1
    assert "doubt" in world.stored()


def test_a_pause_holds_until_it_is_over(world: World, mailbox: Mailbox, clock: Clock) -> None:
    until = clock.moment + timedelta(hours=30)
    chooser(world, paused_until=until)
    world.conversation(heard=FAR_A, want=FAR_B)
    world.worker().deliver_due()
    assert (world.stored()["due_at"], world.stored()["reason"]) == (until, "paused")
    clock.moment = until
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1


def test_another_choice_lets_what_waits_go_at_once(world: World, mailbox: Mailbox, clock: Clock) -> None:
    person = chooser(world, quiet=quiet_now(clock))
    world.conversation(heard=FAR_A, want=FAR_B)
    world.worker().deliver_due()
    world.database["users"].update_one({"_id": person}, {"$unset": {"preferences": ""}})
    assert SecondLooks(world.database).for_person(person, clock()) == 1
    assert world.worker().deliver_due() == 1
    assert len(mailbox.mails) == 1


def test_a_choice_made_between_reading_the_person_and_settling_is_not_lost(
    world: World, mailbox: Mailbox, clock: Clock
) -> None:
    person = chooser(world, quiet=quiet_now(clock))
    world.conversation(heard=FAR_A, want=FAR_B)

    class Interrupted(Dying):
        def settle(self, *args: Any) -> Any:
            world.database["users"].update_one({"_id": person}, {"$unset": {"preferences": ""}})
            SecondLooks(world.database).for_person(person, clock())
            return self._real.settle(*args)

    world.worker(claims=Interrupted(world.terms.claims, "", after=False)).deliver_due()
    assert mailbox.mails == []
    assert world.worker().deliver_due() == 1
    assert len(mailbox.mails) == 1


def test_ones_own_steps_and_groups_decide_what_is_news(world: World, mailbox: Mailbox, clock: Clock) -> None:
    chooser(world, 1, channels={"email": {"gate": False}})
    chooser(world, 2, channels={"sms": {"gate": False}})
    for number in (1, 2):
        world.conversation(number, heard=FAR_A, want=FAR_B)
    world.worker().deliver_due()
    assert [mail.recipient for mail in mailbox.mails] == ["p2@example.org"]
    assert [row["reason"] for row in held(world, 1)] == ["not_wanted"]


def test_a_muted_following_says_nothing_and_a_booking_still_does(
    world: World, mailbox: Mailbox, clock: Clock
) -> None:
    for number, books in ((1, False), (2, True)):
        chooser(world, number)
        world.conversation(number, heard=FAR_A, want=FAR_B)
        world.database["followings"].insert_one({"user_id": f"p{number}", "flight_id": "f1", "muted": True})
        if not books:
            world.database["bookings"].delete_one({"user_id": f"p{number}"})
    world.worker().deliver_due()
    assert [mail.recipient for mail in mailbox.mails] == ["p2@example.org"]
    assert [row["reason"] for row in held(world, 1)] == ["muted"]


def test_a_list_that_was_stopped_comes_no_more_and_the_other_does(
    world: World, mailbox: Mailbox, clock: Clock
) -> None:
    chooser(world, 1, stopped=["bookings"])
    chooser(world, 2, stopped=["followings"])
    for number in (1, 2):
        world.conversation(number, heard=FAR_A, want=CANCELLED)
    world.worker().deliver_due()
    assert [mail.recipient for mail in mailbox.mails] == ["p2@example.org"]
    assert [row["reason"] for row in held(world, 1)] == ["stopped"]


@pytest.mark.parametrize(
    "verified", [{}, {"email": "other@example.org"}, {"phone": "+15550100001"}, None, True]
)
def test_an_address_that_was_not_verified_gets_nothing(
    world: World, mailbox: Mailbox, clock: Clock, verified: Any
) -> None:
    world.person(1)
    world.database["users"].update_one({"_id": "p1"}, {"$set": {"verified": verified}})
    world.conversation(heard=FAR_A, want=CANCELLED)
    world.worker().deliver_due()
    assert mailbox.mails == []
    row = world.row()
    assert row is not None
    assert (row["status"], row["reason"]) == ("skipped", "unverified_address")


def test_an_address_that_was_verified_counts(world: World, mailbox: Mailbox, clock: Clock) -> None:
    world.person(1, verified={"email": "P1@example.org"})
    world.conversation(heard=FAR_A, want=FAR_B)
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize(
    "garbage",
    [
        "nonsense",
        ["quiet"],
        {"quiet": {"from": 22, "until": None}, "digest": "daily", "channels": {"email": 7}, "delay_min": "x"},
        {"paused_until": "never", "daily_max": -1, "stopped": 3, "urgent_h": {"a": 1}},
    ],
)
def test_garbage_in_preferences_stops_no_message(
    world: World, mailbox: Mailbox, clock: Clock, garbage: Any
) -> None:
    world.person(1, preferences=garbage, time_zone="Mars/Base")
    world.conversation(heard=FAR_A, want=FAR_B)
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1


def test_an_unverified_phone_gets_no_text(sms_world: World, twilio: Twilio) -> None:
    sms_world.person(1, verified={"email": "p1@example.org"})
    sms_world.conversation(heard=A, want=flight(status=Status.CANCELLED))
    sms_world.worker().deliver_due()
    assert twilio.messages == []


def test_what_staff_send_again_waits_for_quiet_hours_and_no_digest(
    world: World, mailbox: Mailbox, clock: Clock
) -> None:
    digest = {"every": "daily", "at": clock_of(clock.moment, 20)}
    chooser(world, 1, digest=digest)
    chooser(world, 2, digest=digest, quiet=quiet_now(clock))
    for number in (1, 2):
        world.conversation(number, heard=FAR_B, want=FAR_B, doubt="again/1")
    world.worker().deliver_due()
    assert mailbox.recipients() == ["p1@example.org"]
    assert world.stored(2)["due_at"] == end_of(clock)
    assert "fold" not in world.stored(2)
