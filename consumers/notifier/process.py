"""The notifier's process: settings, clients, workers; reads top to bottom."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import structlog

from app.bus import clients
from app.bus import topics as bus_topics
from app.bus.consumer import ConsumerLoop
from app.bus.incarnation import Incarnations
from app.domain import places
from app.domain.clock import system_now
from app.runtime import Health, StopFlag, health_server, holder_name, run_workers
from app.settings import Settings
from app.store import client as mongo
from app.store import schema_steps
from app.store.lease_watch import LeaseWatch
from app.store.resume_tokens import ResumeTokens
from app.store.samples import NOTIFIER, Sampler, Samples
from app.store.suspects import Suspects
from consumers.lost_messages import ask_anew
from consumers.notifier.figures import Figures
from consumers.notifier.notifier import TOPICS, Notifier
from consumers.notifier.resync import Resync
from consumers.notifier.stores import Stores
from consumers.notifier.telling import Rules

log = structlog.get_logger()

GROUP = "notifier"


def run(settings: Settings) -> int:
    """Run until a signal; returns the exit status (1 when a worker died). Waits for MongoDB and Kafka.

    Raises SetupError when they can never do.
    """
    stop, health = StopFlag(), Health()
    stop.on_signals()
    places.load()
    with health_server(health, settings), mongo.connect(settings, app_name="gatecall-notifier") as client:
        if not (mongo.wait_until_reachable(client, stop) and clients.wait_until_reachable(settings, stop)):
            return 0
        mongo.check_replica_set(client)
        if not settings.channels:
            log.warning("no channel is on: changes are noted, and nobody is told")
        database = mongo.database(client, settings)
        schema_steps.refuse_newer(database)
        keep = timedelta(days=settings.decision_keep_days)
        stores, rules = Stores.of(database, keep_decisions=keep), Rules.of(settings, system_now)
        with closing(clients.admin(settings)) as admin, closing(Incarnations(settings)) as incarnations:
            bus_topics.ensure(admin, settings)
            incarnations.ready(ResumeTokens(database).highest()[0], system_now())
            collections = {bus_topics.name(settings, topic.topic): topic.collection for topic in TOPICS}
            topic_ids = bus_topics.TopicIds(admin)
            notifier = Notifier(
                stores,
                rules,
                channels=settings.channels,
                collections=collections,
                partitions=lambda topic: topic_ids.current(topic).partitions,
                incarnation=incarnations.number,
            )
            loop = ConsumerLoop(
                clients.consumer(settings, GROUP),
                topic_ids,
                list(collections),
                group=f"{settings.kafka_topic_prefix}{GROUP}",
                handle=notifier.handle,
                set_aside=notifier.set_aside,
                attempts=Suspects(database),
                lost=lambda topic: ask_anew(database, collections[topic], system_now),
            )
            health.add("consumer", loop.problem)
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
