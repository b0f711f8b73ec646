"""Topics: their names, their making, and which incarnation of a topic is there now.

A topic that was deleted and made again is another topic: its id differs, its log is empty, offsets of the old
one mean nothing. More partitions move keys to other partitions, so that counts as another topic too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from kafka.errors import InvalidReplicationFactorError, KafkaError, TopicAlreadyExistsError

from app.bus import clients
from app.domain import namespaces
from app.domain.errors import SetupError, TransientError
from app.settings import Settings

log = structlog.get_logger()

# What operators did to the whole system: the incarnation. One partition, compacted: it outlives the database.
OPERATIONS = "operations"
# These are keyed by flight: one notifier must hold the same partition of all of them.
COPARTITIONED = (namespaces.FLIGHTS, namespaces.BOOKINGS, namespaces.FOLLOWINGS)

_UNKNOWN_TOPIC = 3
_NO_ERROR = 0
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is now. uuid: Kafka's own id of it."""

    name: str
    uuid: str
    partitions: int

    @property
    def id(self) -> str:
        """What tokens and offsets are stored with; another one when the topic is made again or grows."""
        return f"{self.uuid}/{self.partitions}"


def name(settings: Settings, topic: str) -> str:
    """A topic's full name; topic: as in namespaces, without the configured prefix."""
    return f"{settings.kafka_topic_prefix}{topic}"


def missing(admin: Any, settings: Settings) -> list[str]:
    """Full names of the topics that are not there. Raises KafkaError."""
    wanted = [name(settings, topic) for topic in (*(n.topic for n in namespaces.WATCHED), OPERATIONS)]
    return [full_name for full_name, state in _describe(admin, wanted).items() if state is None]


def ensure(admin: Any, settings: Settings) -> None:
    """Create the topics that are missing; never changes an existing one.

    Raises SetupError when topics that share partitions differ in their number, or the brokers refuse the
    replication factor; KafkaError when no broker answers.
    """
    wanted = missing(admin, settings)
    options = {
        "num_partitions": settings.kafka_partitions,
        "replication_factor": settings.kafka_replication_factor,
        "configs": {
            "retention.ms": str(settings.kafka_retention_hours * _HOUR_MS),
            "cleanup.policy": "delete",
        },
    }
    compacted = options | {"num_partitions": 1, "configs": {"cleanup.policy": "compact"}}
    for full_name in wanted:
        mine = compacted if full_name == name(settings, OPERATIONS) else options
        try:
            admin.create_topics({full_name: mine}, timeout_ms=15_000)
            log.info("topic created", topic=full_name, partitions=mine["num_partitions"])
        except TopicAlreadyExistsError:
            continue  # another process was faster
        except InvalidReplicationFactorError as error:
            raise SetupError(
                f"Kafka has too few brokers for {settings.kafka_replication_factor} copies of {full_name}.\n"
                "Set KAFKA_REPLICATION_FACTOR=1, or start more brokers."
            ) from error
    if wanted:
        admin.wait_for_topics(wanted, timeout_ms=15_000)
    _check_copartitioned(admin, settings)


def _check_copartitioned(admin: Any, settings: Settings) -> None:
    states = _describe(admin, [name(settings, namespace.topic) for namespace in COPARTITIONED])
    counts = {full_name: state.partitions for full_name, state in states.items() if state is not None}
    if len(set(counts.values())) > 1:
        most = max(counts.values())
        told = ", ".join(f"{full_name} has {count}" for full_name, count in counts.items())
        alter = f"kafka-topics.sh --bootstrap-server {settings.kafka_bootstrap_servers[0]} --alter"
        mend = "\n".join(
            f"{alter} --topic {full_name} --partitions {most}"
            for full_name, count in counts.items()
            if count < most
        )
        raise SetupError(f"Topics with different numbers of partitions: {told}. Mend it with:\n{mend}")


class TopicIds:
    """Which topics are there now. Safe to use from several threads.

    max_age_s: how long an answer is good for those who do not ask for a fresh one. monotonic: seconds.
    """

    def __init__(
        self, admin: Any, *, max_age_s: float = 5.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._admin = admin
        self._max_age_s = max_age_s
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, TopicState]] = {}
        self._lock = threading.Lock()

    def current(self, full_name: str, *, fresh: bool = False) -> TopicState:
        """The topic as it is now; fresh: ask the brokers, whatever is remembered.

        Raises TransientError when no broker answers or the topic is not there (it may be made again).
        """
        with self._lock:
            asked_at, state = self._known.get(full_name, (float("-inf"), None))
        if state is not None and not fresh and self._monotonic() - asked_at < self._max_age_s:
            return state
        try:
            found = _describe(self._admin, [full_name])[full_name]
        except (KafkaError, OSError) as error:
            raise clients.transient(f"looking for topic {full_name}", error) from error
        if found is None:
            self.forget(full_name)
            raise TransientError(f"topic {full_name} is not there; `gatecall topics` makes it")
        with self._lock:
            self._known[full_name] = (self._monotonic(), found)
        return found

    def forget(self, full_name: str) -> None:
        """Ask the brokers at the next look."""
        with self._lock:
            self._known.pop(full_name, None)


def _describe(admin: Any, full_names: Iterable[str]) -> dict[str, TopicState | None]:
    """State by name, in the order asked; None where there is no such topic."""
    asked = list(full_names)
    answers = {answer["name"]: answer for answer in admin.describe_topics(asked)}
    return {full_name: _state(answers.get(full_name)) for full_name in asked}


def _state(answer: dict[str, Any] | None) -> TopicState | None:
    if answer is None or answer["error_code"] == _UNKNOWN_TOPIC:
        return None
    if answer["error_code"] != _NO_ERROR or not answer["partitions"]:
        raise KafkaError(f"topic {answer['name']} answers error {answer['error_code']}")
    # Brokers before 2.8 give no id: then only the number of partitions tells topics apart.
    return TopicState(answer["name"], str(answer.get("topic_id") or "none"), len(answer["partitions"]))
