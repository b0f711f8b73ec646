"""Between changes and the topic: conversion, publishing, dead letters, counts; for stream and snapshot."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import structlog

from app.bus import clients, envelope
from app.bus.publisher import Publisher, Sent
from app.domain.clock import Now
from app.domain.errors import BadEventError, TransientError
from app.domain.events import ChangeEvent
from app.domain.namespaces import Namespace
from app.metrics import WATCHER_EVENTS, WATCHER_LAG, WATCHER_SKIPPED, WATCHER_UNCHANGED
from app.store.dead_letters import DeadLetter, DeadLetters
from watchers.conversion import NO_DOCUMENT, NO_KEY, Converter, RawChange

log = structlog.get_logger()

# Acknowledgements that take longer than the producer's own deadline never come.
_ACK_TIMEOUT_S = clients.DELIVERY_TIMEOUT_S + 5
# Between two looks at what else could be wrong while acknowledgements do not come.
_PATIENCE_S = 2.0
# One change in so long is told of at level info, every one at level debug.
_TELL_EVERY_S = 10.0


class Outbox:
    """Publishes the changes of one collection. For one thread. now: system clock."""

    def __init__(
        self, namespace: Namespace, converter: Converter, publisher: Publisher, letters: DeadLetters, now: Now
    ) -> None:
        self._namespace = namespace
        self._convert = converter.event
        self._converter = converter
        self._publisher = publisher
        self._letters = letters
        self._now = now
        self._told_at = float("-inf")

    def put(self, changes: Iterable[RawChange]) -> Sent:
        """Hand changes over in order; does not wait for acknowledgements.

        What can never be published becomes a dead letter, and a small event that says so in its place.
        Raises TransientError when Kafka, PyMongoError when the dead letter cannot be written.
        """
        sent, unchanged = Sent(), 0
        convert, encode, send = self._convert, envelope.encode, self._publisher.send
        for change in changes:
            try:
                event = convert(change)
                if event is None:
                    unchanged += 1
                    continue
                message = encode(event)
                if len(message) > clients.RECORD_BYTES:
                    event, message = self._smaller(event)
            except BadEventError as bad:
                self._set_aside(change, bad, sent)
                continue
            send(event, message, sent)
        if unchanged:
            WATCHER_UNCHANGED.labels(self._namespace.collection).inc(unchanged)
        return sent

    def put_marker(self, marker: ChangeEvent) -> Sent:
        """Hand an end-of-snapshot marker over to every partition."""
        sent, message = Sent(), envelope.encode(marker)
        for partition in range(self._publisher.topic.partitions):
            self._publisher.send_to(partition, marker, message, sent)
        return sent

    def put_event(self, event: ChangeEvent) -> Sent:
        """Hand one event over that is no change of the stream's."""
        sent = Sent()
        self._publisher.send(event, envelope.encode(event), sent)
        return sent

    def settle(self, sent: Sent, meanwhile: Callable[[], None], *, timeout_s: float = _ACK_TIMEOUT_S) -> None:
        """Wait until everything handed over is acknowledged; then it counts.

        meanwhile: called every two seconds of waiting, may raise. Raises TransientError if a publish failed.
        """
        waited_s = 0.0
        while not sent.is_done():
            self._publisher.flush(_PATIENCE_S)
            if sent.is_done():
                break
            waited_s += _PATIENCE_S
            if waited_s >= timeout_s:
                raise TransientError(f"Kafka did not acknowledge within {timeout_s:.0f} s")
            meanwhile()
        for event in self._publisher.refused(sent, _PATIENCE_S):
            bad = BadEventError("too_large", "the brokers refuse a message of this size")
            self._letters.add(self._letter(event.key, event.id, bad, None, event.document_key))
            unreadable = self._converter.unreadable_of(event)
            replacement = Sent()
            self._publisher.send(unreadable, envelope.encode(unreadable), replacement)
            self.settle(replacement, meanwhile)
        self._count(sent)

    def _count(self, sent: Sent) -> None:
        if not sent.events:
            return
        for op, count in Counter(event.op.value for event in sent.events).items():
            WATCHER_EVENTS.labels(self._namespace.collection, op).inc(count)
        collection, debug = self._namespace.collection, log.debug  # looked up once: it costs more than a call
        for event in sent.events:
            debug("change published", trace=event.id, collection=collection, op=event.op)
        moment = time.monotonic()
        if moment - self._told_at >= _TELL_EVERY_S:
            self._told_at, last = moment, sent.events[-1]
            log.info("changes published", trace=last.id, collection=collection, key=last.key)
        lag_s = (self._now() - sent.events[-1].wall_time).total_seconds()
        WATCHER_LAG.labels(self._namespace.collection).set(max(lag_s, 0.0))

    @staticmethod
    def _smaller(event: ChangeEvent) -> tuple[ChangeEvent, bytes]:
        """The event without its before, when that makes it small enough; else it is too large."""
        if event.before is not None and event.after is not None:
            event = replace(event, before=None, changed=tuple(sorted(event.after)))
            message = envelope.encode(event)
            if len(message) <= clients.RECORD_BYTES:
                return event, message
        words = f"the watched fields are larger than {clients.RECORD_BYTES:,} bytes"
        raise BadEventError("too_large", words)

    def _set_aside(self, change: RawChange, bad: BadEventError, sent: Sent) -> None:
        unreadable = self._converter.unreadable(change)
        if bad.reason == NO_DOCUMENT or (unreadable is None and change["operationType"] == "delete"):
            # Nothing is lost: the deletion follows; and nobody can be told whose deletion this was.
            WATCHER_SKIPPED.labels(self._namespace.collection, bad.reason).inc()
            return
        document = change.get("fullDocument") or change.get("fullDocumentBeforeChange")
        key = unreadable.key if unreadable else ""
        self._letters.add(
            self._letter(key, change["_id"]["_data"], bad, document, change["documentKey"]["_id"])
        )
        log.warning(
            "change cannot be published, kept as a dead letter",
            trace=change["_id"]["_data"],
            collection=self._namespace.collection,
            key=key,
            reason=bad.reason,
            field=bad.field,
        )
        if unreadable is not None and bad.reason != NO_KEY:
            self._publisher.send(unreadable, envelope.encode(unreadable), sent)

    def _letter(
        self, key: str, event_id: str, bad: BadEventError, document: RawChange | None, document_id: Any
    ) -> DeadLetter:
        return DeadLetter(
            source="watcher",
            collection=self._namespace.collection,
            key=key,
            reason=bad.reason,
            words=str(bad),
            event_id=event_id,
            field=bad.field,
            topic=self._publisher.topic.name,
            document_id=document_id,
            document=document,
        )
