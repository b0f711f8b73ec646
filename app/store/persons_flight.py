"""How one person stands to one flight at this moment: the following to end, and whether a booking is held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pymongo.database import Database

from app.store import ids
from app.store.audience import is_held
from app.store.known import KnownFlights


@dataclass(frozen=True, slots=True)
class Standing:
    """following: its id, None when the flight is not followed."""

    following: str | None
    is_muted: bool
    is_booked: bool


def standing(database: Database[dict[str, Any]], person: str, flight: str) -> Standing:
    """Of a person to the flight with this key, whichever of its documents they booked or follow. Raises
    PyMongoError."""
    keys = ids.all_forms(KnownFlights(database).documents_of([flight]))
    wanted = {"user_id": {"$in": ids.forms(person)}, "flight_id": {"$in": keys}}
    # Who picks somebody up may still follow the flight.
    followed = database["followings"].find_one(wanted | {"pickup": {"$ne": True}}, {"muted": 1})
    booked = database["bookings"].find(wanted, {"status": 1})
    return Standing(
        following=ids.text(followed["_id"]) if followed else None,
        is_muted=bool(followed) and (followed or {}).get("muted") is True,
        is_booked=any(is_held(row.get("status")) for row in booked),
    )
