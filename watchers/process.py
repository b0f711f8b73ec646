"""The watchers' process: one thread for each watched collection, and one that measures the oplog."""

from __future__ import annotations

import gc
import os
import socket
import threading
import uuid
from contextlib import ExitStack
from functools import partial
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from app.bus import clients, topics
from app.domain.clock import system_now
from app.domain.namespaces import WATCHED
from app.metrics import OPLOG_WINDOW
from app.runtime import Health, StopFlag, health_server, run_workers
from app.settings import Settings
from app.store import client as mongo
from app.store.leases import Leases
from watchers import preflight
from watchers.watcher import Surroundings, Watcher

log = structlog.get_logger()

_OPLOG_EVERY_S = 30.0


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
        if not (mongo.wait_until_reachable(client, stop) and clients.wait_until_reachable(settings, stop)):
            return 0
        database = mongo.database(client, settings)
        preflight.check(database)
        admin = clients.admin(settings)
        opened.callback(admin.close)
        topics.ensure(admin, settings)
        around = Surroundings(
            database=database,
            topic_ids=topics.TopicIds(admin),
            topic_name=partial(topics.name, settings),
            producer=partial(clients.producer, settings),
            ensure_topics=partial(topics.ensure, admin, settings),
            leases=Leases(database, holder=f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"),
            lease_s=settings.lease_s,
            now=system_now,
        )
        watchers = {namespace.collection: Watcher(namespace, around, stop) for namespace in WATCHED}
        for collection, watcher in watchers.items():
            health.add(collection, watcher.check)
        collect_garbage_rarely()
        started.set()
        workers = {f"watch {collection}": watcher.run for collection, watcher in watchers.items()}
        workers["oplog"] = partial(_measure_oplog, client, stop)
        status = run_workers(workers, stop, health)
    log.info("watchers ended", status=status)
    return status


def collect_garbage_rarely() -> None:
    """Events are many, live long enough to be looked at again and again, and hold no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def _measure_oplog(client: Any, stop: StopFlag) -> None:
    while not stop.is_set():
        try:
            window_s = mongo.oplog_window_s(client)
        except PyMongoError:
            window_s = None
        OPLOG_WINDOW.set(float("nan") if window_s is None else window_s)
        stop.wait(_OPLOG_EVERY_S)
