"""Reading a whole collection, for a watcher that cannot go on from where it was (W2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from pymongo.database import Database
from pymongo.errors import PyMongoError

from app.domain.clock import Now
from app.domain.errors import TransientError
from app.domain.namespaces import Namespace
from app.domain.order import ClusterTime
from app.runtime import StopFlag
from watchers.conversion import RawChange, snapshot_read
from watchers.exact import exact
from watchers.stream import CODEC

log = structlog.get_logger()

# Documents of one read. Each read has its own cluster time, so none has to hold old versions for long.
CHUNK_DOCUMENTS = 2_000
_READ_TIMEOUT_MS = 25_000
_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class SnapshotReader:
    """Reads one collection in chunks, in the order of `_id`, whatever types the ids have."""

    database: Database[dict[str, Any]]
    namespace: Namespace
    now: Now
    stop: StopFlag

    def reads(self, snapshot_id: str, t0: ClusterTime) -> Iterator[list[RawChange]]:
        """The collection's documents as changes, a chunk at a time.

        Every chunk is read at one cluster time of its own, not before t0, which the changes carry.
        Raises TransientError when MongoDB does not answer for long, or the process is to end.
        """
        last: list[Any] = []
        while True:
            cursor = self._read(last, t0)
            documents = cursor["firstBatch"]
            if not documents:
                return
            last = [documents[-1]["_id"]]
            read_at, moment = cursor["atClusterTime"], self.now()
            yield [
                snapshot_read(snapshot_id, document.pop("_id"), document, read_at, moment)
                for document in documents
            ]

    def _read(self, last: list[Any], t0: ClusterTime) -> dict[str, Any]:
        """One chunk after the last id (none: from the beginning); tried again when it fails for now."""
        command: dict[str, Any] = {
            "find": self.namespace.collection,
            "sort": {"_id": 1},
            "projection": dict.fromkeys(self.namespace.fields, 1),
            "limit": CHUNK_DOCUMENTS,
            "batchSize": CHUNK_DOCUMENTS,  # the first answer holds 101 documents otherwise
            "singleBatch": True,
            "maxTimeMS": _READ_TIMEOUT_MS,
            "readConcern": {"level": "snapshot"},
        }
        if last:
            # Bounds of the index know no types, unlike {"_id": {"$gt": ...}}: ObjectId and text may be mixed.
            after = {"filter": exact({"_id": {"$ne": last[0]}}), "min": exact({"_id": last[0]})}
            command |= after | {"hint": {"_id": 1}}
        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                cursor: dict[str, Any] = self.database.command(command, codec_options=CODEC)["cursor"]
                # A member that was just elected may serve an older snapshot than t0 for a moment.
                read_at = cursor.get("atClusterTime")
                if read_at is None or (read_at.time, read_at.inc) >= t0:
                    return cursor
                why = "the snapshot is older than its beginning"
            except PyMongoError as error:
                why = f"{type(error).__name__}: {error}"
            log.warning(
                "snapshot read failed", collection=self.namespace.collection, attempt=attempt, why=why[:200]
            )
            if self.stop.wait(pause_s):
                break
            pause_s *= 2
        raise TransientError("the collection could not be read in a snapshot")
