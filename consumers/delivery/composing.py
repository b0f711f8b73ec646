"""The message for one conversation, in words; what is the same for many people is composed once."""

from __future__ import annotations

from functools import lru_cache

from app.domain.clock import DomainClock
from app.domain.news import Role
from app.domain.wording import FlightNews, Message, compose
from app.store.claim_records import Claimed
from consumers.delivery.decision import Verdict

_KEPT = 256


class Composer:
    """Composes messages as of a domain clock; to the minute, which is what messages show."""

    def __init__(self, public_url: str, domain_clock: DomainClock) -> None:
        self._public_url = public_url
        self._domain_clock = domain_clock
        # A cancelled flight is the same news to each of its travellers.
        self._compose = lru_cache(maxsize=_KEPT)(compose)

    def compose(self, conversation: Claimed, verdict: Verdict, role: Role) -> Message:
        """What this person is told. Raises what `wording.compose` raises."""
        want = conversation.want
        assert want is not None, "D2 settles what has no want"
        now = self._domain_clock()
        changed_at = self._domain_clock.at(conversation.changed_at) if conversation.changed_at else now
        return self._compose(
            FlightNews(
                heard=verdict.heard or want,
                want=want,
                kinds=verdict.kinds,
                role=role,
                doubtful=verdict.doubtful,
                found_late=conversation.found_late,
                changed_at=changed_at.replace(second=0, microsecond=0),
                now=now.replace(second=0, microsecond=0),
                public_url=self._public_url,
            )
        )
