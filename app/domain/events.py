"""The change event: one insert, update, replace, delete or snapshot read of a watched document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.order import ClusterTime, Order


class Op(StrEnum):
    """What happened. The first five are of the document; the last two are of the watcher."""

    INSERT = "insert"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SNAPSHOT = "snapshot"
    # The change could not be published as it was; its dead letter says why. Carries no values.
    UNREADABLE = "unreadable"
    # End of a snapshot whose reads began at cluster_time; published once to every partition.
    MARKER = "marker"


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """One change of one document.

    id: the resume token's data, or snapshot id + key; it is the trace through all logs.
    key: what the Kafka message is keyed by; "" for a marker.
    document_key: the document's own `_id` as text (equal to key for flights, prices, notices).
    wall_time: aware UTC, when the server wrote it (for a snapshot: when it was read).
    before, after: allow-listed fields as JSON values; None where MongoDB kept none or there is none.
    changed: names of fields that differ, sorted; every field of after when before is None.
    """

    id: str
    op: Op
    namespace: str
    key: str
    document_key: str
    order: Order
    cluster_time: ClusterTime
    wall_time: datetime
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    changed: tuple[str, ...]

    @property
    def collection(self) -> str:
        """The collection's name without the database."""
        return self.namespace.partition(".")[2]


def changed_fields(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Names of the fields whose values differ, sorted. A field that is absent differs from every value."""
    old, new = before or {}, after or {}
    changed = [name for name, value in new.items() if name not in old or old[name] != value]
    changed += [name for name in old if name not in new]
    return tuple(sorted(changed))
