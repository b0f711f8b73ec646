"""A worker dies at each step, or loses its lease in the middle; the promise holds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.delivery.world import A, B, C, Crash, Dying, HookedChannel, World, order
from tests.providers import Mailbox, Twilio

LEDGER, CLAIMS = "ledger", "claims"


def _dies(world: World, store: str, method: str, *, after: bool) -> None:
    """A worker that dies at this step; afterwards its lease runs out."""
    worker = world.worker(**{store: Dying(getattr(world.terms, store), method, after=after)})
    with pytest.raises(Crash):
        worker.deliver_due()
    world.lapse()


@pytest.mark.parametrize(
    ("store", "method", "after", "mails"),
    [
        pytest.param(CLAIMS, "claim", True, 1, id="after D1"),
        pytest.param(LEDGER, "accepted", False, 1, id="at D2"),
        pytest.param(CLAIMS, "note", False, 1, id="before D3's note"),
        pytest.param(CLAIMS, "note", True, 1, id="after D3's note, before the hand-over"),
        pytest.param(LEDGER, "record", False, 2, id="accepted, before D4's first write: the stated window"),
        pytest.param(LEDGER, "record", True, 1, id="after D4's ledger"),
        pytest.param(CLAIMS, "accepted", False, 1, id="before D4's conversation"),
        pytest.param(CLAIMS, "accepted", True, 1, id="after D4"),
    ],
)
def test_death_at_each_step_tells_once_and_in_the_window_says_now(
    world: World, mailbox: Mailbox, store: str, method: str, after: bool, mails: int
) -> None:
    world.person()
    world.conversation()
    _dies(world, store, method, after=after)
    world.worker().deliver_due()
    world.worker().deliver_due()
    assert len(mailbox.mails) == mails
    stored, row = world.stored(), world.row()
    assert stored["heard"] == B.to_document()
    assert not {"due_at", "claim", "doubt"} & set(stored)
    assert row is not None
    assert row["status"] == "sent"
    assert len([a for a in row["attempts"] if a["outcome"] == "accepted"]) == 1


def test_accepted_then_death_then_undone_is_told_as_it_is_now(world: World, mailbox: Mailbox) -> None:
    """A->B accepted, crash, B->A: both look undone, but the person stays at B unless told."""
    world.person()
    world.conversation()
    _dies(world, LEDGER, "record", after=False)
    world.wants(A, 2)
    world.worker().deliver_due()
    assert len(mailbox.mails) == 2
    assert "C70" in mailbox.mails[1].message.as_string()
    assert world.stored()["heard"] == A.to_document()
    assert "due_at" not in world.stored()


def test_recorded_then_death_then_undone_is_a_retraction_without_doubt(
    world: World, mailbox: Mailbox
) -> None:
    world.person()
    world.conversation()
    _dies(world, LEDGER, "record", after=True)
    world.wants(A, 2)
    world.worker().deliver_due()
    row = world.row(at=2)
    assert row is not None
    assert (row["from"], row["to"]) == (B.to_document(), A.to_document())
    assert len(mailbox.mails) == 2


@pytest.mark.parametrize(
    ("answer", "method"), [("450 4.2.1 mailbox busy", "again"), ("554 5.6.0 not this one", "failed")]
)
def test_refused_and_recorded_then_death_then_undone_is_silence(
    world: World, mailbox: Mailbox, answer: str, method: str
) -> None:
    """The ledger says that nobody got it, so who knows A is at A and not in doubt."""
    world.person()
    world.conversation()
    mailbox.once["RCPT"] = [answer]
    _dies(world, CLAIMS, method, after=False)
    assert "doubt" in world.stored()
    world.wants(A, 2)
    world.worker().deliver_due()
    assert mailbox.mails == []
    assert not {"doubt", "due_at"} & set(world.stored())


def test_unknown_then_refused_and_recorded_then_death_leaves_the_first_doubt(
    world: World, mailbox: Mailbox
) -> None:
    world.person()
    world.conversation()
    mailbox.drop_after_data = 1
    world.worker().deliver_due()
    world.hurry()
    mailbox.once["RCPT"] = ["450 4.2.1 mailbox busy"]
    _dies(world, CLAIMS, "again", after=False)
    world.wants(A, 2)
    world.worker().deliver_due()
    assert len(mailbox.mails) == 2
    row = world.row(at=2)
    assert row is not None
    assert [attempt["doubtful"] for attempt in row["attempts"]] == [True]


def test_recorded_then_death_settles_without_a_second_mail_and_hears_the_next(
    world: World, mailbox: Mailbox
) -> None:
    world.person()
    world.conversation()
    _dies(world, LEDGER, "record", after=True)
    world.worker().deliver_due()
    world.wants(C, 2)
    world.worker().deliver_due()
    row = world.row(at=2)
    assert row is not None
    assert row["from"] == B.to_document()
    assert len(mailbox.mails) == 2


def test_change_during_the_hand_over_is_told_next(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation()
    channel = HookedChannel(world.channel, after=lambda: world.wants(C, 2))
    world.worker(channel=channel).deliver_due()
    stored = world.stored()
    assert stored["heard"] == B.to_document()
    assert "due_at" in stored
    assert not {"claim", "doubt"} & set(stored)
    world.worker().deliver_due()
    row = world.row(at=2)
    assert row is not None
    assert (row["from"], row["to"]) == (B.to_document(), C.to_document())
    assert len(mailbox.mails) == 2


def test_zombie_whose_conversation_another_settled_reports_late(world: World, mailbox: Mailbox) -> None:
    """The zombie's mail was accepted after it lost its lease: the present state is told once more, marked."""
    world.person()
    world.conversation()

    def another_goes_on() -> None:
        world.lapse()
        assert world.worker().deliver_due() == 1
        assert "doubt" not in world.stored()

    world.worker(channel=HookedChannel(world.channel, after=another_goes_on)).deliver_due()
    stored = world.stored()
    assert stored["doubt"].startswith("late/")
    assert "due_at" in stored
    world.worker().deliver_due()
    assert world.stored()["heard"] == B.to_document()
    assert not {"due_at", "doubt"} & set(world.stored())


def test_zombie_that_sent_old_news_after_newer_is_put_right(world: World, mailbox: Mailbox) -> None:
    """The zombie hands B over after another told A again: the person must end at A."""
    world.person()
    world.conversation()

    def another_goes_on() -> None:
        world.lapse()
        world.wants(A, 2)
        world.worker().deliver_due()
        assert world.stored()["heard"] == A.to_document()

    world.worker(channel=HookedChannel(world.channel, before=another_goes_on)).deliver_due()
    world.worker().deliver_due()
    assert world.stored()["heard"] == A.to_document()
    assert not {"due_at", "doubt"} & set(world.stored())
    assert "C70" in mailbox.mails[-1].message.as_string()


def test_zombie_leaves_the_claim_of_the_other_alone(world: World, mailbox: Mailbox) -> None:
    world.person()
    name = world.conversation()
    claimed: list[Any] = []

    def another_claims() -> None:
        world.lapse()
        claimed.extend(world.terms.claims.claim("other", world.terms.now(), world.terms.lease, limit=5)[0])

    world.worker(channel=HookedChannel(world.channel, after=another_claims)).deliver_due()
    stored = world.stored()
    assert [c.id for c in claimed] == [name]
    assert stored["claim"] == "other"
    # the doubt is still ours, so the other's D3 finds it as read, and the ledger resolves it at the next claim
    assert stored["doubt"].endswith(f"/{name}")
    assert not stored["doubt"].startswith("late/")


def test_note_refuses_when_another_reported_late_in_between(world: World, mailbox: Mailbox) -> None:
    world.person()
    name = world.conversation()

    class Interrupted(Dying):
        def note(self, token: str, group: Any) -> Any:
            world.database["conversations"].update_one({"_id": name}, {"$set": {"doubt": "late/x"}})
            return self._real.note(token, group)

    worker = world.worker(claims=Interrupted(world.terms.claims, "", after=False))
    worker.deliver_due()
    assert not mailbox.mails
    assert "claim" not in world.stored()
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1


def test_sms_accepted_then_death_is_found_at_the_provider_and_not_repeated(
    sms_world: World, twilio: Twilio
) -> None:
    sms_world.person()
    sms_world.conversation()
    _dies(sms_world, LEDGER, "record", after=False)
    assert len(twilio.messages) == 1
    sms_world.worker().deliver_due()
    assert twilio.asked == 1
    assert len(twilio.messages) == 1
    row, stored = sms_world.row(), sms_world.stored()
    assert row is not None
    assert (row["status"], row["attempts"][0]["provider_id"]) == ("sent", twilio.messages[0]["sid"])
    assert stored["heard"] == B.to_document()
    assert not {"due_at", "doubt"} & set(stored)


def test_sms_that_never_left_before_the_death_is_sent(sms_world: World, twilio: Twilio) -> None:
    sms_world.person()
    sms_world.conversation()
    _dies(sms_world, CLAIMS, "note", after=True)
    sms_world.worker().deliver_due()
    assert twilio.asked == 1
    assert len(twilio.messages) == 1
    assert sms_world.stored()["heard"] == B.to_document()


def test_booking_gone_in_doubt_is_silence_and_the_doubt_is_kept(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation()
    _dies(world, LEDGER, "record", after=False)
    world.database["bookings"].delete_many({})
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1
    assert "due_at" not in world.stored()
    assert "doubt" in world.stored()
    assert world.row(at=1) is None
    assert order(1) == world.stored()["order"]


def test_zombie_whose_conversation_another_failed_is_put_right(world: World, mailbox: Mailbox) -> None:
    """Its mail says B and was accepted after another failed the conversation; then B is undone."""
    world.person()
    name = world.conversation()

    def another_fails() -> None:
        gone = dict.fromkeys(("claim", "lease_until", "due_at"), "")
        world.database["conversations"].update_one(
            {"_id": name}, {"$set": {"status": "failed"}, "$unset": gone}
        )

    world.worker(channel=HookedChannel(world.channel, before=another_fails)).deliver_due()
    assert world.stored()["status"] == "open"
    world.wants(A, 2)
    world.worker().deliver_due()
    assert "C70" in mailbox.mails[-1].message.as_string()
    assert not {"due_at", "doubt"} & set(world.stored())


def test_an_sms_reported_late_is_put_right_whatever_its_provider_says_of_it(
    sms_world: World, twilio: Twilio
) -> None:
    """The zombie's B was followed by C before it woke: nobody goes back to B because the provider has it."""
    world = sms_world
    world.person()
    world.conversation()

    def another_goes_on() -> None:
        world.lapse()
        world.wants(C, 2)
        assert world.worker().deliver_due() == 1
        assert world.stored()["heard"] == C.to_document()

    world.worker(channel=HookedChannel(world.channel, after=another_goes_on)).deliver_due()
    assert world.stored()["doubt"].startswith("late/")
    world.wants(A, 3)
    world.worker().deliver_due()
    assert world.stored()["heard"] == A.to_document()
    row = world.row(at=3)
    assert row is not None
    assert row["from"] == C.to_document()
    assert "now" in twilio.messages[0]["body"]  # newest first
    assert not {"due_at", "doubt"} & set(world.stored())
