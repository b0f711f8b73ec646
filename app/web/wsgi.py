"""One web server process: clients, the thread that reads Kafka, the application. Built by `build`, in the process
that serves; nothing is opened at import."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from app import metrics
from app.bus.log_reader import LogReader
from app.domain import namespaces, place_search
from app.domain.clock import system_now
from app.runtime import Health, StopFlag, configure_logging, holder_name
from app.settings import Settings
from app.store import client as mongo
from app.store.samples import WEB, Sampler, Samples
from app.web import create_app
from app.web.feed import Feed
from app.web.services import Services
from app.web.updates_api import Wsgi

log = structlog.get_logger()

# Bookings and followings are nobody's business here.
PUBLIC = (namespaces.FLIGHTS, namespaces.PRICES, namespaces.NOTICES)
_PARENT_EVERY_S = 1.0
_END_WITHIN_S = 3.0


def build(settings: Settings, server: int) -> Wsgi:
    """The application of one server process, its log reader running. Only the main thread may call this.

    server: the pid of the process that started this one, and without which it ends.
    """
    configure_logging(settings, "web")
    place_search.load()
    client = mongo.connect(settings, app_name="gatecall web", timeout_s=5.0)
    feed = Feed(settings, system_now)
    metrics.FEED_AGE.set_function(feed.age_s)
    health = Health()
    stop = StopFlag()
    reader = LogReader(settings, PUBLIC, feed, timedelta(hours=settings.feed_hours), system_now)
    start_reader(reader, stop, health)
    _stop_with_process(stop, feed, server)
    database = mongo.database(client, settings)
    metrics.READY.set_function(lambda: health.is_ready() and feed.is_ready())
    sampler = Sampler(Samples(database), WEB, holder_name(), health)
    start_sampler(sampler, stop, health)
    services = Services(settings, database, feed, health, settings.domain_clock, system_now)
    return create_app(services).wsgi_app


def start_reader(reader: LogReader, stop: StopFlag, health: Health) -> threading.Thread:
    """Run the log reader in a thread; when it ends before the process does, the process is not ready."""
    return _start("log reader", reader.run, stop, health, "the thread that reads Kafka is dead")


def start_sampler(sampler: Sampler, stop: StopFlag, health: Health) -> threading.Thread:
    """Take samples in a thread; when it ends before the process does, the process is not ready."""
    return _start("samples", sampler.run, stop, health, "the thread that takes samples is dead")


def _start(
    name: str, run: Callable[[StopFlag], None], stop: StopFlag, health: Health, words: str
) -> threading.Thread:
    thread = threading.Thread(target=run, args=(stop,), name=name, daemon=True)
    health.add(name, lambda: None if thread.is_alive() else words)
    thread.start()
    return thread


def _stop_with_process(stop: StopFlag, feed: Feed, server: int) -> None:
    """Let waiting requests end when the process is told to, or when the server that started it is gone.

    The server sets its own signal handlers after this; a wakeup descriptor learns of signals whatever the handlers
    are (Python documentation, signal.set_wakeup_fd).
    """
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)

    def watch() -> None:
        endings = {signal.SIGTERM, signal.SIGINT}
        with ours, pythons:
            while os.getppid() == server:  # it may be gone by now
                readable, _, _ = select.select([ours], [], [], _PARENT_EVERY_S)
                if readable and endings.intersection(ours.recv(64)):
                    break
            else:
                log.warning("the server is gone, its worker ends")
                os.kill(os.getpid(), signal.SIGTERM)
            # An interpreter that ends while other threads run can hang; the kernel's alarm ends it all the same.
            signal.setitimer(signal.ITIMER_REAL, _END_WITHIN_S)
            stop.set()
            feed.close()
            signal_fd_in_use.wait()

    signal_fd_in_use = threading.Event()  # never set: the descriptors stay open as long as signals may come
    threading.Thread(target=watch, name="stop", daemon=True).start()
