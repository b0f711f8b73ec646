"""Short links of texts: ten characters that lead to a notification, as an SMS has no room for a signed address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import BulkWriteError
from pymongo.write_concern import WriteConcern

from app.store.duplicates import only_duplicates

COLLECTION = "why_links"


@dataclass(frozen=True, slots=True)
class WhyLink:
    """What a short link leads to. address: a hash of where it was sent, so that it dies with the number."""

    token: str
    conversation: str
    order: str
    address: str
    expires_at: datetime


class WhyLinks:
    """The collection of short links.

    Kept with w:1 before the texts go out: the doubt of D3, which comes after it, waits for a majority and has these
    rows behind it. Methods raise PyMongoError when MongoDB does not answer, and may be repeated.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._links = database[COLLECTION]
        self._quick = database.get_collection(COLLECTION, write_concern=WriteConcern(w=1))

    def keep(self, links: Sequence[WhyLink]) -> None:
        """Keep each; the link of a text that is tried again is there already."""
        rows = [
            {
                "_id": link.token,
                "conversation": link.conversation,
                "order": link.order,
                "address": link.address,
                "expires_at": link.expires_at,
            }
            for link in links
        ]
        if not rows:
            return
        try:
            self._quick.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            if not only_duplicates(error):
                raise

    def find(self, token: str, now: datetime) -> WhyLink | None:
        """Where a token leads; None when it never did, or no longer does."""
        row = self._links.find_one({"_id": token, "expires_at": {"$gt": now}})
        if row is None:
            return None
        return WhyLink(token, row["conversation"], row["order"], row["address"], row["expires_at"])
