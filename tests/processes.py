"""Processes of the product as their operator starts them; they die at steps that a test names, and are waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app import crash_points
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
_STARTS_WITHIN_S = 120.0


class DiedError(BaseException):
    """Stands for the death of the process: nothing catches it."""


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps at which the test's own process is to die next, as DiedError."""
    at: list[str] = []

    def reached(step: str) -> None:
        if at and at[0] == step:
            at.pop(0)
            raise DiedError(step)

    monkeypatch.setattr(crash_points, "reached", reached)
    return at


def until(true: Callable[[], object], what: str, seconds: float = 150) -> None:
    """Wait until it is true; what: in words, for when it is not in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"within {seconds:.0f} s: {what}"
        time.sleep(0.05)


def started(*words: str, env: Mapping[str, str], **options: Any) -> subprocess.Popen[Any]:
    """`python -m` with these words, these settings, and none of those of whoever runs the tests."""
    clean = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    return subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, env={**clean, **env}, **options)


def surroundings(database_uri: str, kafka: str, topic_prefix: str, **more: str) -> dict[str, str]:
    """Settings of processes on a database and topics of a test's own."""
    return {
        "MONGODB_URI": database_uri,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KAFKA_TOPIC_PREFIX": topic_prefix,
        "KAFKA_PARTITIONS": "2",
        "KAFKA_SESSION_TIMEOUT_S": "6",
        "MAIL_SERVER": "localhost",
        "HEALTH_PORT": "0",
        **more,
    }


def clock_from(start: datetime, origin: datetime | None) -> dict[str, str]:
    """Settings of a clock of the airports that shows `start` when the system's shows `origin`."""
    assert origin is not None
    return {"DEMO": "1", "DEMO_CLOCK_START": start.isoformat(), "DEMO_CLOCK_ORIGIN": origin.isoformat()}


class Line:
    """Watchers, and what a test starts behind them, while the block runs; nothing is left behind."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._children: list[subprocess.Popen[Any]] = []

    def __enter__(self) -> Line:
        assert self.start("app", "topics").wait(_STARTS_WITHIN_S) == 0
        self.start("watchers")
        return self

    def __exit__(self, *why: object) -> None:
        for child in self._children:
            child.kill()
        for child in self._children:
            child.wait(30)

    def start(self, *words: str, **more: str) -> subprocess.Popen[Any]:
        """`python -m` with these words. more: further settings."""
        child = started(*words, env={**self._env, **more})
        self._children.append(child)
        return child

    def dies(self, consumer: str, step: str) -> None:
        """Start a consumer that is killed when it reaches the step, and wait for that."""
        child = self.start("consumers", consumer, CRASH_AT=step)
        assert child.wait(_STARTS_WITHIN_S) == -signal.SIGKILL, step
