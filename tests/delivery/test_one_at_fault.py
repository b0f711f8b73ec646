"""One message, one silence, one hiccup of MongoDB: none of them is taken for something else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from app.domain.flight import Status
from app.domain.news import Kind
from app.domain.reports import Refusal
from app.store.suppressions import Suppression
from tests.delivery.clocks import Clock, a_process, worker_by
from tests.delivery.world import A, B, HookedChannel, World, flight
from tests.providers import Mailbox, Twilio, TwilioAnswer

CANCELLED = flight(status=Status.CANCELLED)
LATE = flight(status=Status.DELAYED, estimated_departure_time="23:59")


def test_one_recipient_at_whom_the_server_chokes_holds_nobody_else_up(world: World, mailbox: Mailbox) -> None:
    clock = Clock()
    world.travellers(4)
    world.database["conversations"].update_one({"_id": "flight:f1|p1|email"}, {"$set": {"priority": 0}})
    mailbox.answers["RCPT p1@example.org"] = "454 4.7.1 <p1@example.org>: Relay access denied"
    worker = worker_by(world, clock, a_process(world.database, clock))
    for _ in range(60):
        worker.deliver_due()
        clock.move(2)
    assert sorted({r.partition("@")[0] for r in mailbox.recipients()}) == ["p2", "p3", "p4"]


def test_a_server_that_breaks_off_before_it_has_a_mail_is_down(world: World, mailbox: Mailbox) -> None:
    mailbox.breaks_off = True
    world.travellers(12)
    worker = world.worker()
    worker.deliver_due()
    assert worker._terms.providers.words() == "hand-overs are not answered"
    assert mailbox.mails == []


def test_a_hiccup_of_mongodb_while_a_message_is_made_fails_no_message(
    world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = world.person()
    world.conversation()
    refused = Suppression("x", "sms", Refusal.OPTED_OUT, "21610", "stop", person, datetime.now(UTC))
    monkeypatch.setattr(
        world.terms.suppressions, "concerning", lambda *_: ({}, {person: refused}), raising=True
    )

    def gone(*_: Any) -> bool:
        raise AutoReconnect("no primary")

    with monkeypatch.context() as hiccup:
        hiccup.setattr(world.terms.suppressions, "take", gone)
        with pytest.raises(AutoReconnect):
            world.worker().deliver_due()
    assert world.stored()["status"] == "open"
    world.lapse()
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1


def test_a_cancellation_that_comes_during_a_hand_over_does_not_wait_out_its_back_off(
    world: World, mailbox: Mailbox
) -> None:
    mailbox.once["DATA"] = ["451 4.3.0 later"]
    world.person()
    world.conversation()
    channel = HookedChannel(world.channel, before=lambda: world.wants(CANCELLED, 2))
    world.worker(channel=channel).deliver_due()
    assert "not_before" not in world.stored()
    world.worker().deliver_due()
    assert "is cancelled" in mailbox.subjects()[-1]


def test_who_may_have_read_a_cancellation_two_unknown_answers_ago_is_told_that_it_flies(
    world: World, mailbox: Mailbox
) -> None:
    mailbox.drop_after_data = 2
    world.person()
    world.conversation(want=CANCELLED)
    worker = world.worker()
    worker.deliver_due()
    world.wants(LATE, 2)
    world.hurry()
    worker.deliver_due()
    world.hurry()
    worker.deliver_due()
    assert len(mailbox.mails) == 3
    row = world.row(at=2)
    assert row is not None
    assert Kind.REINSTATED in row["kinds"]
    assert "flies" in mailbox.subjects()[-1]


def test_an_older_text_of_the_same_words_is_not_taken_for_the_one_in_doubt(
    sms_world: World, twilio: Twilio
) -> None:
    world = sms_world
    world.person()
    world.conversation()
    worker = world.worker()
    worker.deliver_due()
    world.wants(A, 2)
    worker.deliver_due()
    twilio.script = [TwilioAnswer(drop=True)]  # it never had this one
    world.wants(B, 3)
    worker.deliver_due()
    assert "doubt" in world.stored()
    world.hurry()
    worker.deliver_due()
    assert twilio.asked == 1
    assert len(twilio.messages) == 3
    assert "now" in twilio.messages[0]["body"]
    assert world.stored()["heard"] == B.to_document()
