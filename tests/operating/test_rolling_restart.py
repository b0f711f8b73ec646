"""Processes restarted one after the other under load, and topics that grow: nothing lost, nothing twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest

from app import settings as settings_module
from app.bus import clients, topics
from app.domain.namespaces import BOOKINGS, FLIGHTS, FOLLOWINGS
from tests.operating.conftest import Pipeline, eventually

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]

FLIGHT_COUNT = 20
ALL = range(FLIGHT_COUNT)


class Load:
    """Edits the gate of every flight, again and again, until the block ends; the last one is the same for all."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._edit, daemon=True)
        self.rounds = 0

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _edit(self) -> None:
        while not self._over.wait(0.5):
            self.rounds += 1
            self._pipeline.gate(f"B{self.rounds}", *ALL)


def check_each_heard_in_order_and_nothing_twice(pipeline: Pipeline, last: str) -> None:
    """Everybody's last mail names the last gate; nobody got the same text twice."""
    pipeline.all_told(last, *ALL)
    pipeline.quiet()
    for number in ALL:
        texts = pipeline.of(number)
        assert last in texts[-1]
        subjects = [text.splitlines()[0] for text in texts]
        twice = [subject for subject, count in Counter(subjects).items() if count > 1]
        assert not twice, f"p{number}: {twice}"
    assert not pipeline.database.dead_letters.count_documents({})


def test_each_process_is_restarted_in_turn_under_load(pipeline: Pipeline) -> None:
    pipeline.flights(FLIGHT_COUNT)
    pipeline.start("watchers", "notifier", "delivery")
    pipeline.all_begin("A0", *ALL)
    with Load(pipeline) as load:
        for name in ("delivery", "notifier", "watchers"):
            before = load.rounds
            pipeline.stop(name)
            pipeline.start(name)
            eventually(lambda before=before: load.rounds > before + 2, "edits go on")
    pipeline.gate("Z99", *ALL)
    check_each_heard_in_order_and_nothing_twice(pipeline, "Z99")
    assert load.rounds > 5


def test_topics_grow_under_load_and_everybody_hears_the_last_gate_once(
    make_pipeline: Callable[[str], Pipeline], apache_kafka: str
) -> None:
    pipeline = make_pipeline(apache_kafka)
    settings = settings_module.load(
        mongodb_uri=pipeline.env["MONGODB_URI"],
        kafka_bootstrap_servers=apache_kafka,
        kafka_topic_prefix=pipeline.env["KAFKA_TOPIC_PREFIX"],
    )
    pipeline.flights(FLIGHT_COUNT)
    pipeline.start("watchers", "notifier", "delivery")
    pipeline.all_begin("A0", *ALL)
    grown = [topics.name(settings, namespace.topic) for namespace in (FLIGHTS, BOOKINGS, FOLLOWINGS)]
    with Load(pipeline):
        # As the manual says: the notifier stops, all three grow, the notifier starts.
        pipeline.stop("notifier")
        admin = clients.admin(settings)
        try:
            admin.create_partitions(dict.fromkeys(grown, 5))
        finally:
            admin.close()
        time.sleep(1)  # edits between the growth and the start
        pipeline.start("notifier")
    pipeline.gate("Z99", *ALL)
    check_each_heard_in_order_and_nothing_twice(pipeline, "Z99")
    arrived = {"partition": {"$gt": 1}}
    eventually(
        lambda: pipeline.database.event_decisions.count_documents(arrived), "events of the new partitions"
    )
    check_each_heard_in_order_and_nothing_twice(pipeline, "Z99")
