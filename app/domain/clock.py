"""Two clocks: the domain clock (what time it is at the airports) and the system clock (always real).

Departures and times shown follow the domain clock. Leases, time-outs, back-off, settling, the
age of data and latencies follow the system clock. Only the demo runs them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Now = Callable[[], datetime]
"""A function that returns the present as an aware UTC time."""


def system_now() -> datetime:
    """The real present, aware, UTC."""
    return datetime.now(UTC)


def stored(at: datetime) -> datetime:
    """In whole milliseconds, as MongoDB keeps it, rounded up: it cuts off the rest, and nothing is due before its
    time."""
    return at + timedelta(microseconds=-at.microsecond % 1000)


@dataclass(frozen=True, slots=True)
class DomainClock:
    """A clock that showed `start` when the system clock showed `origin`, and runs `rate` times as fast.

    With start equal to origin and rate 1 it is the system clock. All processes of a demo are given the same
    three values, so that they agree without talking to each other.
    """

    start: datetime
    origin: datetime
    rate: float = 1.0
    system: Now = system_now

    def __call__(self) -> datetime:
        """The domain's present, aware, UTC."""
        return self.at(self.system())

    def at(self, system_time: datetime) -> datetime:
        """What the domain clock shows when the system clock shows system_time."""
        return self.start + (system_time - self.origin) * self.rate

    def system_time_of(self, domain_time: datetime) -> datetime:
        """What the system clock shows when the domain clock shows domain_time."""
        return self.origin + (domain_time - self.start) / self.rate


def real_time() -> DomainClock:
    """The domain clock of production: the system clock."""
    origin = datetime(2000, 1, 1, tzinfo=UTC)
    return DomainClock(start=origin, origin=origin)
