"""The `prices` collection, read for the list of fares. Admins and providers own it; nothing here writes."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from app.domain.namespaces import FARE_FIELDS

Document = dict[str, Any]

_FIELDS = dict.fromkeys(FARE_FIELDS, 1)


def current(
    database: Database[Document], *, origin: str = "", destination: str = "", date: str = "", at_most: int
) -> list[Document]:
    """Fares of a route and day, by route and date; an empty text asks for all.

    origin, destination: airport codes; codes written in small letters are found too. date: "2026-12-01".
    Documents have `_id` and the allow-listed fields, as they were written.
    """
    query: Document = {}
    if origin:
        query["origin"] = {"$in": [origin.upper(), origin.lower()]}
    if destination:
        query["destination"] = {"$in": [destination.upper(), destination.lower()]}
    if date:
        query["departure_date"] = date
    order = [("origin", 1), ("destination", 1), ("departure_date", 1), ("_id", 1)]
    return list(database.prices.find(query, _FIELDS).sort(order).limit(at_most))


def routes(database: Database[Document]) -> tuple[list[str], list[str]]:
    """Codes of all airports fares start from, and of all they go to; sorted, in capitals."""
    return _codes(database, "origin"), _codes(database, "destination")


def _codes(database: Database[Document], field: str) -> list[str]:
    written = database.prices.distinct(field)
    return sorted({code.strip().upper() for code in written if isinstance(code, str) and code.strip()})
