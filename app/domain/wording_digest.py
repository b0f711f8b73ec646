"""The words of a digest: one mail about several flights of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain import places
from app.domain.preferences import Every, Preferences
from app.domain.wording_shapes import Message

_NAMED = 3
"""Flights that the subject names."""


@dataclass(frozen=True, slots=True)
class Item:
    """One flight's news. flight: its number as people write it. why: the link to why, None without."""

    flight: str
    message: Message
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Digest(Message):
    """A message made of others, most important first; it has facts and advice of theirs alone."""

    items: tuple[Item, ...] = ()


def digest(
    items: Sequence[Item], chosen: Preferences, zone: ZoneInfo, now: datetime, public_url: str
) -> Digest:
    """One mail about all of the items (at least one), in their order. now: the domain clock. zone: the person's."""
    first = items[0].message
    sent = now.astimezone(zone)
    number = len(items)
    headline = first.headline if number == 1 else f"News of {number} flights"
    subject = first.subject if number == 1 else f"News of {_names([item.flight for item in items])}"
    said = "What was not urgent, in one mail."
    opening = said if number == 1 else f"{said} The most important comes first."
    return Digest(
        subject=subject,
        headline=headline,
        preheader=" ".join(item.message.opening for item in items[:_NAMED]),
        opening=opening,
        highlight=first.highlight,
        facts=(),
        advice=(),
        link=("Open Gatecall", public_url),
        footer=(
            _why(chosen),
            f"Sent at {sent:%H:%M} {places.zone_name(sent)}.",
            "Times of flights are local to the airport. The airline decides; Gatecall passes on what it says.",
        ),
        sms=subject,
        items=tuple(items),
    )


def _names(flights: Sequence[str]) -> str:
    """ "UA 407 and BA 112", "UA 407, BA 112, LH 9 and 4 more flights"; a flight of several days is named once."""
    names = list(dict.fromkeys(flights))
    if len(names) > _NAMED:
        more = len(flights) - _NAMED
        return f"{', '.join(names[:_NAMED])} and {more} more {'flight' if more == 1 else 'flights'}"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _why(chosen: Preferences) -> str:
    if chosen.digest is not None:
        how = "a day" if chosen.digest.every is Every.DAILY else "a week"
        return f"You get this because you chose one mail {how} for what is not urgent."
    if chosen.daily_max is not None:
        return (
            f"You get this because you chose at most {chosen.daily_max} "
            f"{'message' if chosen.daily_max == 1 else 'messages'} a day; this is what was more."
        )
    return "You get this because it waited for one mail a day, as you had chosen."
