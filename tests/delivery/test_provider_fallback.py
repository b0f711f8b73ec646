"""The second provider: used while the first is down, noted, and never given what the first may have taken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.channels.email import EmailChannel
from app.channels.sms import SmsChannel
from tests.delivery.clocks import Clock, a_process, worker_by
from tests.delivery.world import A, B, World
from tests.providers import Mailbox, Twilio, TwilioAnswer, smtp_server


@pytest.fixture
def spare() -> Iterator[Mailbox]:
    with smtp_server() as found:
        yield found


def with_spare(world: World, spare: Mailbox) -> EmailChannel:
    return EmailChannel(
        world.settings.model_copy(
            update={"mail_fallback_server": "127.0.0.1", "mail_fallback_port": spare.port}
        )
    )


def attempts(world: World, number: int = 1) -> list[dict[str, object]]:
    row = world.row(number)
    assert row is not None
    return list(row["attempts"])


def test_the_second_is_used_while_the_first_is_down_and_the_attempt_says_so(
    world: World, mailbox: Mailbox, spare: Mailbox
) -> None:
    clock = Clock()
    mailbox.answers["MAIL"] = "421 4.3.2 shutting down"
    world.travellers(3)
    worker = worker_by(
        world, clock, a_process(world.database, clock, fallback=True), channel=with_spare(world, spare)
    )
    while worker.deliver_due():
        pass
    assert not mailbox.mails
    assert sorted(spare.recipients()) == [f"p{n}@example.org" for n in (1, 2, 3)]
    by_outcome = {a["outcome"]: a.get("provider") for n in (1, 2, 3) for a in attempts(world, n)}
    assert by_outcome == {"later": None, "accepted": "email-fallback"}


def test_the_first_is_used_again_when_a_probe_went_through(
    world: World, mailbox: Mailbox, spare: Mailbox
) -> None:
    clock = Clock()
    providers = a_process(world.database, clock, fallback=True)
    providers.primary.failed("down")
    clock.move(2)
    world.travellers(4)
    worker = worker_by(world, clock, providers, channel=with_spare(world, spare))
    while worker.deliver_due():
        pass
    assert len(mailbox.mails) == 4, "the first message is the probe, and it goes to the first"
    assert not spare.mails


def test_what_the_first_may_have_taken_is_never_given_to_the_second(
    world: World, mailbox: Mailbox, spare: Mailbox
) -> None:
    clock = Clock()
    providers = a_process(world.database, clock, fallback=True)
    mailbox.drop_after_data = 1
    world.travellers(2)
    worker = worker_by(world, clock, providers, channel=with_spare(world, spare))
    worker.deliver_due()
    assert len(mailbox.mails) == 2, "one of them without an answer"
    providers.primary.failed("down")
    world.hurry()
    world.wants(A, 2, person=1)
    world.wants(A, 2, person=2)
    worker.deliver_due()
    assert len(spare.mails) == 1, "the other one hears of the change by the second"
    held = world.database["conversations"].find_one({"doubt": {"$exists": True}})
    assert held is not None
    assert held["reason"] == "provider_down"
    assert "claim" not in held
    assert f"{held['person']}@example.org" not in spare.recipients()
    clock.move(60)
    worker.deliver_due()
    assert mailbox.recipients().count(f"{held['person']}@example.org") == 2
    assert "C70" in mailbox.mails[-1].message.as_string()


def test_both_down_loses_nothing(world: World, mailbox: Mailbox, spare: Mailbox) -> None:
    clock = Clock()
    for server in (mailbox, spare):
        server.answers["MAIL"] = "421 4.3.2 shutting down"
    world.travellers(3)
    providers = a_process(world.database, clock, fallback=True)
    worker = worker_by(world, clock, providers, channel=with_spare(world, spare))
    while worker.deliver_due():
        pass
    assert providers.words()
    waiting = world.database["conversations"].count_documents(
        {"due_at": {"$exists": True}, "attempts": 0, "claim": {"$exists": False}, "status": "open"}
    )
    assert waiting == 3
    spare.answers.clear()
    clock.move(2)
    while worker.deliver_due():
        pass
    assert len(spare.mails) + len(mailbox.mails) == 3
    assert world.stored()["heard"] == B.to_document()


def test_a_second_number_sends_when_the_first_may_not(sms_world: World, twilio: Twilio) -> None:
    settings = sms_world.settings.model_copy(update={"twilio_from_fallback": "+15550100001"})
    clock = Clock()
    twilio.script = [TwilioAnswer(400, {"code": 21611, "message": "queue is full", "status": 400})]
    sms_world.travellers(2)
    providers = a_process(sms_world.database, clock, fallback=True)
    worker = worker_by(sms_world, clock, providers, channel=SmsChannel(settings))
    while worker.deliver_due():
        pass
    assert [m["from"] for m in twilio.messages] == ["+15550100001"] * 2
