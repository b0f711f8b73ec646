"""The words of a digest: one mail about several flights of a person, and what else they follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from app.domain import places
from app.domain.preferences import Every, Preferences
from app.domain.speech import clock_time, listed, plural, say
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
    headline = first.headline if number == 1 else say("News of {subjects}", subjects=listed(_counted(items)))
    subject = first.subject if number == 1 else say("News of {subjects}", subjects=_names(items))
    if number == 1:
        opening = say("What was not urgent, in one mail.")
    else:
        opening = say("What was not urgent, in one mail. The most important comes first.")
    return Digest(
        subject=subject,
        headline=headline,
        preheader=" ".join(item.message.opening for item in items[:_NAMED]),
        opening=opening,
        highlight=first.highlight,
        facts=(),
        advice=(),
        link=(say("Open Gatecall"), public_url),
        footer=(
            _why(chosen),
            say("Sent at {time}.", time=f"{clock_time(sent)} {places.zone_name(sent)}"),
            say(
                "Times of flights are local to the airport. The airline decides; Gatecall passes on what it says."
            ),
        ),
        sms=subject,
        items=tuple(items),
    )


_NOUNS: Final[Mapping[str, Callable[[int], str]]] = {
    "flight": lambda many: plural("{number} flight", "{number} flights", many),
    "airport": lambda many: plural("{number} airport", "{number} airports", many),
    "fare alert": lambda many: plural("{number} fare alert", "{number} fare alerts", many),
    "notice": lambda many: plural("{number} notice", "{number} notices", many),
}
_MORE: Final[Mapping[str, Callable[[int], str]]] = {
    "flight": lambda many: plural("{number} more flight", "{number} more flights", many),
    "airport": lambda many: plural("{number} more airport", "{number} more airports", many),
    "fare alert": lambda many: plural("{number} more fare alert", "{number} more fare alerts", many),
    "notice": lambda many: plural("{number} more notice", "{number} more notices", many),
}
"""How many there are of each noun of a subject."""


def _counted(items: Sequence[Item], words: Mapping[str, Callable[[int], str]] = _NOUNS) -> list[str]:
    """ "3 flights", "2 airports"."""
    return [words[noun](many) for noun, many in Counter(item.noun for item in items).items()]


def _names(items: Sequence[Item]) -> str:
    """ "UA 407 and BA 112", "UA 407, BA 112, LH 9 and 4 more flights"; a flight of several days is named once."""
    names = list(dict.fromkeys(item.name for item in items))
    if len(names) > _NAMED:
        rest = [item for item in items if item.name not in names[:_NAMED]]
        return listed([*names[:_NAMED], *_counted(rest, _MORE)])
    return listed(names)


def _why(chosen: Preferences) -> str:
    if chosen.digest is not None and chosen.digest.every is Every.DAILY:
        return say("You get this because you chose one mail a day for what is not urgent.")
    if chosen.digest is not None:
        return say("You get this because you chose one mail a week for what is not urgent.")
    if chosen.daily_max is not None:
        return plural(
            "You get this because you chose at most {number} message a day; this is what was more.",
            "You get this because you chose at most {number} messages a day; this is what was more.",
            chosen.daily_max,
        )
    return say("You get this because it waited for one mail a day, as you had chosen.")
