"""Several senders of one process: one looks for what is due and decides, all hand over."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import AutoReconnect

from app.runtime import StopFlag
from app.store.claim_records import Claimed, Noted
from app.store.claims import Claims
from consumers.delivery.batches import divided
from consumers.delivery.worker import Worker
from tests.delivery.world import World, eventually
from tests.providers import Mailbox, Twilio, TwilioAnswer

SENDERS = 4


class Watched(Claims):
    """Remembers how many each claim found. Waits after the first that found something, if it is told to; the first
    `failing` notes fail before anything is written."""

    def __init__(self, world: World) -> None:
        super().__init__(world.database, world.channel.name)
        self.found: list[int] = []
        self.claimed, self.may_go = threading.Event(), threading.Event()
        self.may_go.set()
        self.failing = 0

    def claim(self, token: str, now: datetime, lease: timedelta, *, limit: int) -> tuple[list[Claimed], bool]:
        batch, left = super().claim(token, now, lease, limit=limit)
        if batch:
            self.found.append(len(batch))
            self.claimed.set()
            self.may_go.wait(10)
        return batch, left

    def note(self, token: str, group: Any) -> set[str]:
        noted: list[Noted] = list(group)
        if noted and self.failing:
            self.failing -= 1
            raise AutoReconnect("connection closed")
        return super().note(token, noted)


@contextmanager
def running(world: World, claims: Claims) -> Iterator[None]:
    """Idle senders of one process, until the block is left."""
    stop = StopFlag()
    terms = replace(world.terms, claims=claims)
    workers = [Worker(terms, stop) for _ in range(SENDERS)]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: terms.bell.waiting == SENDERS)
        yield
    finally:
        stop.set()
        terms.bell.ring_all()
        for thread in threads:
            thread.join(10)
    assert all(worker.ended.is_set() for worker in workers)


def test_what_one_sender_decides_is_handed_over_by_all(world: World, mailbox: Mailbox) -> None:
    mailbox.delay_s = 0.05
    claims, before = Watched(world), mailbox.connections
    with running(world, claims):
        people = world.travellers(60)
        world.terms.bell.ring()
        eventually(lambda: len(mailbox.mails) >= 60)
    assert sorted(mailbox.recipients()) == sorted(f"{p}@example.org" for p in people)
    assert claims.found == [60]
    assert mailbox.connections - before == SENDERS
    assert world.database["notifications"].count_documents({"status": "sent"}) == 60


def test_ring_that_comes_while_somebody_looks_wakes_another(world: World, mailbox: Mailbox) -> None:
    """Whoever looks is busy with a slow provider afterwards, and the one that was woken found that somebody looks."""
    mailbox.delay_s = 2.0
    claims = Watched(world)
    with running(world, claims):
        claims.may_go.clear()
        world.person(1)
        world.conversation(1)
        world.terms.bell.ring()
        assert claims.claimed.wait(5)
        world.person(2)
        world.conversation(2)
        world.terms.bell.ring()
        eventually(lambda: world.terms.bell.waiting == SENDERS - 1)
        claims.may_go.set()
        went_at = time.monotonic()
        eventually(lambda: len(mailbox.mails) == 2)
    assert mailbox.mails[-1].at - went_at < 3.5


def test_sender_that_loses_mongodb_keeps_back_its_own_group_alone(world: World, mailbox: Mailbox) -> None:
    mailbox.delay_s = 0.02
    claims = Watched(world)
    claims.failing = 1
    with running(world, claims):
        people = world.travellers(60)
        world.terms.bell.ring()
        eventually(lambda: len(mailbox.mails) >= 60, within_s=15)
    assert sorted(mailbox.recipients()) == sorted(f"{p}@example.org" for p in people)
    assert world.database["conversations"].count_documents({"doubt": {"$exists": True}}) == 0


def test_stop_gives_back_what_waits_for_a_sender(world: World, mailbox: Mailbox) -> None:
    mailbox.delay_s = 0.5
    claims = Watched(world)
    with running(world, claims):
        world.travellers(60)
        world.terms.bell.ring()
        eventually(lambda: len(mailbox.mails) >= 1)
    rows = list(world.database["conversations"].find())
    assert not [row["_id"] for row in rows if "claim" in row or "doubt" in row]
    assert sum("due_at" in row for row in rows) == 60 - len(mailbox.mails)
    assert len(mailbox.mails) < 60


def test_nobody_waits_for_what_a_provider_is_asked_about(sms_world: World, twilio: Twilio) -> None:
    twilio.script = [TwilioAnswer(drop=True)]
    sms_world.person(1)
    sms_world.conversation(1)
    worker = sms_world.worker()
    worker.deliver_due()
    assert "doubt" in sms_world.stored(1)
    sms_world.hurry()
    sms_world.person(2)
    sms_world.conversation(2)
    by_then: list[int] = []
    twilio.on_asked = lambda: by_then.append(len(twilio.messages))
    assert worker.deliver_due() == 2
    assert by_then == [1]
    assert [message["to"] for message in reversed(twilio.messages)] == ["+15550100002", "+15550100001"]


def test_batch_is_divided_among_those_who_are_free() -> None:
    told: list[Any] = list(range(10))
    assert [len(some) for some in divided(told, free=4, alone=1)] == [3, 3, 3, 1]
    assert [len(some) for some in divided(told, free=4, alone=8)] == [8, 2]
    assert [len(some) for some in divided(told, free=1, alone=1)] == [10]
    assert divided([], free=4, alone=1) == []
