"""The processes of the product under test, each started as an operator would, and started again when it ends."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.settings import Settings
from scripts.children import Child, wait_until
from scripts.ports import free_ports
from tests.torture.launch import CRASH_FILE

ROOT = Path(__file__).resolve().parents[2]

ARGUMENTS = {
    "watcher": ("watch",),
    "notifier": ("consume", "notifier"),
    "delivery": ("consume", "delivery"),
    "web": ("web",),
}
NAMES = ("watcher-1", "watcher-2", "notifier-1", "notifier-2", "delivery-1", "delivery-2", "web-1")
_RESTART_AFTER_S = 0.3
_LOOK_EVERY_S = 0.1
_DISARMED_S = 2.0
_READY_S = 60.0


@dataclass
class _One:
    """A process and how it is to be started."""

    name: str
    port: int
    child: Child
    crash_at: str | None = None
    disarmed_at: float = -_DISARMED_S
    """On the monotonic clock. It may have come to the step just then."""
    excused: bool = False
    """Its next end is our doing."""
    ended: bool = False
    """Its end was seen."""
    down: bool = False
    """It is to stay ended until it is allowed to come back."""
    frozen: bool = False


class Processes:
    """Keeps NAMES running. Methods may be called from several threads.

    settings: the environment of all. deaths: ends that nobody here caused, a sentence each. ends: every end of a
    process while it was to run, with its name and when it was seen, time.time().
    """

    def __init__(
        self,
        settings: Mapping[str, str],
        directory: Path,
        *,
        mutant: str | None = None,
        names: tuple[str, ...] = NAMES,
    ) -> None:
        self.settings = dict(settings)
        self.deaths: list[str] = []
        self.ends: list[tuple[str, float]] = []
        self.restarts = 0
        self._directory = directory
        self._mutant = mutant
        self._lock = threading.RLock()
        self._over = threading.Event()
        ports = free_ports(len(names))
        self._all = {
            name: _One(name, port, self._spawn(name, port)) for name, port in zip(names, ports, strict=True)
        }
        self._keeper = threading.Thread(target=self._keep, name="supervisor", daemon=True)
        self._keeper.start()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in a fixed order."""
        return tuple(self._all)

    def of(self, kind: str) -> list[str]:
        """The processes of a kind: watcher, notifier, delivery or web."""
        return [name for name in self._all if name.startswith(f"{kind}-")]

    def base_url(self, name: str = "web-1") -> str:
        """Where a process answers HTTP."""
        return f"http://127.0.0.1:{self._all[name].port}"

    def kill(self, name: str) -> None:
        """SIGKILL, to the process and its children."""
        self._signal(name, signal.SIGKILL, excused=True)

    def terminate(self, name: str) -> None:
        """SIGTERM, as at a deployment."""
        self._signal(name, signal.SIGTERM, excused=True)

    def freeze(self, name: str) -> None:
        """SIGSTOP; `thaw` ends it."""
        with self._lock:
            self._all[name].frozen = True
            self._signal(name, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """SIGCONT: a process that was away and does not know it."""
        with self._lock:
            self._all[name].frozen = False
            self._signal(name, signal.SIGCONT)

    def take_down(self, name: str) -> None:
        """End it with SIGTERM, and do not start it again before `bring_back`."""
        with self._lock:
            one = self._all[name]
            one.down = True
            self.terminate(name)
        wait_until(lambda: not one.child.alive, timeout_s=20)
        self.kill(name)

    def bring_back(self, name: str) -> None:
        """Let it be started again."""
        self._all[name].down = False

    def crash_at(self, name: str, step: str) -> None:
        """Let it die when it comes to a numbered step for the n-th time from now, "N4.known:2"."""
        with self._lock:
            self._all[name].crash_at = step
            made = self._crash_file(name).with_suffix(".new")
            made.write_text(step, encoding="utf-8")
            made.replace(self._crash_file(name))

    def crashed(self, name: str) -> bool:
        """Whether the process that was told to die at a step has done so."""
        return self._all[name].crash_at is None

    def freeze_at(self, name: str, step: str) -> None:
        """Let it stop at a step, "N4.known:2", as a zombie; `thaw` lets it go on."""
        self.crash_at(name, f"freeze {step}")

    def froze(self, name: str) -> bool:
        """Whether it came to the step where it was to stop."""
        with self._lock:
            one = self._all[name]
            try:
                stopped = psutil.Process(one.child.pid).status() == psutil.STATUS_STOPPED
            except psutil.NoSuchProcess:  # it is being started again
                return False
            if stopped:
                one.crash_at, one.frozen = None, True
            return stopped

    def disarm(self, name: str) -> None:
        """It need not die any more, if it did not come to the step."""
        with self._lock:
            self._all[name].crash_at = None
            self._all[name].disarmed_at = time.monotonic()
            self._crash_file(name).unlink(missing_ok=True)

    def _crash_file(self, name: str) -> Path:
        return self._directory / f"{name}.crash"

    def heal(self) -> None:
        """Let all of them run, plainly."""
        for name in self._all:
            self.thaw(name)
            self.bring_back(name)
            self.disarm(name)

    def wait_until_ready(self, timeout_s: float = _READY_S) -> bool:
        """Whether all said in time that they are ready."""
        return wait_until(lambda: not self.unready(), timeout_s=timeout_s, interval_s=0.3)

    def unready(self, kind: str | None = None) -> list[str]:
        """Processes (of a kind; None: all) that do not answer /health/ready with 200 and "ready", and what they say."""
        found = []
        for name in self._all if kind is None else self.of(kind):
            words = self._readiness(name)
            if words is not None:
                found.append(f"{name}: {words}")
        return found

    def environment(self) -> dict[str, str]:
        """The environment that every process has."""
        others = {key: value for key, value in os.environ.items() if key.lower() not in Settings.model_fields}
        return others | self.settings

    def log_of(self, name: str) -> Path:
        """The file with all that the process logged, over restarts."""
        return self._directory / f"{name}.log"

    def claims_lost(self) -> set[str]:
        """Conversations of which a delivery process said that it lost the claim during a hand-over."""
        logs = [self.log_of(name).read_text(errors="replace") for name in self.of("delivery")]
        lines = [line for log in logs for line in log.splitlines()]
        said = (line for line in lines if '"claim lost during a hand-over"' in line and line.endswith("}"))
        return {json.loads(line)["conversation"] for line in said}

    def stop(self) -> None:
        """End all of them; those that do not end within ten seconds of SIGTERM are noted as deaths."""
        self._over.set()
        self._keeper.join()
        for name, one in self._all.items():
            self.thaw(name)
            one.child.terminate()
        for one in self._all.values():
            if not wait_until(lambda one=one: not one.child.alive, timeout_s=15):  # type: ignore[misc]
                self.deaths.append(f"{one.name} did not end within 15 s of SIGTERM")
            self._signal(one.name, signal.SIGKILL)
            one.child.wait_gone(grace_s=5)

    def _readiness(self, name: str) -> str | None:
        try:
            with urllib.request.urlopen(f"{self.base_url(name)}/health/ready", timeout=3) as response:
                answer = json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.read()[:500].decode(errors="replace")
        except (OSError, ValueError) as error:
            return type(error).__name__
        return None if answer["status"] == "ready" else json.dumps(answer)[:500]

    def _signal(self, name: str, number: signal.Signals, *, excused: bool = False) -> None:
        with self._lock:
            one = self._all[name]
            if excused and one.child.alive:
                one.excused = True
            with suppress(ProcessLookupError):
                os.killpg(one.child.pid, number)
            if number == signal.SIGTERM and not one.frozen:
                with suppress(ProcessLookupError):
                    os.killpg(one.child.pid, signal.SIGCONT)

    def _keep(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            for one in self._all.values():
                if not one.child.alive:
                    self._ended(one)

    def _ended(self, one: _One) -> None:
        with self._lock:
            if not one.ended:
                one.ended = True
                self.ends.append((one.name, time.time()))
            status = one.child.returncode
            armed = one.crash_at is not None or time.monotonic() - one.disarmed_at < _DISARMED_S
            armed = armed and one.excused is False
            if armed and status == -signal.SIGKILL:
                one.crash_at = None
            elif not one.excused and not one.down:
                self.deaths.append(
                    f"{one.name} ended by itself with status {status}: {_last_words(one.child)}"
                )
            if one.down:
                return
            one.excused = False
        # its children must be gone too: a supervisor ends the whole group
        self._signal(one.name, signal.SIGKILL)
        if self._over.wait(_RESTART_AFTER_S):
            return
        with self._lock:
            if not one.down:
                one.excused = one.ended = False
                one.child = self._spawn(one.name, one.port)
                self.restarts += 1

    def _spawn(self, name: str, port: int) -> Child:
        mutants = [self._mutant] if self._mutant else []
        kind = name.partition("-")[0]
        argv = [sys.executable, "-m", "tests.torture.launch", *mutants, "--", *ARGUMENTS[kind]]
        own = self.environment() | {"PORT" if kind == "web" else "HEALTH_PORT": str(port)}
        own[CRASH_FILE] = str(self._crash_file(name))
        log = self.log_of(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as file:
            file.write(f"--- started {time.strftime('%H:%M:%S')}\n")
        return Child(name, argv, log=log, cwd=ROOT, env=own)


def _last_words(child: Child) -> str:
    lines = [line.strip() for line in child.log_tail(4).splitlines()]
    return " / ".join(line[:200] for line in lines)
