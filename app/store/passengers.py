"""Persons whom an airline's import names: known by the airline's id, made where nobody is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.store import ids

Document = dict[str, Any]


class Passengers:
    """The collection `users`, for imports. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._users = database["users"]

    def known_or_made(self, passenger: str, named: Mapping[str, Any]) -> Any:
        """The `_id`, as stored, of the person with this id; made from what the booking names where nobody has it.

        Of a person who is known nothing is changed: what they wrote themselves is better than a repeat of the import.
        """
        there = self._users.find_one({"_id": {"$in": ids.forms(passenger)}}, {"_id": 1})
        if there is not None:
            return there["_id"]
        try:
            self._users.insert_one({"_id": passenger, **named})
        except DuplicateKeyError:
            pass  # another booking made them at this moment
        return passenger
