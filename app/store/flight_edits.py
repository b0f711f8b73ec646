"""Flights written by programs: allow-listed fields, each of which `app.domain.flight` understood before.

Admins and their imports write the same documents, without versions; so a change asks for the values that were read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.domain.namespaces import FLIGHT_FIELDS
from app.store import ids

Document = dict[str, Any]

_FIELDS = dict.fromkeys(FLIGHT_FIELDS, 1)


class FlightEdits:
    """The collection `flights`, for programs. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._flights = database["flights"]

    def get(self, flight: str) -> Document | None:
        """`_id` and the allow-listed fields of a flight; None when there is none."""
        return self._flights.find_one({"_id": {"$in": ids.forms(flight)}}, _FIELDS)

    def change(self, read: Document, changes: Mapping[str, Any]) -> Document | None:
        """Change fields of a flight as it was read; None when somebody changed it meanwhile, or it is gone.

        changes: values by field; None removes the field.
        """
        kept = {name: value for name, value in changes.items() if value is not None}
        gone = {name: "" for name, value in changes.items() if value is None}
        update: Document = {}
        if kept:
            update["$set"] = kept
        if gone:
            update["$unset"] = gone
        as_read: Document = {"_id": read["_id"]}
        for name in FLIGHT_FIELDS:
            as_read[name] = {"$eq": read[name]} if name in read else {"$exists": False}
        if not update:
            return self._flights.find_one(as_read, _FIELDS)
        return self._flights.find_one_and_update(
            as_read, update, projection=_FIELDS, return_document=ReturnDocument.AFTER
        )

    def create(self, flight: Mapping[str, str]) -> Document | None:
        """A flight that nobody has yet; None when somebody made it at this moment."""
        row: Document = {"_id": ObjectId(), **flight}
        try:
            self._flights.insert_one(row)
        except DuplicateKeyError:
            return None
        return row
