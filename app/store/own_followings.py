"""What one person follows: flights, and airports.

An airport stands in `followings` as `flight_id: "airport:EWR"` with the field `airport`: one index keeps both kinds
apart and single, the watcher has what it keys events by, and no flight is called so. A row with `pickup` is of somebody
who agreed to hear of the arrival alone; who follows the flight then follows it whole.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.store import ids

Document = dict[str, Any]

COLLECTION = "followings"
AIRPORT = "airport:"
_ID_BYTES = 12


class OwnFollowings:
    """The collection `followings`, for those whom they are about. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._followings = database[COLLECTION]

    def page(self, person: str, after: str | None, limit: int) -> list[Document]:
        """Followings of a person, sorted by their ids as text: those after this id, at most `limit`."""
        rows = self._followings.find({"user_id": {"$in": ids.forms(person)}})
        found = sorted(rows, key=lambda row: ids.text(row["_id"]))
        return [row for row in found if after is None or ids.text(row["_id"]) > after][:limit]

    def of_flight(self, person: str, flight: str) -> list[Document]:
        """The person's following of the flight with this key: one or none."""
        wanted = {"user_id": {"$in": ids.forms(person)}, "flight_id": {"$in": ids.forms(flight)}}
        return list(self._followings.find(wanted))

    def get(self, person: str, following: str) -> Document | None:
        """A following of this person; None when there is none, or it is somebody else's."""
        return self._followings.find_one(
            {"_id": {"$in": ids.forms(following)}, "user_id": {"$in": ids.forms(person)}}
        )

    def add_flight(self, person: str, user_id: Any, flight_id: Any, now: datetime) -> tuple[Document, bool]:
        """The person's following of a flight, and whether it is new. flight_id, user_id: `_id`s as stored."""
        return self._add(person, user_id, {"flight_id": flight_id}, now)

    def add_airport(self, person: str, user_id: Any, airport: str, now: datetime) -> tuple[Document, bool]:
        """The same for an airport, by its code."""
        return self._add(person, user_id, {"flight_id": f"{AIRPORT}{airport}", "airport": airport}, now)

    def add_pickup(self, person: str, user_id: Any, flight_id: Any, now: datetime) -> None:
        """The person hears when the flight arrives; who follows it already goes on as before, unless in silence."""
        row, _ = self._add(person, user_id, {"flight_id": flight_id, "pickup": True}, now)
        heard = {"$set": {"pickup": True}, "$unset": {"muted": ""}, "$inc": {"version": 1}}
        self._followings.update_one({"_id": row["_id"], "muted": True}, heard)

    def end_pickup(self, person: str, flight: str) -> Document | None:
        """They hear of the arrival no more; one that is followed whole stays. flight: the key of its document. Returns
        the following that ended, None when there was none."""
        return self._followings.find_one_and_delete(
            {"user_id": {"$in": ids.forms(person)}, "flight_id": {"$in": ids.forms(flight)}, "pickup": True}
        )

    def mute(self, following: Document, muted: bool) -> Document | None:
        """Mute or unmute a following as it was read; None when somebody changed it meanwhile."""
        return self._followings.find_one_and_update(
            _as_read(following),
            {"$set": {"muted": muted}, "$inc": {"version": 1}},
            return_document=ReturnDocument.AFTER,
        )

    def remove(self, following: Document) -> bool:
        """End a following as it was read; False when somebody changed it meanwhile."""
        return self._followings.delete_one(_as_read(following)).deleted_count == 1

    def _add(self, person: str, user_id: Any, what: Document, now: datetime) -> tuple[Document, bool]:
        wanted = {
            "user_id": {"$in": ids.forms(person)},
            "flight_id": {"$in": ids.forms(ids.text(what["flight_id"]))},
        }
        there = self._followings.find_one(wanted)
        if there is not None and (there.get("pickup") is not True or "pickup" in what):
            return there, False
        if there is not None:
            return self._followed_whole(there), True
        row = {
            "_id": secrets.token_hex(_ID_BYTES),
            "user_id": user_id,
            **what,
            "created_at": now,
            "version": 1,
        }
        try:
            self._followings.insert_one(row)
        except DuplicateKeyError:  # somebody added the same at this moment
            found = self._followings.find_one(wanted)
            if found is None:
                raise
            return found, False
        return self._followings.find_one({"_id": row["_id"]}) or row, True

    def _followed_whole(self, pickup: Document) -> Document:
        """What was a pick-up is followed as any flight."""
        found = self._followings.find_one_and_update(
            {"_id": pickup["_id"]},
            {"$unset": {"pickup": "", "muted": ""}, "$inc": {"version": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return found or pickup


def _as_read(following: Document) -> Document:
    names = ("muted", "version")
    return {"_id": following["_id"]} | {name: following.get(name) for name in names}
