"""Who the people of some conversations are, and why they hear about their flights: few queries per batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pymongo.database import Database

from app.domain import people
from app.domain.news import Role
from app.domain.people import Person
from app.store import ids
from app.store.audience import Audience, Place

Document = dict[str, Any]

_FIELDS = ("name", "email", "phone", "language", "time_zone", "verified", "preferences")


class People:
    """Reads users, and with the help of `Audience` and `known` their part in subjects. Raises
    PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._users = database["users"]
        self._known = database["known"]
        self._audience = Audience(database)

    def by_id(self, persons: Iterable[str]) -> dict[str, Person]:
        """The persons there are, by id as text."""
        fields = dict.fromkeys(_FIELDS, 1)
        rows = self._users.find({"_id": {"$in": ids.all_forms(set(persons))}}, fields)
        return {person.id: person for person in map(people.parse, rows)}

    def roles(
        self, pairs: Iterable[tuple[str, str]], documents: Iterable[tuple[str, Iterable[str]]] = ()
    ) -> dict[tuple[str, str], Role | None]:
        """D2: why each person hears about each subject; a pair that is missing has no booking and no
        following, one with None has a following that is muted.

        pairs: (person, subject). documents: keys of flights by subject, besides those that are known: conversations
        are told of a flight's new document (N3) before it is known (N4). Whoever travels is a traveller, also when
        following.
        """
        wanted = set(pairs)
        keys = self._keys_of({subject for _, subject in wanted})
        for subject, more in documents:
            keys[subject].update(more)
        places = {Place(person, key): subject for person, subject in wanted for key in keys[subject]}
        roles: dict[tuple[str, str], Role | None] = {}
        for place, role in self._audience.roles(places).items():
            pair = (place.person, places[place])
            if role is Role.TRAVELLER or roles.get(pair) is None:
                roles[pair] = role
        return roles

    def _keys_of(self, subjects: set[str]) -> dict[str, set[str]]:
        """Flight keys of each subject: several when a document was deleted and made again."""
        keys = {subject: {subject.partition(":")[2]} for subject in subjects}  # named after its first
        for row in self._known.find({"subject": {"$in": list(subjects)}}, {"subject": 1}):
            keys[row["subject"]].add(ids.text(row["_id"]))
        return keys
