"""The consumer loop on a real broker: a topic, a group, and loops that read it in threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaProducer, TopicPartition

from app.bus import clients, envelope
from app.bus import topics as bus_topics
from app.bus.consumer import ConsumerLoop, Handler
from app.bus.topics import TopicIds
from app.domain.events import ChangeEvent
from app.runtime import StopFlag
from app.settings import Settings
from app.store.suspects import Suspects
from tests.notifier.world import World

TOPIC = "flights.changes"


class Killed(BaseException):
    """Stands for the death of the process: nothing catches it."""


class Line:
    """A topic, a group, and loops that read it in threads."""

    def __init__(self, settings: Settings, world: World) -> None:
        self.settings = settings
        self.world = world
        self.topic = bus_topics.name(settings, TOPIC)
        self.admin = clients.admin(settings)
        bus_topics.ensure(self.admin, settings)
        self.producer = KafkaProducer(**clients.client_config(settings))
        self.set_aside: list[int] = []
        self.lost: list[str] = []
        self.attempts: Any = Suspects(world.db)

    def close(self) -> None:
        self.producer.close()
        self.admin.close()

    def publish(self, *keys: str, topic: str | None = None) -> None:
        for number, key in enumerate(keys):
            received = self.world.flight(number + 1, key)
            assert isinstance(received.event, ChangeEvent)
            self.raw(envelope.encode(received.event), key, topic)

    def raw(self, value: bytes, key: str, topic: str | None = None) -> None:
        self.producer.send(topic or self.topic, key=key.encode(), value=value, partition=0).get(10)

    def consumer(self) -> Any:
        return clients.consumer(self.settings, "test")

    def loop(self, handle: Handler, consumer: Any = None, **more: Any) -> ConsumerLoop:
        options = {
            "topic_ids": TopicIds(self.admin, max_age_s=0.2),
            "topics": [self.topic],
            "group": "test",
            "handle": handle,
            "set_aside": lambda received, _: self.set_aside.append(received.offset),
            "attempts": self.attempts,
            "lost": self.lost.append,
        }
        return ConsumerLoop(consumer or self.consumer(), **(options | more))

    @contextmanager
    def reading(self, handle: Handler, consumer: Any = None, **more: Any) -> Iterator[ConsumerLoop]:
        """Run a loop in a thread while the block runs. more: options of it that differ."""
        with self.running(self.loop(handle, consumer, **more)) as loop:
            yield loop

    @staticmethod
    @contextmanager
    def running(loop: ConsumerLoop) -> Iterator[ConsumerLoop]:
        """The loop in a thread while the block runs."""
        stop = StopFlag()

        def run() -> None:
            try:
                loop.run(stop)
            except Killed:
                loop._consumer.close(autocommit=False)  # as a process's death closes its connections

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield loop
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()

    def committed(self) -> Any:
        consumer = self.consumer()
        try:
            return consumer.committed(TopicPartition(self.topic, 0), metadata=True)
        finally:
            consumer.close()


def until(true: Callable[[], object], what: str, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"within {seconds:.0f} s: {what}"
        time.sleep(0.02)
