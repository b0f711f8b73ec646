"""The whole pipeline as operators run it: real processes, a real database and broker, an SMTP server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import UpdateOne
from pymongo.database import Database

from app import settings as settings_module
from app.bus import clients, topics
from app.domain.namespaces import WATCHED
from app.store import schema_steps
from scripts.children import Child
from tests.providers import Mailbox
from tests.servers import ROOT

Docs = Database[dict[str, Any]]

PROCESSES = {
    "watchers": ["watch"],
    "notifier": ["consume", "notifier"],
    "delivery": ["consume", "delivery"],
}


def eventually(holds: Callable[[], Any], what: str, timeout_s: float = 120) -> Any:
    """What `holds` returns as soon as it is true; fails after timeout_s."""
    deadline = time.monotonic() + timeout_s
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(0.1)
    return found


class Pipeline:
    """Flights f0, f1 ... with a traveller each (p0, p1 ...), and the processes that watch over them."""

    def __init__(self, database: Docs, env: dict[str, str], mailbox: Mailbox, directory: Path) -> None:
        self.database = database
        self.mailbox = mailbox
        self.env = env
        self._directory = directory
        self.running: dict[str, Child] = {}
        self._starts = 0

    def flights(self, count: int) -> None:
        leaves = (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%d %H:%M").split()
        for number in range(count):
            self.flight(number, leaves)

    def flight(self, number: int, leaves: list[str] | None = None) -> None:
        leaves = leaves or (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%d %H:%M").split()
        self.database.users.insert_one(
            {"_id": f"p{number}", "name": f"P {number}", "email": f"p{number}@example.org"}
        )
        self.database.flights.insert_one(
            {
                "_id": f"f{number}",
                "flight_number": f"UA{400 + number}",
                "origin": "LHR",
                "destination": "DEN",
                "departure_date": leaves[0],
                "departure_time": leaves[1],
                "gate": "A0",
            }
        )
        self.database.bookings.insert_one(
            {"_id": f"b{number}", "user_id": f"p{number}", "flight_id": f"f{number}", "status": "confirmed"}
        )

    def gate(self, gate: str, *numbers: int) -> None:
        self.database.flights.bulk_write(
            [UpdateOne({"_id": f"f{n}"}, {"$set": {"gate": gate}}) for n in numbers]
        )

    def start(self, *names: str) -> None:
        for name in names:
            self._starts += 1
            log = self._directory / f"{name}-{self._starts}.log"
            command = [sys.executable, "-m", "app", *PROCESSES[name]]
            self.running[name] = Child(name, command, log=log, cwd=ROOT, env=self.env)

    def stop(self, *names: str) -> None:
        for name in names:
            self.running[name].terminate()
        for name in names:
            child = self.running.pop(name)
            child.wait_gone(grace_s=30)
            assert child.returncode == 0, f"{name}: {child.returncode}\n{child.log_tail()}"

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=120, check=False
        )

    def all_know(self, gate: str, *numbers: int) -> None:
        """Wait until the notifier has dealt with these flights' gate."""
        wanted = {"_id": {"$in": [f"f{n}" for n in numbers]}, "value.gate": gate}
        eventually(
            lambda: self.database.known.count_documents(wanted) == len(numbers), f"{gate} known everywhere"
        )

    def all_begin(self, gate: str, *numbers: int) -> None:
        """Wait until each traveller of these flights counts as knowing the gate, which is the first they hear of."""
        wanted = {"subject": {"$in": [f"flight:f{n}" for n in numbers]}, "heard.gate": gate}
        eventually(
            lambda: self.database.conversations.count_documents(wanted) == len(numbers),
            f"{gate} taken as heard",
        )

    def all_told(self, gate: str, *numbers: int) -> None:
        """Wait until each traveller of these flights has a mail that names the gate."""
        wanted = {f"p{n}@example.org" for n in numbers}
        eventually(lambda: wanted <= {m.recipient for m in self.mails() if gate in m.text}, f"{gate} told")

    def mails(self) -> list[Told]:
        return [Told(mail.recipient, _text(mail.message)) for mail in list(self.mailbox.mails)]

    def of(self, number: int) -> list[str]:
        """The texts that one traveller got."""
        return [mail.text for mail in self.mails() if mail.recipient == f"p{number}@example.org"]

    def quiet(self) -> None:
        """Wait until nobody is owed anything."""
        unsettled = {"$or": [{"due_at": {"$exists": True}}, {"claim": {"$exists": True}}]}
        eventually(lambda: self.database.conversations.count_documents(unsettled) == 0, "all settled")

    def close(self) -> None:
        for child in self.running.values():
            child.kill()


class Told:
    """A mail as far as it matters: to whom, and its subject and text."""

    def __init__(self, recipient: str, text: str) -> None:
        self.recipient = recipient
        self.text = text


def _text(message: Any) -> str:
    body = message.get_body(preferencelist=("plain",))
    return f"{message['Subject']}\n{body.get_content() if body else ''}"


@pytest.fixture
def make_pipeline(
    database: Docs, database_uri: str, topic_prefix: str, mailbox: Mailbox, tmp_path: Path
) -> Iterator[Callable[[str], Pipeline]]:
    """A pipeline on a given broker; its processes end with the test."""
    made: list[Pipeline] = []

    def make(kafka: str) -> Pipeline:
        schema_steps.bring_up_to_date(database, lambda words: None)
        env = os.environ | {
            "MONGODB_URI": database_uri,
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "KAFKA_TOPIC_PREFIX": topic_prefix,
            "KAFKA_PARTITIONS": "2",
            "KAFKA_SESSION_TIMEOUT_S": "6",
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": str(mailbox.port),
            "SETTLE_S": "0.3",
            "LEASE_S": "4",
            "CLAIM_LEASE_S": "10",
            "SEND_TIMEOUT_S": "5",
            "HEALTH_PORT": "0",
            "LOG_FORMAT": "json",
        }
        made.append(Pipeline(database, env, mailbox, tmp_path))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.close()
        settings = settings_module.load(
            mongodb_uri=database_uri,
            kafka_bootstrap_servers=pipeline.env["KAFKA_BOOTSTRAP_SERVERS"],
            kafka_topic_prefix=topic_prefix,
        )
        admin = clients.admin(settings)
        names = [topics.name(settings, topic) for topic in (*(n.topic for n in WATCHED), topics.OPERATIONS)]
        missing = topics.missing(admin, settings)
        admin.delete_topics([name for name in names if name not in missing])
        admin.close()


@pytest.fixture
def pipeline(make_pipeline: Callable[[str], Pipeline], kafka: str) -> Pipeline:
    """A pipeline on the shared broker."""
    return make_pipeline(kafka)
