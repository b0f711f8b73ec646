"""The processes of the demo: MongoDB, the broker, Gatecall's own as the Procfile has them, and the inbox.

Every one of them ends with the demo, however the demo ends (see scripts.children). What ends before that is
noticed, by name and with the end of its log.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.clock import DomainClock
from app.settings import Settings
from scripts.children import Child, ServerDiedError, wait_until
from scripts.demo.cast import Member
from scripts.demo.local_http import request
from scripts.kafka import Broker, start_tansu
from scripts.mongo_replset import ReplicaSet, start_replica_set
from scripts.ports import free_or_others, free_ports, require_free

ROOT = Path(__file__).resolve().parents[2]

# As the Procfile has them: what each is called, and what it is asked to run.
PROCESSES: Mapping[str, tuple[str, ...]] = {
    "web": ("web",),
    "watchers": ("watch",),
    "notifier": ("consume", "notifier"),
    "delivery": ("consume", "delivery"),
    "telegram": ("consume", "telegram"),
    "airports": ("consume", "airports"),
    "alerts": ("consume", "alerts"),
    "notices": ("consume", "notices"),
}
_STOP_GRACE_S = 3.8
_READY_S = 60.0
# Web, inbox; SMTP, Kafka, MongoDB's three, health pages of watchers and consumers.
_USUAL = (8080, 8025, 1025, 9092, 27017, 27018, 27019, 9101, 9102, 9103, 9107, 9104, 9105, 9106)
_OTHER_PORTS = "Or let the demo take free ones: make demo DEMO_PORTS=other"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens, all on 127.0.0.1. health: by the name of the process, web has its own."""

    web: int
    inbox: int
    smtp: int
    kafka: int
    mongo: tuple[int, int, int]
    health: Mapping[str, int]


def choose_ports(*, others: bool) -> Ports:
    """The usual ports. Raises PortsTakenError, which names their holders, where some are taken.

    others: take free ports instead. The two that people type stay the usual ones where they can; the rest are any.
    """
    if others:
        pages = free_or_others(_USUAL[:2])
        chosen = [*pages, *free_ports(len(_USUAL) - 2, avoid=[*pages, *_USUAL])]
    else:
        require_free(_USUAL, remedy=f"Stop it. {_OTHER_PORTS}")
        chosen = list(_USUAL)
    web, inbox, smtp, kafka, one, two, three, *health = chosen
    names = [name for name in PROCESSES if name != "web"]
    return Ports(web, inbox, smtp, kafka, (one, two, three), dict(zip(names, health, strict=True)))


class Stage:
    """Starts the processes in turn and stops them all at once. Nothing runs when `stop` has returned."""

    def __init__(self, directory: Path, ports: Ports) -> None:
        self.directory = directory
        self.ports = ports
        self.staff_key = f"gck_{secrets.token_urlsafe(32)}"
        self.account = f"AC{secrets.token_hex(16)}"
        self.mongo: ReplicaSet | None = None
        self.kafka: Broker | None = None
        self.children: dict[str, Child] = {}
        self._secrets = {
            "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
            "TELEGRAM_BOT_TOKEN": f"1013:{secrets.token_urlsafe(26)}",
            "SECRET_KEY": secrets.token_urlsafe(32),
        }

    @property
    def web_url(self) -> str:
        """Address of the pages and the feed."""
        return f"http://localhost:{self.ports.web}"

    @property
    def inbox_url(self) -> str:
        """Address of the inbox."""
        return f"http://localhost:{self.ports.inbox}"

    @property
    def mongodb_uri(self) -> str:
        """Address of the demo's database."""
        assert self.mongo is not None
        return self.mongo.uri("gatecall")

    def start_mongo(self) -> None:
        """Start three mongods as the replica set rs0."""
        self.mongo = start_replica_set(self.directory / "mongo", self.ports.mongo)

    def start_kafka(self) -> None:
        """Start the broker."""
        self.kafka = start_tansu(self.directory / "kafka", self.ports.kafka)

    def start_inbox(self) -> None:
        """Start the inbox; returns when it answers."""
        ports = ("--smtp-port", str(self.ports.smtp), "--http-port", str(self.ports.inbox))
        self._start("inbox", ("-m", "scripts.inbox", *ports), {})
        self._wait_for("inbox", self.ports.inbox, "/health/live")

    def tell_inbox(self, members: Sequence[Member], clock: DomainClock) -> None:
        """Tell the inbox who is known by name and what they chose, and what time it is. Raises OSError."""
        people = [
            {
                "key": one.key,
                "name": one.name,
                "email": one.email,
                "phone": one.phone,
                "chose": one.chose,
                "time_zone": one.time_zone,
            }
            for one in members
        ]
        shown = {"start": clock.start.isoformat(), "origin": clock.origin.isoformat(), "rate": clock.rate}
        status, answer = request(self.ports.inbox, "/api/people", body={"people": people, "clock": shown})
        if status != 200:
            raise ConnectionError(f"the inbox answered {status}: {answer[:300]!r}")
        for chat in (one.chat for one in members if one.chat is not None):
            # A bot may write only to those who have written to it.
            request(self.ports.inbox, "/api/telegram/write", body={"chat": chat, "text": "/start"})

    def run_once(self, command: str) -> None:
        """Run a command of gatecall that ends by itself ("schema", "topics"). Raises ServerDiedError."""
        self._start(command, ("-m", "app", command), self.environment(None))
        child = self.children.pop(command)
        ended = wait_until(lambda: not child.alive, timeout_s=_READY_S)
        if not ended or child.returncode != 0:
            error = child.died("It prepares MongoDB and Kafka; without it nothing can start.")
            child.stop(grace_s=1)
            raise error

    def start_gatecall(self, clock: DomainClock) -> None:
        """Start Gatecall's processes on this clock, all at once."""
        for name, command in PROCESSES.items():
            environment = self.environment(clock)
            if name in self.ports.health:
                environment["HEALTH_PORT"] = str(self.ports.health[name])
            self._start(name, ("-m", "app", *command), environment)

    def health_port(self, name: str) -> int:
        """Where one of Gatecall's processes serves its health pages and metrics."""
        return self.ports.health.get(name, self.ports.web)

    def wait_ready(self, name: str) -> None:
        """Return when one of Gatecall's processes says that it is ready. Raises ServerDiedError."""
        self._wait_for(name, self.health_port(name), "/health/ready")

    def environment(self, clock: DomainClock | None) -> dict[str, str]:
        """The settings of every process. What the person at the keyboard has set for their own is left out."""
        assert self.kafka is not None
        settings = {name.upper() for name in Settings.model_fields}
        kept = {name: value for name, value in os.environ.items() if name.upper() not in settings}
        own = {
            "MONGODB_URI": self.mongodb_uri,
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "KAFKA_SESSION_TIMEOUT_S": "6",
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": str(self.ports.smtp),
            "TWILIO_ACCOUNT_SID": self.account,
            "TWILIO_FROM": "+12125550100",
            "TWILIO_API_BASE_URL": f"http://127.0.0.1:{self.ports.inbox}",
            "TELEGRAM_API_BASE_URL": f"http://127.0.0.1:{self.ports.inbox}",
            "TELEGRAM_LINK_BASE_URL": f"{self.inbox_url}/t.me",
            "PUBLIC_URL": self.web_url,
            "PORT": str(self.ports.web),
            "STAFF_KEY_HASHES": hashlib.sha256(self.staff_key.encode()).hexdigest(),
            "DEMO": "1",
        }
        if clock is not None:
            own["DEMO_CLOCK_START"] = clock.start.isoformat()
            own["DEMO_CLOCK_ORIGIN"] = clock.origin.isoformat()
            own["DEMO_CLOCK_RATE"] = repr(clock.rate)
        return {**kept, **self._secrets, **own}

    def stop_gatecall(self) -> list[str]:
        """End Gatecall's own processes; returns the names of those that had to be killed."""
        return self._end([name for name in PROCESSES if name in self.children])

    def log_errors(self) -> dict[str, str]:
        """By process, how many errors its log has and the first of them; only those that have any."""
        found = {}
        for name in PROCESSES:
            lines = self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()
            errors = [line for line in lines if "[error" in line or "[critical" in line]
            if errors:
                found[name] = f"{len(errors)} errors in {self._log(name)}, the first: {errors[0][:300]}"
        return found

    def dead(self) -> list[Child]:
        """The processes that have ended although nobody asked them to."""
        servers = [member.child for member in self.mongo.members] if self.mongo else []
        brokers = list(self.kafka.nodes) if self.kafka else []
        return [child for child in (*self.children.values(), *servers, *brokers) if not child.alive]

    def stop(self) -> list[str]:
        """End everything within five seconds; returns the names of those that had to be killed."""
        stubborn = self._end(list(self.children))
        # Their data goes with the demo: nothing is lost by not letting them write it down.
        for member in self.mongo.members if self.mongo else ():
            member.kill()
        if self.kafka is not None:
            self.kafka.kill()
        return stubborn

    def _end(self, names: Sequence[str]) -> list[str]:
        children = {name: self.children.pop(name) for name in names}
        for child in children.values():
            child.terminate()
        deadline = time.monotonic() + _STOP_GRACE_S
        stubborn = []
        for name, child in children.items():
            if not _gone(child, deadline - time.monotonic()):
                stubborn.append(name)
            child.stop(grace_s=0)
        return stubborn

    def _log(self, name: str) -> Path:
        return self.directory / "logs" / f"{name}.log"

    def _start(self, name: str, arguments: tuple[str, ...], environment: Mapping[str, str]) -> None:
        # In the demo's own directory: a .env of the person at the keyboard must not reach the processes.
        directory = self.directory / "run"
        directory.mkdir(exist_ok=True)
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        env = {**(environment or os.environ), "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
        argv = (sys.executable, *arguments)
        self.children[name] = Child(name, argv, log=self._log(name), cwd=directory, env=env)

    def _wait_for(self, name: str, port: int, path: str) -> None:
        child = self.children[name]

        def ready() -> bool:
            if not child.alive:
                raise child.died("It ended while it was starting.")
            try:
                return request(port, path, timeout_s=2)[0] == 200
            except OSError:
                return False

        if not wait_until(ready, timeout_s=_READY_S, interval_s=0.1):
            raise child.died(f"It was given {_READY_S:.0f} s.")


def _gone(child: Child, within_s: float) -> bool:
    return wait_until(lambda: not child.alive, timeout_s=max(0.0, within_s))


__all__ = ["PROCESSES", "Ports", "ServerDiedError", "Stage", "choose_ports"]
