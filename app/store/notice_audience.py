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
from app.domain.flight import AFTER_DEPARTURE, NOT_FLYING, Flight, Status
from app.store import flights, ids
from app.store.audience import HELD
from app.store.known import KnownFlights
from app.store.own_followings import AIRPORT

Document = dict[str, Any]
T = TypeVar("T")

AFTER_LANDING: Final = timedelta(hours=3)
"""So long after a flight landed its people are still told: they wait for their bags, or for the next flight."""
LATE: Final = timedelta(hours=2)
"""So long after its time a flight may still not have left, or landed, though nobody wrote so."""
MOST_COUNTED: Final = 100_000
"""More people than these are counted as these."""

_PERSONS_AT_ONCE = 5_000
_FLIGHTS_AT_ONCE = 5_000
_COUNT_WITHIN_MS = 2_000
# The longest flights land a day after the local date of their departure, an estimate may be another day away, and
# people wait for a while after that.
_BEFORE = timedelta(days=3)
_ENDED = NOT_FLYING | {Status.LANDED, Status.ARRIVED}


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


def waits_until(found: Flight) -> datetime | None:
    """Until when people may wait where it leaves from, as far as is known; None once it left."""
    if found.status in AFTER_DEPARTURE:
        return None
    return found.leaves_at + _late(found, found.estimated_departure_time)


def over_at(found: Flight) -> datetime:
    """When it landed AFTER_LANDING ago, as far as is known. Of what does not fly: when it would have."""
    estimate = found.estimated_arrival_time or found.estimated_departure_time
    return _lands_at(found) + _late(found, estimate) + AFTER_LANDING


def leaves_within(found: Flight, now: datetime, until: datetime) -> bool:
    """Whether people are where it leaves from at some time from now until then."""
    last = waits_until(found)
    return last is not None and now <= last and found.leaves_at <= until


def lands_within(found: Flight, now: datetime, until: datetime) -> bool:
    """Whether people are where it lands at some time from now until then. Nobody waits there for the bags of what does
    not fly."""
    lands_at = _lands_at(found)
    is_there = now <= lands_at if found.status in NOT_FLYING else now < over_at(found)
    return is_there and lands_at <= until


def _lands_at(found: Flight) -> datetime:
    return found.lands_at or found.leaves_at


def _late(found: Flight, estimate: str | None) -> timedelta:
    """How long after its time it may leave or land without anybody having written so."""
    if found.status in _ENDED:
        return timedelta()
    return flight.LATE_UNKNOWN if found.status is Status.DELAYED and estimate is None else LATE


class NoticeAudience:
    """Reads `flights`, `known`, `bookings` and `followings`. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._known = KnownFlights(database)

    def about(self, airport: str | None, number: str | None, now: datetime, until: datetime) -> About:
        """What a notice about this airport or flight reaches now.

        A flight: every one of its number that is not over (`over_at`); where an airport is named too, only those that
        leave from it or land at it. An airport: whoever follows it, and whoever is booked on a flight for which people
        are there from now until the notice expires (`leaves_within`, `lands_within`). Neither: nobody. now, until: the
        domain clock.
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
        first = (now.astimezone(UTC).date() - _BEFORE).isoformat()
        for key, found in _read(flights.numbered(self._database, number, first=first)):
            if now < over_at(found):
                yield found.leaves_at, key, found

    def _at(self, airport: str, now: datetime, until: datetime) -> Iterator[tuple[datetime, str, Flight]]:
        """Day by day, so that a notice of two weeks holds no more than a day's flights at once."""
        for day in _days(now, until):
            for key, found in _read(flights.departing(self._database, airport, day, day)):
                if leaves_within(found, now, until):
                    yield found.leaves_at, key, found
            for key, found in _read(flights.heading_to(self._database, airport, day, day)):
                if lands_within(found, now, until):
                    yield found.leaves_at, key, found

    def _with_others(self, keys: Sequence[str]) -> list[str]:
        """With the other documents of these flights, some thousands at a time."""
        every = dict.fromkeys(keys)
        for some in _portions(list(every), _FLIGHTS_AT_ONCE):
            every |= dict.fromkeys(self._known.documents_of(some))
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
    day: date = now.astimezone(UTC).date() - _BEFORE
    last = until.astimezone(UTC).date() + timedelta(days=1)
    while day <= last:
        yield day.isoformat()
        day += timedelta(days=1)


def _portions(every: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(every)
    while some := list(islice(rest, size)):
        yield some
