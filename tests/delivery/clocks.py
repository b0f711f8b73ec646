"""A clock that tests move, and providers of several processes that go by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

from app.runtime import StopFlag
from app.store.provider_state import ProviderState
from consumers.delivery.providers import Provider, Providers
from consumers.delivery.worker import Worker
from tests.delivery.world import World


class Clock:
    """Stands still until it is moved. A minute ahead, so that what a test makes due is due by it."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)

    def __call__(self) -> datetime:
        return self.moment

    def move(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class MovingStop(StopFlag):
    """Whoever waits on it does not: the clock moves instead."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, seconds: float) -> bool:
        self._clock.move(max(seconds, 0.001))
        return self.is_set()


def a_process(
    database: Database[dict[str, Any]], clock: Clock, *, rate: float | None = None, fallback: bool = False
) -> Providers:
    """The providers of e-mail as one process has them."""

    def provider(name: str) -> Provider:
        return Provider(name, ProviderState(database, name), rate, 3.0, clock)

    return Providers(provider("email"), provider("email-fallback") if fallback else None)


def worker_by(world: World, clock: Clock, providers: Providers, **changes: Any) -> Worker:
    """A worker whose time is the clock's, also while it waits."""
    terms = replace(world.terms, now=clock, providers=providers, **changes)
    worker = Worker(terms, MovingStop(clock))
    world.workers.append(worker)
    return worker
