"""Raw changes of MongoDB become change events. Plain Python: no connection, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.domain import order
from app.domain.errors import BadEventError
from app.domain.events import ChangeEvent, Op, changed_fields
from app.domain.namespaces import Namespace
from app.domain.order import ClusterTime, Order
from watchers.json_values import json_values

RawChange = Mapping[str, Any]
"""A change as the stream gives it (operationType, documentKey, fullDocument ...), or from `snapshot_read`."""

OPS = {op.value: op for op in (Op.INSERT, Op.UPDATE, Op.REPLACE, Op.DELETE, Op.SNAPSHOT)}
_EDITS = frozenset({Op.UPDATE, Op.REPLACE})

# Set by the guarded pipeline on a change whose documents do not fit into one answer of the server.
TOO_LARGE = "too_large"

NO_KEY = "no_key"
NO_DOCUMENT = "no_document"


def snapshot_read(
    snapshot_id: str, document_id: Any, fields: Mapping[str, Any], read_at: Any, wall_time: datetime
) -> RawChange:
    """A document that was read in a snapshot, in the shape of a change. read_at: BSON timestamp."""
    return {
        "_id": {"_data": f"{snapshot_id}:{id_text(document_id)}"},
        "operationType": Op.SNAPSHOT.value,
        "clusterTime": read_at,
        "wallTime": wall_time,
        "documentKey": {"_id": document_id},
        "fullDocument": fields,
    }


def id_text(value: Any) -> str:
    """An `_id` (or a reference to one) as text, the same everywhere."""
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class Converter:
    """Makes change events of one watched collection.

    incarnation: how often the database was restored from a backup, from 1.
    """

    def __init__(self, database_name: str, namespace: Namespace, incarnation: int) -> None:
        self._namespace = namespace
        self._full_name = f"{database_name}.{namespace.collection}"
        self._key_field = None if namespace.key_field == "_id" else namespace.key_field
        self._incarnation = incarnation

    def event(self, change: RawChange) -> ChangeEvent | None:
        """The change event; None for an edit that changed no watched field.

        A before that has no form in JSON counts as none, so that mending a bad document is an event like any.
        Raises BadEventError: "unencodable", "too_large", NO_KEY (nothing says which flight it is about),
        NO_DOCUMENT (an edit whose document was deleted before it could be read; its deletion follows).
        """
        op = OPS[change["operationType"]]
        if TOO_LARGE in change:
            raise BadEventError("too_large", "the watched fields are larger than a message can be")
        raw_before, raw_after = change.get("fullDocumentBeforeChange"), change.get("fullDocument")
        if raw_after is None and op is not Op.DELETE:
            raise BadEventError(NO_DOCUMENT, "the document was deleted before its new values could be read")
        before = _readable(raw_before)
        after = None if raw_after is None else json_values(raw_after)
        changed = changed_fields(before, after)
        if not changed and before is not None and op in _EDITS:
            return None
        document_key = id_text(change["documentKey"]["_id"])
        cluster_time = _cluster_time(change)
        return ChangeEvent(
            id=change["_id"]["_data"],
            op=op,
            namespace=self._full_name,
            key=document_key if self._key_field is None else self._key(raw_before, raw_after),
            document_key=document_key,
            order=self._order(op, cluster_time, change["_id"]["_data"]),
            cluster_time=cluster_time,
            wall_time=_wall_time(change),
            before=before,
            after=after,
            changed=changed,
        )

    def unreadable(self, change: RawChange) -> ChangeEvent | None:
        """The small event that stands for a change which cannot be published; None when it has no key."""
        document_key = id_text(change["documentKey"]["_id"])
        key = document_key
        if self._key_field is not None:
            try:
                key = self._key(change.get("fullDocumentBeforeChange"), change.get("fullDocument"))
            except BadEventError:
                return None
        cluster_time = _cluster_time(change)
        return ChangeEvent(
            id=change["_id"]["_data"],
            op=Op.UNREADABLE,
            namespace=self._full_name,
            key=key,
            document_key=document_key,
            order=self._order(OPS[change["operationType"]], cluster_time, change["_id"]["_data"]),
            cluster_time=cluster_time,
            wall_time=_wall_time(change),
            before=None,
            after=None,
            changed=(),
        )

    @staticmethod
    def unreadable_of(event: ChangeEvent) -> ChangeEvent:
        """The small event in the place of one that the brokers refused."""
        return replace(event, op=Op.UNREADABLE, before=None, after=None, changed=())

    def marker(self, snapshot_id: str, t0: ClusterTime, wall_time: datetime) -> ChangeEvent:
        """End of the snapshot whose reads began at t0."""
        return ChangeEvent(
            id=snapshot_id,
            op=Op.MARKER,
            namespace=self._full_name,
            key="",
            document_key="",
            order=order.of_marker(self._incarnation, t0),
            cluster_time=t0,
            wall_time=wall_time,
            before=None,
            after=None,
            changed=(),
        )

    def absent(self, run: str, document_key: str, read_at: Any, wall_time: datetime) -> ChangeEvent:
        """A read that found no document: there is none after everything of its time. read_at: BSON timestamp."""
        cluster_time = (read_at.time, read_at.inc)
        return ChangeEvent(
            id=f"{run}:{document_key}",
            op=Op.SNAPSHOT,
            namespace=self._full_name,
            key=document_key,
            document_key=document_key,
            order=order.of_snapshot_read(self._incarnation, cluster_time),
            cluster_time=cluster_time,
            wall_time=wall_time,
            before=None,
            after=None,
            changed=(),
        )

    def _key(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
        assert self._key_field is not None
        for document in (after, before):
            value = (document or {}).get(self._key_field)
            if value is not None:
                return id_text(value)
        words = f"{self._key_field} is missing, so nobody knows what this document belongs to"
        raise BadEventError(NO_KEY, words, field=self._key_field)

    def _order(self, op: Op, cluster_time: ClusterTime, token_data: str) -> Order:
        if op is Op.SNAPSHOT:
            return order.of_snapshot_read(self._incarnation, cluster_time)
        return order.of_event(self._incarnation, cluster_time, token_data)


def _readable(document: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if document is None:
        return None
    try:
        return json_values(document)
    except BadEventError:
        return None


def _cluster_time(change: RawChange) -> ClusterTime:
    timestamp = change["clusterTime"]
    return (timestamp.time, timestamp.inc)


def _wall_time(change: RawChange) -> datetime:
    moment = change.get("wallTime")
    if isinstance(moment, datetime):
        return moment
    return datetime.fromtimestamp(change["clusterTime"].time, UTC)
