"""The watcher of one collection: lease, snapshot where there is a gap, stream, tokens after acknowledgements.

All collections share this loop; what differs between them is data (app.domain.namespaces).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from kafka.errors import KafkaError
from pymongo.database import Database
from pymongo.errors import PyMongoError

from app import crash_points
from app.bus.publisher import Publisher
from app.bus.topics import TopicIds, TopicState
from app.domain.clock import Now
from app.domain.errors import ResumeTokenLostError, TransientError
from app.domain.namespaces import Namespace
from app.domain.order import ClusterTime
from app.metrics import GAP_BLIND, LEASE_HELD, WATCHER_BEHIND, WATCHER_SNAPSHOTS, WATCHER_TOKEN_AGE
from app.runtime import StopFlag
from app.store.dead_letters import DeadLetters
from app.store.gaps import CAUSES, Gap, Gaps
from app.store.leases import Leases, of_watcher
from app.store.resume_tokens import Position, ResumeTokens
from watchers.conversion import Converter
from watchers.outbox import Outbox
from watchers.prefetch import Prefetch
from watchers.pump import Pump
from watchers.replay import Replays
from watchers.snapshot import SnapshotReader
from watchers.stream import Batch, ChangeStream

log = structlog.get_logger()

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0
_CLOSE_S = 1.0
# A loop that made no round for so long hangs: every call in it has a shorter time-out.
_ROUND_S = 60.0


class LeaseLostError(Exception):
    """Somebody else holds the lease now: stand by."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a watcher works with. All may be shared by the watchers of a process.

    producer: makes a KafkaProducer of its own. ensure_topics: makes topics that are missing.
    incarnation: how often the database was restored from a backup, from 1; cheap to ask.
    """

    database: Database[dict[str, Any]]
    topic_ids: TopicIds
    topic_name: Callable[[str], str]
    producer: Callable[[], Any]
    ensure_topics: Callable[[], None]
    leases: Leases
    lease_s: float
    now: Now
    incarnation: Callable[[], int] = lambda: 1


class Watcher:
    """Publishes the changes of one collection until stopped."""

    def __init__(self, namespace: Namespace, around: Surroundings, stop: StopFlag) -> None:
        self._namespace = namespace
        self._around = around
        self._stop = stop
        self._topic = around.topic_name(namespace.topic)
        self._lease = of_watcher(namespace.collection)
        self._tokens = ResumeTokens(around.database)
        self._letters = DeadLetters(around.database, around.now)
        self._incarnation = 1
        self._converter = Converter(around.database.name, namespace, self._incarnation)
        self._retired: list[Publisher] = []
        self._renewed_at = self._round_at = time.monotonic()
        self._trouble: str | None = None
        self._gap: str | None = None
        self._stored_at: datetime | None = None
        self._gaps = Gaps(around.database, around.now)
        self._behind: tuple[float, float] | None = None  # seconds, and when that was so (monotonic)
        WATCHER_TOKEN_AGE.labels(namespace.collection).set_function(self._token_age_s)
        WATCHER_BEHIND.labels(namespace.collection).set_function(self.behind_s)
        for cause in CAUSES:  # a counter that begins with 1 shows no increase
            WATCHER_SNAPSHOTS.labels(namespace.collection, cause)
        self._log = log.bind(collection=namespace.collection)

    def check(self) -> str | None:
        """For readiness: what is wrong, None when this watcher works or stands by for another."""
        if self._trouble:
            return self._trouble
        silent_s = time.monotonic() - self._round_at
        return f"no round for {silent_s:.0f} s" if silent_s > _ROUND_S else None

    def run(self) -> None:
        """W1: take the lease of the collection and publish its changes; stand by while another holds it.

        The lease saves double work and nothing rests on it. What fails for now is tried again from the stored
        token, with growing pauses, so nothing is ever skipped.
        """
        pause_s, standing_by = _FIRST_PAUSE_S, False
        while not self._stop.is_set():
            try:
                self._round_at = time.monotonic()
                if not self._around.leases.take(self._lease, self._around.lease_s):
                    if not standing_by:
                        self._log.info("another watcher holds the lease, standing by")
                    standing_by, self._trouble = True, None
                    self._forget_place()
                    self._stop.wait(min(self._around.lease_s / 5, 2.0))
                    continue
                standing_by = False
                self._log.info("lease taken", holder=self._around.leases.holder)
                self._watch()
                pause_s = _FIRST_PAUSE_S
            except LeaseLostError:
                self._log.warning("lease lost, standing by")
                self._forget_place()
            except (TransientError, PyMongoError, KafkaError) as error:
                self._trouble = f"{type(error).__name__}: {error}"[:300]
                self._log.warning("watcher interrupted, going on", why=self._trouble, retry_in_s=pause_s)
                self._stop.wait(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            finally:
                LEASE_HELD.labels(self._namespace.collection).set(0)
        self._release()

    def _forget_place(self) -> None:
        """Where the collection's stream is, and whether it has a gap, is the business of who holds the lease."""
        self._gap = self._stored_at = self._behind = None

    def _watch(self) -> None:
        """While the lease is ours: close the gap if there is one, then stream; again after every gap."""
        self._renewed_at = time.monotonic()
        LEASE_HELD.labels(self._namespace.collection).set(1)
        topic = self._present_topic()
        self._incarnation = self._present_incarnation()
        self._converter = Converter(self._around.database.name, self._namespace, self._incarnation)
        self._retired = [publisher for publisher in self._retired if not publisher.close(0)]
        publisher = Publisher(self._around.producer(), topic)
        try:
            outbox = Outbox(self._namespace, self._converter, publisher, self._letters, self._around.now)
            while not self._stop.is_set():
                position = self._continue_from(topic) or self._snapshot(topic, outbox)
                self._trouble = None
                try:
                    self._stream(position, topic, outbox)
                except ResumeTokenLostError as error:
                    self._log.warning("the stream cannot go on, reading the collection", why=str(error))
                    self._gap = self._gap or "token"
        finally:
            if not publisher.close(_CLOSE_S):
                self._retired.append(publisher)

    def _present_topic(self) -> TopicState:
        try:
            return self._around.topic_ids.current(self._topic, fresh=True)
        except TransientError:
            self._around.ensure_topics()
            return self._around.topic_ids.current(self._topic, fresh=True)

    def _present_incarnation(self) -> int:
        try:
            return self._around.incarnation()
        except TransientError:  # the topic that has it may have been deleted
            self._around.ensure_topics()
            return self._around.incarnation()

    def _continue_from(self, topic: TopicState) -> Position | None:
        """W2: the stored position, or None and why there is a gap."""
        if self._gap is not None:
            return None
        stored = self._tokens.load(self._namespace.collection)
        if stored is not None:
            self._stood_at(stored.saved_at)
        if stored is None:
            self._gap = self._why_without_position()
        elif stored.topic_id != topic.id:
            self._gap = "topic"
        elif stored.incarnation != self._incarnation:
            self._gap = "restore"
        elif stored.asked:
            self._gap = "asked"
        else:
            return stored.position
        return None

    def _why_without_position(self) -> str:
        """The cause of a gap before which no position is left: a restore from a backup forgot it (R4)."""
        last = self._tokens.last(self._namespace.collection)
        if last is None or last[1] == self._incarnation:
            return "start"
        self._stood_at(last[0])
        return "restore"

    def _stood_at(self, saved_at: datetime) -> None:
        self._stored_at = saved_at
        self._falls_behind_since(saved_at)

    def _snapshot(self, topic: TopicState, outbox: Outbox) -> Position:
        """W2: read the collection as snapshot events, a marker to every partition, then the token for t0.

        t0 is the cluster time of clearing the token: whatever was written before it is seen by the reads,
        whatever comes after it by the stream, which begins at t0 inclusive.
        """
        cause, snapshot_id = self._gap or "start", uuid.uuid4().hex
        WATCHER_SNAPSHOTS.labels(self._namespace.collection, cause).inc()
        # Before the token is cleared, because nobody knows afterwards since when.
        report = self._gaps.begin(
            self._namespace.collection, cause, self._stored_at, snapshot_id, topic.partitions
        )
        t0 = self._begin_snapshot()
        begun_at = time.monotonic()
        crash_points.reached("W2.begun")
        self._log.info("snapshot begun", snapshot_id=snapshot_id, cause=cause)
        reader = SnapshotReader(self._around.database, self._namespace, self._around.now, self._stop)
        documents, before = 0, None
        for chunk in reader.reads(snapshot_id, t0):
            documents += len(chunk)
            sent = outbox.put(chunk)
            crash_points.reached("W2.read")
            if before is not None:  # the last chunk's acknowledgements arrived while this one was read
                outbox.settle(before, self._keep_lease)
            before = sent
            self._keep_lease()
            if self._stop.is_set():
                raise TransientError("the snapshot was stopped; it begins anew at the next start")
        if before is not None:
            outbox.settle(before, self._keep_lease)
        marker = self._converter.marker(snapshot_id, t0, self._around.now())
        outbox.settle(outbox.put_marker(marker), self._keep_lease)
        crash_points.reached("W2.marked")
        self._gaps.published(report.id, documents)
        position = Position(start_at=t0)
        self._store(position, topic)
        self._gap = None
        self._behind = (0.0, begun_at)
        self._log.info("snapshot done", snapshot_id=snapshot_id, documents=documents)
        self._tell(report, documents)
        return position

    def _begin_snapshot(self) -> ClusterTime:
        with self._around.database.client.start_session() as session:
            self._tokens.clear(self._namespace.collection, self._around.now(), session=session)
            t0 = session.operation_time
        assert t0 is not None
        return (t0.time, t0.inc)

    def _stream(self, position: Position, topic: TopicState, outbox: Outbox) -> None:
        stream = ChangeStream(self._around.database, self._namespace, position, self._stop)
        batches = Prefetch(stream, self._namespace.collection)
        try:
            pump = Pump(
                batches,
                outbox,
                lambda after: self._store_and_look(after, topic),
                self._keep_lease,
                self._reached,
                self._replays(topic, outbox).serve,
            )
            pump.run(self._stop)
        finally:
            batches.close()

    def _replays(self, topic: TopicState, outbox: Outbox) -> Replays:
        return Replays(
            self._around.database,
            self._namespace,
            self._converter,
            outbox,
            lambda: self._confirm(topic),
            self._keep_lease,
            self._around.now,
        )

    def _store_and_look(self, position: Position, topic: TopicState) -> None:
        """W3, and whether somebody asked for the whole collection: then the stream ends here."""
        if self._store(position, topic):
            self._gap = "asked"
            raise ResumeTokenLostError("a snapshot of the collection was asked for")

    def _store(self, position: Position, topic: TopicState) -> bool:
        """W3: all before the position is acknowledged; compare the topic's id and the incarnation again, then
        store the token. Whether a snapshot was asked for since."""
        self._confirm(topic)
        crash_points.reached("W3.acknowledged")
        asked = self._tokens.save(
            self._namespace.collection, position, topic.id, self._around.now(), self._incarnation
        )
        crash_points.reached("W3.stored")
        self._stored_at = self._around.now()
        return asked

    def _confirm(self, topic: TopicState) -> None:
        """Raise TransientError when what was published went to a topic, or stems from a past, that is no more."""
        if self._around.topic_ids.current(self._topic, fresh=True).id != topic.id:
            raise TransientError(f"topic {self._topic} was made again or has other partitions")
        if self._around.incarnation() != self._incarnation:
            raise TransientError("the database was restored from a backup meanwhile")

    def _keep_lease(self) -> None:
        """Called in every round: prolong the lease when a third of it has passed."""
        self._round_at = time.monotonic()
        if self._round_at - self._renewed_at < self._around.lease_s / 3:
            return
        if not self._around.leases.take(self._lease, self._around.lease_s):
            raise LeaseLostError
        self._renewed_at = time.monotonic()

    def behind_s(self) -> float:
        """How old the change is up to which everything is acknowledged; not a number while standing by."""
        behind = self._behind
        return float("nan") if behind is None else behind[0] + time.monotonic() - behind[1]

    def _reached(self, batch: Batch) -> None:
        """A batch is acknowledged, and all before it. An empty one says that there was nothing when it was read."""
        if batch.changes:
            self._falls_behind_since(batch.changes[-1]["clusterTime"].as_datetime())
        else:
            self._behind = (0.0, batch.read_at)

    def _falls_behind_since(self, moment: datetime) -> None:
        self._behind = (max(0.0, (self._around.now() - moment).total_seconds()), time.monotonic())

    def _tell(self, report: Gap, documents: int) -> None:
        """Log the gap and how long it was; not a first start, before which nothing can have been missed."""
        if report.first:
            return
        if report.blind_s is not None:
            GAP_BLIND.labels(self._namespace.collection).set(report.blind_s)
        self._log.warning(
            "gap closed, what was missed is compared",
            gap=report.id,
            cause=report.cause,
            blind_from=report.blind_from,
            blind_to=report.blind_to,
            documents=documents,
        )

    def _token_age_s(self) -> float:
        """Not a number while nobody here holds the lease."""
        stored_at = self._stored_at
        return float("nan") if stored_at is None else (self._around.now() - stored_at).total_seconds()

    def _release(self) -> None:
        try:
            self._around.leases.release(self._lease)
        except PyMongoError as error:
            self._log.warning("lease was not given back, it ends by itself", why=type(error).__name__)
