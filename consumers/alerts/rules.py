"""What the alerts consumer goes by: times and clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.clock import DomainClock, Now, stored
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Rules:
    """settle: an alert is read once in so long. keep: conversations, and alerts that are over, stay so long after their
    end. clock: the domain's. now: system clock."""

    settle: timedelta
    keep: timedelta
    clock: DomainClock
    now: Now

    @classmethod
    def of(cls, settings: Settings, now: Now) -> Rules:
        """As the settings say."""
        return cls(
            settle=timedelta(seconds=settings.alert_settle_s),
            keep=timedelta(days=settings.conversation_keep_days),
            clock=settings.domain_clock,
            now=now,
        )

    def domain_now(self) -> datetime:
        """The domain's present, aware UTC."""
        return self.clock.at(self.now())

    def system_time_of(self, domain_time: datetime) -> datetime:
        """When the system clock shows that the domain's moment has come, as it is stored."""
        return stored(self.clock.system_time_of(domain_time))

    def kept_until(self, ends_at: datetime) -> datetime:
        """When what is kept about something that ends then is deleted, system clock. ends_at: domain clock."""
        return max(self.clock.system_time_of(ends_at), self.now()) + self.keep
