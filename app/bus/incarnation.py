"""The incarnation: how often the database was restored from a backup, kept where a restore cannot reach it.

It lies in the topic `operations`, which is compacted: the newest message of a key stays for ever. Whoever
publishes or handles changes asks for it; an answer that is a few seconds old is good enough, because the command
that changes it (`gatecall restore`) leaves nothing in the database that an older incarnation could overwrite.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import structlog
from kafka import TopicPartition
from kafka.errors import KafkaError

from app.bus import clients, topics
from app.domain.errors import SetupError, TransientError
from app.settings import Settings

log = structlog.get_logger()

_KEY = b"incarnation"
_ANSWER_WITHIN_MS = 5_000
_MAX_AGE_S = 5.0


@dataclass(frozen=True, slots=True)
class Incarnation:
    """number: from 1. unfinished: the restore that made it was begun and has not ended."""

    number: int = 1
    unfinished: bool = False


class Incarnations:
    """Reads and writes the incarnation. Safe to use from several threads; connects when first asked.

    max_age_s: how long an answer is good. monotonic: seconds.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        max_age_s: float = _MAX_AGE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._partition = TopicPartition(topics.name(settings, topics.OPERATIONS), 0)
        self._max_age_s = max_age_s
        self._monotonic = monotonic
        self._reader: Any = None
        self._read_to = 0
        self._asked_at = float("-inf")
        self._found = Incarnation()
        self._lock = threading.Lock()

    def current(self, *, fresh: bool = False) -> Incarnation:
        """The incarnation; 1 while nobody restored anything. fresh: ask Kafka, whatever is remembered.

        Raises TransientError when Kafka does not answer.
        """
        with self._lock:
            if fresh or self._monotonic() - self._asked_at >= self._max_age_s:
                try:
                    self._read()
                except (KafkaError, OSError, ValueError) as error:
                    self._close()
                    raise clients.transient("reading the incarnation", error) from error
                self._asked_at = self._monotonic()
            return self._found

    def number(self) -> int:
        """The incarnation's number alone. Raises TransientError when Kafka does not answer."""
        return self.current().number

    def write(self, found: Incarnation, at: datetime) -> None:
        """Make this the incarnation, acknowledged by all in-sync replicas. Raises TransientError."""
        value = {"v": 1, "incarnation": found.number, "unfinished": found.unfinished, "at": at}
        try:
            producer = clients.producer(self._settings)
            try:
                sent = producer.send(
                    self._partition.topic, orjson.dumps(value, option=orjson.OPT_UTC_Z), _KEY, partition=0
                )
                sent.get(timeout=clients.DELIVERY_TIMEOUT_S)
            finally:
                producer.close(timeout=5)
        except (KafkaError, OSError) as error:
            raise clients.transient("writing the incarnation", error) from error
        log.info("incarnation written", incarnation=found.number, unfinished=found.unfinished)
        with self._lock:
            self._asked_at = float("-inf")

    def ready(self, at_least: int, at: datetime) -> int:
        """For a process that starts: the incarnation's number.

        at_least: the highest one that the database knows of. When the topic was lost it is written again, or
        all events would count as old. Raises SetupError while a restore is not finished, TransientError when Kafka
        does not answer.
        """
        found = self.current(fresh=True)
        if found.unfinished:
            raise SetupError(
                f"A restore of the database was begun (incarnation {found.number}) and not finished.\n"
                "Finish it with: gatecall restore --confirm"
            )
        if found.number < at_least:
            log.error("the topic of the incarnation was lost, writing it again", incarnation=at_least)
            self.write(Incarnation(at_least), at)
            found = self.current(fresh=True)
        return found.number

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader, self._read_to = None, 0

    def _read(self) -> None:
        """Everything up to the end of the topic: nothing but a question for the end when there is nothing new."""
        if self._reader is None:
            self._reader = clients.reader(self._settings)
            self._reader.assign([self._partition])
            self._reader.seek_to_beginning(self._partition)
        end = self._reader.end_offsets([self._partition], timeout_ms=_ANSWER_WITHIN_MS)[self._partition]
        if end < self._read_to:  # the topic was made again
            self._reader.seek_to_beginning(self._partition)
        give_up_at = self._monotonic() + _ANSWER_WITHIN_MS / 1000
        while self._reader.position(self._partition, timeout_ms=_ANSWER_WITHIN_MS) < end:
            if self._monotonic() > give_up_at:
                raise TransientError("the incarnation could not be read in time")
            for record in self._reader.poll(timeout_ms=250).get(self._partition, []):
                self._take(record)
        self._read_to = end

    def _take(self, record: Any) -> None:
        if record.key != _KEY or record.value is None:
            return
        try:
            body = orjson.loads(record.value)
            found = Incarnation(int(body["incarnation"]), bool(body["unfinished"]))
        except (ValueError, KeyError, TypeError):
            log.error("a message of the topic of operations cannot be read", offset=record.offset)
            return
        # It only ever grows, whatever wrote an older one late.
        if found.number >= self._found.number:
            self._found = found
