"""Who the people of some conversations are, and why they hear about their flights: one query each per
batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from app.domain import people
from app.domain.news import Role
from app.domain.people import Person

Document = dict[str, Any]

NO_BOOKING = ("cancelled", "canceled", "expired", "refunded", "removed")
"""Statuses of a booking that is none any more."""

_INT64 = 2**63


class People:
    """Reads users, bookings, followings and the keys of subjects. Raises PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    def by_id(self, ids: Iterable[str]) -> dict[str, Person]:
        """The persons there are, by id as text."""
        fields = dict.fromkeys(("name", "email", "phone", "language", "time_zone"), 1)
        rows = self._database["users"].find({"_id": {"$in": stored_forms(ids)}}, fields)
        return {person.id: person for person in map(people.parse, rows)}

    def roles(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Role]:
        """D2: why each person hears about each subject; a pair that is missing has no booking and no
        following.

        pairs: (person, subject). Whoever travels is a traveller, also when following.
        """
        wanted = set(pairs)
        subject_of = self._subjects_by_key({subject for _, subject in wanted})
        between = {
            "user_id": {"$in": stored_forms(person for person, _ in wanted)},
            "flight_id": {"$in": stored_forms(subject_of)},
        }
        roles: dict[tuple[str, str], Role] = {}
        for collection, role, condition in (
            ("followings", Role.FOLLOWER, {}),
            ("bookings", Role.TRAVELLER, {"status": {"$nin": list(NO_BOOKING)}}),
        ):
            for row in self._database[collection].find(between | condition, {"user_id": 1, "flight_id": 1}):
                pair = (str(row["user_id"]), subject_of.get(str(row["flight_id"]), ""))
                if pair in wanted:
                    roles[pair] = role
        return roles

    def _subjects_by_key(self, subjects: set[str]) -> dict[str, str]:
        """Subject of each flight key; several keys share one when a document was deleted and made again."""
        rows = self._database["known"].find({"subject": {"$in": list(subjects)}}, {"subject": 1})
        found = {subject.partition(":")[2]: subject for subject in subjects}  # named after its first key
        return found | {str(row["_id"]): row["subject"] for row in rows}


def stored_forms(ids: Iterable[str]) -> list[Any]:
    """What ids given as text may be in a collection that admins fill: text, ObjectId, integer."""
    forms: list[Any] = []
    for text in set(ids):
        forms.append(text)
        if ObjectId.is_valid(text):
            forms.append(ObjectId(text))
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdigit() and abs(int(text)) < _INT64 and str(int(text)) == text:
            forms.append(int(text))
    return forms
