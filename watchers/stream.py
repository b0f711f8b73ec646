"""A collection's change stream, in whole batches, going on by itself after every failure that allows it.

Batches are read with plain commands: one answer of the server is one batch, and it carries the resume token
that is true after it, also when it holds nothing. Only allow-listed fields leave the server.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.timestamp import Timestamp
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from app.domain.errors import ResumeTokenLostError, TransientError
from app.domain.namespaces import Namespace
from app.runtime import StopFlag
from app.store.resume_tokens import Position
from watchers.conversion import OPS, TOO_LARGE, RawChange
from watchers.exact import exact

log = structlog.get_logger()

# An admin can store text that is not UTF-8 and dates beyond the year 9999. Neither may end the stream: they
# become values that have no form in JSON, and so dead letters.
CODEC = CodecOptions[dict[str, Any]](
    tz_aware=True,
    unicode_decode_error_handler="surrogateescape",
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)

# MongoDB's error codes (src/mongo/base/error_codes.yml).
INVALID_RESUME_TOKEN = 260
CHANGE_STREAM_FATAL = 280
CHANGE_STREAM_HISTORY_LOST = 286
BSON_OBJECT_TOO_LARGE = 10334
UNAUTHORIZED = 13
_TOKEN_REFUSED = {INVALID_RESUME_TOKEN, CHANGE_STREAM_FATAL, CHANGE_STREAM_HISTORY_LOST}
_IMAGES = ("fullDocument", "fullDocumentBeforeChange")
_ENDS_STREAM = {"drop", "rename", "dropDatabase", "invalidate"}

# How long an idle getMore waits in the server; also how late a stop is noticed.
AWAIT_MS = 500
# Changes in one answer: enough to make round trips cheap, few enough to overlap reading and publishing.
BATCH_CHANGES = 2_000
# A watched document (its allow-listed fields) above this size is left out by the guarded pipeline.
_GUARD_BYTES = 1_000_000
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes in order, and the position after them. ended: the collection was then dropped or renamed.

    read_at: time.monotonic of the server's answer.
    """

    changes: list[RawChange]
    position: Position
    ended: bool = False
    read_at: float = field(default_factory=time.monotonic)


class ChangeStream:
    """Reads a collection's changes from a position on. For one thread."""

    def __init__(
        self, database: Database[dict[str, Any]], namespace: Namespace, position: Position, stop: StopFlag
    ) -> None:
        self._database = database
        self._namespace = namespace
        self._position = position
        self._stop = stop
        self._session: ClientSession | None = None
        self._cursor: int | None = None
        self._guarded = False
        self._pause_s = _FIRST_PAUSE_S
        self._refusals = 0

    def next_batch(self) -> Batch:
        """The next changes; none after half a second without any.

        Goes on after failovers, lost connections and lost cursors. Raises ResumeTokenLostError when MongoDB
        cannot go on from here, TransientError when the process is to end while MongoDB does not answer.
        """
        while True:
            try:
                if self._cursor is None:
                    self._open()
                return self._batch(self._get_more())
            except PyMongoError as error:
                self._recover(error)

    def close(self) -> None:
        """Give the cursor back; safe to repeat."""
        if self._session is not None:
            if self._cursor:
                try:
                    command = {"killCursors": self._namespace.collection, "cursors": [self._cursor]}
                    self._database.command(command, session=self._session)
                except PyMongoError:
                    log.debug("change stream's cursor was not closed", collection=self._namespace.collection)
            self._session.end_session()
        self._session, self._cursor = None, None

    def _open(self) -> None:
        self._session = self._database.client.start_session()
        command = {
            "aggregate": self._namespace.collection,
            "pipeline": pipeline(self._namespace, self._position, guarded=self._guarded),
            "cursor": {"batchSize": 0},
            "readConcern": {"level": "majority"},
        }
        answer = self._database.command(command, codec_options=CODEC, session=self._session)
        self._cursor = answer["cursor"]["id"]

    def _get_more(self) -> dict[str, Any]:
        command = {
            "getMore": self._cursor,
            "collection": self._namespace.collection,
            "batchSize": BATCH_CHANGES,
            "maxTimeMS": AWAIT_MS,
        }
        answer: dict[str, Any] = self._database.command(command, codec_options=CODEC, session=self._session)
        return answer["cursor"]  # type: ignore[no-any-return]

    def _batch(self, cursor: Mapping[str, Any]) -> Batch:
        changes: list[RawChange] = cursor["nextBatch"]
        ended = False
        if changes and changes[-1]["operationType"] not in OPS:
            ended = any(change["operationType"] in _ENDS_STREAM for change in changes)
            changes = [change for change in changes if change["operationType"] in OPS]
        ended = ended or cursor["id"] == 0
        self._look_up(changes)  # may fail, and is then repeated with the batch: the position moves after it
        self._position = Position(token=cursor["postBatchResumeToken"])
        self._pause_s, self._refusals = _FIRST_PAUSE_S, 0
        if self._guarded and changes:
            # What did not fit is behind us; the plain pipeline is the fast one.
            self._guarded = False
            self.close()
        else:
            self._cursor = cursor["id"] or None
        return Batch(changes, self._position, ended)

    def _look_up(self, changes: list[RawChange]) -> None:
        """Read the documents of edits for which MongoDB kept no post-image.

        What is read may be newer than the edit: the newer edit's own change follows, and says the same.
        """
        edits = (change for change in changes if change["operationType"] == "update")
        bare = [change for change in edits if "fullDocument" not in change and TOO_LARGE not in change]
        if not bare:
            return
        collection = self._database.get_collection(self._namespace.collection, codec_options=CODEC)
        ids = [change["documentKey"]["_id"] for change in bare]
        found = {}
        wanted = exact({"_id": {"$in": ids}})
        for document in collection.find(wanted, dict.fromkeys(self._namespace.fields, 1)):
            document_id = document.pop("_id")
            found[_hashable(document_id)] = document
        for change in bare:
            fields = found.get(_hashable(change["documentKey"]["_id"]))
            if fields is not None:
                change["fullDocument"] = fields  # type: ignore[index]

    def _recover(self, error: PyMongoError) -> None:
        """Make the next round possible, or raise what says that there is none."""
        collection = self._namespace.collection
        was_open = self._cursor is not None
        self.close()
        code = error.code if isinstance(error, OperationFailure) else None
        if code in _TOKEN_REFUSED:
            raise ResumeTokenLostError(f"MongoDB cannot go on from the token (error {code})") from error
        if code == BSON_OBJECT_TOO_LARGE and not self._guarded:
            log.warning("a change does not fit into one answer, reading around it", collection=collection)
            self._guarded = True
            return
        self._refusals = 0 if was_open or code is None else self._refusals + 1
        # Twice, because the first refusal may have come from a server on its way down.
        if self._refusals >= 2 and self._opens_without_position():
            raise ResumeTokenLostError(f"MongoDB refuses the token (error {code})") from error
        why = f"{type(error).__name__} {code or ''}".strip()
        log.warning("change stream interrupted", collection=collection, why=why, retry_in_s=self._pause_s)
        if self._stop.wait(self._pause_s):
            raise TransientError("MongoDB did not answer before the stop") from error
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    def _opens_without_position(self) -> bool:
        """Whether only the position keeps the stream from opening: then it is to blame, whatever the code."""
        kept, self._position = self._position, Position()
        try:
            self._open()
        except (OperationFailure, ConnectionFailure):
            return False
        else:
            return True
        finally:
            self._position = kept
            self.close()


def pipeline(namespace: Namespace, position: Position, *, guarded: bool = False) -> list[dict[str, Any]]:
    """The stream's stages: where to begin, pre- and post-images, and only the allow-listed fields.

    guarded: leave documents out that would make one change larger than an answer may be (16 MB, and
    mongod 6.0.5 cannot split them).
    """
    begin: dict[str, Any] = {"fullDocument": "whenAvailable", "fullDocumentBeforeChange": "whenAvailable"}
    if position.token is not None:
        begin["startAfter"] = position.token
    elif position.start_at is not None:
        begin["startAtOperationTime"] = Timestamp(*position.start_at)
    fields: dict[str, Any] = {"operationType": 1, "clusterTime": 1, "wallTime": 1, "documentKey": 1}
    if guarded:
        fields |= {image: _small(image, namespace.fields) for image in _IMAGES}
        large = {"$gt": [{"$bsonSize": _part("fullDocument", namespace.fields)}, _GUARD_BYTES]}
        fields[TOO_LARGE] = {"$cond": [large, True, "$$REMOVE"]}
    else:
        for image in _IMAGES:
            fields |= {f"{image}.{name}": 1 for name in namespace.fields}
    return [{"$changeStream": begin}, {"$project": fields}]


def _small(image: str, names: tuple[str, ...]) -> dict[str, Any]:
    part = _part(image, names)
    there = {"$eq": [{"$type": f"${image}"}, "object"]}
    return {"$cond": [{"$and": [there, {"$lte": [{"$bsonSize": part}, _GUARD_BYTES]}]}, part, "$$REMOVE"]}


def _part(image: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: f"${image}.{name}" for name in names}


def _hashable(value: Any) -> Any:
    return value if value.__hash__ is not None else repr(value)
