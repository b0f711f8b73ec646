"""Hearing the doorbells: a change stream on `doorbells`, so that nobody polls for due conversations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pymongo.database import Database

_AWAIT_MS = 1_000  # the server holds an idle read for so long; a stop is seen after it at the latest


def rings(database: Database[dict[str, Any]], channels: Sequence[str]) -> Iterator[str | None]:
    """Endlessly: the channel whose doorbell rang, or None after a second in which none did.

    The first None says that the watch has begun; what rang before it is not heard. Raises PyMongoError
    when MongoDB does not answer: what rang meanwhile is lost, so look for yourself and begin anew.
    """
    only: list[dict[str, Any]] = [
        {"$match": {"documentKey._id": {"$in": list(channels)}}},
        {"$project": {"documentKey": 1}},
    ]
    with database["doorbells"].watch(only, max_await_time_ms=_AWAIT_MS) as stream:
        yield None
        while stream.alive:
            change = stream.try_next()
            yield str(change["documentKey"]["_id"]) if change else None
