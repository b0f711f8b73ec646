"""Bookings of one person: those that an import brought, and those that they added themselves.

An import's bookings belong to the import: a person sees them and cannot change them. Their own are confirmed or
cancelled, never deleted, so that a message on its way knows.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.domain.errors import GatecallError
from app.store import ids
from app.store.audience import HELD, is_held
from app.store.shown import Shown

Document = dict[str, Any]

COLLECTION = "bookings"
CONFIRMED, CANCELLED = "confirmed", "cancelled"
BY_PERSON = "person"
"""`added_by` of what a person added here; of a program's bookings it is `program`, of all others absent."""
BY_PROGRAM = "program"

MOST_READ = 5_000
"""Bookings of one person that are read at once."""
_ID_BYTES = 12


class OtherBookingError(GatecallError):
    """The id of a booking is of another person's, or on another flight, or not of a program's at all."""

    def __init__(self) -> None:
        super().__init__("this id is of a booking of another person or on another flight")


class OwnBookings:
    """The collection `bookings`, for those whom they are about. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._bookings = database[COLLECTION]

    def page(self, person: str, after: str | None, limit: int) -> list[Document]:
        """Bookings of a person, sorted by their ids as text: those after this id, at most `limit`."""
        rows = self._of(person).sort("_id", 1)
        found = sorted(rows, key=lambda row: ids.text(row["_id"]))
        return [row for row in found if after is None or ids.text(row["_id"]) > after][:limit]

    def held(self, person: str) -> list[Document]:
        """The bookings of a person that count, without what they showed; of more than MOST_READ those booked last."""
        return self._latest(person, HELD, MOST_READ)

    def ended(self, person: str, limit: int) -> list[Document]:
        """The others, at most `limit`: those booked last."""
        return self._latest(person, {"$nor": [HELD]}, limit)

    def those(self, person: str, bookings: Collection[str]) -> list[Document]:
        """Which of these bookings are the person's."""
        wanted = {"_id": {"$in": ids.all_forms(bookings)}, "user_id": {"$in": ids.forms(person)}}
        return list(self._bookings.find(wanted))

    def get(self, person: str, booking: str) -> Document | None:
        """A booking of this person; None when there is none, or it is somebody else's."""
        return self._bookings.find_one(
            {"_id": {"$in": ids.forms(booking)}, "user_id": {"$in": ids.forms(person)}}
        )

    def add(
        self, person: str, user_id: Any, shown: Shown, reference: str | None, now: datetime
    ) -> tuple[Document, bool]:
        """The person's booking on a flight, and whether it is new.

        A booking that is there already, whoever brought it, is the answer; one that the person cancelled is confirmed
        again. user_id: the person's `_id` as stored. reference: the airline's, None keeps what is there.
        """
        there = self._held(person, shown)
        if there is not None:
            return there, False
        own = {"user_id": user_id, "flight_id": shown.document["_id"], "added_by": BY_PERSON}
        values: Document = {"status": CONFIRMED, "booked_at": now, "seen": shown.seen()}
        if reference is not None:
            values["reference"] = reference
        try:
            found = self._bookings.find_one_and_update(
                own | {"status": {"$ne": CONFIRMED}},
                {
                    "$set": values,
                    "$inc": {"version": 1},
                    "$setOnInsert": {"_id": secrets.token_hex(_ID_BYTES)},
                },
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:  # somebody added the same at this moment
            again = self._bookings.find_one(own)
            assert again is not None, "what stood in the way is there"
            return again, False
        assert found is not None, "upsert"
        return found, True

    def check_import(self, booking: str, user_id: Any, shown: Shown) -> None:
        """What `import_one` would refuse of this id is refused, and nothing is stored: an import may have written the
        same id in another form, as a number. Raises OtherBookingError."""
        if self._bookings.find_one(
            {"_id": {"$in": ids.forms(booking)}, "$nor": [_by_program(user_id, shown)]}, {"_id": 1}
        ):
            raise OtherBookingError

    def import_one(
        self, booking: str | None, user_id: Any, shown: Shown, values: Mapping[str, Any], now: datetime
    ) -> tuple[Document, bool]:
        """A program's booking, and whether it is new; one that was cancelled is confirmed again.

        booking: its id in the program's system; without it a person's bookings on a flight are one. Raises
        OtherBookingError when the id is of another person or flight.
        """
        if booking is not None:
            self.check_import(booking, user_id, shown)
        own = _by_program(user_id, shown)
        fresh = {"status": CONFIRMED, "booked_at": now, "seen": shown.seen()} | dict(values)
        id_ = booking if booking is not None else _id_of(own)
        try:
            self._bookings.insert_one({"_id": id_} | own | fresh | {"version": 1})
        except DuplicateKeyError:
            self._bookings.update_one(
                {"_id": id_, "status": CANCELLED} | own, {"$set": fresh, "$inc": {"version": 1}}
            )
            found = self._bookings.find_one({"_id": id_} | own)
            if found is None:
                raise OtherBookingError from None
            return found, False
        found = self._bookings.find_one({"_id": id_})
        assert found is not None, "it was stored just now"
        return found, True

    def imported(self, booking: str) -> Document | None:
        """A booking that a program or an import brought; None for what a person added, and for nothing."""
        return self._bookings.find_one({"_id": {"$in": ids.forms(booking)}, "added_by": {"$ne": BY_PERSON}})

    def cancel(self, booking: Document) -> bool:
        """Cancel a booking as it was read; False when somebody changed it meanwhile."""
        as_read = {name: booking.get(name) for name in ("status", "version")}
        done = self._bookings.update_one(
            {"_id": booking["_id"]} | as_read, {"$set": {"status": CANCELLED}, "$inc": {"version": 1}}
        )
        return done.matched_count == 1

    def _of(self, person: str) -> Any:
        return self._bookings.find({"user_id": {"$in": ids.forms(person)}})

    def _latest(self, person: str, which: Document, limit: int) -> list[Document]:
        wanted = {"user_id": {"$in": ids.forms(person)}} | which
        return list(self._bookings.find(wanted, {"seen": 0}).sort("booked_at", -1).limit(limit))

    def _held(self, person: str, shown: Shown) -> Document | None:
        flight = ids.forms(ids.text(shown.document["_id"]))
        rows = self._bookings.find({"user_id": {"$in": ids.forms(person)}, "flight_id": {"$in": flight}})
        return next((row for row in rows.sort("_id", 1) if is_held(row.get("status"))), None)


def _by_program(user_id: Any, shown: Shown) -> Document:
    """What a program's booking of a person on a flight has, as stored, and no other booking."""
    return {"user_id": user_id, "flight_id": shown.document["_id"], "added_by": BY_PROGRAM}


def _id_of(own: Mapping[str, Any]) -> str:
    text = "\0".join(ids.text(own[name]) for name in ("user_id", "flight_id"))
    return f"b-{hashlib.sha256(text.encode()).hexdigest()[:24]}"
