"""How far a member of a consumer group is behind: in messages and in seconds, for each topic.

What it says is what the brokers told with the last answer: while none answers, the consumer says so by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from app.metrics import CONSUMER_LAG, CONSUMER_LAG_SECONDS


class Lag:
    """The lag of one member. One thread tells it what happens; the figures may be asked for from any.

    group: as the metrics name it. wall: seconds since the epoch, the clock that producers stamp messages with.
    """

    def __init__(self, group: str, topics: Iterable[str], wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._next: dict[Any, int] = {}
        self._ends: dict[Any, int] = {}
        self._waiting_since: dict[Any, float] = {}
        for topic in topics:
            CONSUMER_LAG.labels(group, topic).set_function(partial(self.messages, topic))
            CONSUMER_LAG_SECONDS.labels(group, topic).set_function(partial(self.seconds, topic))

    def placed(self, partition: Any, offset: int) -> None:
        """Reading of a partition (a TopicPartition) goes on at this offset."""
        self._next[partition] = offset

    def polled(self, batch: Mapping[Any, Sequence[Any]]) -> None:
        """These records came and are not handled yet; each partition has at least one."""
        for partition, records in batch.items():
            self._next[partition] = records[0].offset
            self._waiting_since[partition] = records[0].timestamp / 1000

    def handled(self, partition: Any, record: Any) -> None:
        """Everything of the partition up to this record is handled; what follows is younger than it."""
        self._next[partition] = record.offset + 1
        self._waiting_since[partition] = record.timestamp / 1000

    def ends(self, found: Mapping[Any, int | None]) -> None:
        """Where the logs of the assigned partitions end, as the last answers said; None: not known yet.

        What is said of all other partitions is forgotten: they are another member's now.
        """
        self._ends = {partition: end for partition, end in found.items() if end is not None}
        for kept in (self._next, self._waiting_since):
            for partition in kept.keys() - found.keys():
                del kept[partition]

    def messages(self, topic: str) -> float:
        """How many messages of the topic wait for this member."""
        return float(sum(count for _, count in self._waiting(topic)))

    def seconds(self, topic: str) -> float:
        """Age of the oldest message of the topic that waits for this member; 0 when none does."""
        since = [self._waiting_since.get(partition) for partition, _ in self._waiting(topic)]
        known = [moment for moment in since if moment is not None]
        return max(0.0, self._wall() - min(known)) if known else 0.0

    def _waiting(self, topic: str) -> list[tuple[Any, int]]:
        places = dict(self._next)  # another thread may write meanwhile
        waiting = [(p, end - places[p]) for p, end in dict(self._ends).items() if p in places]
        return [(p, count) for p, count in waiting if p.topic == topic and count > 0]
