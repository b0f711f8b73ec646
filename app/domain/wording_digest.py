"""The words of a digest: one mail about several flights of a person, and what else they follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain import places
from app.domain.preferences import Every, Preferences
from app.domain.wording_shapes import Message

_NAMED = 3
"""Flights and others that the subject names."""


@dataclass(frozen=True, slots=True)
class Item:
    """One subject's news. name: as people name it, a flight by its number. why: the link to why, None without. noun:
    what it is."""

    name: str
    message: Message
    why: str | None = None
    noun: str = "flight"


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
    headline = first.headline if number == 1 else f"News of {_counted(items)}"
    subject = first.subject if number == 1 else f"News of {_names(items)}"
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


def _counted(items: Sequence[Item], more: str = "") -> str:
    """ "3 flights", "1 flight and 2 airports"; more: goes after each number."""
    numbers = Counter(item.noun for item in items)
    return " and ".join(f"{many}{more} {noun if many == 1 else f'{noun}s'}" for noun, many in numbers.items())


def _names(items: Sequence[Item]) -> str:
    """ "UA 407 and BA 112", "UA 407, BA 112, LH 9 and 4 more flights"; a flight of several days is named once."""
    names = list(dict.fromkeys(item.name for item in items))
    if len(names) > _NAMED:
        rest = [item for item in items if item.name not in names[:_NAMED]]
        return f"{', '.join(names[:_NAMED])} and {_counted(rest, ' more')}"
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
