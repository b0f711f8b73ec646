"""Flights as they are shown to people who book or follow them: the document, and when it was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bson.timestamp import Timestamp
from pymongo.database import Database

from app.domain import fields
from app.domain.errors import BadEventError
from app.domain.namespaces import FLIGHT_FIELDS
from app.store import flights, ids
from app.store.known import COLLECTION, State

Document = dict[str, Any]

_OTHERS = 3
"""Documents that may carry a flight on: the latest may be deleted, and not yet known to be."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A flight's document with `_id` and the allow-listed fields. cluster_time: of the read that gave it."""

    document: Document
    cluster_time: Timestamp

    def seen(self) -> Document:
        """What a booking says that its person was shown (`bookings.seen`)."""
        shown = {name: value for name, value in self.document.items() if name != "_id"}
        return {"cluster_time": self.cluster_time, "flight": shown}


def on_day(database: Database[Document], flight_number: str, date: str) -> list[Document]:
    """Flights with this number and date of departure, however an admin wrote them; one per origin, or more."""
    return flights.numbered(database, flight_number, first=date, last=date)


def origin_of(document: Mapping[str, Any]) -> str:
    """The airport a flight leaves from, in capitals; as written where it cannot be understood."""
    try:
        return fields.airport(document, "origin") or ""
    except BadEventError:
        return str(document.get("origin"))


def read(database: Database[Document], document_id: Any) -> Shown | None:
    """The flight with this `_id` at one cluster time, as a booking page shows it; None when it is not there.

    Every change after that time is news to who sees this, and none before it.
    """
    with database.client.start_session() as session:
        document = database.flights.find_one(
            {"_id": document_id}, dict.fromkeys(FLIGHT_FIELDS, 1), session=session
        )
        time = session.operation_time
    if document is None or time is None:
        return None
    return Shown(document, time)


def by_ids(database: Database[Document], flight_ids: Iterable[str]) -> dict[str, Document]:
    """Documents by id as text; one that is gone is missing.

    Under the id of one that was deleted and inserted again stands the document that carries its flight on, with its
    own `_id`.
    """
    asked = set(flight_ids)
    found = _there(database, asked)
    missing = asked - found.keys()
    return found | _carried_on(database, missing) if missing else found


def _there(database: Database[Document], keys: Iterable[str]) -> dict[str, Document]:
    rows = database.flights.find({"_id": {"$in": ids.all_forms(keys)}}, dict.fromkeys(FLIGHT_FIELDS, 1))
    return {ids.text(row["_id"]): row for row in rows}


def _carried_on(database: Database[Document], missing: Iterable[str]) -> dict[str, Document]:
    """For documents that are gone: the latest of their subject that is not."""
    others: Document = {
        "from": COLLECTION,
        "localField": "subject",
        "foreignField": "subject",
        "pipeline": [
            {"$match": {"state": {"$ne": State.GONE}}},
            {"$sort": {"order": -1}},
            {"$limit": _OTHERS},
            {"$project": {"_id": 1}},
        ],
        "as": "others",
    }
    # Without a subject nothing was ever understood of it; $lookup would find all that have none.
    known = {"_id": {"$in": list(missing)}, "subject": {"$type": "string"}}
    rows = database[COLLECTION].aggregate(
        [{"$match": known}, {"$lookup": others}, {"$project": {"others": "$others._id"}}]
    )
    by_key: dict[str, list[str]] = {row["_id"]: row["others"] for row in rows if row["others"]}
    there = _there(database, {other for some in by_key.values() for other in some}) if by_key else {}
    found = {key: [there[other] for other in some if other in there] for key, some in by_key.items()}
    return {key: documents[0] for key, documents in found.items() if documents}
