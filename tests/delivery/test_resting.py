"""When a sender that found nothing looks again: what comes due while it looks is not left until its next net."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.runtime import StopFlag
from app.store.leases import Leases
from consumers.delivery.digesting import Digester
from consumers.delivery.worker import Worker
from tests.delivery.world import World, eventually
from tests.providers import Mailbox

WITHIN_S = 4.0
"""The net is ten seconds."""


class Overtaken:
    """A store whose first look for what is due finds nothing, and something comes due before it has answered."""

    def __init__(self, real: Any, comes: Callable[[], object]) -> None:
        self._real = real
        self._comes = comes
        self._looks = 0

    def claim(self, *args: Any, **more: Any) -> Any:
        found = self._real.claim(*args, **more)
        self._looks += 1
        if self._looks == 1:
            self._comes()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@contextmanager
def running(sender: Worker | Digester, stop: StopFlag, world: World) -> Iterator[None]:
    """The sender's own loop, until the block is left."""
    thread = threading.Thread(target=sender.run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        world.terms.bell.ring_all()
        thread.join(15)


def test_what_comes_due_while_a_sender_looks_goes_at_once(world: World, mailbox: Mailbox) -> None:
    world.person()
    claims = Overtaken(world.terms.claims, world.conversation)
    stop = StopFlag()
    with running(Worker(replace(world.terms, claims=claims), stop), stop, world):
        eventually(lambda: mailbox.mails, within_s=WITHIN_S)


def test_digest_that_comes_due_while_one_looks_goes_at_once(world: World, mailbox: Mailbox) -> None:
    world.person()
    digests = Overtaken(world.terms.digests, lambda: world.conversation(due_at=..., fold=datetime.now(UTC)))
    stop, leases = StopFlag(), Leases(world.database, "one")
    terms = replace(world.terms, digests=digests)
    with running(Digester(terms, leases, 30.0, stop, world.settings.public_url), stop, world):
        eventually(lambda: mailbox.mails, within_s=WITHIN_S)
