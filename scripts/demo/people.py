"""Made-up people with their bookings and followings, and what they do while the demo runs.

Addresses are of example.org (RFC 2606). Phone numbers are those that regulators keep for fiction, so that
none can be anybody's: North America XXX 555 0100 to 0199, Britain 07700 900000 to 900999 (Ofcom), Sweden
070 174 06 05 to 070 174 06 99 (PTS).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from bson import ObjectId

from scripts.demo.data import Departure
from scripts.demo.names import CULTURES
from scripts.demo.story import Identity

TRAVELLERS = 1500
_PER_FLIGHT = (0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5)
"""Bookings of a flight, each as likely: two on average, so that two cores keep up with two days in a minute."""
_FREQUENT = 6
_FREQUENT_FLIGHTS = 25
_AREA_CODES = (
    201,
    212,
    206,
    214,
    303,
    305,
    312,
    347,
    404,
    415,
    504,
    512,
    602,
    617,
    646,
    702,
    713,
    718,
    787,
    808,
    917,
    973,
)


@dataclass(frozen=True, slots=True)
class Booking:
    """One person on one flight. seen: whether the booking system stored what it showed."""

    id: ObjectId
    user: ObjectId
    flight: Identity
    seats: int
    seen: bool


@dataclass(frozen=True, slots=True)
class Following:
    """A person follows a flight; muted: and hears nothing of it for now."""

    id: ObjectId
    user: ObjectId
    flight: Identity
    muted: bool = False


@dataclass(frozen=True, slots=True)
class AirportFollowing:
    """A person follows an airport, by its IATA code."""

    id: ObjectId
    user: ObjectId
    airport: str


@dataclass(frozen=True, slots=True)
class Move:
    """What a person does meanwhile. what: "book", "withdraw", "remove" (the document goes) or "follow"."""

    at: datetime
    what: str
    booking: Booking | None = None
    following: Following | None = None


@dataclass(frozen=True, slots=True)
class People:
    """users: documents. bookings, followings, airports: there from the beginning. moves: in order of time."""

    users: list[dict[str, Any]]
    bookings: list[Booking]
    followings: list[Following]
    moves: list[Move]
    airports: list[AirportFollowing] = field(default_factory=list)


def identifier(*parts: object) -> ObjectId:
    """An ObjectId that is the same in every run."""
    return ObjectId(hashlib.sha256("|".join(str(part) for part in parts).encode()).digest()[:12])


def make(departures: Sequence[Departure], starts: datetime, seed: int = 2013) -> People:
    """People for these flights; the same for the same seed."""
    random = Random(seed)
    users = [_user(number, random) for number in range(TRAVELLERS)]
    ids = [user["_id"] for user in users]
    aboard = {departure.identity: random.sample(ids, random.choice(_PER_FLIGHT)) for departure in departures}
    for frequent in ids[:_FREQUENT]:
        for departure in random.sample(list(departures), min(_FREQUENT_FLIGHTS, len(departures))):
            if frequent not in aboard[departure.identity]:
                aboard[departure.identity].append(frequent)
    bookings = [
        Booking(
            identifier("booking", user, *flight),
            user,
            flight,
            random.choice((1, 1, 1, 2, 2, 4)),
            random.random() < 0.8,
        )
        for flight, passengers in aboard.items()
        for user in passengers
    ]
    followings = [
        _following(random.choice(ids), departure.identity) for departure in _some(departures, 400, random)
    ]
    moves = [
        *_withdrawals(departures, bookings, starts, random),
        *_additions(departures, aboard, ids, starts, random),
    ]
    moves.sort(key=lambda move: move.at)
    return People(users, bookings, followings, moves)


def _some(departures: Sequence[Departure], count: int, random: Random) -> list[Departure]:
    return random.sample(list(departures), min(count, len(departures)))


def _user(number: int, random: Random) -> dict[str, Any]:
    (culture,) = random.choices(CULTURES, [culture.share for culture in CULTURES])
    (given, given_ascii), (family, family_ascii) = random.choice(culture.given), random.choice(culture.family)
    parts = (family, given) if culture.family_first else (given, family)
    user: dict[str, Any] = {
        "_id": identifier("user", number),
        "name": ("" if culture.joined else " ").join(parts),
        "language": culture.language,
        "time_zone": random.choice(culture.zones),
    }
    way = random.random()
    if way < 0.86:  # by e-mail, and some of these by SMS too
        user["email"] = f"{given_ascii}.{family_ascii}.{number}@example.org"
    if 0.62 < way < 0.96:
        user["phone"] = _phone(number)
    return user


def _phone(number: int) -> str:
    """A number kept for fiction, another one for every person."""
    if number % 9 == 0:
        return f"+447700900{number // 9 % 1000:03d}"
    if number % 25 == 1 and number // 25 < 95:
        return f"+46701740{605 + number // 25}"
    return f"+1{_AREA_CODES[number // 100 % len(_AREA_CODES)]}55501{number % 100:02d}"


def _following(user: ObjectId, flight: Identity) -> Following:
    return Following(identifier("following", user, *flight), user, flight)


def _withdrawals(
    departures: Sequence[Departure], bookings: Sequence[Booking], starts: datetime, random: Random
) -> list[Move]:
    departs = {departure.identity: departure.departs for departure in departures}
    possible = [booking for booking in bookings if departs[booking.flight] - starts > timedelta(hours=4)]
    moves = []
    for booking in random.sample(possible, min(70, len(possible))):
        at = _between(starts + timedelta(hours=1), departs[booking.flight] - timedelta(hours=1), random)
        moves.append(Move(at, "withdraw" if random.random() < 0.75 else "remove", booking=booking))
    return moves


def _additions(
    departures: Sequence[Departure],
    aboard: dict[Identity, list[ObjectId]],
    users: Sequence[ObjectId],
    starts: datetime,
    random: Random,
) -> list[Move]:
    later = [departure for departure in departures if departure.departs - starts > timedelta(hours=6)]
    moves = []
    for number, departure in enumerate(_some(later, 110, random)):
        at = _between(starts + timedelta(hours=1), departure.departs - timedelta(hours=3), random)
        user = random.choice([user for user in users if user not in aboard[departure.identity]])
        if number % 11 == 0:
            moves.append(Move(at, "follow", following=_following(user, departure.identity)))
        else:
            name = identifier("booking", user, *departure.identity)
            seen = random.random() < 0.7
            moves.append(Move(at, "book", booking=Booking(name, user, departure.identity, 1, seen)))
    return moves


def _between(first: datetime, last: datetime, random: Random) -> datetime:
    return first + (last - first) * random.random()
