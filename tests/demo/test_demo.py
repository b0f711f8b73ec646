"""The demo itself, run as `make demo` runs it, with fewer flights: it must judge itself well and leave nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scripts.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Demo:
    """A demo in a process of its own; what it prints goes to a file."""

    def __init__(self, directory: Path, **variables: str) -> None:
        self.printed = directory / "printed.txt"
        temporary = directory / "tmp"
        temporary.mkdir()
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(temporary),
            "DEMO_PORTS": "other",
            # Wrong for the demo: it must not listen to the settings of whoever starts it.
            "MONGODB_URI": "mongodb://127.0.0.1:1/nobody",
            "MAIL_SERVER": "mail.invalid",
            **variables,
        }
        with self.printed.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.demo"],
                cwd=directory,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.temporary = temporary
        self.relatives: dict[int, psutil.Process] = {}

    @property
    def text(self) -> str:
        return self.printed.read_text(encoding="utf-8")

    def wait(self, *, until: str = "", timeout_s: float) -> None:
        """Return when the text was printed, or (with "") the demo has ended; notes its processes meanwhile."""
        deadline = time.monotonic() + timeout_s
        while self.process.poll() is None and not (until and until in self.text):
            assert time.monotonic() < deadline, f"not within {timeout_s} s:\n{self.text}"
            self.note_relatives()
            time.sleep(0.2)
        assert not until or until in self.text, self.text

    def note_relatives(self) -> None:
        try:
            for relative in psutil.Process(self.process.pid).children(recursive=True):
                self.relatives.setdefault(relative.pid, relative)
        except psutil.NoSuchProcess:
            pass

    def left_over(self, *, within_s: float) -> list[str]:
        """Its processes that still run after so many seconds."""
        _, alive = psutil.wait_procs(list(self.relatives.values()), timeout=within_s)
        return [f"{process.pid} {process.name()}" for process in alive]

    def end(self) -> None:
        for process in self.relatives.values():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture
def demo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Demo]:
    running = Demo(tmp_path, **request.param)
    yield running
    running.end()


@pytest.mark.parametrize("demo", [{"DEMO_FLIGHTS": "200", "DEMO_SECONDS": "20"}], indirect=True)
def test_the_storm_is_replayed_nothing_lost_and_nobody_told_twice(demo: Demo) -> None:
    demo.wait(timeout_s=500)
    text = demo.text
    assert demo.process.returncode == 0, text
    assert "BAD" not in text
    for check in ("captured", "feed", "everybody knows", "delivered", "told once", "processes"):
        assert f"ok   {check}" in text
    assert "email sent" in text
    assert "sms sent" in text
    assert demo.left_over(within_s=2) == []
    assert list(demo.temporary.iterdir()) == []


@pytest.mark.parametrize("demo", [{"DEMO_FLIGHTS": "50", "DEMO_SECONDS": "300"}], indirect=True)
def test_ctrl_c_ends_everything_within_five_seconds(demo: Demo) -> None:
    demo.wait(until="Board", timeout_s=300)
    demo.note_relatives()
    assert len(demo.relatives) >= 9
    asked = time.monotonic()
    os.killpg(demo.process.pid, signal.SIGINT)
    demo.process.wait(60)
    assert time.monotonic() - asked < (
        15 if "CI" in os.environ else 5.5
    )  # nobody knows how slow CI's machine is
    assert demo.process.returncode == 0, demo.text
    assert demo.left_over(within_s=5) == []
    assert list(demo.temporary.iterdir()) == []


@pytest.mark.parametrize("demo", [{"DEMO_FLIGHTS": "50", "DEMO_SECONDS": "300"}], indirect=True)
def test_a_demo_that_is_killed_leaves_no_process_behind(demo: Demo) -> None:
    demo.wait(until="Board", timeout_s=300)
    demo.note_relatives()
    demo.process.kill()
    demo.process.wait(10)
    assert demo.left_over(within_s=10) == []


def test_taken_ports_are_named_with_their_holder(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    program = f"import socket; s = socket.create_server(('127.0.0.1', {port})); print(flush=True); s.accept()"
    asking = (
        "import scripts.demo.stage as stage; import scripts.demo.__main__ as demo; "
        f"stage._USUAL = ({port}, *stage._USUAL[1:]); raise SystemExit(demo.main())"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DEMO_PORTS": ""}
        asked = subprocess.run(
            [sys.executable, "-c", asking],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        holder.kill()
    assert asked.returncode == 2
    assert f"port {port} is held by" in asked.stdout
    assert f"pid {holder.pid}" in asked.stdout
    assert "DEMO_PORTS=other" in asked.stdout
