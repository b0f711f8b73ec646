"""The real servers that tests run on: started when first asked for, shared by all workers of one test run.

One keeper process per run owns them. Workers (pytest-xdist, or the one of a plain run) leave a request in a
directory and wait for the answer; the keeper ends, and its servers with it, when the run's process ends,
however it ends. Warm servers named in the environment are used instead, and left alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# A warm server's address goes here; the tests then start none of that kind.
WARM = {
    "mongo": "GATECALL_TEST_MONGODB_URI",
    "kafka": "GATECALL_TEST_KAFKA",
    "apache_kafka": "GATECALL_TEST_APACHE_KAFKA",
}
_POLL_S = 0.05


class Keeper:
    """The process that owns the servers of one test run; lives in the run's controlling process."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="gatecall-tests-", ignore_cleanup_errors=True)
        self.directory = Path(self._directory.name)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers", str(self.directory)],
            stdin=subprocess.PIPE,
            cwd=ROOT,
            # Ctrl-C is for the tests, which close the pipe when they have ended.
            start_new_session=True,
            # The keeper is not what the tests measure, and would only slow down.
            env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},
        )

    def close(self) -> None:
        """Stop the servers and remove their data."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()  # the guard of its children kills them
            self._process.wait()
        self._directory.cleanup()


def address_of(kind: str, directory: Path, *, timeout_s: float = 110) -> str:
    """Return the address of the shared server `kind` (a key of WARM), having it started if it is not.

    Raises RuntimeError with the keeper's words when it cannot be started.
    """
    warm = os.environ.get(WARM[kind])
    if warm:
        return warm
    (directory / f"{kind}.wanted").touch()
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if (directory / f"{kind}.address").exists():
            return (directory / f"{kind}.address").read_text(encoding="utf-8")
        if (directory / f"{kind}.error").exists():
            raise RuntimeError((directory / f"{kind}.error").read_text(encoding="utf-8"))
        time.sleep(_POLL_S)
    raise RuntimeError(f"the tests' {kind} did not start within {timeout_s:.0f} s")


def _start_mongo(base_dir: Path) -> tuple[str, Callable[[], None]]:
    from scripts.mongo_replset import start_replica_set
    from scripts.ports import free_ports

    replica_set = start_replica_set(base_dir, free_ports(3))
    for member in replica_set.members:
        # Tests live at times of their own: what they keep for a month would be over, and be deleted once a minute.
        with member.client() as client:
            client.admin.command("setParameter", 1, ttlMonitorEnabled=False)
    return replica_set.uri(), replica_set.stop


def _start_kafka(base_dir: Path) -> tuple[str, Callable[[], None]]:
    from scripts.kafka import start_tansu
    from scripts.ports import free_ports

    broker = start_tansu(base_dir, free_ports(1)[0])
    return broker.bootstrap_servers, broker.stop


def _start_apache_kafka(base_dir: Path) -> tuple[str, Callable[[], None]]:
    from scripts.kafka import start_apache_kafka
    from scripts.ports import free_ports

    broker = start_apache_kafka(base_dir, free_ports(1))
    return broker.bootstrap_servers, broker.kill  # its data is removed: no need to say good-bye


_START: Mapping[str, Callable[[Path], tuple[str, Callable[[], None]]]] = {
    "mongo": _start_mongo,
    "kafka": _start_kafka,
    "apache_kafka": _start_apache_kafka,
}


def _keep(directory: Path) -> None:
    """Start what is asked for until standard input closes, then stop all of it."""
    over = threading.Event()
    stops: list[Callable[[], None]] = []
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    starting: dict[str, threading.Thread] = {}

    def start(kind: str) -> None:
        try:
            address, stop = _START[kind](directory / kind)
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            _answer(directory / f"{kind}.error", f"{type(error).__name__}: {error}")
            return
        stops.append(stop)
        _answer(directory / f"{kind}.address", address)

    while not over.wait(_POLL_S):
        for kind in _START:
            if kind not in starting and (directory / f"{kind}.wanted").exists():
                starting[kind] = threading.Thread(target=start, args=(kind,))
                starting[kind].start()
    for thread in starting.values():
        thread.join()
    stopping = [threading.Thread(target=stop) for stop in stops]
    for thread in stopping:
        thread.start()
    for thread in stopping:
        thread.join()
    # The run's own process removes it too, unless it was killed.
    shutil.rmtree(directory, ignore_errors=True)


def _answer(file: Path, text: str) -> None:
    """Write the file at once or not at all: somebody is looking at it."""
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.rename(file)


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
