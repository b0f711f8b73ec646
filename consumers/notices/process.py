"""The notices consumer's process: settings, clients, workers; reads top to bottom."""

from __future__ import annotations

from datetime import timedelta

import structlog

from app.domain.clock import system_now
from app.runtime import holder_name, run_workers
from app.settings import Settings
from app.store.samples import NOTICES, Sampler, Samples
from consumers.notices.announcing import TOPICS, Announcing
from consumers.notices.rules import Rules
from consumers.notices.stores import Stores
from consumers.topic_consumer import topic_consumer

log = structlog.get_logger()

GROUP = "notices"


def run(settings: Settings) -> int:
    """Run until a signal; returns the exit status (1 when a worker died). Waits for MongoDB and Kafka.

    Raises SetupError when they can never do.
    """
    with topic_consumer(settings, GROUP, TOPICS) as around:
        if around is None:
            return 0
        stop, health = around.stop, around.health
        if not settings.channels:
            log.warning("no channel is on: notices are noted, and nobody is told")
        keep = timedelta(days=settings.decision_keep_days)
        stores, rules = Stores.of(around.database, keep_decisions=keep), Rules.of(settings, system_now)
        announcing = Announcing(stores, rules, settings.channels, around.incarnations.number)
        loop = around.loop(announcing.handle, announcing.set_aside)
        log.info("notices consumer started", channels=list(settings.channels))
        sampler = Sampler(Samples(around.database), NOTICES, holder_name(), health)
        workers = {"consumer": lambda: loop.run(stop), "samples": lambda: sampler.run(stop)}
        return run_workers(workers, stop, health)
