"""The `flights` collection, read for boards and flight pages. Admins own it; nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pymongo.database import Database

from app.domain.namespaces import FLIGHT_FIELDS

Document = dict[str, Any]

_FIELDS = dict.fromkeys(FLIGHT_FIELDS, 1)
_MOST_OF_A_NUMBER = 400  # one flight number on every day of a year, and some


def departing(database: Database[Document], airport: str, first: str, last: str) -> list[Document]:
    """Flights from an airport with a departure date from first to last ("2013-02-08", both inclusive), any order.

    Documents have `_id` and the allow-listed fields, as the admin wrote them.
    """
    return _found(
        database, {"origin": {"$in": _spellings(airport)}, "departure_date": {"$gte": first, "$lte": last}}
    )


def heading_to(database: Database[Document], airport: str, first: str, last: str) -> list[Document]:
    """Flights to an airport whose departure date lies from first to last (both inclusive), any order."""
    dates = {"$gte": first, "$lte": last}
    return _found(database, {"destination": {"$in": _spellings(airport)}, "departure_date": dates})


def numbered(database: Database[Document], flight_number: str, date: str | None = None) -> list[Document]:
    """Flights with this number ("UA407"), on one departure date or on all; in order of date and origin."""
    query: Document = {"flight_number": {"$in": _spellings(flight_number, *_spaced(flight_number))}}
    if date is not None:
        query["departure_date"] = date
    return sorted(
        database.flights.find(query, _FIELDS).limit(_MOST_OF_A_NUMBER),
        key=lambda d: (str(d.get("departure_date")), str(d.get("origin"))),
    )


def origins(database: Database[Document]) -> list[str]:
    """Codes of all airports that flights leave from, sorted; as written, so not every one need be an airport."""
    return _codes(database.flights.distinct("origin"))


def destinations(database: Database[Document]) -> list[str]:
    """Codes of all airports that flights go to, sorted."""
    return _codes(database.flights.distinct("destination"))


def busiest_origin(database: Database[Document], dates: Iterable[str]) -> str | None:
    """The airport most flights leave from on these dates, else on any date; None when there is no flight."""
    count: Document = {"$group": {"_id": "$origin", "flights": {"$sum": 1}}}
    most: list[Document] = [{"$sort": {"flights": -1, "_id": 1}}, {"$limit": 1}]
    queries: list[Document] = [{"departure_date": {"$in": list(dates)}}, {}]
    for query in queries:
        for row in database.flights.aggregate([{"$match": query}, count, *most]):
            if isinstance(row["_id"], str):
                return row["_id"].upper()
    return None


def has_departures(database: Database[Document], airport: str, date: str) -> bool:
    """Whether any flight leaves the airport on this date."""
    query = {"origin": {"$in": _spellings(airport)}, "departure_date": date}
    return database.flights.find_one(query, {"_id": 1}) is not None


def _found(database: Database[Document], query: Document) -> list[Document]:
    return list(database.flights.find(query, _FIELDS))


def _codes(values: Iterable[Any]) -> list[str]:
    return sorted({value.strip().upper() for value in values if isinstance(value, str) and value.strip()})


def _spaced(number: str) -> list[str]:
    return [f"{number[:2]} {number[2:]}"]


def _spellings(*codes: str) -> list[str]:
    # Admins write "ewr" too; an index serves exact values, not case.
    return sorted({form for code in codes for form in (code, code.lower())})
