"""The notifier's process: settings, clients, workers; reads top to bottom."""

from __future__ import annotations

from datetime import timedelta

import structlog

from app.domain.clock import system_now
from app.runtime import holder_name, run_workers
from app.settings import Settings
from app.store.lease_watch import LeaseWatch
from app.store.samples import NOTIFIER, Sampler, Samples
from consumers.notifier.figures import Figures
from consumers.notifier.notifier import TOPICS, Notifier
from consumers.notifier.resync import Resync
from consumers.notifier.stores import Stores
from consumers.notifier.telling import Rules
from consumers.topic_consumer import topic_consumer

log = structlog.get_logger()

GROUP = "notifier"


def run(settings: Settings) -> int:
    """Run until a signal; returns the exit status (1 when a worker died). Waits for MongoDB and Kafka.

    Raises SetupError when they can never do.
    """
    with topic_consumer(settings, GROUP, TOPICS) as around:
        if around is None:
            return 0
        stop, health, database = around.stop, around.health, around.database
        if not settings.channels:
            log.warning("no channel is on: changes are noted, and nobody is told")
        keep = timedelta(days=settings.decision_keep_days)
        stores, rules = Stores.of(database, keep_decisions=keep), Rules.of(settings, system_now)
        notifier = Notifier(
            stores,
            rules,
            channels=settings.channels,
            collections=around.collections,
            partitions=lambda topic: around.topic_ids.current(topic).partitions,
            incarnation=around.incarnations.number,
        )
        loop = around.loop(notifier.handle, notifier.set_aside)
        leases = LeaseWatch(database, [topic.collection for topic in TOPICS])
        health.add("leases", leases.check)
        log.info("notifier started", channels=list(settings.channels))
        resync = Resync(stores, rules)
        figures = Figures(stores, system_now)
        sampler = Sampler(Samples(database), NOTIFIER, holder_name(), health, measure=figures.measure)
        workers = {
            "consumer": lambda: loop.run(stop),
            "resync": lambda: resync.run(stop),
            "leases": lambda: leases.run(stop),
            "samples": lambda: sampler.run(stop),
        }
        return run_workers(workers, stop, health)
