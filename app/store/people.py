"""Who the people of some conversations are, and why they hear about their flights: few queries per batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pymongo.database import Database

from app.domain import people
from app.domain.news import Role
from app.domain.people import Person
from app.domain.subjects import of as kind_of
from app.store import ids
from app.store.audience import Audience, Place

Document = dict[str, Any]

_ALERT = "alert:"
_FIELDS = ("name", "email", "phone", "language", "clock", "time_zone", "verified", "preferences", "linked")


class People:
    """Reads users, and with the help of `Audience` and `known` their part in subjects. Raises
    PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._users = database["users"]
        self._known = database["known"]
        self._alerts = database["alerts"]
        self._audience = Audience(database)

    def by_id(self, persons: Iterable[str]) -> dict[str, Person]:
        """The persons there are, by id as text."""
        fields = dict.fromkeys(_FIELDS, 1)
        rows = self._users.find({"_id": {"$in": ids.all_forms(set(persons))}}, fields)
        return {person.id: person for person in map(people.parse, rows)}

    def roles(
        self,
        pairs: Iterable[tuple[str, str]],
        documents: Iterable[tuple[str, Iterable[str]]] = (),
        own: Iterable[tuple[tuple[str, str], Iterable[str]]] = (),
    ) -> dict[tuple[str, str], Role | None]:
        """D2: why each person hears about each subject; a pair that is missing has no booking and no
        following, one with None has a following that is muted.

        pairs: (person, subject). documents: keys of flights by subject, besides those that are known: conversations
        are told of a flight's new document (N3) before it is known (N4). own: what concerns one person alone, by
        pair, as their conversation has it. Whoever travels is a traveller, also when following.
        """
        wanted = set(pairs)
        keys = self._keys_of({subject for _, subject in wanted})
        for subject, more in documents:
            keys[subject].update(more)
        # Several subjects may have one place: the days of an airport that somebody follows.
        places = {pair: [Place(pair[0], key) for key in keys[pair[1]]] for pair in wanted}
        for pair, more in own:
            places[pair] += [Place(pair[0], key) for key in more]
        found = self._audience.roles({place for some in places.values() for place in some})
        roles: dict[tuple[str, str], Role | None] = {}
        for pair, some in places.items():
            here = [found[place] for place in some if place in found]
            if here:
                roles[pair] = next((role for role in Role if role in here), None)
        return roles | self._of_alerts({pair for pair in wanted if pair[1].startswith(_ALERT)})

    def _of_alerts(self, pairs: set[tuple[str, str]]) -> dict[tuple[str, str], Role | None]:
        """Whose alerts these are; None while one is paused."""
        if not pairs:
            return {}
        wanted = {"_id": {"$in": [subject.removeprefix(_ALERT) for _, subject in pairs]}}
        rows = self._alerts.find(wanted, {"user_id": 1, "paused": 1})
        found: dict[tuple[str, str], Role | None] = {
            (ids.text(row["user_id"]), f"{_ALERT}{row['_id']}"): None if row.get("paused") else Role.ALERT
            for row in rows
        }
        return {pair: found[pair] for pair in pairs if pair in found}

    def _keys_of(self, subjects: set[str]) -> dict[str, set[str]]:
        """What bookings and followings have each subject by: several where a flight's document was deleted and made
        again."""
        keys = {subject: {kind_of(subject).key(subject)} for subject in subjects}
        for row in self._known.find({"subject": {"$in": list(subjects)}}, {"subject": 1}):
            keys[row["subject"]].add(ids.text(row["_id"]))
        return keys
