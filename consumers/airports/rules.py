"""What the airports consumer goes by: steps, times, clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.airport_day import AirportDay, Steps
from app.domain.clock import DomainClock, Now
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Rules:
    """settle: a day is counted once in so long. keep: conversations, and what is known of a day, stay so long after
    it. clock: the domain's. now: system clock."""

    steps: Steps
    settle: timedelta
    keep: timedelta
    clock: DomainClock
    now: Now

    @classmethod
    def of(cls, settings: Settings, now: Now) -> Rules:
        """As the settings say."""
        return cls(
            steps=Steps(
                late=timedelta(minutes=settings.airport_late_min),
                disrupted=settings.airport_disrupted_percent,
                severe=settings.airport_severe_percent,
                least=settings.airport_least_flights,
            ),
            settle=timedelta(seconds=settings.airport_settle_s),
            keep=timedelta(days=settings.conversation_keep_days),
            clock=settings.domain_clock,
            now=now,
        )

    def is_over(self, airport: str, date: str) -> bool:
        """Whether the day has ended there, so that nothing about it is told."""
        return self.clock.at(self.now()) >= AirportDay(airport, date).ends_at

    def kept_until(self, airport: str, date: str) -> datetime:
        """When what is kept about the day is deleted, system clock."""
        ends_at = self.clock.system_time_of(AirportDay(airport, date).ends_at)
        return max(ends_at, self.now()) + self.keep
