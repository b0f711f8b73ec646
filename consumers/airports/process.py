"""The airports consumer's process: settings, clients, workers; reads top to bottom."""

from __future__ import annotations

import structlog

from app.domain.clock import system_now
from app.runtime import holder_name, run_workers
from app.settings import Settings
from app.store.samples import AIRPORTS, Sampler, Samples
from consumers.airports.asking import TOPICS, Asking
from consumers.airports.counting import Counting
from consumers.airports.rules import Rules
from consumers.airports.stores import Stores
from consumers.topic_consumer import topic_consumer

log = structlog.get_logger()

GROUP = "airports"


def run(settings: Settings) -> int:
    """Run until a signal; returns the exit status (1 when a worker died). Waits for MongoDB and Kafka.

    Raises SetupError when they can never do.
    """
    with topic_consumer(settings, GROUP, TOPICS) as around:
        if around is None:
            return 0
        stop, health = around.stop, around.health
        stores, rules = Stores.of(around.database), Rules.of(settings, system_now)
        channels, incarnation = settings.channels, around.incarnations.number
        asking = Asking(stores, rules, channels, around.collections, incarnation)
        counting = Counting(stores, rules, channels, incarnation)
        work = counting.work()
        loop = around.loop(asking.handle, asking.set_aside)
        health.add("counting", work.problem)
        log.info("airports consumer started", channels=list(channels))
        samples = Samples(around.database)
        sampler = Sampler(samples, AIRPORTS, holder_name(), health, measure=counting.measure)
        workers = {
            "consumer": lambda: loop.run(stop),
            "counting": lambda: work.run(stop),
            "net": lambda: asking.keep_asking(stop),
            "samples": lambda: sampler.run(stop),
        }
        return run_workers(workers, stop, health)
