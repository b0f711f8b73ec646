"""Counted requests of flask-limiter in MongoDB, with the client that the process has.

The library's own storage opens a client from an address, makes indexes and closes the client when it goes; here the
client is handed in, the indexes are the schema's, and who hands the client in closes it.
"""

from __future__ import annotations

from typing import Any

from limits.storage.mongodb import MongoDBStorage
from pymongo import MongoClient
from pymongo.database import Database

COUNTERS, WINDOWS = "rate_counters", "rate_windows"
ADDRESS = "gatecall-rates://"
"""What flask-limiter finds this storage by, as `storage_uri`."""


class RateLimits(MongoDBStorage):
    """The storage. Nothing is asked of MongoDB before the first request is counted."""

    STORAGE_SCHEME = ["gatecall-rates"]  # noqa: RUF012 - the library's own declaration

    def __init__(self, uri: str, *, database: Database[dict[str, Any]], **_options: Any) -> None:
        super().__init__(
            uri,
            database_name=database.name,
            counter_collection_name=COUNTERS,
            window_collection_name=WINDOWS,
        )
        self._own = database.client

    @property
    def storage(self) -> Any:
        """The process's client; the schema has made the indexes."""
        return self._own

    def _init_mongo_client(self, uri: str | None, **options: Any) -> MongoClient[dict[str, Any]]:
        del uri, options  # there is a client
        return self._own

    def __del__(self) -> None:
        """The client is not ours to close."""
