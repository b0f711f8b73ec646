"""What of the history a page shows, and how much there is of each kind: the row of figures and the filter.

The filter is in the address: `show` (sent, held, skipped, failed), `channel`, `about` (a flight or an airport).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from pymongo.database import Database

from app.domain import airlines, why_words
from app.domain.errors import BadEventError
from app.domain.flight import parse
from app.domain.speech import say, to_say
from app.store import shown as shown_flights
from app.store.own_followings import AIRPORT
from app.store.own_notifications import Counts, Group, Wanted
from app.web import airport_field
from app.web.api.requests import refused
from app.web.pages import words
from app.web.problems import Fault

Document = dict[str, Any]

MOST = 1000
"""Messages of a week that the figures are made of."""

_NAMES: Mapping[Group, str] = {
    Group.SENT: to_say("Sent"),
    Group.HELD: to_say("Held"),
    Group.SKIPPED: to_say("Not sent"),
    Group.FAILED: to_say("Failed"),
}
_FLIGHT = "flight:"
_MOST_SUBJECTS = 50
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Segment:
    """One choice of the status. value: what the address says, None for all."""

    name: str
    value: str | None
    count: int
    is_picked: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """The filter as a page shows it. address: what every link keeps."""

    segments: tuple[Segment, ...]
    channels: tuple[tuple[str, str], ...]
    subjects: tuple[tuple[str, str], ...]
    wanted: Wanted
    address: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the last seven days. median: from the saved change to the provider, None when nothing was sent."""

    told: int
    median: str | None
    failed: int


def read(args: Mapping[str, str]) -> Wanted:
    """What the address asks for. Raises Problem 400 for a status that there is not."""
    group = args.get("show", "")
    if group and group not in set(Group):
        raise refused([Fault("show", f"write one of {', '.join(Group)}, or leave it out")])
    return Wanted(
        group=Group(group) if group else None,
        channel=args.get("channel", "")[:_LONGEST] or None,
        subject=args.get("about", "")[:_LONGEST] or None,
    )


def shown(database: Database[Document], wanted: Wanted, counts: Counts) -> Filter:
    """The filter with what there is to choose from. Raises PyMongoError."""
    address = {"channel": wanted.channel, "about": wanted.subject}
    groups: tuple[Group | None, ...] = (None, *Group)
    return Filter(
        segments=tuple(
            Segment(
                name=say(_NAMES[group]) if group else say("All"),
                value=group,
                count=counts.groups.get(group, 0) if group else sum(counts.groups.values()),
                is_picked=group == wanted.group,
            )
            for group in groups
        ),
        channels=tuple((channel, why_words.channel_name(channel)) for channel in counts.channels),
        subjects=_named(database, counts.subjects[:_MOST_SUBJECTS]),
        wanted=wanted,
        address={name: value for name, value in address.items() if value},
    )


def figures(rows: Sequence[Document]) -> Figures:
    """Of messages of the ledger."""
    came_back = [row for row in rows if (row.get("delivery") or {}).get("state") == "undelivered"]
    sent = [row for row in rows if row.get("status") == "sent" and row not in came_back]
    times = [
        (row["sent_at"] - row["changed_at"]).total_seconds()
        for row in sent
        if isinstance(row.get("sent_at"), datetime) and isinstance(row.get("changed_at"), datetime)
    ]
    return Figures(
        told=len(sent),
        median=why_words.length(median(times)) if times else None,
        failed=len(came_back) + sum(row.get("status") == "failed" for row in rows),
    )


def _named(database: Database[Document], subjects: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Each with words for it; a flight that is gone has none and is left out."""
    keys = [subject.removeprefix(_FLIGHT) for subject in subjects if subject.startswith(_FLIGHT)]
    documents = shown_flights.by_ids(database, keys)
    found = []
    for subject in subjects:
        if subject.startswith(AIRPORT):
            code, _, day = subject.removeprefix(AIRPORT).partition(":")
            name = airport_field.words(code)
            found.append((subject, f"{name}, {words.short_date(day)}" if day else name))
        elif document := documents.get(subject.removeprefix(_FLIGHT)):
            try:
                flight = parse(document)
            except BadEventError:
                continue
            number = airlines.written(flight.flight_number)
            found.append((subject, f"{number}, {words.short_date(flight.departure_date)}"))
    return tuple(found)
