"""What the notices consumer goes by: times and clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.clock import DomainClock, Now
from app.domain.notice_value import NoticeValue, Terms
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Rules:
    """terms: how long notices are told. settle: so long a notice waits, so that one that is corrected or withdrawn at
    once is not told first. keep: conversations stay so long after the notice expired. clock: the domain's. now: system
    clock."""

    terms: Terms
    settle: timedelta
    keep: timedelta
    clock: DomainClock
    now: Now

    @classmethod
    def of(cls, settings: Settings, now: Now) -> Rules:
        """As the settings say."""
        return cls(
            terms=Terms.of(settings.notice_hours, settings.notice_max_days),
            settle=timedelta(seconds=settings.settle_s),
            keep=timedelta(days=settings.conversation_keep_days),
            clock=settings.domain_clock,
            now=now,
        )

    def is_over(self, value: NoticeValue) -> bool:
        """Whether the notice has expired, so that nobody is told of it."""
        return self.clock.at(self.now()) >= value.over_at

    def kept_until(self, value: NoticeValue) -> datetime:
        """When conversations about the notice are deleted, system clock."""
        return max(self.clock.system_time_of(value.over_at), self.now()) + self.keep
