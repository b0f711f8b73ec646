"""The airports consumer's process: settings, clients, workers; reads top to bottom."""

from __future__ import annotations

from contextlib import closing

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
from app.store.resume_tokens import ResumeTokens
from app.store.samples import AIRPORTS, Sampler, Samples
from app.store.suspects import Suspects
from consumers.airports.asking import TOPICS, Asking
from consumers.airports.counting import Counting
from consumers.airports.rules import Rules
from consumers.airports.stores import Stores
from consumers.lost_messages import ask_anew

log = structlog.get_logger()

GROUP = "airports"


def run(settings: Settings) -> int:
    """Run until a signal; returns the exit status (1 when a worker died). Waits for MongoDB and Kafka.

    Raises SetupError when they can never do.
    """
    stop, health = StopFlag(), Health()
    stop.on_signals()
    places.load()
    with health_server(health, settings), mongo.connect(settings, app_name="gatecall-airports") as client:
        if not (mongo.wait_until_reachable(client, stop) and clients.wait_until_reachable(settings, stop)):
            return 0
        mongo.check_replica_set(client)
        database = mongo.database(client, settings)
        schema_steps.refuse_newer(database)
        stores, rules = Stores.of(database), Rules.of(settings, system_now)
        with closing(clients.admin(settings)) as admin, closing(Incarnations(settings)) as incarnations:
            bus_topics.ensure(admin, settings)
            incarnations.ready(ResumeTokens(database).highest()[0], system_now())
            collections = {bus_topics.name(settings, topic.topic): topic.collection for topic in TOPICS}
            asking = Asking(stores, rules, settings.channels, incarnations.number)
            counting = Counting(stores, rules, settings.channels, incarnations.number)
            loop = ConsumerLoop(
                clients.consumer(settings, GROUP),
                bus_topics.TopicIds(admin),
                list(collections),
                group=f"{settings.kafka_topic_prefix}{GROUP}",
                handle=asking.handle,
                set_aside=asking.set_aside,
                attempts=Suspects(database),
                lost=lambda topic: ask_anew(database, collections[topic], system_now),
            )
            health.add("consumer", loop.problem)
            health.add("counting", counting.problem)
            log.info("airports consumer started", channels=list(settings.channels))
            sampler = Sampler(Samples(database), AIRPORTS, holder_name(), health, measure=counting.measure)
            workers = {
                "consumer": lambda: loop.run(stop),
                "counting": lambda: counting.run(stop),
                "net": lambda: asking.keep_asking(stop),
                "samples": lambda: sampler.run(stop),
            }
            return run_workers(workers, stop, health)
