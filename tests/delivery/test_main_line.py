"""What is due is said once, and written down."""

from __future__ import annotations

from tests.delivery.world import A, B, World
from tests.providers import Mailbox, Twilio


def test_due_change_is_mailed_once_and_settled(world: World, mailbox: Mailbox) -> None:
    world.person()
    name = world.conversation()
    worker = world.worker()
    assert worker.deliver_due() == 1
    assert mailbox.recipients() == ["p1@example.org"]
    stored, row = world.stored(), world.row()
    assert stored["heard"] == B.to_document()
    assert not {"due_at", "claim", "lease_until", "doubt", "doubt_note"} & set(stored)
    assert row is not None
    assert (row["status"], row["conversation"], row["kinds"]) == ("sent", name, ["gate"])
    assert (row["from"], row["to"]) == (A.to_document(), B.to_document())
    assert [a["outcome"] for a in row["attempts"]] == ["accepted"]
    assert row["attempts"][0]["id"].endswith(f"/{name}")
    assert row["sent_at"]
    assert row["title"] == mailbox.subjects()[0]
    assert worker.deliver_due() == 0
    assert len(mailbox.mails) == 1


def test_due_change_is_texted_once_with_the_sid_in_the_ledger(sms_world: World, twilio: Twilio) -> None:
    sms_world.person()
    sms_world.conversation()
    sms_world.worker().deliver_due()
    row = sms_world.row()
    assert len(twilio.messages) == 1
    assert row is not None
    assert row["attempts"][0]["provider_id"] == twilio.messages[0]["sid"]


def test_change_undone_before_it_was_sent_is_silence(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation()
    world.wants(A, 2)
    world.worker().deliver_due()
    assert not mailbox.mails
    assert world.row(at=2) is None
    assert "due_at" not in world.stored()
    assert world.stored()["reason"] == "nothing_new"
