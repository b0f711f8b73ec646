"""A flight that was deleted and inserted again with another `_id`, as the notifier knows it then."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from app.domain.flight import parse
from app.domain.order import of_event
from app.store.known import Known, KnownFlights, State

Docs = Database[dict[str, Any]]


def insert_again(database: Docs, key: str, *others: str, **changes: Any) -> None:
    """Delete the flight with this key and insert it under each of the other keys in turn; the last one stays.

    changes: fields of the one that stays.
    """
    document = database.flights.find_one_and_delete({"_id": key})
    assert document is not None
    for number, one in enumerate((key, *others)):
        is_last = number == len(others)
        state = State.PRESENT if is_last else State.GONE
        order = of_event(1, (1_360_000_000 + number, 1), f"82{number:02X}")
        value = parse(document)
        known = Known(one, order, state, 0, f"flight:{key}", value.identity, value, value)
        KnownFlights(database).set_all([known])
    database.flights.insert_one(document | {"_id": others[-1]} | changes)


def delete(database: Docs, key: str) -> None:
    """Delete the flight; the notifier has not dealt with that yet."""
    assert database.flights.delete_one({"_id": key}).deleted_count == 1
