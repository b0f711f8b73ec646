"""The watchers' process: one thread for each watched collection, one that measures the oplog, one that looks at
the leases."""

from __future__ import annotations

import gc
import math
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial

import structlog

from app.bus import clients, starting, topics
from app.bus.incarnation import Incarnations
from app.domain.clock import system_now
from app.domain.namespaces import WATCHED
from app.runtime import Health, StopFlag, health_server, holder_name, run_workers
from app.settings import Settings
from app.store import client as mongo
from app.store import schema_steps
from app.store.lease_watch import LeaseWatch
from app.store.leases import Leases
from app.store.resume_tokens import ResumeTokens
from app.store.samples import WATCHERS, Sampler, Samples
from watchers import preflight
from watchers.oplog import OplogWatch
from watchers.past import Past
from watchers.watcher import Surroundings, Watcher

log = structlog.get_logger()


def run(settings: Settings) -> int:
    """Watch every collection until a signal comes; returns the exit status.

    MongoDB or Kafka down at the start: waits, with a log line each time. Raises SetupError when the
    surroundings can never do: no replica set, no privilege, topics that do not fit together.
    """
    stop, health = StopFlag(), Health()
    stop.on_signals()
    started = threading.Event()
    health.add("start", lambda: None if started.is_set() else "waiting for MongoDB and Kafka")
    with ExitStack() as opened:
        opened.enter_context(health_server(health, settings))
        client = opened.enter_context(mongo.connect(settings, app_name="gatecall-watchers"))
        if not mongo.wait_until_reachable(client, stop):
            return 0
        database = mongo.database(client, settings)
        preflight.check(database)
        schema_steps.refuse_newer(database)
        incarnations = Incarnations(settings)
        opened.callback(incarnations.close)
        admin = starting.connected(
            settings, stop, incarnations, lambda: ResumeTokens(database).highest()[0], system_now
        )
        if admin is None:
            return 0
        opened.callback(admin.close)
        around = Surroundings(
            database=database,
            topic_ids=topics.TopicIds(admin),
            topic_name=partial(topics.name, settings),
            producer=partial(clients.producer, settings),
            ensure_topics=partial(topics.ensure, admin, settings),
            leases=Leases(database, holder=holder_name()),
            lease_s=settings.lease_s,
            now=system_now,
            incarnation=incarnations.number,
        )
        past = Past(database)
        health.add("cluster time", past.check)
        watchers = {namespace.collection: Watcher(namespace, around, stop) for namespace in WATCHED}
        for collection, watcher in watchers.items():
            health.add(collection, watcher.check)
        oplog = OplogWatch(partial(_oplog, client, past), partial(_farthest_behind_s, watchers.values()))
        leases = LeaseWatch(database, watchers)
        health.add("oplog", oplog.check)
        health.add("leases", leases.check)
        collect_garbage_rarely()
        started.set()
        workers = {f"watch {collection}": watcher.run for collection, watcher in watchers.items()}
        sampler = Sampler(Samples(database), WATCHERS, around.leases.holder, health)
        workers |= {"oplog": partial(oplog.run, stop), "leases": partial(leases.run, stop)}
        workers["samples"] = partial(sampler.run, stop)
        status = run_workers(workers, stop, health)
    log.info("watchers ended", status=status)
    return status


def collect_garbage_rarely() -> None:
    """Events are many, live long enough to be looked at again and again, and hold no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def _oplog(client: mongo.Client, past: Past) -> mongo.OplogReach | None:
    past.look()
    return mongo.oplog_reach(client)


def _farthest_behind_s(watchers: Iterable[Watcher]) -> float:
    known = [seconds for watcher in watchers if not math.isnan(seconds := watcher.behind_s())]
    return max(known, default=math.nan)
