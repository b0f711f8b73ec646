"""Rows of the ledger as delivery leaves them, for pages and the API that show them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from app.domain.flight import Flight


def not_taken(
    database: Database[dict[str, Any]], person: str, at: datetime, channel: str = "webhook", number: int = 1
) -> str:
    """A message about a gate that was not taken, of a flight that the person has booked; the row's id. number: of the
    flight, for several. The flight leaves on the day of `at`, in the afternoon of New York."""
    day, flight = at.date().isoformat(), f"f{406 + number}"
    heard = Flight(f"UA{406 + number}", "UA", "EWR", "DEN", day, "15:45", gate="C70")
    want = Flight(f"UA{406 + number}", "UA", "EWR", "DEN", day, "15:45", gate="C71")
    conversation = f"flight:{flight}|{person}|{channel}"
    booking = {"_id": f"b-{person}-{number}", "user_id": person, "flight_id": flight, "status": "confirmed"}
    database["bookings"].replace_one({"_id": booking["_id"]}, booking, upsert=True)
    common = {"subject": f"flight:{flight}", "person": person, "channel": channel, "order": "0001"}
    database["conversations"].insert_one(
        {
            "_id": conversation,
            **common,
            "heard": heard.to_document(),
            "want": want.to_document(),
            "status": "failed",
            "attempts": 1,
            "priority": 2,
            "ends_at": at + timedelta(days=9),
        }
    )
    row = f"{conversation}@0001"
    attempt = {"id": f"a/{number}", "started_at": at, "ended_at": at, "outcome": "never"}
    database["notifications"].insert_one(
        {
            "_id": row,
            **common,
            "conversation": conversation,
            "kinds": ["gate"],
            "from": heard.to_document(),
            "to": want.to_document(),
            "status": "failed",
            "reason": "400 Bad Request",
            "title": f"UA {406 + number} now leaves from gate C71",
            "attempts": [attempt | {"words": "400 Bad Request"}],
            "created_at": at,
            "expires_at": at + timedelta(days=9),
        }
    )
    return row
