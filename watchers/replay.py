"""Documents that somebody asked to be read afresh, between the batches of the stream (W4).

A dead letter is replayed so: never by its old event, which is behind what is known by now, but by a snapshot read
of its document as it is today.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from bson.timestamp import Timestamp
from pymongo.database import Database
from pymongo.errors import OperationFailure

from app import crash_points
from app.bus.publisher import Sent
from app.domain.clock import Now
from app.domain.namespaces import Namespace
from app.domain.order import ClusterTime
from app.metrics import READ_REQUESTS
from app.store import ids
from app.store.dead_letters import DeadLetters
from app.store.read_requests import RUN_PREFIX, ReadRequest, ReadRequests, Target
from watchers.conversion import Converter, RawChange, id_text, snapshot_read
from watchers.outbox import Outbox
from watchers.stream import CODEC

log = structlog.get_logger()

_EVERY_S = 1.0
# A round of requests takes so long at most; then it is the stream's turn.
_ROUND_S = 0.5
_AT_ONCE = 100
# Of a flight: more bookings than seats. All are read at one cluster time.
_DOCUMENTS = 10_000
_READ_TIMEOUT_MS = 10_000


class Replays:
    """Serves the read requests of one collection, in the thread of its watcher.

    confirm: raises TransientError when the topic is not the one that is published to. meanwhile: called while
    acknowledgements are awaited, may raise.
    """

    def __init__(
        self,
        database: Database[dict[str, Any]],
        namespace: Namespace,
        converter: Converter,
        outbox: Outbox,
        confirm: Callable[[], None],
        meanwhile: Callable[[], None],
        now: Now,
    ) -> None:
        self._database = database
        self._namespace = namespace
        self._converter = converter
        self._outbox = outbox
        self._confirm = confirm
        self._meanwhile = meanwhile
        self._now = now
        self._requests = ReadRequests(database)
        self._letters = DeadLetters(database, now)
        self._looked_at = float("-inf")

    def serve(self) -> None:
        """W4 for requests that wait, for half a second; looks again a second later, so it may be called in every round.

        Raises TransientError when Kafka, PyMongoError when MongoDB does not take it now; nothing is lost then.
        """
        if time.monotonic() - self._looked_at < _EVERY_S:
            return
        begun_at = time.monotonic()
        for request_id in self._requests.waiting(self._namespace.collection, _AT_ONCE):
            begun = self._requests.begin(request_id)
            if begun is not None:
                self._serve(*begun)
            self._meanwhile()
            if time.monotonic() - begun_at >= _ROUND_S:
                break
        self._looked_at = time.monotonic()

    def _serve(self, request: ReadRequest, t0: ClusterTime) -> None:
        """W4: read the documents, publish them as snapshot events, wait for the acknowledgements, compare the topic's
        id; only then the dead letters are replayed, and the request is done.

        A crash in between repeats all of it, which is another fresh snapshot: it is silent where nothing differs.
        """
        try:
            documents, read_at = self._read(request.target)
        except (
            OperationFailure
        ) as error:  # says nothing against the stream: the request waits for the next round
            READ_REQUESTS.labels(self._namespace.collection, "failed").inc()
            log.warning("documents not read", collection=self._namespace.collection, code=error.code)
            return
        if (read_at.time, read_at.inc) < t0:
            return  # a member that was just elected serves an older snapshot for a moment: next round
        crash_points.reached("W4.read")
        counts = self._letters.begin_replay(request.letters, request.run)
        sent = self._publish(request, documents, read_at)
        self._outbox.settle(sent, self._meanwhile)
        self._confirm()
        crash_points.reached("W4.acknowledged")
        outcome = "read and published" if documents else "the document is gone"
        replayed = self._letters.end_replay(counts, outcome)
        self._requests.end(request)
        READ_REQUESTS.labels(self._namespace.collection, "served" if documents else "gone").inc()
        log.info(
            "documents read afresh",
            collection=self._namespace.collection,
            key=request.target.key,
            event_id=f"{RUN_PREFIX}{request.run}",
            documents=len(documents),
            letters=len(counts),
            replayed=replayed,
        )

    def _publish(self, request: ReadRequest, documents: list[dict[str, Any]], read_at: Timestamp) -> Sent:
        run, moment = f"{RUN_PREFIX}{request.run}", self._now()
        if documents:
            return self._outbox.put(_change(run, document, read_at, moment) for document in documents)
        # Of a booking or following that is gone there is nothing to say: delivery looks for it before it sends.
        if self._namespace.key_field != "_id":
            return Sent()
        return self._outbox.put_event(
            self._converter.absent(run, id_text(request.target.document_id), read_at, moment)
        )

    def _read(self, target: Target) -> tuple[list[dict[str, Any]], Timestamp]:
        """The documents, and the one cluster time at which all of them were read."""
        if target.document_id is None:
            wanted = {self._namespace.key_field: {"$in": ids.forms(target.key)}}
        elif isinstance(target.document_id, str):
            wanted = {"_id": {"$in": ids.forms(target.document_id)}}
        else:
            wanted = {"_id": {"$in": [target.document_id]}}
        command = {
            "find": self._namespace.collection,
            "filter": wanted,
            "projection": dict.fromkeys(self._namespace.fields, 1),
            "batchSize": _DOCUMENTS,
            "singleBatch": True,
            "maxTimeMS": _READ_TIMEOUT_MS,
            "readConcern": {"level": "snapshot"},
        }
        cursor = self._database.command(command, codec_options=CODEC)["cursor"]
        return cursor["firstBatch"], cursor["atClusterTime"]


def _change(run: str, document: dict[str, Any], read_at: Timestamp, moment: datetime) -> RawChange:
    return snapshot_read(run, document.pop("_id"), document, read_at, moment)
