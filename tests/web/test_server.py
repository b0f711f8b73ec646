"""The web server as a process: start, many who wait, stop, and what happens when its parts die."""

from __future__ import annotations

import concurrent.futures
import itertools
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.settings import Settings
from scripts.ports import free_ports, is_free
from tests.web.changes import UA1545, Publisher, change
from tests.web.conftest import until, with_broker

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (
    "import sys; from app import settings; from app.web.server import run; sys.exit(run(settings.load()))"
)


class Server:
    """A web server of its own process."""

    def __init__(self, settings: Settings, log: Path, **more: Any) -> None:
        (self.port,) = free_ports(1)
        self._log = log
        values = {
            "MONGODB_URI": settings.mongodb_uri.get_secret_value(),
            "KAFKA_BOOTSTRAP_SERVERS": ",".join(settings.kafka_bootstrap_servers),
            "KAFKA_TOPIC_PREFIX": settings.kafka_topic_prefix,
            "CORS_ORIGINS": ",".join(settings.cors_origins),
            "PORT": self.port,
        }
        own = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
        env = own | {name.upper(): str(value) for name, value in (values | more).items()}
        with log.open("w") as output:
            self.process = subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, env=env, stderr=output)

    def get(self, path: str, **headers: str) -> tuple[int, bytes, Any]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers

    def ready(self) -> Server:
        until(self._is_ready, within_s=60)
        return self

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()
        try:
            # Nothing tells which worker answers: so many new connections reach each of two of them.
            return all(self.get("/health/ready")[0] == 200 for _ in range(12))
        except OSError:
            return False

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def metric(self, name: str) -> float:
        lines = self.get("/metrics")[1].decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def stop(self) -> float:
        """Stop as an operator does; returns how long it took, in seconds."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self._log.read_text()
        return time.monotonic() - began

    def close(self) -> None:
        if self.process.poll() is None:
            for worker in self.workers():
                worker.kill()
            self.process.kill()
        self.process.wait()


@pytest.fixture
def shared(settings: Settings, kafka: str) -> Settings:
    return with_broker(settings, kafka)


@pytest.fixture
def serve(shared: Settings, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(**more: Any) -> Server:
        started.append(Server(shared, tmp_path / f"web-{len(started)}.log", **more))
        return started[-1].ready()

    yield start
    for server in started:
        server.close()


def cursor_of(server: Server) -> str:
    return str(json.loads(server.get("/update")[1])["cursor"])


def test_waiting_readers_hear_of_a_change_and_the_rest_is_answered_quickly(
    serve: Callable[..., Server], shared: Settings
) -> None:
    server = serve(feed_waiting=40)
    cursor = cursor_of(server)
    with concurrent.futures.ThreadPoolExecutor(60) as pool:
        waiting = [pool.submit(server.get, f"/update?cursor={cursor}&wait=30") for _ in range(60)]
        until(lambda: server.metric("gatecall_feed_waiting") == 40)
        until(lambda: sum(w.done() for w in waiting) == 20)
        began = time.monotonic()
        assert server.get("/health/live")[0] == 200
        assert time.monotonic() - began < 2
        publisher = Publisher(shared)
        publisher.publish(change(UA1545, UA1545 | {"gate": "C71"}))
        publisher.close()
        answers = [json.loads(w.result(20)[1]) for w in waiting]
    assert sum(len(answer["updates"]) for answer in answers) == 40
    assert server.metric("gatecall_feed_waiting") == 0
    assert server.stop() < 15


def test_a_stream_brings_changes_and_gives_its_place_back(
    serve: Callable[..., Server], shared: Settings
) -> None:
    server = serve(feed_waiting=1)
    url = f"http://127.0.0.1:{server.port}/update/stream"
    with urllib.request.urlopen(url, timeout=20) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.readline() == b"retry: 2000\n"
        publisher = Publisher(shared)
        publisher.publish(change(UA1545, UA1545 | {"gate": "C71"}))
        publisher.close()
        line = b""
        while not line.startswith(b"event: update"):
            line = stream.readline()
        assert b"gate C71, was C70" in stream.readline()
        assert server.metric("gatecall_feed_waiting") == 1
    # What is sent next, an update or a heartbeat, finds nobody there.
    publisher = Publisher(shared)

    def left() -> bool:
        publisher.publish(change(UA1545, UA1545 | {"gate": f"D{next(gates)}"}))
        return server.metric("gatecall_feed_waiting") == 0

    gates = itertools.count(1)
    until(left, within_s=25)
    publisher.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_it_stops_within_seconds_whoever_waits_and_leaves_nothing(
    serve: Callable[..., Server], workers: int
) -> None:
    server = serve(web_workers=workers)
    cursor = cursor_of(server)
    children = server.workers()
    assert len(children) == workers
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(server.get, f"/update?cursor={cursor}&wait=30") for _ in range(2)]
        waiting += [pool.submit(server.get, f"/update/stream?cursor={cursor}") for _ in range(2)]
        time.sleep(0.5)  # no sign tells which worker they reached; too early only makes the test easier
        assert server.stop() < 15
        assert [answer.result(5)[0] for answer in waiting] == [200] * 4
    assert not [child for child in children if child.is_running()]
    assert is_free(server.port)


def test_workers_end_when_their_server_is_killed(serve: Callable[..., Server]) -> None:
    server = serve()
    (worker,) = server.workers()
    server.process.kill()
    server.process.wait()
    until(lambda: not worker.is_running(), within_s=10)
    assert is_free(server.port)


def test_a_worker_ends_also_when_its_server_was_killed_while_it_started(
    shared: Settings, tmp_path: Path
) -> None:
    server = Server(shared, tmp_path / "web.log")
    until(server.workers, within_s=60)
    (worker,) = server.workers()
    server.process.kill()
    server.process.wait()
    try:
        until(lambda: not worker.is_running(), within_s=30)
    finally:
        if worker.is_running():
            worker.kill()


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced(serve: Callable[..., Server]) -> None:
    server = serve()
    (worker,) = server.workers()
    time.sleep(6)  # granian takes a death within 5.5 s for a crash loop, and gives up
    worker.kill()
    until(lambda: any(other.pid != worker.pid for other in server.workers()), within_s=15)
    server.ready()
    assert server.stop() < 15


def test_an_answer_over_the_wire_has_what_browsers_need(
    serve: Callable[..., Server], shared: Settings
) -> None:
    server = serve()
    (origin,) = shared.cors_origins
    status, body, headers = server.get("/update", Origin=origin)
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == origin
    assert int(headers["Content-Length"]) == len(body)
    again, empty, headers = server.get("/update", **{"If-None-Match": headers["ETag"]})
    assert (again, empty) == (304, b"")
    assert float(headers["Gatecall-Data-Age"]) < 10
