"""Server processes that end when the program that started them ends, however it ends.

A program can be killed with SIGKILL and then cleans up nothing. So the first child comes with a guard: one
small process that reads the children's pids from a pipe, and kills those still listed, with what they started in
their sessions, when the pipe's other end closes, which the kernel sees to when the program dies. It works on Linux
and macOS, and for children started from any thread (Linux's parent-death signal follows the thread, not the process).
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

_GUARD = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
pids = set()
for line in sys.stdin:
    (pids.add if line[0] == "+" else pids.discard)(int(line[1:]))
for pid in pids:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass
"""


class ServerDiedError(Exception):
    """A server process ended, or did not become ready; the text has the end of its log and the remedy."""


class _Guard:
    """The one guard of this process; forked copies of the process have none until they need one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        os.register_at_fork(after_in_child=self._forget)

    def add(self, pid: int) -> None:
        self._tell(f"+{pid}\n")

    def remove(self, pid: int) -> None:
        self._tell(f"-{pid}\n")

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._process is None:
                # A session of its own: Ctrl-C and a closed terminal reach the program, not the guard.
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _GUARD],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    start_new_session=True,
                    cwd="/",
                )
                atexit.register(self._close, self._process, os.getpid())
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(line)
                self._process.stdin.flush()
            except (
                OSError
            ):  # somebody killed the guard: children are then stopped by stop() and at exit alone
                self._process.stdin = None
                self._process = None

    @staticmethod
    def _close(process: subprocess.Popen[str], owner: int) -> None:
        if os.getpid() == owner and process.stdin is not None:
            process.stdin.close()
            process.wait(5)

    def _forget(self) -> None:
        """Let a forked copy close its end of the pipe, which would keep the guard waiting."""
        if self._process is not None and self._process.stdin is not None:
            os.close(self._process.stdin.fileno())
        self._process = None
        self._lock = threading.Lock()


_guard = _Guard()


class Child:
    """A server process with a log file.

    Ends with this program unless `outlives` is True. Has a session of its own, so that Ctrl-C in a terminal
    reaches this program alone, which then stops its servers in the right order.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log: Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        outlives: bool = False,
    ) -> None:
        self.name = name
        self.log = log
        self._owner = os.getpid()
        self._outlives = outlives
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(arg) for arg in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=env,
                start_new_session=True,
            )
        self.pid = self._process.pid
        if not outlives:
            _guard.add(self.pid)
            atexit.register(self._at_exit)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal, or None while the process runs."""
        return self._process.poll()

    def stop(self, *, grace_s: float = 10) -> None:
        """Ask the process to end, kill it after `grace_s` seconds; it is gone on return. May be repeated."""
        self.terminate()
        self.wait_gone(grace_s=grace_s)

    def terminate(self) -> None:
        """Ask the process to end and return at once; wait_gone() is the other half."""
        if self.alive:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)  # a frozen process hears SIGTERM only when it goes on

    def wait_gone(self, *, grace_s: float) -> None:
        """Wait for the process to end, kill it after `grace_s` seconds, return when it is gone."""
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._gone()

    def kill(self) -> None:
        """Kill the process as a crash would (SIGKILL); return when it is gone."""
        self._process.kill()
        self._process.wait()
        self._gone()

    def pause(self) -> None:
        """Freeze the process (SIGSTOP): its connections stay open and answer nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen process go on (SIGCONT)."""
        self._process.send_signal(signal.SIGCONT)

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines of the log, indented, each cut at 300 characters."""
        try:
            text = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return "    (no log)"
        return "\n".join(f"    {line[:300]}" for line in text[-lines:]) or "    (the log is empty)"

    def died(self, remedy: str) -> ServerDiedError:
        """Return the error that says how the process ended, what it logged last, and the remedy."""
        state = "did not become ready" if self.alive else f"ended with status {self.returncode}"
        return ServerDiedError(f"{self.name} {state}. {remedy}\nThe end of {self.log}:\n{self.log_tail()}")

    def _gone(self) -> None:
        if not self._outlives:
            _guard.remove(self.pid)
            atexit.unregister(self._at_exit)

    def _at_exit(self) -> None:
        if os.getpid() == self._owner:  # a forked copy of this program does not own its servers
            self.stop(grace_s=5)


def wait_until(ready: Callable[[], object], *, timeout_s: float, interval_s: float = 0.05) -> bool:
    """Call `ready` until it returns something true, for at most `timeout_s`; return whether it did."""
    deadline = time.monotonic() + timeout_s
    while True:
        if ready():
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(interval_s)


# Servers that outlive the program that started them (`python -m scripts.kafka start`) are written down in
# their directory, so that `stop` and `status` find them again. A pid alone could by then be somebody else's:
# the process's start time goes with it.
_RECORD = "servers.json"


def record(base_dir: Path, children: Sequence[Child], *, address: str) -> None:
    """Write down the running children of `base_dir`, and the address at which they are reached."""
    processes = [
        {"name": child.name, "pid": child.pid, "started": psutil.Process(child.pid).create_time()}
        for child in children
    ]
    text = json.dumps({"address": address, "processes": processes}, indent=2)
    (base_dir / _RECORD).write_text(text + "\n", encoding="utf-8")


def recorded_address(base_dir: Path) -> str | None:
    """Return the address that record() wrote, or None where no server of `base_dir` runs any more."""
    if not any(process.is_running() for _, process in _recorded(base_dir)):
        return None
    address: str = json.loads((base_dir / _RECORD).read_text(encoding="utf-8"))["address"]
    return address


def recorded_states(base_dir: Path) -> list[str]:
    """Return a line for each server that record() wrote down and that still runs."""
    return [f"{name} runs (pid {process.pid})" for name, process in _recorded(base_dir)]


def stop_recorded(base_dir: Path, *, grace_s: float = 10) -> list[str]:
    """Stop what record() wrote down, killing it after `grace_s` seconds; return what was stopped."""
    running = _recorded(base_dir)
    for _, process in running:
        process.terminate()
    _, stubborn = psutil.wait_procs([process for _, process in running], timeout=grace_s)
    for process in stubborn:
        process.kill()
    psutil.wait_procs(stubborn, timeout=5)
    (base_dir / _RECORD).unlink(missing_ok=True)
    return [name for name, _ in running]


def _recorded(base_dir: Path) -> list[tuple[str, psutil.Process]]:
    try:
        entries = json.loads((base_dir / _RECORD).read_text(encoding="utf-8"))["processes"]
    except FileNotFoundError:
        return []
    found = []
    for entry in entries:
        try:
            process = psutil.Process(entry["pid"])
            if abs(process.create_time() - entry["started"]) < 1 and process.status() != psutil.STATUS_ZOMBIE:
                found.append((entry["name"], process))
        except psutil.NoSuchProcess:
            continue
    return found
