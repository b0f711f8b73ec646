"""Who is concerned by a flight: those who hold a booking on it, and those who follow it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bson.timestamp import Timestamp
from pymongo.database import Database

from app.domain import people
from app.domain.news import Role
from app.domain.order import ClusterTime
from app.store import ids

Document = Mapping[str, Any]

LINKED_INDEX = "linked"
"""The index of those who linked a channel."""
NO_BOOKING = ("cancelled", "canceled", "expired", "refunded", "removed")
"""A booking with one of these statuses, in small letters or capitals, is none; every other is one."""


class Seen(NamedTuple):
    """What a booking showed to the person: fields of the flight, as its document had them.

    flight: the same object for all who were shown the same. cluster_time: when it was read; None when the
    booking does not say.
    """

    flight: Document
    cluster_time: ClusterTime | None


class Place(NamedTuple):
    """One booking or following, as far as it matters: who, and of which flight document."""

    person: str
    flight: str


class Audience:
    """The collections `bookings` and `followings`; admins and their programs write them."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._bookings = database["bookings"]
        self._followings = database["followings"]
        self._users = database["users"]

    def of_flights(self, flights: Collection[str]) -> dict[str, set[str]]:
        """Persons concerned, by the key of the flight's document; one without any is missing."""
        found: dict[str, set[str]] = {}
        wanted = {"flight_id": {"$in": ids.all_forms(flights)}}
        fields = {"_id": 0, "flight_id": 1, "user_id": 1}
        # Only what the index holds is asked for, so the documents stay untouched: 20,000 in a few 10 ms.
        for row in self._bookings.find(wanted | HELD, fields, batch_size=_ROWS):
            found.setdefault(ids.text(row["flight_id"]), set()).add(ids.text(row["user_id"]))
        for row in self._followings.find(wanted, fields, batch_size=_ROWS):
            found.setdefault(ids.text(row["flight_id"]), set()).add(ids.text(row["user_id"]))
        return found

    def channels_of(
        self, persons: Collection[str], base: Sequence[str], linked: Sequence[str]
    ) -> dict[str, tuple[str, ...]]:
        """On which channels each of these persons has conversations: all on the base channels, and on the linked ones
        those who linked them. One query for all of them, none where no linked channel is on.

        A link that was stopped is none.
        """
        everybody = tuple(base)
        found = dict.fromkeys(persons, everybody)
        if not linked or not persons:
            return found
        wanted = {"_id": {"$in": ids.all_forms(persons)}, "linked": {"$exists": True}}
        # Only the few who linked something are in the index, and it holds what is asked for.
        for row in self._users.find(wanted, {"linked": 1}, batch_size=_ROWS).hint(LINKED_INDEX):
            person, has = ids.text(row["_id"]), people.links(row["linked"])
            if person in found:
                found[person] = (*everybody, *(name for name in linked if name in has))
        return found

    def seen(self, flights: Collection[str], persons: Collection[str]) -> dict[Place, Seen]:
        """What the bookings of these persons on these flights showed, where they say so; the latest of several."""
        wanted: dict[str, Any] = {
            "flight_id": {"$in": ids.all_forms(flights)},
            "seen.flight": {"$type": "object"},
        }
        if len(persons) <= _FEW:
            wanted["user_id"] = {"$in": ids.all_forms(persons)}
        # What was shown is the same for most of a flight's travellers, so the server sends it once for all of them.
        shown = {"flight": "$flight_id", "shown": "$seen.flight"}
        whom = {"$push": {"person": "$user_id", "read": "$seen.cluster_time"}}
        stages = [{"$match": wanted | HELD}, {"$group": {"_id": shown, "whom": whom}}]
        found: dict[Place, Seen] = {}
        for group in self._bookings.aggregate(stages, allowDiskUse=True):
            flight, document = ids.text(group["_id"]["flight"]), group["_id"]["shown"]
            for one in group["whom"]:
                read = one.get("read")
                seen = Seen(document, (read.time, read.inc) if isinstance(read, Timestamp) else None)
                place = Place(ids.text(one["person"]), flight)
                if place not in found or _later(seen, found[place]):
                    found[place] = seen
        return found

    def of_bookings(self, bookings: Iterable[str]) -> set[Place]:
        """The bookings with these ids that are held now."""
        wanted = {"_id": {"$in": ids.all_forms(bookings)}}
        return _places(self._bookings.find(wanted | HELD, {"user_id": 1, "flight_id": 1}))

    def of_followings(self, followings: Iterable[str]) -> set[Place]:
        """The followings with these ids that are there now."""
        wanted = {"_id": {"$in": ids.all_forms(followings)}}
        return _places(self._followings.find(wanted, {"user_id": 1, "flight_id": 1}))

    def roles(self, places: Collection[Place]) -> dict[Place, Role | None]:
        """D2: why each person hears of each flight now; a place that is missing is no more, one with None is a
        following that is muted. Traveller wins; a following with `pickup` is the least."""
        wanted = {
            "flight_id": {"$in": ids.all_forms({place.flight for place in places})},
            "user_id": {"$in": ids.all_forms({place.person for place in places})},
        }
        fields = {"_id": 0, "user_id": 1, "flight_id": 1}
        followings = list(self._followings.find(wanted, fields | {"muted": 1, "pickup": 1}))
        found: dict[Place, Role | None] = dict.fromkeys(_places(followings), Role.FOLLOWER)
        found |= dict.fromkeys(_places(r for r in followings if r.get("pickup") is True), Role.PICKUP)
        found |= dict.fromkeys(_places(row for row in followings if row.get("muted") is True))
        found |= dict.fromkeys(_places(self._bookings.find(wanted | HELD, fields)), Role.TRAVELLER)
        return {place: found[place] for place in places if place in found}


def is_held(status: object) -> bool:
    """Whether a booking with this status is one."""
    return status not in _SPELLINGS


_SPELLINGS = [form for status in NO_BOOKING for form in (status, status.capitalize(), status.upper())]
HELD: dict[str, Any] = {"status": {"$nin": _SPELLINGS}}
"""Bookings that count."""
_ROWS = 50_000
_FEW = 1_000


def _places(rows: Iterable[Document]) -> set[Place]:
    return {
        Place(ids.text(row["user_id"]), ids.text(row["flight_id"]))
        for row in rows
        if "user_id" in row and "flight_id" in row
    }


def _later(one: Seen, other: Seen) -> bool:
    return (one.cluster_time or (0, 0)) > (other.cluster_time or (0, 0))
