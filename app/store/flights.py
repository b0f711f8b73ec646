"""The `flights` collection, read for boards and flight pages. Admins own it; nothing here writes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import product
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from app.domain import fields
from app.domain.errors import BadEventError
from app.domain.namespaces import FLIGHT_FIELDS
from app.store import ids

Document = dict[str, Any]

_FIELDS = dict.fromkeys(FLIGHT_FIELDS, 1)
_MOST_OF_A_NUMBER = 400  # one flight number on every day of a year, and some
_CARRIER = 2  # characters of an airline's code
_DIGITS = 4  # of a flight number, with its leading zeros


def departing(database: Database[Document], airport: str, first: str, last: str) -> list[Document]:
    """Flights from an airport with a departure date from first to last ("2013-02-08", both inclusive), any order.

    Documents have `_id` and the allow-listed fields, as the admin wrote them.
    """
    return _found(
        database, {"origin": {"$in": spellings(airport)}, "departure_date": {"$gte": first, "$lte": last}}
    )


def heading_to(database: Database[Document], airport: str, first: str, last: str) -> list[Document]:
    """Flights to an airport whose departure date lies from first to last (both inclusive), any order."""
    dates = {"$gte": first, "$lte": last}
    return _found(database, {"destination": {"$in": spellings(airport)}, "departure_date": dates})


def numbered(
    database: Database[Document],
    flight_number: str,
    *,
    first: str | None = None,
    last: str | None = None,
    latest: bool = False,
    most: int = _MOST_OF_A_NUMBER,
) -> list[Document]:
    """Flights with this number ("UA407"), however an admin wrote it, in order of date and origin.

    first, last: departure dates, both inclusive; None is without end. most: of more the earliest ones come, with
    latest the latest ones. On one date (first is last) every spelling is found, over all dates the usual ones are.
    """
    query: Document = {"flight_number": {"$in": _usual_spellings(flight_number)}}
    dates = {name: date for name, date in (("$gte", first), ("$lte", last)) if date is not None}
    if dates:
        query["departure_date"] = dates
    order = DESCENDING if latest else ASCENDING
    rows = database.flights.find(query, _FIELDS).sort([("departure_date", order), ("origin", order)])
    found = {row["_id"]: row for row in rows.limit(most)}
    one_date = first if first == last else None
    if one_date or not found:
        found |= {row["_id"]: row for row in _known_as(database, flight_number, one_date)}
    return sorted(found.values(), key=lambda d: (str(d.get("departure_date")), str(d.get("origin"))))


def origins(database: Database[Document]) -> list[str]:
    """Codes of all airports that flights leave from, sorted; as written, so not every one need be an airport."""
    return _codes(database.flights.distinct("origin"))


def destinations(database: Database[Document]) -> list[str]:
    """Codes of all airports that flights go to, sorted."""
    return _codes(database.flights.distinct("destination"))


def busiest_origin(database: Database[Document], date: str) -> str | None:
    """The airport most flights leave from on this date, else on the next one with flights, else on the last one.

    None when there is no flight. Answered from an index alone.
    """
    beyond: list[tuple[Document, int]] = [
        ({"departure_date": {"$gt": date}}, ASCENDING),
        ({"departure_date": {"$lt": date}}, DESCENDING),
    ]
    found = _busiest(database, date)
    for query, order in beyond:
        if found is None:
            row = database.flights.find_one(
                query, {"_id": 0, "departure_date": 1}, sort=[("departure_date", order)]
            )
            found = _busiest(database, row["departure_date"]) if row else None
    return found


def _busiest(database: Database[Document], date: str) -> str | None:
    stages: list[Document] = [
        {"$match": {"departure_date": date, "origin": {"$type": "string"}}},
        {"$group": {"_id": "$origin", "flights": {"$sum": 1}}},
        {"$sort": {"flights": -1, "_id": 1}},
        {"$limit": 1},
    ]
    return next((row["_id"].upper() for row in database.flights.aggregate(stages)), None)


def has_departures(database: Database[Document], airport: str, date: str) -> bool:
    """Whether any flight leaves the airport on this date."""
    query = {"origin": {"$in": spellings(airport)}, "departure_date": date}
    return database.flights.find_one(query, {"_id": 1}) is not None


def _found(database: Database[Document], query: Document) -> list[Document]:
    return list(database.flights.find(query, _FIELDS))


def _codes(values: Iterable[Any]) -> list[str]:
    return sorted({value.strip().upper() for value in values if isinstance(value, str) and value.strip()})


def _known_as(database: Database[Document], number: str, date: str | None) -> list[Document]:
    """Flights that the notifier read this number from, through the index of identities ("UA407|EWR|2026-12-01")."""
    pattern = f"^{re.escape(number)}\\|[A-Z]{{3}}\\|{re.escape(date) if date else ''}"
    there = {"identity": {"$regex": pattern}, "state": {"$ne": "gone"}}
    rows = database.known.find(there, {"_id": 1}).limit(_MOST_OF_A_NUMBER)
    keys = [row["_id"] for row in rows]
    if not keys:
        return []
    documents = _found(database, {"_id": {"$in": ids.all_forms(keys)}})
    return [document for document in documents if _is_still(document, number, date)]


def _is_still(document: Document, number: str, date: str | None) -> bool:
    # It may have been edited since the notifier read it.
    try:
        return fields.flight_number(document, "flight_number") == number and date in (
            None,
            fields.day(document, "departure_date"),
        )
    except BadEventError:
        return False


def _usual_spellings(number: str) -> list[str]:
    """UA407, ua407, Ua407, UA 407, UA0407 and their like: an index serves exact values."""
    carrier, rest = number[:_CARRIER], number[_CARRIER:]
    digits = len(rest.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    forms = {
        f"{carrier}{blank}{'0' * zeros}{rest}"
        for blank in ("", " ")
        for zeros in range(max(1, _DIGITS - digits + 1))
    }
    return sorted({form for one in forms for form in (one, one.lower(), one.capitalize())})


def spellings(code: str) -> list[str]:
    """EWR, ewr, Ewr and their like, and with a blank before or after: an index serves exact values."""
    mixed = {"".join(form) for form in product(*zip(code.upper(), code.lower(), strict=True))}
    blanks = {form for one in (code.upper(), code.lower()) for form in (f" {one}", f"{one} ")}
    return sorted(mixed | blanks)


def departed_on(day: str) -> list[str]:
    """The dates of departure of what may land on a day: up to two before it or, over the date line, one after it."""
    return [(date.fromisoformat(day) + timedelta(days=days)).isoformat() for days in (-2, -1, 0, 1)]
