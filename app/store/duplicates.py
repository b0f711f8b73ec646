"""What is left of a bulk write when all that failed was there already."""

from __future__ import annotations

from pymongo.errors import BulkWriteError

from app.store.schema import DUPLICATE_KEY


def only_duplicates(error: BulkWriteError) -> bool:
    """Whether every failed write found its document there already, and the others are confirmed.

    Without a majority's confirmation what was written may be lost again: then the caller repeats everything.
    """
    failed, unconfirmed = error.details["writeErrors"], error.details["writeConcernErrors"]
    return not unconfirmed and all(one["code"] == DUPLICATE_KEY for one in failed)
