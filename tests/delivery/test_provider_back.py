"""A provider that was down for an hour comes back: what is true is told once and in order, without a stampede."""

from __future__ import annotations

from datetime import datetime, timedelta

from consumers.delivery.pauses import ramp_rate
from tests.delivery.clocks import Clock, a_process, worker_by
from tests.delivery.world import NOW, B, C, World, flight
from tests.providers import Mailbox, Twilio, TwilioAnswer

HOUR_S = 3600.0
_STEP_S = 31.0


def down_for_an_hour(world: World, clock: Clock, mailbox: Mailbox) -> int:
    """Every sender of two processes tries whenever it may; how often the provider was bothered."""
    mailbox.answers["MAIL"] = "421 4.3.2 shutting down"
    workers = [worker_by(world, clock, a_process(world.database, clock)) for _ in range(2)]
    until = clock() + timedelta(seconds=HOUR_S)
    while clock() < until:
        for worker in workers:
            worker.deliver_due()
        clock.move(_STEP_S)
    mailbox.answers.clear()
    clock.move(30)
    return mailbox.refusals


def test_after_an_hour_everybody_hears_once_the_urgent_first_and_the_stale_is_skipped(
    world: World, mailbox: Mailbox
) -> None:
    clock = Clock()
    count = 60
    world.travellers(count)
    tried = down_for_an_hour(world, clock, mailbox)
    assert 0 < tried <= HOUR_S / _STEP_S + 1, "a probe now and then, not every message again and again"
    assert world.database["conversations"].count_documents({"attempts": {"$gt": 0}}) == 0
    # While it was down: a cancellation, a change taken back, and a flight that left.
    database = world.database
    urgent = [f"flight:f1|p{n}|email" for n in (50, 55, 60)]
    database["conversations"].update_many(
        {"_id": {"$in": urgent}}, {"$set": {"priority": 0, "want": flight(status="cancelled").to_document()}}
    )
    world.wants(flight(), 2, person=10)
    left = (NOW - timedelta(hours=2)).strftime("%H:%M"), (NOW - timedelta(hours=2)).strftime("%Y-%m-%d")
    gone = flight(gate="C99", departure_time=left[0], departure_date=left[1])
    heard = flight(departure_time=left[0], departure_date=left[1])
    database["conversations"].update_one(
        {"_id": "flight:f1|p20|email"},
        {"$set": {"heard": heard.to_document(), "want": gone.to_document()}},
    )
    sent_at: list[datetime] = []
    mailbox.on_data = lambda: sent_at.append(clock())
    back_at = clock()
    workers = [worker_by(world, clock, a_process(database, clock)) for _ in range(3)]
    while any(worker.deliver_due() for worker in workers):
        pass
    told = [recipient.partition("@")[0] for recipient in mailbox.recipients()]
    assert sorted(told) == sorted({f"p{n}" for n in range(1, count + 1)} - {"p10", "p20"})
    assert sorted(told[:3]) == ["p50", "p55", "p60"]
    row = world.row(20)
    assert row is not None
    assert (row["status"], row["reason"]) == ("skipped", "departed")
    assert "due_at" not in world.stored(10)
    # No second has more than the ramp allows: the rate at its end, and as much again from a full bucket.
    for moment in sent_at:
        within = [at for at in sent_at if moment <= at < moment + timedelta(seconds=1)]
        rate = ramp_rate((moment - back_at).total_seconds() + 1, HOUR_S) or 1000
        assert len(within) <= 2 * rate, (moment - back_at, len(within))
    assert (sent_at[-1] - back_at).total_seconds() > 5
    assert not database["conversations"].count_documents({"due_at": {"$exists": True}})


def test_those_of_one_priority_are_told_in_the_order_they_became_due(world: World, mailbox: Mailbox) -> None:
    clock = Clock()
    world.travellers(12)
    down_for_an_hour(world, clock, mailbox)
    for place, number in enumerate((7, 3, 9, 1, 12, 5)):
        world.database["conversations"].update_one(
            {"_id": f"flight:f1|p{number}|email"},
            {"$set": {"due_at": NOW - timedelta(hours=1) + timedelta(seconds=place)}},
        )
    worker = worker_by(world, clock, a_process(world.database, clock))
    while worker.deliver_due():
        pass
    assert mailbox.recipients()[:6] == [f"p{n}@example.org" for n in (7, 3, 9, 1, 12, 5)]
    assert len(mailbox.mails) == 12


def test_what_changed_again_while_it_was_down_is_told_as_it_is_now(world: World, mailbox: Mailbox) -> None:
    clock = Clock()
    world.travellers(2)
    down_for_an_hour(world, clock, mailbox)
    for person in (1, 2):
        world.wants(C, 2, person=person)
    worker = worker_by(world, clock, a_process(world.database, clock))
    while worker.deliver_due():
        pass
    texts = [mail.message.as_string() for mail in mailbox.mails]
    assert len(texts) == 2
    assert all("C72" in text and "C71" not in text for text in texts)


def test_twilio_down_for_an_hour_blames_no_message(sms_world: World, twilio: Twilio) -> None:
    clock = Clock()
    sms_world.travellers(5)
    providers = a_process(sms_world.database, clock)
    worker = worker_by(sms_world, clock, providers)
    busy = {"code": 20429, "message": "Too Many Requests", "status": 429}
    twilio.script = [TwilioAnswer(429, busy, {"Retry-After": "60"}) for _ in range(8)]
    for _ in range(30):
        worker.deliver_due()
        clock.move(61)
    assert len(twilio.messages) == 5
    assert {c["heard"]["gate"] for c in sms_world.database["conversations"].find()} == {B.gate}
