"""`python -m scripts.demo`, which is what `make demo` runs.

Ends by itself after DEMO_SECONDS, else stays until Ctrl-C. Exit status 0: all is well; 1: a change was lost, a
person was told twice, a process died; 2: it could not start, and the text says what to do.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from rich.console import Console

from scripts.children import ServerDiedError
from scripts.demo.data import DataError
from scripts.demo.options import Options, OptionsError, read
from scripts.demo.show import Show
from scripts.demo.stage import Stage, choose_ports
from scripts.kafka import BrokerError
from scripts.mongo_replset import ReplicaSetError
from scripts.ports import PortsTakenError

_CANNOT_START = (OptionsError, PortsTakenError, ReplicaSetError, BrokerError, DataError)


def main() -> int:
    """Run the demo once; returns the exit status."""
    console = Console(highlight=False)
    stop = threading.Event()
    try:
        options = read(os.environ)
        ports = choose_ports(others=options.other_ports)
    except _CANNOT_START as error:
        console.print(f"The demo cannot start: {error}", markup=False, soft_wrap=True)
        return 2
    directory = Path(tempfile.mkdtemp(prefix="gatecall-demo-"))
    stage = Stage(directory, ports)
    _on_signals(stop)
    status = 1
    try:
        status = _run(stage, options, console, stop)
    except KeyboardInterrupt:
        status = 0
        console.print("Stopping.")
    except _CANNOT_START as error:
        status = 2
        console.print(f"The demo cannot start: {error}", markup=False, soft_wrap=True)
    except ServerDiedError as error:
        console.print(f"The demo ends: {error}", style="red", markup=False, soft_wrap=True)
    finally:
        _end(stage, console, failed=status != 0)
    return status


def _run(stage: Stage, options: Options, console: Console, stop: threading.Event) -> int:
    status = Show(stage, options, console, stop).run()
    if options.seconds is None and not stop.is_set():
        console.print("The replay is over; everything goes on running. Ctrl-C ends it.")
        while not stop.wait(0.5):
            for child in stage.dead():
                raise child.died("Everything else was well until now.")
    return status


def _on_signals(stop: threading.Event) -> None:
    """The first signal ends the demo in order, wherever it is; later ones change nothing."""

    def end(_number: int, _frame: Any) -> None:
        if not stop.is_set():
            stop.set()
            raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def _end(stage: Stage, console: Console, *, failed: bool) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for name in stage.stop():
        console.print(f"{name} did not end within the time allowed and was killed.", style="yellow")
    for part in ("mongo", "kafka", "run"):
        if not failed or part == "run":
            shutil.rmtree(stage.directory / part, ignore_errors=True)
        else:
            _keep_logs_alone(stage.directory / part)
    if failed:
        console.print(f"Logs are kept in {stage.directory}", soft_wrap=True)
    else:
        shutil.rmtree(stage.directory, ignore_errors=True)


def _keep_logs_alone(directory: Path) -> None:
    for path in directory.iterdir() if directory.is_dir() else ():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
