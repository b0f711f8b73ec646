"""The alerts consumer's process: settings, clients, workers; reads top to bottom."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from app.domain.clock import system_now
from app.runtime import holder_name, run_workers
from app.settings import Settings
from app.store.samples import ALERTS, Sampler, Samples
from consumers.alerts.asking import TOPICS, Asking
from consumers.alerts.evaluating import Evaluating
from consumers.alerts.rules import Rules
from consumers.alerts.stores import Stores
from consumers.topic_consumer import topic_consumer

log = structlog.get_logger()

GROUP = "alerts"


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
        asking = Asking(stores, rules, around.collections, incarnation)
        loop = around.loop(asking.handle, asking.set_aside)
        readers = {
            f"reader-{number}": Evaluating(stores, rules, channels, incarnation)
            for number in range(1, settings.alert_readers + 1)
        }
        work = {name: reader.work() for name, reader in readers.items()}
        for name, one in work.items():
            health.add(name, one.problem)
        log.info("alerts consumer started", channels=list(channels))
        samples = Samples(around.database)
        measure = readers["reader-1"].measure
        sampler = Sampler(samples, ALERTS, holder_name(), health, measure=measure)
        workers: dict[str, Callable[[], None]] = {
            "consumer": lambda: loop.run(stop),
            "samples": lambda: sampler.run(stop),
            **{name: partial(one.run, stop) for name, one in work.items()},
        }
        return run_workers(workers, stop, health)
