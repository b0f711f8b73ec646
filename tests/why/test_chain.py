"""The whole chain from a save to a phone, out of what was written when it was decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.domain.clock import real_time
from app.domain.why_view import Shown, view
from app.domain.why_words import Step, of_event
from tests.providers import Mailbox, Twilio
from tests.why.world import World


def shown(world: World, event: str, channel: str = "email", person: str = "p1") -> Shown:
    """What one channel did about a change."""
    found = view(world.chain(event, person), real_time(), you=True)
    return next(one for one in found.channels if one.channel == channel)


def titles(world: World, event: str, channel: str = "email", person: str = "p1") -> list[str]:
    return [line.title for line in shown(world, event, channel, person).lines]


def decided(world: World, event: str) -> list[Step]:
    found = world.reader.event(event)
    assert found is not None
    return of_event(found)


def begin(world: World, **user: object) -> None:
    """A traveller who knows that the flight leaves from C70."""
    world.notifying.handle(world.notifying.snapshot(1, gate="C70"))
    world.person(**user)
    world.notifying.handle(world.notifying.books("p1", seen={"gate": "C70"}, seen_at=2, time=3))
    world.deliver()


def test_a_change_that_was_told_has_every_step_with_its_time(
    world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    begin(world)
    late = world.notifying.flight(5, gate="C70", status="delayed", estimated_departure_time="10:40")
    world.notifying.handle(late)
    world.deliver()
    assert len(mailbox.mails) == len(twilio.messages) == 1
    assert [step.title for step in decided(world, "update-5-1-f1")] == [
        "A change was saved",
        "The change was seen",
        "It was read",
        "It was decided to tell people",
    ]
    for channel, provider in (("email", "mail server"), ("sms", "SMS provider")):
        assert titles(world, "update-5-1-f1", channel) == [
            "It was due",
            "You are among them",
            f"It was handed to the {provider}",
            f"The {provider} has it",
        ]
    lines = shown(world, "update-5-1-f1").lines
    assert all(line.at for line in lines)
    assert lines[1].words == "because you hold a booking."
    assert "accepted as 4711" in lines[2].words
    assert "expected departure 10:40" in decided(world, "update-5-1-f1")[0].words.lower()


def test_what_the_message_broker_knows_is_part_of_the_chain(world: World) -> None:
    from dataclasses import replace

    published = datetime(2020, 1, 1, 12, 0, 0, 60_000, UTC)
    world.notifying.handle(replace(world.notifying.snapshot(1), published_at=published))
    seen = next(step for step in decided(world, "snapshot-1-1-f1") if step.title == "The change was seen")
    assert seen.at == published
    assert "flights.changes, partition 0, offset 1." in seen.words


def test_edits_in_a_row_are_one_message_and_both_say_so(world: World, mailbox: Mailbox) -> None:
    begin(world)
    world.notifying.handle(world.notifying.flight(5, gate="C71"))
    world.notifying.handle(
        world.notifying.flight(6, gate="C71", status="delayed", estimated_departure_time="10:40")
    )
    world.deliver()
    assert len(mailbox.mails) == 1
    assert "A later change took it in" in titles(world, "update-5-1-f1")
    assert "An earlier change came along" in titles(world, "update-6-1-f1")
    assert shown(world, "update-5-1-f1").state.words == "Sent"


def test_what_was_settled_before_does_not_come_along(world: World) -> None:
    begin(world)
    world.notifying.handle(world.notifying.flight(5, gate="C71"))
    world.deliver()
    world.notifying.handle(world.notifying.flight(9, gate="C72"))
    world.deliver()
    assert "An earlier change came along" not in titles(world, "update-9-1-f1")
    assert "A later change took it in" not in titles(world, "update-5-1-f1")


def test_a_change_taken_back_before_it_was_told_is_silence_with_its_reason(
    world: World, mailbox: Mailbox
) -> None:
    begin(world)
    world.notifying.handle(world.notifying.flight(5, status="cancelled", gate="C70"))
    world.notifying.handle(world.notifying.flight(6, gate="C70"))
    world.deliver()
    assert not mailbox.mails
    assert titles(world, "update-5-1-f1") == ["It was taken back before anybody was told"]


def test_whoever_books_after_the_change_was_shown_it(world: World, mailbox: Mailbox) -> None:
    world.notifying.handle(world.notifying.snapshot(1, gate="C70"))
    world.notifying.handle(world.notifying.flight(5, status="cancelled"))
    world.person()
    world.notifying.handle(world.notifying.books("p1", seen={"status": "cancelled"}, seen_at=7, time=8))
    world.deliver()
    assert not mailbox.mails
    assert titles(world, "update-5-1-f1") == ["The booking already showed it"]


def test_delivery_keeps_why_it_said_nothing(world: World, mailbox: Mailbox) -> None:
    begin(world)
    # More than the smallest step anybody can choose, less than this person's.
    slightly = {"gate": "C70", "status": "delayed", "estimated_departure_time": "10:07"}
    world.notifying.handle(world.notifying.flight(5, **slightly))
    world.deliver()
    assert not mailbox.mails
    row = world.db.delivery_decisions.find_one({"channel": "email", "event_id": "update-5-1-f1"})
    assert row is not None
    assert (row["action"], row["reason"], row["role"]) == ("settle", "below_threshold", "traveller")
    assert row["expires_at"] - row["decided_at"] == timedelta(days=world.settings.decision_keep_days)
    assert titles(world, "update-5-1-f1") == ["You are among them", "It is too little for a message"]
    assert shown(world, "update-5-1-f1").state.shape == "skipped"


def test_a_gate_long_before_departure_is_held_and_says_until_when(world: World, mailbox: Mailbox) -> None:
    begin(world)
    world.notifying.handle(world.notifying.flight(5, gate="C71"))
    world.deliver()
    assert not mailbox.mails, "the flight leaves in years"
    one = shown(world, "update-5-1-f1")
    assert one.state.words == "Held"
    assert [line.title for line in one.lines][1:3] == [
        "It was held until nearer to departure",
        "It was to be looked at again",
    ]
    world.deliver()
    assert world.db.delivery_decisions.count_documents({"channel": "email", "action": "wait"}) == 1


def test_every_attempt_is_there_with_the_providers_words_and_nobodys_address(
    world: World, mailbox: Mailbox
) -> None:
    begin(world)
    mailbox.once["DATA"] = ["451 4.3.0 try later, p1@example.org is busy"]
    world.notifying.handle(world.notifying.flight(5, status="cancelled"))
    world.deliver()
    assert shown(world, "update-5-1-f1").state.words == "Trying again"
    world.db.conversations.update_many({}, {"$unset": {"not_before": ""}})
    world.deliver()
    lines = shown(world, "update-5-1-f1").lines
    tried = [line.words for line in lines if line.title == "It was handed to the mail server"]
    assert len(tried) == 2
    assert "451 4.3.0 try later" in tried[0]
    assert not any("p1@example.org" in line.words for line in lines)


def test_what_failed_for_good_ends_badly_with_the_reason(world: World, mailbox: Mailbox) -> None:
    begin(world)
    mailbox.answers["DATA"] = "554 5.6.0 not this message"
    world.notifying.handle(world.notifying.flight(5, status="cancelled"))
    world.deliver()
    last = shown(world, "update-5-1-f1").lines[-1]
    assert (last.title, last.tone) == ("It failed for good", "bad")
    assert "5.6.0" in last.words


def test_what_staff_wrote_for_staff_is_not_shown_to_the_person(world: World) -> None:
    begin(world)
    world.notifying.handle(world.notifying.flight(5, status="cancelled"))
    world.deliver()
    entry = {"at": world.moment, "by": "staff:abc", "why": "An angry one, see ticket 7.", "forced": True}
    world.db.notifications.update_many({"channel": "email"}, {"$set": {"again": [entry]}})
    (step,) = (line for line in shown(world, "update-5-1-f1").lines if "Staff" in line.title)
    assert (step.title, step.words) == ("Staff had it sent again", "")
    for_staff = view(world.chain("update-5-1-f1"), real_time())
    assert any("An angry one" in line.words for one in for_staff.channels for line in one.lines)


def test_a_person_without_an_address_is_skipped_and_told_so(world: World) -> None:
    begin(world, phone=None)
    world.notifying.handle(world.notifying.flight(5, status="cancelled"))
    world.deliver()
    one = shown(world, "update-5-1-f1", "sms")
    assert one.state.words == "Skipped: there is no address for this channel"
    assert [line.title for line in one.lines] == [
        "You are among them",
        "There is no address for this channel",
    ]


def test_a_booking_that_is_gone_is_the_reason(world: World, mailbox: Mailbox) -> None:
    begin(world)
    world.notifying.handle(world.notifying.flight(5, status="cancelled"))
    world.db.bookings.update_many({}, {"$set": {"status": "cancelled"}})
    world.deliver()
    assert not mailbox.mails
    assert titles(world, "update-5-1-f1") == ["Nobody to tell any more"]
    assert view(world.chain("update-5-1-f1"), real_time(), you=True).place == (
        "Your booking on this flight is cancelled."
    )


def test_somebody_else_is_not_among_those_concerned(world: World) -> None:
    begin(world)
    world.notifying.handle(world.notifying.flight(5, status="cancelled"))
    found = view(world.chain("update-5-1-f1", "stranger"), real_time())
    assert not found.channels
    assert found.place == "Now: holds no booking on this flight and does not follow it."


def test_a_document_that_was_inserted_again_continues_the_chain(world: World, mailbox: Mailbox) -> None:
    begin(world)
    world.notifying.handle(
        world.notifying.deleted(5), world.notifying.flight(6, key="f2", status="cancelled")
    )
    world.deliver()
    assert len(mailbox.mails) == 1
    event = world.reader.event("update-6-1-f2")
    assert event is not None
    assert event.subject == "flight:f1"
    assert shown(world, "update-6-1-f2").state.words == "Sent"
