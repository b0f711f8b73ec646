"""GET /update with nothing new, and with 20 updates, against an empty Flask view on the same server."""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from app.bus import clients, envelope, topics
from app.domain import namespaces
from app.domain.events import ChangeEvent, Op, changed_fields
from app.domain.order import of_event
from app.settings import Settings
from benchmarks.report import Row, ratios
from benchmarks.stack import ROOT, Stack, environment
from scripts.children import Child
from scripts.ports import free_ports

ROUNDS = 3
CONNECTIONS = 16
SECONDS = 4.0
UPDATES = 20


def run(stack: Stack) -> list[Row]:
    """Both rows: requests a second of the product through those of the empty view."""
    product_port, empty_port = free_ports(2)
    settings = stack.settings(port=product_port, kafka_partitions=6)
    admin = clients.admin(settings)
    topics.ensure(admin, settings)
    admin.close()
    empty = settings.model_copy(update={"port": empty_port})
    with (
        _serving(settings, ["-m", "app", "web"], stack, "/health/ready"),
        _serving(empty, ["-m", "benchmarks.empty_view"], stack, "/update"),
    ):
        start = _cursor(product_port, "")
        _publish(settings, UPDATES)
        newest = _wait_for(product_port, start)
        nothing_new = _request(f"/update?cursor={newest}", f'If-None-Match: "{newest}"\r\n')
        some_new = _request(f"/update?cursor={start}")
        view = _request("/update")
        return [
            ratios(
                "GET /update, nothing new (304), of an empty view",
                lambda: load(product_port, nothing_new, b"\r\n\r\n", b" 304 "),
                lambda: load(empty_port, view, b"\r\n\r\n", b" 200 "),
                rounds=ROUNDS,
                goal=3.0,
                unit="requests/s",
            ),
            ratios(
                f"GET /update, {UPDATES} updates, of an empty view",
                lambda: load(product_port, some_new, b'"gap":false}', b" 200 "),
                lambda: load(empty_port, view, b"\r\n\r\n", b" 200 "),
                rounds=ROUNDS,
                goal=0.6,
                unit="requests/s",
            ),
        ]


def load(port: int, request: bytes, ending: bytes, status: bytes) -> float:
    """Requests a second over kept connections, from a process of its own.

    ending: what every answer ends with. Raises RuntimeError when an answer has another status.
    """
    arguments = [str(port), str(SECONDS), request.hex(), ending.hex(), status.hex()]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.feed", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout)


def _generate(port: int, seconds: float, request: bytes, ending: bytes, status: bytes) -> float:
    """As little as a client can do, for so long, so that the server is what is measured."""
    selector = selectors.DefaultSelector()
    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        connection.sendall(request)
    partial: dict[socket.socket, bytes] = {}
    count, began, warm = 0, 0.0, time.perf_counter() + 1.0
    while True:
        for key, _ in selector.select():
            connection = key.fileobj  # type: ignore[assignment]
            data = partial.pop(connection, b"") + connection.recv(262_144)
            if not data.endswith(ending):
                partial[connection] = data
                continue
            if status not in data[:20]:
                raise RuntimeError(f"unexpected answer: {data[:200]!r}")
            count += 1
            connection.sendall(request)
        now = time.perf_counter()
        if not began and now >= warm:
            count, began = 0, now
        elif began and now - began >= seconds:
            return count / (now - began)


def _request(target: str, headers: str = "") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()


@contextmanager
def _serving(settings: Settings, arguments: list[str], stack: Stack, path: str) -> Iterator[None]:
    log = stack.directory / f"web-{settings.port}.log"
    child = Child("web", [sys.executable, *arguments], log=log, env=environment(settings), cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while not _answers(settings.port, path):
            if not child.alive or time.monotonic() > deadline:
                raise child.died("It did not become ready.")
            time.sleep(0.1)
        yield
    finally:
        child.stop()


def _answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _cursor(port: int, query: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/update{query}", timeout=40) as answer:
        return str(json.load(answer)["cursor"])


def _wait_for(port: int, start: str) -> str:
    """The cursor after all updates that were published."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/update?cursor={start}&wait=5", timeout=40
        ) as answer:
            found = json.load(answer)
        if len(found["updates"]) == UPDATES:
            return str(found["cursor"])
    raise RuntimeError("the updates did not reach the feed")


def _publish(settings: Settings, count: int) -> None:
    producer = clients.producer(settings)
    topic = topics.name(settings, namespaces.FLIGHTS.topic)
    now = datetime.now(UTC)
    for number in range(count):
        before = {
            "flight_number": f"UA{number + 100}",
            "airline": "UA",
            "origin": "EWR",
            "destination": "IAH",
            "departure_date": "2013-02-08",
            "departure_time": "05:15",
            "arrival_time": "08:30",
            "terminal": "C",
            "gate": "C70",
        }
        after = before | {"gate": "C71"}
        time_and_place = (int(now.timestamp()), number)
        order = of_event(0, time_and_place, f"82{number:020x}")
        event = ChangeEvent(
            id=f"82{number:020x}",
            op=Op.UPDATE,
            namespace="bench.flights",
            key=f"flight-{number}",
            document_key=f"flight-{number}",
            order=order,
            cluster_time=time_and_place,
            wall_time=now,
            before=before,
            after=after,
            changed=changed_fields(before, after),
        )
        producer.send(topic, key=event.key.encode(), value=envelope.encode(event)).get(10)
    producer.close()


if __name__ == "__main__":
    port_, seconds_, *texts = sys.argv[1:]
    print(_generate(int(port_), float(seconds_), *(bytes.fromhex(text) for text in texts)))
