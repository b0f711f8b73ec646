"""What staff send again goes the same way as everything: one claim, one ledger, one message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from app.domain.flight import Status
from app.domain.reports import Refusal
from app.store.resending import Addressing, Resending, Why
from app.store.suppressions import Suppression, Suppressions
from tests.delivery.world import NOW, B, C, World, flight, order
from tests.providers import Mailbox


def again(world: World, *, at: int = 1, force: bool = False, later: timedelta = timedelta()) -> Why | None:
    """Ask for it; None when it is done. later: how much later than now the airports' clock is."""
    resending = resending_of(world, {world.channel.name: world.channel})
    row_id = f"flight:f1|p1|{world.channel.name}@{order(at)}"
    return resending.send(row_id, "staff:abc", "they called us", NOW, NOW + later, force=force)


def resending_of(world: World, channels: Mapping[str, Addressing]) -> Resending:
    suppressions = Suppressions(world.database, world.settings)
    return Resending(world.database, channels, world.settings.rules, suppressions)


def history(world: World, at: int = 1) -> list[dict[str, Any]]:
    row = world.row(at=at)
    assert row is not None
    return list(row.get("again", ()))


def doubtful_sends() -> float:
    return REGISTRY.get_sample_value("gatecall_doubtful_sends_total", {"channel": "email"}) or 0.0


@pytest.fixture
def failed(world: World, mailbox: Mailbox) -> World:
    mailbox.once["RCPT"] = ["550 5.7.1 refused by policy"]
    world.person()
    world.conversation()
    world.worker().deliver_due()
    assert world.stored()["status"] == "failed"
    return world


@pytest.fixture
def sent(world: World, mailbox: Mailbox) -> World:
    world.person()
    world.conversation()
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1
    return world


def test_a_failed_one_is_sent_as_it_would_have_been_and_says_who_asked(
    failed: World, mailbox: Mailbox
) -> None:
    assert again(failed) is None
    failed.worker().deliver_due()
    assert mailbox.recipients() == ["p1@example.org"]
    assert "not C70" in mailbox.subjects()[0]
    row = failed.row()
    assert row is not None
    assert row["status"] == "sent"
    assert [a["outcome"] for a in row["attempts"]] == ["never", "accepted"]
    (entry,) = history(failed)
    assert (entry["by"], entry["why"], entry["forced"]) == ("staff:abc", "they called us", False)
    stored = failed.stored()
    assert (stored["status"], stored["heard"]) == ("open", B.to_document())
    assert not {"due_at", "doubt", "claim"} & set(stored)


def test_asked_twice_it_is_sent_once(failed: World, mailbox: Mailbox) -> None:
    assert again(failed) is None
    assert again(failed) is Why.UNDER_WAY
    failed.worker().deliver_due()
    assert again(failed) is Why.SENT
    failed.worker().deliver_due()
    assert len(mailbox.mails) == 1
    assert len(history(failed)) == 1


def test_a_sent_one_needs_force_and_then_says_how_it_stands_now(sent: World, mailbox: Mailbox) -> None:
    assert again(sent) is Why.SENT
    assert "due_at" not in sent.stored()
    before = doubtful_sends()
    assert again(sent, force=True) is None
    sent.worker().deliver_due()
    assert len(mailbox.mails) == 2
    assert mailbox.subjects()[1] != mailbox.subjects()[0]
    assert str(B.gate) in mailbox.mails[1].message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "doubt" not in sent.stored()
    assert history(sent)[0]["forced"] is True
    assert doubtful_sends() == before, "what staff want is not the stated window"
    sent.worker().deliver_due()
    assert len(mailbox.mails) == 2


def test_a_change_that_comes_between_is_told_in_the_same_message(sent: World, mailbox: Mailbox) -> None:
    assert again(sent, force=True) is None
    sent.wants(C, 2)
    sent.worker().deliver_due()
    assert len(mailbox.mails) == 2
    assert sent.stored()["heard"] == C.to_document()
    assert sent.row(at=2) is not None


def test_a_skipped_one_is_sent_once_the_person_has_an_address(world: World, mailbox: Mailbox) -> None:
    world.person(email=None)
    world.conversation()
    world.worker().deliver_due()
    assert (world.row() or {})["status"] == "skipped"
    assert again(world) is Why.NO_ADDRESS
    world.database.users.update_one({"_id": "p1"}, {"$set": {"email": "new@example.org"}})
    assert again(world) is None
    world.worker().deliver_due()
    assert mailbox.recipients() == ["new@example.org"]
    assert (world.row() or {})["status"] == "sent"


def test_an_old_failure_tells_what_is_true_now(failed: World, mailbox: Mailbox) -> None:
    failed.wants(C, 2)
    failed.worker().deliver_due()
    assert len(mailbox.mails) == 1
    assert again(failed) is Why.TOLD
    assert again(failed, force=True) is None
    failed.worker().deliver_due()
    assert "C72" in mailbox.mails[1].message.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_one_of_unknown_outcome_is_sent_again_as_in_doubt(world: World, mailbox: Mailbox) -> None:
    mailbox.drop_after_data, mailbox.keep_dropped = 1, False
    world.person()
    world.conversation()
    world.worker(tries=1).deliver_due()
    assert world.stored()["status"] == "failed"
    doubt = world.stored()["doubt"]
    assert again(world) is None
    assert world.stored()["doubt"] == doubt, "the real doubt stays"
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1
    assert "doubt" not in world.stored()


@pytest.mark.parametrize("force", [False, True])
def test_nothing_is_sent_about_a_flight_that_is_over(failed: World, mailbox: Mailbox, force: bool) -> None:
    assert again(failed, later=timedelta(hours=6), force=force) is Why.OVER
    failed.worker().deliver_due()
    assert not mailbox.mails
    assert not history(failed)


def test_a_cancellation_is_of_use_for_a_day_after_departure(world: World, mailbox: Mailbox) -> None:
    mailbox.once["RCPT"] = ["550 5.7.1 refused by policy"]
    world.person()
    world.conversation(want=flight(status=Status.CANCELLED))
    world.worker().deliver_due()
    assert again(world, later=timedelta(hours=30)) is Why.OVER
    assert again(world, later=timedelta(hours=6)) is None


def test_reasons_that_no_force_overrules(failed: World) -> None:
    world = failed
    off = resending_of(world, {})
    assert off.send((world.row() or {})["_id"], "s", "w", NOW, NOW, force=True) is Why.CHANNEL_OFF
    world.database.bookings.update_one({"_id": "b1"}, {"$set": {"status": "cancelled"}})
    assert again(world, force=True) is Why.NOT_CONCERNED
    world.database.users.delete_one({"_id": "p1"})
    assert again(world, force=True) is Why.NO_PERSON
    world.database.conversations.delete_many({})
    assert again(world, force=True) is Why.ENDED
    assert again(world, at=9, force=True) is Why.NO_NOTIFICATION
    assert not history(world)


def test_nothing_is_sent_to_an_address_that_is_of_no_use(failed: World) -> None:
    suppressions = Suppressions(failed.database, failed.settings)
    address = suppressions.id_of("email", "p1@example.org")
    suppressions.add([Suppression(address, "email", next(iter(Refusal)), None, None, "p1", NOW)])
    assert again(failed, force=True) is Why.SUPPRESSED
    assert suppressions.remove(address)
    assert again(failed) is None


def test_a_conversation_that_moves_meanwhile_is_left_alone_and_nothing_is_noted(
    failed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Resending.look

    def overtaken(self: Resending, *args: Any) -> Any:
        found = look(self, *args)
        failed.wants(C, 2)
        return found

    monkeypatch.setattr(Resending, "look", overtaken)
    assert again(failed) is Why.MOVED
    assert not history(failed)
    assert "doubt" not in failed.stored()
