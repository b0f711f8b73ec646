"""What the benchmarks run on: a three-member replica set and Apache Kafka, started for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from app import settings as settings_module
from app.settings import Settings
from scripts.children import Child
from scripts.kafka import start_apache_kafka
from scripts.mongo_replset import start_replica_set
from scripts.ports import free_ports

ROOT = Path(__file__).resolve().parents[1]
_SINK_PATHS = "/usr/sbin:/usr/lib/postfix/sbin:/usr/libexec/postfix:" + os.environ.get("PATH", "")


@dataclass(frozen=True, slots=True)
class Stack:
    """Addresses of running servers. `uri` has no database: each measurement takes a fresh one."""

    uri: str
    bootstrap_servers: str
    directory: Path

    def settings(self, **more: Any) -> Settings:
        """Settings of a fresh database and fresh topics; more wins."""
        name = f"bench_{uuid.uuid4().hex[:8]}"
        head, _, options = self.uri.partition("/?")
        values = {
            "mongodb_uri": f"{head}/{name}?{options}",
            "kafka_bootstrap_servers": self.bootstrap_servers,
            "kafka_topic_prefix": f"{name}.",
            "log_level": "WARNING",
            "health_port": 0,
        }
        return settings_module.load(**(values | more))


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Start the servers; on leaving stop them and remove their data."""
    with ExitStack() as opened:
        directory = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="gatecall-bench-")))
        replica_set = opened.enter_context(
            start_replica_set(directory / "mongo", free_ports(3), oplog_mb=2048, cache_gb=1)
        )
        kafka = opened.enter_context(start_apache_kafka(directory / "kafka", free_ports(1)))
        yield Stack(replica_set.uri(), kafka.bootstrap_servers, directory)


def environment(settings: Settings) -> dict[str, str]:
    """These settings as environment variables, for processes of the product."""
    env = {k: v for k, v in os.environ.items() if k.lower() not in Settings.model_fields}
    for name, value in settings.model_dump(exclude_defaults=True).items():
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        env[name.upper()] = ",".join(plain) if isinstance(plain, tuple) else str(plain)
    return env


@contextmanager
def product(settings: Settings, commands: Mapping[str, list[str]], directory: Path) -> Iterator[None]:
    """Run processes of the product, by name and arguments of `gatecall`, while the block runs."""
    env = environment(settings)
    children = [
        Child(
            name, [sys.executable, "-m", "app", *arguments], log=directory / f"{name}.log", env=env, cwd=ROOT
        )
        for name, arguments in commands.items()
    ]
    try:
        yield
        for child in children:
            if not child.alive:
                raise child.died("It ended during the measurement.")
    finally:
        for child in children:
            child.stop()


@contextmanager
def smtp_sink() -> Iterator[int]:
    """Postfix's smtp-sink: accepts mail as fast as it comes and keeps none. Yields its port.

    Raises FileNotFoundError where Debian's package postfix is not installed.
    """
    program = shutil.which("smtp-sink", path=_SINK_PATHS)
    if program is None:
        raise FileNotFoundError("smtp-sink is missing; it comes with Debian's package postfix")
    (port,) = free_ports(1)
    arguments = [program, "-u", "nobody"] if os.geteuid() == 0 else [program]
    sink = subprocess.Popen([*arguments, f"127.0.0.1:{port}", "1024"], stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)  # it has no sign of readiness but its port
        yield port
    finally:
        sink.terminate()
        sink.wait(10)
