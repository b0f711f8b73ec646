"""Who is concerned by a notice at this moment: those booked on or following its flights, or following its airport.

Read in portions: an airport has more people than one list should hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, zip_longest
from typing import Any, Final, NamedTuple, TypeVar

from pymongo.database import Database
from pymongo.errors import ExecutionTimeout

from app.domain import flight
from app.domain.errors import BadEventError
from app.domain.flight import Flight
from app.store import flights, ids
from app.store.audience import HELD
from app.store.own_followings import AIRPORT

Document = dict[str, Any]
T = TypeVar("T")

AFTER_LANDING: Final = timedelta(hours=3)
"""So long after a flight landed its people are still told: they wait for their bags, or for the next flight."""
MOST_COUNTED: Final = 100_000
"""More people than these are counted as these."""

_PERSONS_AT_ONCE = 5_000
_FLIGHTS_AT_ONCE = 5_000
_COUNT_WITHIN_MS = 2_000
# The longest flights land a day after the local date of their departure, and an estimate may be another day away.
_AROUND = timedelta(days=2)


class Concerned(NamedTuple):
    """A person, and by what bookings and followings have it why they are concerned: keys of flights, airports."""

    person: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class About:
    """What a notice reaches at one moment: who is booked there, and who follows there. booked: keys of flights'
    documents. followed: the same flights, or the airport, as followings have it. local_to: the airport whose clocks its
    times follow; "" where none is known."""

    booked: tuple[str, ...]
    followed: tuple[str, ...]
    local_to: str


class NoticeAudience:
    """Reads `flights`, `known`, `bookings` and `followings`. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    def about(self, airport: str | None, number: str | None, now: datetime, until: datetime) -> About:
        """What a notice about this airport or flight reaches now.

        A flight: every one of its number that did not land AFTER_LANDING ago; where an airport is named too, only
        those that leave from it or land at it. An airport: whoever follows it, and whoever is booked on a flight that
        leaves from it or lands at it from now until the notice expires. Neither: nobody. now, until: the domain clock.
        """
        found: list[tuple[datetime, str, Flight]] = []
        if number is not None:
            found = [
                one
                for one in self._numbered(number, now)
                if airport is None or airport in (one[2].origin, one[2].destination)
            ]
        elif airport is not None:
            found = list(self._at(airport, now, until))
        keys = tuple(self._with_others([key for _, key, _ in found]))
        first = min(found, key=lambda one: one[:2])[2].origin if found else ""
        followed = (f"{AIRPORT}{airport}",) if airport is not None and number is None else keys
        return About(keys, followed, airport or first)

    def people(self, about: About) -> Iterator[list[Concerned]]:
        """All who are booked or following there, some thousands at a time; who follows in silence among them.

        Each comes once with all of their places; of more than some thousand flights perhaps once more, with others.
        """
        portions = (_portions(keys, _FLIGHTS_AT_ONCE) for keys in (about.booked, about.followed))
        for booked, followed in zip_longest(*portions, fillvalue=[]):
            rows = self._database.bookings.aggregate(
                [
                    *_stages(booked, followed, muted=True),
                    {"$group": {"_id": "$person", "places": {"$addToSet": "$place"}}},
                ],
                allowDiskUse=True,
                batchSize=_PERSONS_AT_ONCE,
            )
            for portion in _portions(rows, _PERSONS_AT_ONCE):
                yield [Concerned(row["_id"], tuple(sorted(row["places"]))) for row in portion if row["_id"]]

    def count(self, about: About) -> int | None:
        """How many people are booked or follow there, without those who follow in silence; at most MOST_COUNTED. None
        when there are too many to be counted in time."""
        if not (about.booked or about.followed):
            return 0
        stages = [
            *_stages(about.booked, about.followed, muted=False),
            {"$match": {"person": {"$type": "string"}}},
            {"$group": {"_id": "$person"}},
            {"$limit": MOST_COUNTED},
            {"$count": "people"},
        ]
        try:
            rows = self._database.bookings.aggregate(stages, maxTimeMS=_COUNT_WITHIN_MS)
            return next((int(row["people"]) for row in rows), 0)
        except ExecutionTimeout:
            return None

    def _numbered(self, number: str, now: datetime) -> Iterator[tuple[datetime, str, Flight]]:
        first = (now.astimezone(UTC).date() - _AROUND).isoformat()
        for key, found in _read(flights.numbered(self._database, number, first=first)):
            if now < (found.lands_at or found.leaves_at) + AFTER_LANDING:
                yield found.leaves_at, key, found

    def _at(self, airport: str, now: datetime, until: datetime) -> Iterator[tuple[datetime, str, Flight]]:
        """Day by day, so that a notice of two weeks holds no more than a day's flights at once."""
        for day in _days(now, until):
            for key, found in _read(flights.departing(self._database, airport, day, day)):
                if now <= found.leaves_at <= until:
                    yield found.leaves_at, key, found
            for key, found in _read(flights.heading_to(self._database, airport, day, day)):
                if now <= (found.lands_at or found.leaves_at) <= until:
                    yield found.leaves_at, key, found

    def _with_others(self, keys: Sequence[str]) -> list[str]:
        """With the other documents of these flights, which were deleted and made again: some are booked on those."""
        every = dict.fromkeys(keys)
        for some in _portions(list(every), _FLIGHTS_AT_ONCE):
            of_these = {"_id": {"$in": list(some)}}
            subjects = [row.get("subject") for row in self._database.known.find(of_these, {"subject": 1})]
            members = self._database.known.find({"subject": {"$in": [s for s in subjects if s]}}, {"_id": 1})
            every |= dict.fromkeys(ids.text(row["_id"]) for row in members)
        return list(every)


def _stages(booked: Sequence[str], followed: Sequence[str], *, muted: bool) -> list[Document]:
    """Bookings and followings of these places as {person, place}. muted: with those who follow in silence."""
    holding, there = ({"flight_id": {"$in": ids.all_forms(keys)}} for keys in (booked, followed))
    both = {"$project": {"_id": 0, "person": _text("$user_id"), "place": _text("$flight_id")}}
    heard = {"pickup": {"$ne": True}} | ({} if muted else {"muted": {"$ne": True}})
    following = {"coll": "followings", "pipeline": [{"$match": there | heard}, both]}
    return [{"$match": holding | HELD}, both, {"$unionWith": following}]


def _text(field: str) -> Document:
    # Ids are text with us, whatever an admin's document has.
    return {"$convert": {"input": field, "to": "string", "onError": None, "onNull": None}}


def _read(documents: Sequence[Document]) -> Iterator[tuple[str, Flight]]:
    for document in documents:
        try:
            yield ids.text(document["_id"]), flight.parse(document)
        except BadEventError:
            continue  # the notifier keeps it as a dead letter


def _days(now: datetime, until: datetime) -> Iterator[str]:
    day: date = now.astimezone(UTC).date() - _AROUND
    last = until.astimezone(UTC).date() + timedelta(days=1)
    while day <= last:
        yield day.isoformat()
        day += timedelta(days=1)


def _portions(every: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(every)
    while some := list(islice(rest, size)):
        yield some
