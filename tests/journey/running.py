"""The product as it is started: watchers, notifier, delivery and web in processes of their own, and the inbox as the
provider of mail."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pymongo.database import Database

from app.store import schema_steps
from scripts.children import Child
from scripts.ports import free_ports
from tests.servers import ROOT

Found = TypeVar("Found")

PROCESSES = {
    "watchers": ["watch"],
    "notifier": ["consume", "notifier"],
    "delivery": ["consume", "delivery"],
    "web": ["web"],
}
_READY_S = 60


class Running:
    """Where everything answers, and what the inbox has received."""

    def __init__(self, database: Database[dict[str, Any]], web: str, inbox: str) -> None:
        self.database = database
        self.web = web
        self.inbox = inbox
        self.children: dict[str, Child] = {}

    def wait(self, holds: Callable[[], Found], what: str, timeout_s: float = 30) -> Found:
        """What `holds` returns as soon as it is true; fails after timeout_s, or when a process has ended."""
        deadline = time.monotonic() + timeout_s
        while not (found := holds()):
            for child in self.children.values():
                assert child.alive, f"{child.name} ended:\n{child.log_tail()}"
            assert time.monotonic() < deadline, f"not within {timeout_s:.0f} s: {what}"
            time.sleep(0.1)
        return found

    def mails(self) -> list[dict[str, Any]]:
        """What arrived, the oldest first."""
        found: list[dict[str, Any]] = json.loads(read(f"{self.inbox}/api/messages?limit=500"))["messages"]
        return sorted(found, key=lambda one: int(one["number"]))

    def mail(self, subject: str, *, after: int = 0) -> dict[str, Any]:
        """Wait for a mail with these words in its subject that came after so many others."""

        def arrived() -> dict[str, Any] | None:
            return next((one for one in self.mails()[after:] if subject in one["subject"]), None)

        return self.wait(arrived, f"a mail about {subject!r}")

    def mail_page(self, mail: dict[str, Any]) -> str:
        """Where the inbox shows a mail as its reader sees it."""
        return f"{self.inbox}/mails/{mail['number']}"


def read(address: str) -> bytes:
    """The answer of a server. Raises OSError for none, or a bad one."""
    with urllib.request.urlopen(address, timeout=5) as answer:
        body: bytes = answer.read()
        return body


def answers(address: str) -> bool:
    """Whether there is a good answer."""
    try:
        read(address)
    except OSError:
        return False
    return True


@contextmanager
def started(
    database: Database[dict[str, Any]], uri: str, kafka: str, topic_prefix: str, directory: Path
) -> Iterator[Running]:
    """All processes, ready; they end with the block."""
    schema_steps.bring_up_to_date(database, lambda words: None)
    smtp, inbox, web, *health = free_ports(6)
    ports = dict(zip(("watchers", "notifier", "delivery"), health, strict=True)) | {"web": web}
    made = Running(database, f"http://127.0.0.1:{web}", f"http://127.0.0.1:{inbox}")
    settings = {
        "MONGODB_URI": uri, "KAFKA_BOOTSTRAP_SERVERS": kafka, "KAFKA_TOPIC_PREFIX": topic_prefix,
        "KAFKA_PARTITIONS": "2", "KAFKA_SESSION_TIMEOUT_S": "6", "MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(smtp),
        "SECRET_KEY": "a secret key for tests, long enough to sign", "PUBLIC_URL": made.web, "PORT": str(web),
        "SETTLE_S": "0.3", "LOG_FORMAT": "json", "PYTHONPATH": str(ROOT),
    }  # fmt: skip

    def start(name: str, arguments: list[str]) -> None:
        env = os.environ | settings | {"HEALTH_PORT": str(ports.get(name, 0))}
        command = [sys.executable, "-m", *arguments]
        made.children[name] = Child(name, command, log=directory / f"{name}.log", cwd=directory, env=env)

    try:
        start("inbox", ["scripts.inbox", "--smtp-port", str(smtp), "--http-port", str(inbox)])
        for name, arguments in PROCESSES.items():
            start(name, ["app", *arguments])
        made.wait(lambda: answers(f"{made.inbox}/health/live"), "the inbox", _READY_S)
        for name, port in ports.items():
            address = f"http://127.0.0.1:{port}/health/ready"
            made.wait(lambda address=address: answers(address), f"{name} ready", _READY_S)  # type: ignore[misc]
        yield made
    finally:
        for child in made.children.values():
            child.terminate()
        for child in made.children.values():
            child.stop(grace_s=10)
