"""Addresses that are of no use: nothing more is sent there, the table says why, the other channel says it once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from app.__main__ import main
from app.channels.sms import SmsChannel
from app.domain.reports import Refusal, Report, State
from app.store.callbacks import Fate
from consumers.delivery.reporting import Reporting
from tests.delivery.world import A, B, C, World
from tests.providers import Mailbox, Twilio, TwilioAnswer

NO_SUCH_USER = "550 5.1.1 <p1@example.org> no such user"
STOPPED = {"code": 21610, "message": "Attempt to send to unsubscribed recipient", "status": 400}


def deliver(world: World) -> None:
    worker = world.worker()
    while worker.deliver_due():
        pass


def test_refused_mailbox_gets_nothing_more_and_the_row_says_why(world: World, mailbox: Mailbox) -> None:
    mailbox.once["RCPT"] = [NO_SUCH_USER]
    world.person()
    world.conversation()
    deliver(world)
    first = world.row()
    assert first is not None
    assert first["status"] == "failed"
    world.wants(C, 2)
    deliver(world)
    second = world.row(at=2)
    assert second is not None
    assert (second["status"], second["reason"], second["attempts"]) == ("skipped", "suppressed_bounced", [])
    assert not mailbox.mails
    assert world.stored()["heard"] == A.to_document()
    (kept,) = world.database["suppressions"].find({"channel": {"$exists": True}})
    assert kept["code"] == "5.1.1"
    assert "example.org" not in str(kept)


def test_refusal_of_another_kind_suppresses_nobody(world: World, mailbox: Mailbox) -> None:
    mailbox.once["RCPT"] = ["550 5.7.1 we do not like you", "550 no"]
    world.travellers(2)
    deliver(world)
    assert world.database["suppressions"].count_documents({"channel": {"$exists": True}}) == 0


def test_a_new_address_of_the_person_is_used(world: World, mailbox: Mailbox) -> None:
    mailbox.once["RCPT"] = [NO_SUCH_USER]
    world.person()
    world.conversation()
    deliver(world)
    world.database["users"].update_one({"_id": "p1"}, {"$set": {"email": "new@example.org"}})
    world.wants(C, 2)
    deliver(world)
    assert mailbox.recipients() == ["new@example.org"]


def test_the_next_text_says_once_that_mail_does_not_reach_them(
    world: World, sms_world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    mailbox.once["RCPT"] = [NO_SUCH_USER]
    world.person()
    world.conversation()
    sms_world.conversation()
    deliver(world)
    deliver(sms_world)
    sms_world.wants(C, 2)
    deliver(sms_world)
    first, second = twilio.bodies()
    assert first.endswith("We could not reach you by e-mail: your mailbox does not take our messages.")
    assert "could not reach" not in second


@pytest.mark.parametrize("email", ["new@example.org", "bücher@bücher.example", None])
def test_who_has_another_address_by_now_is_not_told_of_the_old_one(
    world: World, sms_world: World, mailbox: Mailbox, twilio: Twilio, email: str | None
) -> None:
    mailbox.once["RCPT"] = [NO_SUCH_USER]
    world.person()
    world.conversation()
    deliver(world)
    users = world.database["users"]
    users.update_one({"_id": "p1"}, {"$set": {"email": email}}, bypass_document_validation=True)
    sms_world.conversation()
    deliver(sms_world)
    users.update_one({"_id": "p1"}, {"$set": {"email": "P1@example.org"}})
    sms_world.wants(C, 2)
    deliver(sms_world)
    with_another, with_the_old_one_again = twilio.bodies()
    assert "could not reach" not in with_another
    assert "could not reach" in with_the_old_one_again


@pytest.mark.parametrize(("present", "code"), [("+15550100001", "21610"), ("+1 (555) 010-0002", "21614")])
def test_of_an_old_and_a_present_number_the_present_one_is_told(
    world: World, sms_world: World, twilio: Twilio, present: str, code: str
) -> None:
    twilio.script = [TwilioAnswer(400, STOPPED), TwilioAnswer(400, STOPPED | {"code": 21614})]
    world.person()
    for number, phone in enumerate(("+15550100001", "+1 (555) 010-0002"), 1):
        world.database["users"].update_one({"_id": "p1"}, {"$set": {"phone": phone}})
        if number == 1:
            sms_world.conversation()
        sms_world.wants(C, number)
        deliver(sms_world)
    world.database["users"].update_one({"_id": "p1"}, {"$set": {"phone": present}})
    world.conversation()
    deliver(world)
    told = world.database["suppressions"].find_one({"told_at": {"$exists": True}})
    assert told is not None
    assert told["code"] == code


def test_the_next_mail_says_once_that_texts_were_stopped(
    world: World, sms_world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    twilio.script = [TwilioAnswer(400, STOPPED)]
    world.person()
    sms_world.conversation()
    deliver(sms_world)
    assert sms_world.database["suppressions"].count_documents({"reason": "opted_out", "code": "21610"}) == 1
    world.conversation()
    deliver(world)
    world.wants(C, 2)
    deliver(world)
    first, second = (mail.message.as_string() for mail in mailbox.mails)
    assert first.count("We could not reach you by SMS") == 2, "in text and in HTML"
    assert "START" in first
    assert "could not reach" not in second


def test_what_was_not_handed_over_is_said_by_the_message_that_is(
    world: World, sms_world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    twilio.script = [TwilioAnswer(400, STOPPED)]
    world.person()
    sms_world.conversation()
    deliver(sms_world)
    world.conversation()
    mailbox.once["RCPT"] = ["450 4.2.1 mailbox busy"]
    deliver(world)
    assert not mailbox.mails
    world.hurry()
    deliver(world)
    assert "We could not reach you by SMS" in mailbox.mails[0].message.as_string()
    assert world.database["suppressions"].count_documents({"told_at": {"$exists": True}}) == 1


def test_of_two_messages_at_once_one_says_it(
    world: World, sms_world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    twilio.script = [TwilioAnswer(400, STOPPED)]
    world.person()
    sms_world.conversation()
    deliver(sms_world)
    world.conversation()
    world.database["bookings"].insert_one(
        {"_id": "b9", "user_id": "p1", "flight_id": "f2", "status": "confirmed"}
    )
    world.conversation(_id="flight:f2|p1|email", subject="flight:f2")
    deliver(world)
    said = ["could not reach" in mail.message.as_string() for mail in mailbox.mails]
    assert sorted(said) == [False, True]


def test_who_took_it_along_and_died_leaves_it_to_another(world: World) -> None:
    store, now = world.terms.suppressions, world.terms.now()
    world.database["suppressions"].insert_one(
        {"_id": "sms:x", "channel": "sms", "reason": "opted_out", "person": "p1", "since": now}
    )
    assert store.take("sms:x", "dead", now)
    assert not store.take("sms:x", "other", now + timedelta(minutes=9))
    assert store.take("sms:x", "other", now + timedelta(minutes=11))
    store.settle("dead", {"sms:x": True}, now)
    assert store.concerning("email", [], {"p1": ["sms:x"]})[1], "the dead one no longer speaks for it"
    store.settle("other", {"sms:x": True}, now)
    assert not store.concerning("email", [], {"p1": ["sms:x"]})[1]


def test_staff_list_and_remove_by_address_without_the_address_being_kept(
    world: World, mailbox: Mailbox
) -> None:
    mailbox.once["RCPT"] = [NO_SUCH_USER]
    world.person()
    world.conversation()
    deliver(world)
    env = {
        "MONGODB_URI": world.settings.mongodb_uri.get_secret_value(),
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
    }
    listed = CliRunner().invoke(main, ["suppressions", "list"], env=env)
    assert listed.exit_code == 0, listed.output
    assert "bounced" in listed.output
    assert "p1@example.org" not in listed.output
    for what, status, words in (
        ("nonsense", 2, "give a key"),
        ("p2@example.org", 1, "was not suppressed"),
        ("P1@example.org", 0, "is used again"),
        ("key", 2, "give a key"),
    ):
        done = CliRunner().invoke(main, ["suppressions", "remove", what], env=env)
        assert (done.exit_code, words in done.output) == (status, True), done.output
    world.wants(C, 2)
    deliver(world)
    assert len(mailbox.mails) == 1


@pytest.fixture
def public_sms(sms_world: World) -> World:
    """A world whose web server Twilio can call."""
    settings = sms_world.settings.model_copy(update={"public_url": "https://gatecall.example.org"})
    return World(sms_world.database, settings, SmsChannel(settings))


def reference(message: dict[str, Any]) -> str:
    return str(message["status_callback"]).rpartition("ref=")[2]


def test_texts_ask_for_status_callbacks_where_the_address_is_public(
    sms_world: World, public_sms: World, twilio: Twilio
) -> None:
    sms_world.travellers(1)
    deliver(sms_world)
    public_sms.person(2)
    public_sms.conversation(2)
    deliver(public_sms)
    newest, oldest = twilio.messages
    assert oldest["status_callback"] is None
    assert newest["status_callback"].startswith("https://gatecall.example.org/callbacks/twilio/status?ref=")
    assert "p2" not in newest["status_callback"]
    public_sms.close()


def test_a_callback_proves_that_twilio_has_what_got_no_answer(public_sms: World, twilio: Twilio) -> None:
    twilio.script = [TwilioAnswer(drop=True, keep=True)]
    public_sms.person()
    public_sms.conversation()
    deliver(public_sms)
    (message,) = twilio.messages
    row = public_sms.row()
    assert row is not None
    assert row["status"] == "unknown"
    given = Report("sms", message["sid"], State.DELIVERED, reference=reference(message))
    assert public_sms.terms.callbacks.take(given, public_sms.terms.now()).fate is Fate.KEPT
    twilio.messages.clear()  # its list does not have it yet
    public_sms.hurry()
    deliver(public_sms)
    assert not twilio.messages, "nothing is said twice"
    assert public_sms.stored()["heard"] == B.to_document()
    assert "doubt" not in public_sms.stored()
    assert Reporting(public_sms.terms.callbacks, None, public_sms.terms.now).look() == 1
    row = public_sms.row()
    assert row is not None
    assert (row["status"], row["delivery"]["state"]) == ("sent", "delivered")
    assert row["attempts"][0]["provider_id"] == message["sid"]
    public_sms.close()


def test_a_callback_about_an_earlier_attempt_proves_nothing_of_this_one(
    public_sms: World, twilio: Twilio
) -> None:
    twilio.script = [TwilioAnswer(drop=True, keep=False)]
    public_sms.person()
    public_sms.conversation()
    deliver(public_sms)
    other = Report("sms", "SM" + "0" * 32, State.DELIVERED, reference="0" * 32)
    public_sms.terms.callbacks.take(other, public_sms.terms.now())
    public_sms.hurry()
    deliver(public_sms)
    assert len(twilio.messages) == 1, "Twilio never had the first"
    public_sms.close()


def test_a_bounce_of_a_sent_mail_stops_the_next(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation()
    deliver(world)
    message_id = str(mailbox.mails[0].message["Message-ID"]).strip("<>")
    report = Report("email", message_id, State.UNDELIVERED, "5.1.1", "no such user", Refusal.BOUNCED)
    for _ in range(2):
        assert world.terms.callbacks.take(report, world.terms.now()).fate is Fate.WRITTEN
    world.wants(C, 2)
    deliver(world)
    row = world.row(at=2)
    assert row is not None
    assert row["reason"] == "suppressed_bounced"
    assert len(mailbox.mails) == 1
