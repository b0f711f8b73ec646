"""What a page must know to stay fresh: the age of its data, the feed's cursor, and the domain clock."""

from __future__ import annotations

import math
from dataclasses import dataclass

from app.web.pages import words
from app.web.services import Services


@dataclass(frozen=True, slots=True)
class Live:
    """The freshness of a page when it was drawn.

    age: "2 s", or None when Kafka never answered this process. cursor: of the feed, "" when it has none yet.
    domain_now: milliseconds since the epoch on the domain clock; rate: how fast it runs.
    """

    stale: bool
    age: str | None
    age_s: float
    stale_s: float
    cursor: str
    domain_now: int
    rate: float


def of(services: Services) -> Live:
    """The freshness of this moment."""
    age = services.feed.age_s()
    known = math.isfinite(age)
    return Live(
        stale=services.feed.is_stale(),
        age=words.age(age) if known else None,
        age_s=round(age, 1) if known else -1,
        stale_s=services.settings.stale_s,
        cursor=services.feed.cursor(),
        domain_now=round(services.clock().timestamp() * 1000),
        rate=services.clock.rate,
    )
