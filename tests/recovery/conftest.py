"""The running system: its processes as the product starts them, on real servers, with their logs in files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pymongo.database import Database

from app.settings import Settings
from app.store import schema
from scripts.ports import free_ports
from tests.providers import Mailbox

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = {"watchers": ("watch",), "notifier": ("consume", "notifier"), "delivery": ("consume", "delivery")}
# SIGUSR1 ends the named thread as a library does that calls sys.exit in it. A worker's own work is left out: SystemExit
# thrown into it from outside can land in a library that catches everything.
START = """
import ctypes, os, signal, sys, threading
from app import runtime
now = threading.Event()
run_workers = runtime.run_workers
def end(*_):
    now.set()
    for thread in threading.enumerate():
        if thread.name == os.environ.get("END_THREAD"):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
def with_one_that_ends(workers, stop, health):
    name = os.environ.get("END_WORKER")
    ends = {name: lambda: now.wait() and sys.exit()} if name in workers else {}
    return run_workers({**workers, **ends}, stop, health)
signal.signal(signal.SIGUSR1, end)
runtime.run_workers = with_one_that_ends
from app.__main__ import main
main(sys.argv[1:])
"""
DAY = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
FLIGHT = {
    "airline": "UA",
    "origin": "EWR",
    "destination": "IAH",
    "departure_date": DAY,
    "departure_time": "10:00",
    "arrival_date": DAY,
    "arrival_time": "13:05",
    "status": "scheduled",
}


def until(true: Callable[[], Any], what: str, seconds: float = 90) -> Any:
    """What the condition returns as soon as it is true; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"within {seconds:.0f} s: {what}"
        time.sleep(0.05)
    return found


class Process:
    """One process of Gatecall."""

    def __init__(self, name: str, env: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.port = free_ports(1)[0]
        with log.open("ab") as output:
            self.child = subprocess.Popen(
                [sys.executable, "-c", START, *COMMANDS[name]],
                cwd=ROOT,
                env=env | {"HEALTH_PORT": str(self.port)},
                stderr=output,
            )

    def ready(self) -> tuple[int, dict[str, str]]:
        """Status and problems of /health/ready; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5) as answer:
                return answer.status, orjson.loads(answer.read())["problems"]
        except urllib.error.HTTPError as error:
            return error.code, orjson.loads(error.read())["problems"]
        except OSError:
            return 0, {}

    def metrics(self) -> str:
        """What /metrics says. Where nobody answers, the failure has the end of the log."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
                return str(answer.read().decode())
        except urllib.error.URLError as error:
            end = "\n".join(self.log.read_text().splitlines()[-60:])
            pytest.fail(f"{self.name}: {error.reason}, status {self.child.poll()}\n{end}")

    def lines(self) -> list[dict[str, Any]]:
        """The log so far; a line that is not whole yet is left out."""
        lines = self.log.read_bytes().splitlines()
        return [orjson.loads(line) for line in lines if line.startswith(b"{") and line.endswith(b"}")]

    def end(self) -> int:
        """Stop it as an operator does; its exit status."""
        self.child.terminate()
        return self.child.wait(30)


class System:
    """Processes that share a database and topics, a mailbox, and people in it."""

    def __init__(self, database: Database[dict[str, Any]], env: dict[str, str], directory: Path) -> None:
        self.database = database
        self.env = env
        self.directory = directory
        self.processes: list[Process] = []

    def start(self, name: str, **env: str) -> Process:
        """Start a process."""
        process = Process(name, self.env | env, self.directory / f"{name}-{len(self.processes)}.log")
        self.processes.append(process)
        return process

    def run(self, *names: str, **env: str) -> list[Process]:
        """Start some processes and wait until each is ready."""
        started = [self.start(name, **env) for name in names]
        until(lambda: all(process.ready()[0] == 200 for process in started), f"{names} are ready", 150)
        return started

    def flight(self, number: int, *, booked_by: str | None = None, **fields: Any) -> str:
        """A flight in MongoDB, and somebody who booked it; its key."""
        key = f"f{number}"
        self.database.flights.insert_one(FLIGHT | {"_id": key, "flight_number": f"UA{number}"} | fields)
        if booked_by is not None:
            person = {"_id": booked_by, "name": "A Person", "email": f"{booked_by}@example.org"}
            self.database.users.update_one({"_id": booked_by}, {"$set": person}, upsert=True)
            self.database.bookings.insert_one({"user_id": booked_by, "flight_id": key, "status": "confirmed"})
        return key


@pytest.fixture
def system(
    database: Database[dict[str, Any]],
    database_uri: str,
    apache_kafka: str,
    topic_prefix: str,
    mailbox: Mailbox,
    tmp_path: Path,
) -> Iterator[System]:
    """A prepared database and topics; nothing runs yet, and whatever was started is ended afterwards."""
    schema.ensure(database)
    clean = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    env = clean | {
        "MONGODB_URI": database_uri,
        "KAFKA_BOOTSTRAP_SERVERS": apache_kafka,
        "KAFKA_TOPIC_PREFIX": topic_prefix,
        "KAFKA_PARTITIONS": "2",
        "KAFKA_REPLICATION_FACTOR": "1",
        "KAFKA_SESSION_TIMEOUT_S": "6",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(mailbox.port),
        "MAIL_CONNECTIONS": "1",
        "SETTLE_S": "0.2",
        "LEASE_S": "6",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "DEBUG",
    }
    made = subprocess.run([sys.executable, "-m", "app", "topics"], cwd=ROOT, env=env, check=False)
    assert made.returncode == 0
    found = System(database, env, tmp_path)
    yield found
    for process in found.processes:
        process.child.kill()
        process.child.wait(10)
