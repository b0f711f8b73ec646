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

Document = dict[str, Any]


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
    """Documents by id as text; one that is gone is missing."""
    wanted = {"_id": {"$in": ids.all_forms(set(flight_ids))}}
    rows = database.flights.find(wanted, dict.fromkeys(FLIGHT_FIELDS, 1))
    return {ids.text(row["_id"]): row for row in rows}
