"""Recent changes of flights, as the feed knows them, arranged for marking cells of a board."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain.clock import DomainClock

_NEW_FOR = timedelta(minutes=1)
_MARKED_FOR = timedelta(minutes=15)
# A fast demo clock would take the yellow away before anybody saw it: so long, really, it stays in any case.
_NEW_AT_LEAST_S, _MARKED_AT_LEAST_S = 5.0, 15.0

TIME_FIELDS = frozenset(
    {"departure_date", "departure_time", "estimated_departure_date", "estimated_departure_time"}
)
LANDING_FIELDS = frozenset(
    {"arrival_date", "arrival_time", "estimated_arrival_date", "estimated_arrival_time"}
)


@dataclass(frozen=True, slots=True)
class Ages:
    """How long a change is marked on the domain clock: strongly, and at all."""

    new: timedelta
    marked: timedelta


def ages(clock: DomainClock) -> Ages:
    """One minute and fifteen, or what a fast clock needs for people to see them."""
    return Ages(
        max(_NEW_FOR, timedelta(seconds=_NEW_AT_LEAST_S) * clock.rate),
        max(_MARKED_FOR, timedelta(seconds=_MARKED_AT_LEAST_S) * clock.rate),
    )


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field's change. old: as the feed says it, None when there was none. at: when it was saved, domain clock."""

    old: str | None
    new: str | None
    at: datetime


@dataclass(slots=True)
class FlightChanges:
    """What happened to one flight. last_at: the last change of anything; fields: the last change of each field
    that is still marked."""

    last_at: datetime
    fields: dict[str, FieldChange]

    def of(self, names: Iterable[str]) -> FieldChange | None:
        """The latest marked change among these fields; None when none is marked."""
        found = [self.fields[name] for name in names if name in self.fields]
        return max(found, key=lambda change: change.at, default=None)


def by_flight(
    updates: Iterable[Mapping[str, Any]], clock: DomainClock, now: datetime
) -> dict[str, FlightChanges]:
    """Changes of flights by identity ("UA407|EWR|2013-02-08").

    updates: of the feed, oldest first. now: the domain clock. A field changed twice while marked keeps the oldest
    old value, so that what is struck through is what stood there before it turned yellow.
    """
    marked = ages(clock).marked
    found: dict[str, FlightChanges] = {}
    for update in updates:
        if update.get("type") != "flight":
            continue
        identity = identity_of(update.get("subject") or {})
        at = clock.at(datetime.fromisoformat(str(update["at"])))
        changes = found.setdefault(identity, FlightChanges(at, {}))
        changes.last_at = max(changes.last_at, at)
        listed = update.get("changes") or ()
        if now - at > marked or any(c["field"] == "flight_number" and c.get("from") is None for c in listed):
            continue  # too old, or the flight itself is what is new
        for change in listed:
            name = str(change["field"])
            before = changes.fields.get(name)
            old = before.old if before else _text(change.get("from"))
            changes.fields[name] = FieldChange(old, _text(change.get("to")), at)
    return found


def identity_of(subject: Mapping[str, Any]) -> str:
    """The identity of a flight as the feed's subject has it."""
    return "|".join(str(subject.get(part, "")) for part in ("flight_number", "origin", "departure_date"))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
