"""Which news makes a sound where a message that was sent can be edited in silence.

An edit notifies nobody. So what is not listed here as quiet makes a sound: cancellations and what undoes them,
diversions, new times, boarding, airports that are disrupted, and whatever kinds come later.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.domain.news import NEAR_DEPARTURE, Kind

QUIET = frozenset(
    {
        *(Kind.GATE_CLOSED, Kind.DEPARTED, Kind.LANDED, Kind.ARRIVED, Kind.BELT, Kind.AIRCRAFT),
        Kind.AIRPORT_NORMAL,
    }
)
"""Worth a look when one looks: progress as planned, and what changes nothing for now."""

GATE_FROM = timedelta(hours=3)
"""So long before departure people are on their way: from then on a new gate or terminal makes a sound."""


def sounds(kinds: Iterable[Kind], leaves_at: datetime | None, now: datetime) -> bool:
    """Whether this news makes a sound. leaves_at: the departure, None without one; now: the domain clock. News of no
    kind ("now: ..." after a doubt) does."""
    told = list(kinds)
    return not told or any(_sounds(kind, leaves_at, now) for kind in told)


def _sounds(kind: Kind, leaves_at: datetime | None, now: datetime) -> bool:
    if kind in NEAR_DEPARTURE:
        return leaves_at is None or leaves_at - now <= GATE_FROM
    return kind not in QUIET
