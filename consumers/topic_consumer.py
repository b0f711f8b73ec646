"""What every consumer of topics works with: servers that answer, the topics, the loop that reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

from pymongo.database import Database

from app.bus import clients, starting, topics
from app.bus.consumer import ConsumerLoop, Handler, SetAside
from app.bus.incarnation import Incarnations
from app.bus.topics import TopicIds
from app.domain import places
from app.domain.clock import Now, system_now
from app.domain.namespaces import Namespace
from app.runtime import Health, StopFlag, health_server
from app.settings import Settings
from app.store import client as mongo
from app.store import schema_steps
from app.store.resume_tokens import ResumeTokens
from app.store.suspects import Suspects


@dataclass(frozen=True, slots=True)
class TopicConsumer:
    """The surroundings of one process. group: its consumer group, without the prefix of topics. collections: by the
    topic's full name. database: writes wait for a majority."""

    settings: Settings
    group: str
    stop: StopFlag
    health: Health
    database: Database[dict[str, Any]]
    topic_ids: TopicIds
    incarnations: Incarnations
    collections: Mapping[str, str]

    def loop(self, handle: Handler, set_aside: SetAside) -> ConsumerLoop:
        """The loop that gives batches to `handle`; readiness asks it. What Kafka deleted unread is asked for anew."""
        loop = ConsumerLoop(
            clients.consumer(self.settings, self.group),
            self.topic_ids,
            list(self.collections),
            group=f"{self.settings.kafka_topic_prefix}{self.group}",
            handle=handle,
            set_aside=set_aside,
            attempts=Suspects(self.database),
            lost=lambda topic: ask_anew(self.database, self.collections[topic], system_now),
        )
        self.health.add("consumer", loop.problem)
        return loop


@contextmanager
def topic_consumer(
    settings: Settings, group: str, namespaces: Sequence[Namespace]
) -> Iterator[TopicConsumer | None]:
    """Connect, wait for MongoDB and Kafka, make topics that are missing. None when the process is to end before they
    answer. Serves health and metrics all the while; only the main thread may call this.

    Raises SetupError when they can never do.
    """
    stop, health = StopFlag(), Health()
    stop.on_signals()
    places.load()
    with health_server(health, settings), mongo.connect(settings, app_name=f"gatecall-{group}") as client:
        if not mongo.wait_until_reachable(client, stop):
            yield None
            return
        mongo.check_replica_set(client)
        database = mongo.database(client, settings)
        schema_steps.refuse_newer(database)
        with closing(Incarnations(settings)) as incarnations, ExitStack() as opened:
            admin = starting.connected(
                settings, stop, incarnations, lambda: ResumeTokens(database).highest()[0], system_now
            )
            if admin is None:
                yield None
                return
            opened.callback(admin.close)
            collections = {topics.name(settings, one.topic): one.collection for one in namespaces}
            yield TopicConsumer(
                *(settings, group, stop, health, database, TopicIds(admin), incarnations, collections)
            )


def ask_anew(database: Database[dict[str, Any]], collection: str, now: Now) -> None:
    """N5: ask the watcher to read the collection anew. now: system clock. Raises TransientError when MongoDB does not
    take it; then nothing may be committed."""
    with mongo.waited_for():
        ResumeTokens(database).ask(collection, now())
