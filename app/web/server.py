"""The web server: granian, with a number of processes and enough threads for those who wait."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import partial

import structlog
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from granian.server.mp import MPServer
from pymongo.errors import PyMongoError

from app.domain.errors import SetupError
from app.settings import Settings
from app.store import client as mongo
from app.store import schema_steps
from app.web.updates_api import Wsgi
from app.web.wsgi import build

log = structlog.get_logger()

# Threads for requests that do not wait: pages, health, POST, and reading the feed at once.
_QUICK_THREADS = 32
# Connections that are open, most of them idle; a process takes no more.
_CONNECTIONS = 4096
# Waiting requests are answered at once on a signal; what has not ended by then never will.
_STOP_WITHIN_S = 5


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status. Only the main thread may call this.

    Raises SetupError when the database's schema is too new for this program.
    """
    with mongo.connect(settings, app_name="gatecall web", timeout_s=2.0) as client:
        try:
            schema_steps.refuse_newer(mongo.database(client, settings))
        except PyMongoError:
            log.warning("MongoDB does not answer, its schema is not looked at")  # pages say so too
    return serve(settings, partial(build, settings, os.getpid()))


def serve(settings: Settings, loader: Callable[[], Wsgi]) -> int:
    """Serve what the loader builds in each worker; like run. The loader must be picklable (macOS spawns).

    Raises SetupError when the port cannot be had.
    """
    _require_free(settings.host, settings.port)
    server = MPServer(
        "app.web.wsgi:build",  # shown in the process list
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_workers,
        blocking_threads=settings.feed_waiting + settings.inbox_waiting + _QUICK_THREADS,
        backlog=1024,
        backpressure=_CONNECTIONS,
        http=HTTPModes.http1,
        loop=Loops.asyncio,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        respawn_interval=1.0,
        workers_kill_timeout=_STOP_WITHIN_S,
    )
    log.info(
        "web server starts", address=f"http://{settings.host}:{settings.port}", workers=settings.web_workers
    )
    try:
        server.serve(target_loader=loader, wrap_loader=False)
    except SystemExit as ended:  # granian's way to say that a worker failed
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def _require_free(host: str, port: int) -> None:
    """Granian's workers would die of it one after the other, each with pages of its own stack."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
            probe.bind((host, port))
    except OSError as error:
        words = f"cannot listen on {host}:{port} ({error.strerror}); set HOST and PORT to a free address"
        raise SetupError(words) from error
