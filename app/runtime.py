"""Life and death of a process: logging, the stop flag, worker threads, readiness, the health server.

Signals only set the stop flag; every loop looks at it and ends by itself. A process whose worker thread died
is not ready, and ends with status 1 so that whoever runs it starts it again.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
import structlog
from prometheus_client import make_wsgi_app
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from app import crash_points
from app import settings as settings_module
from app.domain.errors import SetupError, TransientError
from app.metrics import READY
from app.settings import Settings, SettingsError

log = structlog.get_logger()

Check = Callable[[], str | None]
"""Looks at one thing; None when it is well, else a sentence that says what is wrong."""


class StopFlag:
    """Set once, by a signal or by a worker that died; never unset."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask every loop of the process to end."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether the process is to end."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, but not beyond the stop; True when the process is to end."""
        return self._event.wait(seconds)

    def on_signals(self) -> None:
        """Let SIGTERM and SIGINT set the flag. Only the main thread may call this."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.set())


class Health:
    """What a process knows of its own health. Safe to use from several threads."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._dead: dict[str, str] = {}
        self._lock = threading.Lock()

    def add(self, name: str, check: Check) -> None:
        """Let readiness depend on a check, which must answer within a second."""
        with self._lock:
            self._checks[name] = check

    def worker_died(self, name: str, why: str) -> None:
        """Note that a worker thread ended with an error: the process is not ready any more."""
        with self._lock:
            self._dead[name] = why

    def problems(self) -> dict[str, str]:
        """What is wrong now, by name; empty when ready."""
        with self._lock:
            found, checks = dict(self._dead), dict(self._checks)
        for name, check in checks.items():
            try:
                words = check()
            except Exception as error:  # noqa: BLE001 - a check that fails is an answer
                words = f"{type(error).__name__}: {error}"
            if words:
                found[name] = words
        return found

    def is_ready(self) -> bool:
        """Whether nothing is wrong now."""
        return not self.problems()


def holder_name() -> str:
    """A name for this process and nothing else, for leases, samples and logs."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"


def run_workers(workers: Mapping[str, Callable[[], None]], stop: StopFlag, health: Health) -> int:
    """Run each worker in a thread of its own until all have ended; returns the exit status.

    A worker that raises, returns before the stop, or whose thread is dead for any other reason, stops the whole
    process (status 1): half a process is worse than a restart. It is not ready from then on.
    """
    failed = threading.Event()
    ended: set[str] = set()

    def died(name: str, why: str) -> None:
        health.worker_died(name, why)
        failed.set()
        stop.set()

    def guarded(name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # SystemExit too: a thread that ends by it says nothing of its own
            died(name, f"{type(error).__name__}: {error}")
            log.exception("worker died", worker=name)
        else:
            if not stop.is_set():
                log.error("worker ended although nobody asked it to", worker=name)
                died(name, "the thread ended by itself")
        ended.add(name)

    alive = {
        name: threading.Thread(target=guarded, args=(name, work), name=name, daemon=True)
        for name, work in workers.items()
    }
    for thread in alive.values():
        thread.start()
    while alive:
        for name, thread in list(alive.items()):
            thread.join(0.5 / len(alive))  # with a time-out, so that signals reach the main thread
            if not thread.is_alive():
                del alive[name]
                if name not in ended:
                    died(name, "the thread is dead")
    return 1 if failed.is_set() else 0


def start(process: str, work: Callable[[Settings], int]) -> int:
    """Load the settings, set up logging, run; returns the exit status.

    Every expected failure of a start or of a command ends with its text on standard error and status 2: settings,
    surroundings that can never do, and MongoDB or Kafka out of reach where nobody waits for them.
    """
    try:
        settings = settings_module.load()
    except SettingsError as error:
        return _refused(f"gatecall {process} cannot start", str(error))
    configure_logging(settings, process)
    crash_points.arm(settings.crash_at)
    try:
        return work(settings)
    except SetupError as error:
        return _refused(f"gatecall {process} cannot start", str(error))
    except PyMongoError as error:
        return _refused(f"gatecall {process} cannot go on", _of_mongodb(error))
    except _passing_errors() as error:
        return _refused(f"gatecall {process} cannot go on", _of_kafka(error, settings))


def _refused(what: str, why: str) -> int:
    lines = "".join(f"  {line}\n" for line in why.splitlines())
    sys.stderr.write(f"{what}:\n{lines}")
    return 2


def _of_mongodb(error: PyMongoError) -> str:
    # The driver adds its time-outs, what it knows of all servers, and the whole answer, to the words that matter.
    words = str(error).partition(" (configured timeouts")[0].partition(", full error:")[0].splitlines()
    told = f"{words[0][:300] if words else type(error).__name__}"
    if isinstance(error, ConnectionFailure):
        return f"MongoDB is not reachable: {told}\nLook at MONGODB_URI, and at the servers it names."
    if isinstance(error, OperationFailure):
        return f"MongoDB refuses: {told}\nLook at the user in MONGODB_URI and its rights; `gatecall check` says more."
    return f"MongoDB cannot be used ({type(error).__name__}): {told}\nLook at MONGODB_URI."


def _passing_errors() -> tuple[type[Exception], ...]:
    """Our own, and what Kafka's client raises where somebody has imported it, which takes long."""
    module = sys.modules.get("kafka.errors")
    return (TransientError,) if module is None else (TransientError, module.KafkaError)


def _of_kafka(error: Exception, settings: Settings) -> str:
    if isinstance(error, TransientError) and not isinstance(error.__cause__, _passing_errors()):
        return f"{error}\nIt may work later; `gatecall check` looks at everything."
    if "Auth" in type(error.__cause__ or error).__name__:
        return f"Kafka refuses the credentials ({type(error).__name__}).\nLook at KAFKA_SASL_* and the user's rights."
    servers = ",".join(settings.kafka_bootstrap_servers)
    told = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    if not any(
        word in type(error.__cause__ or error).__name__
        for word in ("Connection", "Timeout", "Broker", "Node")
    ):
        return f"Kafka refuses: {told}\nAsked: {servers}, of KAFKA_BOOTSTRAP_SERVERS; `gatecall check` says more."
    return f"Kafka is not reachable: {servers} ({told})\nLook at KAFKA_BOOTSTRAP_SERVERS, and at the brokers it names."


def configure_logging(settings: Settings, process: str) -> None:
    """Log lines on standard error: a constant sentence and fields, for people or as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        # Not bound to the context: threads begin with an empty one.
        lambda _, __, event: {"process": process, **event},
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if settings.log_format == "json":
        shared += [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(
                serializer=lambda v, **_: orjson.dumps(v, default=str).decode()
            ),
        ]
    else:
        shared.append(
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                # the default shows local variables, and with them addresses
                exception_formatter=structlog.dev.plain_traceback,
            )
        )
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level.lower()),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 5  # a connection that says nothing does not keep a thread

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the parent's
        """Health requests are not logged."""


@contextmanager
def health_server(health: Health, settings: Settings) -> Iterator[int]:
    """Serve /health/live, /health/ready and /metrics while the block runs; yields the port.

    For processes without a web server; the web process has the same paths. Port 0 takes any free one. Raises
    SetupError when the port cannot be had.
    """
    metrics = make_wsgi_app()
    READY.set_function(health.is_ready)
    started = time.monotonic()

    def app(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Any:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start_response)  # type: ignore[no-untyped-call,unused-ignore]
        if path == "/health/live":
            status, body = "200 OK", {"status": "alive", "uptime_s": round(time.monotonic() - started, 1)}
        elif path == "/health/ready":
            problems = health.problems()
            status = "503 Service Unavailable" if problems else "200 OK"
            body = {"status": "not ready" if problems else "ready", "problems": problems}
        else:
            status, body = "404 Not Found", {"status": "not found"}
        start_response(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
        return [orjson.dumps(body)]

    host, port = settings.host, settings.health_port
    try:
        server = make_server(host, port, app, server_class=_Server, handler_class=_Quiet)
    except OSError as error:
        words = (
            f"cannot listen on {host}:{port} ({error.strerror}); set HOST and HEALTH_PORT to a free address"
        )
        raise SetupError(words) from error
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
