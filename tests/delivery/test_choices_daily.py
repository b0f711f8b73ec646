"""The daily maximum: the most important first, the rest in a digest, never more, whoever sends."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.channels.email import EmailChannel
from app.domain.flight import Status
from app.store.digests import Counted, DailyCounts
from tests.delivery.choosers import FAR_A, another_flight, at_gates, by_clock, chooser, digester, held
from tests.delivery.clocks import Clock
from tests.delivery.world import World, flight
from tests.domain import wording_alert_examples
from tests.providers import Mailbox, Twilio

DELAYED = flight(
    departure_date=FAR_A.departure_date,
    status=Status.DELAYED,
    estimated_departure_time=FAR_A.departure_time,
    estimated_departure_date=FAR_A.departure_date,
)
CANCELLED = flight(departure_date=FAR_A.departure_date, status=Status.CANCELLED)


@pytest.fixture
def clock(world: World) -> Clock:
    """The world's only clock, at noon; gates are told early."""
    return _noon(world)


def _noon(world: World) -> Clock:
    found = Clock()
    found.moment = found.moment.replace(hour=12) + timedelta(days=1)
    at_gates(world)
    by_clock(world, found)
    return found


def gates(world: World, count: int, **fields: object) -> None:
    for number in range(501, 501 + count):
        another_flight(world, 1, number, **fields)


def test_what_is_more_waits_for_one_digest(world: World, mailbox: Mailbox, clock: Clock) -> None:
    chooser(world, daily_max=2)
    gates(world, 5)
    _until_idle(world.worker())
    assert len(mailbox.mails) == 2
    evening = clock.moment.replace(hour=20, minute=0, second=0)
    rows = [row for row in held(world) if row["reason"] == "daily_maximum"]
    assert [row["until"] for row in rows] == [evening] * 3
    clock.moment = evening
    assert digester(world).send_due() == 3
    assert len(mailbox.mails) == 3


def test_a_cancellation_is_neither_stopped_nor_counted(world: World, mailbox: Mailbox, clock: Clock) -> None:
    chooser(world, daily_max=1)
    world.conversation(heard=FAR_A, want=CANCELLED, priority=0)
    gates(world, 2)
    world.worker().deliver_due()
    assert len(mailbox.mails) == 2
    assert "cancelled" in mailbox.subjects()[0]


def test_the_most_important_goes_first(world: World, mailbox: Mailbox, clock: Clock) -> None:
    chooser(world, daily_max=1)
    another_flight(world, 1, 501)
    another_flight(world, 1, 502, priority=1)
    world.worker().deliver_due()
    assert ["UA 502" in subject for subject in mailbox.subjects()] == [True]


def test_the_next_day_has_its_own_count(world: World, mailbox: Mailbox, clock: Clock) -> None:
    chooser(world, daily_max=1)
    another_flight(world, 1, 501)
    world.worker().deliver_due()
    clock.move(24 * 3600)
    another_flight(world, 1, 502)
    world.worker().deliver_due()
    assert len(mailbox.mails) == 2


def test_a_refused_message_gives_its_place_back(world: World, mailbox: Mailbox, clock: Clock) -> None:
    chooser(world, daily_max=1)
    mailbox.once["RCPT"] = ["550 5.7.1 refused by policy"]
    another_flight(world, 1, 501)
    world.worker().deliver_due()
    another_flight(world, 1, 502)
    world.worker().deliver_due()
    assert len(mailbox.mails) == 1


def test_two_workers_at_once_hand_over_no_more_than_the_maximum(
    world: World, mailbox: Mailbox, clock: Clock
) -> None:
    chooser(world, daily_max=3)
    gates(world, 20)
    workers = [world.worker(senders=4) for _ in range(2)]
    threads = [threading.Thread(target=_until_idle, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(mailbox.mails) == 3
    assert world.database["conversations"].count_documents({"fold": {"$exists": True}}) == 17


def _until_idle(worker: object) -> None:
    while worker.deliver_due():  # type: ignore[attr-defined]
        pass


def test_many_at_once_are_counted_exactly(world: World) -> None:
    counts, taken = DailyCounts(world.database), []

    def take(number: int) -> None:
        if counts.take(Counted("p1", "2026-12-01", f"c{number}"), 5, world.terms.now()):
            taken.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(taken) == 5
    again = Counted("p1", "2026-12-01", f"c{taken[0]}")
    assert counts.take(again, 5, world.terms.now())
    assert not counts.take(Counted("p1", "2026-12-01", "new"), 5, world.terms.now())
    counts.give_back(again)
    assert counts.take(Counted("p1", "2026-12-01", "new"), 5, world.terms.now())


def with_mail(world: World) -> None:
    """The system sends mails, too."""
    world.terms = replace(world.terms, channels=world.terms.channels | {"email"})


def test_a_text_above_the_maximum_is_left_to_the_mail(sms_world: World, twilio: Twilio) -> None:
    _noon(sms_world)
    with_mail(sms_world)
    chooser(sms_world, daily_max=1)
    gates(sms_world, 2)
    sms_world.worker().deliver_due()
    assert len(twilio.messages) == 1
    row = sms_world.database["notifications"].find_one({"status": "skipped"})
    assert row is not None
    assert row["reason"] == "daily_maximum"


def test_a_text_above_the_maximum_waits_for_tomorrow_where_no_mail_goes(
    sms_world: World, twilio: Twilio
) -> None:
    clock = _noon(sms_world)
    sms_world.person(1, email=None, time_zone="UTC", preferences={"daily_max": 1})
    gates(sms_world, 2)
    sms_world.worker().deliver_due()
    assert len(twilio.messages) == 1
    tomorrow = (clock.moment + timedelta(days=1)).replace(hour=20, minute=0, second=0)
    [row] = [row for row in held(sms_world) if row["reason"] == "daily_maximum"]
    assert row["until"] == tomorrow
    clock.moment = tomorrow
    sms_world.worker().deliver_due()
    assert len(twilio.messages) == 2


def test_texts_of_a_digest_come_at_its_hour_where_no_mail_goes(sms_world: World, twilio: Twilio) -> None:
    clock = _noon(sms_world)
    with_mail(sms_world)
    digest = {"every": "daily", "at": "14:00"}
    sms_world.person(1, email=None, time_zone="UTC", preferences={"digest": digest})
    sms_world.person(2, time_zone="UTC", preferences={"digest": digest})
    for person in (1, 2):
        another_flight(sms_world, person, 500 + person)
    sms_world.worker().deliver_due()
    assert twilio.messages == []
    clock.move(2 * 3600)
    sms_world.worker().deliver_due()
    assert [message["to"] for message in twilio.messages] == ["+15550100001"]


@pytest.mark.parametrize(
    ("choices", "at_once"), [({"digest": {"every": "daily", "at": "20:00"}}, 0), ({"daily_max": 1}, 1)]
)
def test_texts_wait_for_a_digests_hour_where_the_system_sends_no_mail(
    sms_world: World, twilio: Twilio, choices: dict[str, Any], at_once: int
) -> None:
    clock = _noon(sms_world)
    chooser(sms_world, **choices)
    gates(sms_world, 2)
    sms_world.worker().deliver_due()
    assert len(twilio.messages) == at_once
    clock.moment = (clock.moment + timedelta(days=at_once)).replace(hour=20, minute=0, second=0)
    sms_world.worker().deliver_due()
    assert len(twilio.messages) == 2
    assert sms_world.database["notifications"].count_documents({"status": "skipped"}) == 0


def test_an_alert_that_goes_by_text_alone_is_not_left_to_the_mail(sms_world: World, twilio: Twilio) -> None:
    clock = Clock()
    clock.moment = wording_alert_examples.NOW
    by_clock(sms_world, clock)
    with_mail(sms_world)
    chooser(sms_world, digest={"every": "daily", "at": "20:00"})
    sms_world.database["alerts"].insert_one({"_id": "a1", "user_id": "p1"}, bypass_document_validation=True)
    below = wording_alert_examples.BELOW
    heard = wording_alert_examples.value(below, 0, None, offer=None)
    want = wording_alert_examples.value(below, channels=("sms",))
    documents = {"heard": heard.to_document(), "want": want.to_document()}
    another_flight(sms_world, 1, 501, subject="alert:a1", due_at=clock(), **documents)
    sms_world.worker().deliver_due()
    assert [(row["action"], row["reason"]) for row in held(sms_world)] == [("wait", "digest")]
    clock.moment = clock.moment.replace(hour=20, minute=0, second=0)
    sms_world.worker().deliver_due()
    assert len(twilio.messages) == 1


def test_choices_cost_nothing_where_there_are_none(world: World, mailbox: Mailbox) -> None:
    """Counted with a command listener: ten who chose nothing take as many round trips as one."""
    from pymongo import MongoClient, monitoring

    class Seen(monitoring.CommandListener):
        def __init__(self) -> None:
            self.touched: list[str] = []

        def started(self, event: monitoring.CommandStartedEvent) -> None:
            self.touched.append(str(event.command.get(event.command_name)))

        def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
            pass

        def failed(self, event: monitoring.CommandFailedEvent) -> None:
            pass

    seen = Seen()
    uri = world.settings.mongodb_uri.get_secret_value()
    world.travellers(3)
    client: MongoClient[dict[str, Any]]
    with MongoClient(uri, tz_aware=True, event_listeners=[seen]) as client:
        watched = client[world.database.name]
        again = World(watched, world.settings, EmailChannel(world.settings))
        seen.touched.clear()
        again.worker().deliver_due()
        again.close()
    assert len(mailbox.mails) == 3
    assert "daily_counts" not in seen.touched
    assert [seen.touched.count(name) for name in ("users", "bookings", "followings")] == [1, 1, 1]
