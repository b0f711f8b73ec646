"""Change events as the watchers publish them, for tests of the feed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.bus import clients, envelope, topics
from app.domain import namespaces
from app.domain.events import ChangeEvent, Op, changed_fields
from app.domain.order import of_event, of_snapshot_read
from app.settings import Settings

UA1545: dict[str, Any] = {
    "flight_number": "UA1545",
    "origin": "EWR",
    "destination": "IAH",
    "departure_date": "2013-02-08",
    "departure_time": "05:15",
    "gate": "C70",
}
FARE: dict[str, Any] = {
    "origin": "JFK",
    "destination": "SFO",
    "departure_date": "2013-03-05",
    "flight_number": "UA407",
    "cabin": "economy",
    "amount": 231,
    "currency": "USD",
}
NOTICE: dict[str, Any] = {"type": "info", "message": "Snow at Newark.", "airport": "EWR"}

_COUNTER = itertools.count(1)


def change(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *,
    op: Op | None = None,
    key: str = "k1",
    collection: str = "flights",
    number: int | None = None,
    at: datetime | None = None,
) -> ChangeEvent:
    """An event; its op follows from before and after. number: its place in the order, the next when None."""
    if op is None:
        op = Op.INSERT if before is None else Op.DELETE if after is None else Op.UPDATE
    number = next(_COUNTER) if number is None else number
    cluster_time = (1_700_000_000 + number, 1)
    token = f"82{number:010x}"
    order = of_snapshot_read(0, cluster_time) if op is Op.SNAPSHOT else of_event(0, cluster_time, token)
    return ChangeEvent(
        id=token,
        op=op,
        namespace=f"gatecall.{collection}",
        key=key,
        document_key=key,
        order=order,
        cluster_time=cluster_time,
        wall_time=at or datetime.now(UTC),
        before=before,
        after=after,
        changed=changed_fields(before, after),
    )


class Publisher:
    """Puts events into the topics, as a watcher would."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = clients.producer(settings)

    def publish(self, *events: ChangeEvent) -> None:
        """Publish events and wait until all are acknowledged."""
        futures = [
            self._producer.send(
                topics.name(self._settings, namespaces.BY_COLLECTION[event.collection].topic),
                key=event.key.encode(),
                value=envelope.encode(event),
            )
            for event in events
        ]
        self._producer.flush()
        for future in futures:
            future.get(10)

    def raw(self, collection: str, message: bytes | None) -> None:
        """Publish what no watcher would."""
        name = topics.name(self._settings, namespaces.BY_COLLECTION[collection].topic)
        self._producer.send(name, key=b"k1", value=message).get(10)

    def close(self) -> None:
        """Give the connections back."""
        self._producer.close()
