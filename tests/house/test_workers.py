"""A process whose worker thread is dead is not ready at once, whatever ended the thread."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from app.runtime import Health, StopFlag, health_server, run_workers
from app.settings import Settings

SETTINGS = Settings(mongodb_uri="mongodb://h/d", kafka_bootstrap_servers="h:1", health_port=0)


def raises() -> None:
    raise ValueError("a defect")


def exits() -> None:
    sys.exit(0)


def returns() -> None:
    """Ends as if all were done."""


def killed() -> None:
    """Ended from outside, and once more while it wants to say so."""
    for _ in range(2):
        ident = ctypes.c_ulong(threading.get_ident())
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit))
        try:
            time.sleep(0.01)
        except SystemExit:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit))
            raise


def ready(port: int) -> tuple[int, dict[str, str]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return answer.status, json.load(answer)["problems"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["problems"]


@pytest.mark.parametrize("ending", [raises, exits, returns, killed])
def test_one_dead_worker_makes_the_process_not_ready_and_ends_it_with_one(ending: Callable[[], None]) -> None:
    stop, health, begin, answers = StopFlag(), Health(), threading.Event(), []

    def work() -> None:
        assert begin.wait(20)
        ending()

    with health_server(health, SETTINGS) as port:

        def slow() -> None:
            """A neighbour that needs a moment to end: meanwhile the process says what is wrong."""
            answers.append(ready(port))
            begin.set()
            assert stop.wait(20)
            answers.append(ready(port))

        began = time.monotonic()
        assert run_workers({"work": work, "slow": slow}, stop, health) == 1
        assert time.monotonic() - began < 10
        assert ready(port)[0] == 503
    assert answers[0] == (200, {})
    assert answers[1][0] == 503
    assert "work" in answers[1][1]


@pytest.mark.parametrize(
    ("command", "setting"), [(["web"], "PORT"), (["consume", "notifier"], "HEALTH_PORT")]
)
def test_a_port_that_is_taken_ends_a_start_with_one_sentence_and_two(
    command: list[str], setting: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        own = {"HOST": "127.0.0.1", "PORT": "8080", "HEALTH_PORT": "0", "SECRET_KEY": "k" * 40, setting: port}
        servers = {"MONGODB_URI": "mongodb://127.0.0.1:1/d", "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
        words = [sys.executable, "-m", "app", *command]
        done = subprocess.run(
            words, check=False, env=os.environ | servers | own, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr
    assert f"set HOST and {setting} to a free address" in done.stderr
    assert "Traceback" not in done.stderr


def test_workers_that_end_when_asked_are_no_failure() -> None:
    stop, health = StopFlag(), Health()
    threading.Timer(0.3, stop.set).start()

    def work() -> None:
        stop.wait(20)

    assert run_workers({"a": work, "b": work}, stop, health) == 0
    assert health.is_ready()


def test_the_metric_says_what_the_health_page_says() -> None:
    health = Health()
    trouble: list[str] = []
    health.add("something", lambda: trouble[0] if trouble else None)
    with health_server(health, SETTINGS) as port:

        def metric() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                lines: list[str] = answer.read().decode().splitlines()
            return next(line for line in lines if line.startswith("gatecall_ready "))

        assert metric() == "gatecall_ready 1.0"
        trouble.append("it broke")
        assert metric() == "gatecall_ready 0.0"
        assert ready(port) == (503, {"something": "it broke"})
