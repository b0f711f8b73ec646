"""What the provider answers, and what becomes of the message: now, later, never, unknown, skipped, in silence."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.flight import Status
from tests.delivery.world import NOW, A, B, C, World, flight, order
from tests.providers import Mailbox, Twilio, TwilioAnswer


def _only_row(world: World, at: int = 1) -> dict:
    row = world.row(at=at)
    assert row is not None
    return row


def test_refused_for_now_waits_and_is_sent_once_later(world: World, mailbox: Mailbox) -> None:
    mailbox.once["RCPT"] = ["450 4.2.1 mailbox busy"]
    world.person()
    world.conversation()
    worker = world.worker()
    worker.deliver_due()
    stored = world.stored()
    assert stored["attempts"] == 1
    assert timedelta(seconds=1) < stored["not_before"] - datetime.now(UTC) < timedelta(seconds=6)
    assert not {"claim", "doubt", "doubt_note"} & set(stored)
    assert _only_row(world)["status"] == "retrying"
    assert "450" in _only_row(world)["reason"]
    assert worker.deliver_due() == 0
    world.hurry()
    worker.deliver_due()
    assert len(mailbox.mails) == 1
    assert _only_row(world)["status"] == "sent"
    assert [a["outcome"] for a in _only_row(world)["attempts"]] == ["later", "accepted"]


def test_refused_for_good_is_failed_with_the_providers_words_until_a_change_revives_it(
    world: World, mailbox: Mailbox
) -> None:
    mailbox.once["RCPT"] = ["550 5.7.1 refused by policy"]
    world.person()
    world.conversation()
    worker = world.worker()
    worker.deliver_due()
    stored = world.stored()
    assert (stored["status"], stored["heard"]) == ("failed", A.to_document())
    assert "refused by policy" in stored["reason"]
    assert "due_at" not in stored
    assert _only_row(world)["status"] == "failed"
    world.wants(C, 2)
    worker.deliver_due()
    assert _only_row(world, at=2)["from"] == A.to_document()
    assert len(mailbox.mails) == 1


def test_change_that_comes_while_it_is_refused_for_good_is_told(world: World, mailbox: Mailbox) -> None:
    mailbox.once["RCPT"] = ["550 5.1.1 no such user here"]
    mailbox.answers = {}
    world.person()
    world.conversation()
    world.terms.claims.claim("t", world.terms.now(), world.terms.lease, limit=1)
    world.lapse()
    worker = world.worker()
    claimed = world.terms.claims.claim("u", world.terms.now(), world.terms.lease, limit=1)[0][0]
    world.wants(C, 2)
    assert world.terms.claims.failed("u", claimed, "no", None)
    assert world.stored()["status"] == "open"
    mailbox.once.clear()
    worker.deliver_due()
    assert len(mailbox.mails) == 1


def test_tried_too_often_is_failed(world: World, mailbox: Mailbox) -> None:
    mailbox.answers["RCPT"] = "450 4.2.1 mailbox busy"
    world.person()
    world.conversation(attempts=2, tried=order(1))
    worker = world.worker(tries=3)
    worker.deliver_due()
    assert world.stored()["status"] == "failed"
    assert _only_row(world)["status"] == "failed"


def test_new_news_has_tries_of_its_own(world: World, mailbox: Mailbox) -> None:
    mailbox.answers["RCPT"] = "450 4.2.1 mailbox busy"
    world.person()
    world.conversation(attempts=2, tried=order(1))
    world.wants(C, 2)
    world.worker(tries=3).deliver_due()
    assert (world.stored()["attempts"], world.stored()["status"]) == (1, "open")


def test_unknown_outcome_keeps_the_doubt_and_says_now_the_next_time(world: World, mailbox: Mailbox) -> None:
    mailbox.drop_after_data = 1
    world.person()
    world.conversation()
    worker = world.worker()
    worker.deliver_due()
    stored = world.stored()
    assert stored["doubt"].endswith(stored["_id"])
    assert _only_row(world)["status"] == "unknown"
    world.hurry()
    worker.deliver_due()
    assert len(mailbox.mails) == 2
    assert _only_row(world)["status"] == "sent"
    assert not {"doubt", "due_at"} & set(world.stored())


def test_unknown_then_refused_for_now_restores_the_first_doubt(world: World, mailbox: Mailbox) -> None:
    mailbox.drop_after_data = 1
    world.person()
    world.conversation()
    worker = world.worker()
    worker.deliver_due()
    first = world.stored()
    mailbox.once["RCPT"] = ["450 4.2.1 busy"]
    world.hurry()
    worker.deliver_due()
    assert world.stored()["doubt"] == first["doubt"]
    assert world.stored()["doubt_note"] == first["doubt_note"]


def test_unknown_then_undone_is_told_as_it_is_now(world: World, mailbox: Mailbox) -> None:
    mailbox.drop_after_data = 1
    world.person()
    world.conversation()
    worker = world.worker()
    worker.deliver_due()
    world.wants(A, 2)
    world.hurry()
    worker.deliver_due()
    assert len(mailbox.mails) == 2
    assert "C70" in mailbox.mails[1].message.as_string()
    assert world.stored()["heard"] == A.to_document()


def test_sms_with_no_answer_that_twilio_has_is_not_sent_again(sms_world: World, twilio: Twilio) -> None:
    twilio.script = [TwilioAnswer(drop=True, keep=True)]
    sms_world.person()
    sms_world.conversation()
    worker = sms_world.worker()
    worker.deliver_due()
    assert _only_row(sms_world)["status"] == "unknown"
    sms_world.hurry()
    worker.deliver_due()
    assert len(twilio.messages) == 1
    assert _only_row(sms_world)["status"] == "sent"
    assert "doubt" not in sms_world.stored()


def test_provider_down_then_up_loses_nothing_and_blames_no_message(world: World) -> None:
    worker = world.worker()
    world.travellers(5)
    down = world.worker(channel=_elsewhere(world))
    down.deliver_due()
    assert down._terms.providers.words()
    assert down.deliver_due() == 0
    conversations = list(world.database["conversations"].find())
    assert all(c["attempts"] == 0 and "claim" not in c and "doubt" not in c for c in conversations)
    assert world.database["notifications"].count_documents({"status": "retrying"}) == 1
    down._terms.providers.primary.answered()
    assert worker.deliver_due() == 5
    assert world.database["notifications"].count_documents({"status": "sent"}) == 5


def _elsewhere(world: World):
    from app.channels.email import EmailChannel
    from tests.providers import free_port

    return EmailChannel(world.settings.model_copy(update={"mail_port": free_port()}))


def test_too_many_requests_pauses_the_channel_for_as_long_as_asked(sms_world: World, twilio: Twilio) -> None:
    twilio.script = [
        TwilioAnswer(
            429, {"code": 20429, "message": "Too Many Requests", "status": 429}, {"Retry-After": "7"}
        )
    ]
    sms_world.travellers(3)
    worker = sms_world.worker()
    worker.deliver_due()
    assert 5 < worker._terms.providers.left_s() <= 7
    assert not twilio.messages


def test_person_without_address_is_skipped_on_the_record(world: World, mailbox: Mailbox) -> None:
    world.person(email=None)
    world.conversation()
    world.worker().deliver_due()
    row = _only_row(world)
    assert (row["status"], row["reason"], row["attempts"]) == ("skipped", "no_address", [])
    assert world.stored()["heard"] == A.to_document()
    assert "due_at" not in world.stored()
    world.database["users"].update_one({"_id": "p1"}, {"$set": {"email": "p1@example.org"}})
    world.wants(C, 2)
    world.worker().deliver_due()
    assert _only_row(world, at=2)["from"] == A.to_document()


@pytest.mark.parametrize("address", ["nobody", "a@b@c.example", "x y@example.org", "a\r\nBcc: b@example.org"])
def test_address_that_cannot_be_is_failed_without_a_hand_over(
    world: World, mailbox: Mailbox, address: str
) -> None:
    world.person(email=address)
    world.conversation()
    world.worker().deliver_due()
    assert not mailbox.mails
    assert _only_row(world)["status"] == "failed"
    assert world.stored()["status"] == "failed"
    assert "doubt" not in world.stored()


def test_a_booking_on_a_document_that_is_not_known_yet_is_one(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.database["bookings"].update_one({"_id": "b1"}, {"$set": {"flight_id": "f2"}})
    world.conversation(documents=["f1", "f2"])
    assert world.database["known"].count_documents({}) == 0
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1


def test_booking_gone_is_silence(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation()
    world.database["bookings"].update_one({"_id": "b1"}, {"$set": {"status": "cancelled"}})
    world.worker().deliver_due()
    assert not mailbox.mails
    assert world.stored()["reason"] == "booking_gone"
    assert world.row() is None


def test_first_known_state_is_no_news(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation(heard=None)
    world.worker().deliver_due()
    assert not mailbox.mails
    assert world.stored()["heard"] == B.to_document()


def test_first_gate_is_silence_but_counts_as_heard(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation(heard=flight(gate=None), want=A)
    worker = world.worker()
    worker.deliver_due()
    assert not mailbox.mails
    assert world.stored()["heard"] == A.to_document()
    world.wants(B, 2)
    worker.deliver_due()
    assert len(mailbox.mails) == 1


def test_gate_too_early_waits_for_its_window(world: World, mailbox: Mailbox) -> None:
    days = {"departure_date": (NOW + timedelta(days=3)).strftime("%Y-%m-%d")}
    world.person()
    world.conversation(heard=flight(**days), want=flight(**days, gate="C71"))
    world.worker().deliver_due()
    stored = world.stored()
    assert not mailbox.mails
    assert stored["reason"] == "gate_too_early"
    assert timedelta(days=1) < stored["due_at"] - NOW < timedelta(days=3)
    assert stored["heard"] == flight(**days).to_document()
    assert "claim" not in stored


def test_news_after_departure_is_skipped_once_and_never_counts_as_heard(
    world: World, mailbox: Mailbox
) -> None:
    past = {"departure_date": (NOW - timedelta(days=3)).strftime("%Y-%m-%d")}
    world.person()
    world.conversation(heard=flight(**past), want=flight(**past, gate="C71"))
    worker = world.worker()
    worker.deliver_due()
    assert not mailbox.mails
    assert (_only_row(world)["status"], _only_row(world)["kinds"]) == ("skipped", ["gate"])
    assert world.stored()["heard"] == flight(**past).to_document()
    world.wants(flight(**past, gate="C72"), 2)
    worker.deliver_due()
    assert world.row(at=2) is None


def test_urgent_goes_before_what_was_due_earlier(world: World, mailbox: Mailbox) -> None:
    now = datetime.now(UTC)
    for number in (1, 2, 3):
        world.person(number)
        world.conversation(number, priority=2, due_at=now - timedelta(seconds=10 - number))
    world.person(4)
    world.conversation(4, want=flight(status=Status.CANCELLED), priority=0)
    world.worker().deliver_due()
    assert mailbox.recipients() == [f"p{n}@example.org" for n in (4, 1, 2, 3)]


def test_two_workers_tell_everybody_once(world: World, mailbox: Mailbox) -> None:
    people = world.travellers(60)
    workers = [world.worker(claiming=threading.Lock()) for _ in range(3)]

    def drain(worker) -> None:
        while worker.deliver_due():
            pass

    threads = [threading.Thread(target=drain, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(mailbox.recipients()) == sorted(f"{p}@example.org" for p in people)
    assert world.database["notifications"].count_documents({"status": "sent"}) == 60


def test_lease_that_no_longer_covers_a_hand_over_is_given_back(world: World, mailbox: Mailbox) -> None:
    world.travellers(3)
    worker = world.worker(lease=timedelta(seconds=0.5))
    worker.deliver_due()
    assert not mailbox.mails
    assert all("claim" not in c and "doubt" not in c for c in world.database["conversations"].find())


def test_name_with_line_breaks_and_a_field_of_100_kb_do_no_harm(world: World, mailbox: Mailbox) -> None:
    world.person(1, name="Eve\r\nBcc: victim@example.org")
    world.person(2, name="N" * 100_000)
    world.conversation(1)
    world.conversation(2, want=flight(gate="C71", status_reason="R" * 100_000))
    world.worker().deliver_due()
    assert len(mailbox.mails) == 2
    assert all("victim" not in recipient for recipient in mailbox.recipients())
    assert all(mail.message["Bcc"] is None for mail in mailbox.mails)


def test_follower_is_told_and_traveller_wins_over_follower(world: World, mailbox: Mailbox) -> None:
    world.person(1)
    world.database["followings"].insert_one({"_id": "w1", "user_id": "p1", "flight_id": "f1"})
    world.person(2)
    world.database["bookings"].delete_one({"_id": "b2"})
    world.database["followings"].insert_one({"_id": "w2", "user_id": "p2", "flight_id": "f1"})
    gone = flight(status=Status.DEPARTED)
    world.conversation(1, want=gone)
    world.conversation(2, want=gone)
    world.worker().deliver_due()
    assert mailbox.recipients() == ["p2@example.org"]
    assert world.stored(1)["reason"] == "not_wanted"


def test_booking_on_another_document_of_the_same_flight_counts(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.database["bookings"].update_one({"_id": "b1"}, {"$set": {"flight_id": "f9"}})
    world.database["known"].insert_one({"_id": "f9", "subject": "flight:f1"})
    world.conversation()
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1


def test_a_defect_in_one_message_does_not_hold_up_the_others(world: World, mailbox: Mailbox) -> None:
    world.travellers(3)

    class Broken:
        def compose(self, conversation, *rest):
            if conversation.person == "p2":
                raise KeyError("defect")
            return world.terms.composer.compose(conversation, *rest)

        filed = staticmethod(world.terms.composer.filed)

    world.worker(composer=Broken()).deliver_due()
    assert mailbox.recipients() == ["p1@example.org", "p3@example.org"]
    assert world.stored(2)["status"] == "failed"


def test_gate_after_one_that_was_withdrawn_is_told(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation(heard=A, want=flight(gate=None, status=Status.CANCELLED))
    worker = world.worker()
    worker.deliver_due()
    world.wants(flight(gate=None), 2)
    worker.deliver_due()
    world.wants(B, 3)
    worker.deliver_due()
    assert len(mailbox.mails) == 3
    last = _only_row(world, at=3)
    assert last["kinds"] == ["gate"]
    assert (last["from"]["gate"], last["to"]["gate"]) == ("C70", "C71")
