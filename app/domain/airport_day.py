"""One local day at one airport: how many of its flights go wrong, and what that comes to.

Flights count on the day of their schedule: departures on their date, arrivals on the date they are to land. A flight
that is moved to another date counts there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from app.domain import places
from app.domain.flight import Flight, Status
from app.domain.news import Action, Decision, Kind, Role, Rules

PREFIX: Final = "airport"

TOLD_AHEAD: Final = timedelta(days=1)
"""A day is told of from so long before its beginning: what is known earlier changes again."""


class Level(StrEnum):
    """How an airport's day goes. A later one is worse."""

    NORMAL = "normal"
    DISRUPTED = "disrupted"
    SEVERE = "severe"


KINDS: Final[Mapping[Level, Kind]] = {
    Level.SEVERE: Kind.AIRPORT_SEVERE,
    Level.DISRUPTED: Kind.AIRPORT_DISRUPTED,
    Level.NORMAL: Kind.AIRPORT_NORMAL,
}


@dataclass(frozen=True, slots=True)
class Steps:
    """From where on a day is disrupted, or severely so.

    late: what counts as late. disrupted, severe: share of all flights, per cent. least: so few flights are no
    disruption, whatever their share. A level that is reached is left below two thirds of its step.
    """

    late: timedelta
    disrupted: int
    severe: int
    least: int


@dataclass(frozen=True, slots=True)
class AirportDay:
    """What is known of the day. airport: IATA code; date: "YYYY-MM-DD", local.

    flights: all of them, departures and arrivals. cancelled, diverted, late: of those; each flight is counted once.
    late_min: from how many minutes on a flight was counted as late.
    """

    airport: str
    date: str
    flights: int = 0
    cancelled: int = 0
    diverted: int = 0
    late: int = 0
    late_min: int = 60
    level: Level = Level.NORMAL

    @property
    def affected(self) -> int:
        """Flights that are cancelled, diverted or late."""
        return self.cancelled + self.diverted + self.late

    @property
    def subject(self) -> str:
        """The subject of conversations about the day."""
        return subject_of(self.airport, self.date)

    @property
    def begins_at(self) -> datetime:
        """The first moment of the day, aware UTC."""
        return _midnight(date.fromisoformat(self.date), self.airport)

    @property
    def ends_at(self) -> datetime:
        """The first moment after the day, aware UTC."""
        return _midnight(date.fromisoformat(self.date) + timedelta(days=1), self.airport)

    def undisturbed(self) -> AirportDay:
        """What somebody takes for granted who heard nothing: a normal day."""
        return AirportDay(self.airport, self.date, late_min=self.late_min)

    def to_document(self) -> dict[str, Any]:
        """As stored, always in the same order, so that equal days are equal documents."""
        return {
            "airport": self.airport,
            "date": self.date,
            "flights": self.flights,
            "cancelled": self.cancelled,
            "diverted": self.diverted,
            "late": self.late,
            "late_min": self.late_min,
            "level": str(self.level),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> AirportDay:
        """From what to_document made."""
        values = {name: document[name] for name in cls.__slots__}
        return cls(**values | {"level": Level(values["level"])})


def subject_of(airport: str, day: str) -> str:
    """ "airport:EWR:2013-02-08"."""
    return f"{PREFIX}:{airport}:{day}"


def place_of(subject: str) -> tuple[str, str]:
    """Airport and day of such a subject."""
    _, airport, day = subject.split(":")
    return airport, day


def days_of(flight: Flight) -> frozenset[tuple[str, str]]:
    """The airports and days on which a flight counts: ("EWR", "2013-02-08"), ("IAH", "2013-02-08")."""
    found = {(flight.origin, flight.departure_date)}
    lands = _planned_landing(flight)
    found.add((flight.destination, places.utc_to_local(lands, flight.destination).date().isoformat()))
    return frozenset(found)


def counted(flights: Iterable[Flight], airport: str, day: str, steps: Steps) -> AirportDay:
    """The day's figures, from flights of which some may count elsewhere; its level is left normal."""
    total, cancelled, diverted, late = 0, 0, 0, 0
    for flight in flights:
        if (airport, day) not in days_of(flight):
            continue
        total += 1
        if flight.status is Status.CANCELLED:
            cancelled += 1
        elif flight.status is Status.DIVERTED:
            diverted += 1
        elif _lateness(flight, airport, day) >= steps.late:
            late += 1
    late_min = steps.late // timedelta(minutes=1)
    return AirportDay(airport, day, total, cancelled, diverted, late, late_min)


def with_level(day: AirportDay, before: Level, steps: Steps) -> AirportDay:
    """The day with its level. before: the level it had until now, which is left below two thirds of its step alone."""
    was = _RANK[before]
    for level, percent in ((Level.SEVERE, steps.severe), (Level.DISRUPTED, steps.disrupted)):
        # In thirds, so that all numbers are whole.
        thirds = 2 if was >= _RANK[level] else 3
        is_share = day.affected * 300 >= day.flights * percent * thirds
        if is_share and day.affected * 3 >= steps.least * thirds:
            return replace(day, level=level)
    return replace(day, level=Level.NORMAL)


def decide(heard: AirportDay, want: AirportDay, role: Role, rules: Rules, now: datetime) -> Decision:
    """What to do for one person about one day. now: the domain clock. Only a level is news; figures move in silence."""
    if heard.level is want.level:
        return Decision(Action.SETTLE, reason="nothing_new" if heard == want else "below_threshold")
    kinds = of_state(want)
    if role not in rules.told.get(kinds[0], frozenset()):
        return Decision(Action.SETTLE, reason="not_wanted")
    if not timely(kinds, want, now):
        return Decision(Action.SKIP, kinds, "past")
    told_from = want.begins_at - TOLD_AHEAD
    if now < told_from:
        return Decision(Action.WAIT, kinds, "day_too_early", told_from)
    return Decision(Action.TELL, kinds)


def of_state(want: AirportDay) -> tuple[Kind, ...]:
    """What is worth saying about the day when nothing is known of what was said before."""
    return (KINDS[want.level],)


def timely(kinds: tuple[Kind, ...], want: AirportDay, now: datetime) -> tuple[Kind, ...]:
    """The kinds that are still worth a message: none once the day is over there."""
    return tuple(kind for kind in kinds if now < want.ends_at)


_RANK: Final = {level: rank for rank, level in enumerate(Level)}


def _midnight(day: date, airport: str) -> datetime:
    return places.local_to_utc(day, time(), airport)


def _planned_landing(flight: Flight) -> datetime:
    """When it is to land; without a planned arrival when it is to leave."""
    return flight.arrives_at or flight.departs_at


def _lateness(flight: Flight, airport: str, day: str) -> timedelta:
    """How late it leaves or lands there; for one that does both there (a round trip), the worse."""
    found = []
    if (flight.origin, flight.departure_date) == (airport, day):
        found.append(flight.delay)
    if flight.destination == airport:
        planned, lands = flight.arrives_at, flight.lands_at
        found.append(lands - planned if planned and lands else flight.delay)
    return max(found)
