"""What scenes are made of: quiet before them, people who never heard of a flight, processes that are held.

A scene is a few edits tied to a fault, after all other edits, so that nothing undoes what comes of it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bson import ObjectId

from scripts.children import wait_until
from tests.torture.edits import GATES
from tests.torture.processes import ROOT
from tests.torture.quiet import Quiet
from tests.torture.run import Run
from tests.torture.writing import Writer

Document = dict[str, Any]

_EDITED_WITHIN_S = 150.0
_QUIET_WITHIN_S = 120.0
_COMES_WITHIN_S = 25.0
_COMMAND_WITHIN_S = 120.0


def begin(run: Run) -> Writer:
    """Wait until all is edited and told; whoever writes then does it with this. Raises AssertionError."""
    run.edited.wait(_EDITED_WITHIN_S)
    wait_for_quiet(run)
    return Writer(run.database, run.journal, threading.Event())


def wait_for_quiet(run: Run) -> None:
    """Wait until all that was written is told. Raises AssertionError when that takes two minutes."""
    quiet = Quiet(run)
    if not quiet.wait(_QUIET_WITHIN_S):
        raise AssertionError(f"it did not become quiet in the middle of a scene: {quiet.busy}")


def flights(run: Run) -> list[Document]:
    """All flights' documents there are, without rubbish, as they are now."""
    return [flight for flight in run.journal.current("flights").values() if "spoilt" not in flight]


def newcomers(run: Run, writer: Writer, count: int = 2) -> list[str]:
    """So many people who have never heard of any flight, with an address and a number each."""
    there = len(run.journal.current("users"))
    names = [f"person-{number}" for number in range(there, there + count)]
    for number, name in enumerate(names, there):
        reach = {"email": f"person{number}@example.org", "phone": f"+1555010{1000 + number}"}
        writer.insert("users", {"_id": name, "name": f"Person {number}", **reach})
    return names


def book(writer: Writer, people: Iterable[str], document: Any, page: Document | None) -> None:
    """Each of them books the flight's document, having seen the page (`Writer.shown`)."""
    for person in people:
        booking = {"_id": ObjectId(), "user_id": person, "flight_id": document, "status": "confirmed"}
        writer.insert("bookings", booking | ({"seen": page} if page else {}))


def other_gate(run: Run, flight: Document, *not_these: str) -> str:
    """A gate that is not the flight's, nor one of these."""
    return run.rng.choice([gate for gate in GATES if gate not in (flight.get("gate"), *not_these)])


def other_gates(run: Run, writer: Writer) -> None:
    """Every flight gets another gate; who does so holds the watchers, lest each be published by itself."""
    for flight in flights(run):
        change = {"gate": other_gate(run, flight)}
        writer.update("flights", flight, change)
        run.say(f"{flight['flight_number']} becomes {change}")


@contextmanager
def held(run: Run, names: Iterable[str]) -> Iterator[None]:
    """These processes do nothing meanwhile (SIGSTOP)."""
    names = list(names)
    for name in names:
        run.processes.freeze(name)
    try:
        yield
    finally:
        for name in names:
            run.processes.thaw(name)


def stopped_at(run: Run, names: Iterable[str], step: str, work: Callable[[], None]) -> str | None:
    """Do the work; which of these processes stopped at the step with it, the first one alone. None: none came."""
    names = list(names)
    for name in names:
        run.processes.freeze_at(name, f"{step}:1")
    work()
    found: list[str] = []

    def came() -> bool:
        found.extend(name for name in names if run.processes.froze(name))
        return bool(found)

    wait_until(came, timeout_s=_COMES_WITHIN_S, interval_s=0.02)
    for name in names:
        if name not in found[:1]:
            run.processes.disarm(name)
            run.processes.thaw(name)
    run.say(f"{found[0]} stopped at {step}" if found else f"nobody came to {step}")
    return found[0] if found else None


def holds(run: Run, name: str, collection: str) -> bool:
    """Whether a watcher says in its metrics that it holds the lease of the collection."""
    try:
        with urllib.request.urlopen(f"{run.processes.base_url(name)}/metrics", timeout=3) as response:
            return f'gatecall_lease_held{{collection="{collection}"}} 1.0' in response.read().decode()
    except OSError:
        return False


def command(run: Run, *arguments: str) -> bool:
    """Whether a command of `gatecall` ended well, at last, for what may be repeated; what it said is in a log of its
    name."""
    return wait_until(lambda: _command(run, arguments), timeout_s=_COMMAND_WITHIN_S, interval_s=1)


def _command(run: Run, arguments: Sequence[str]) -> bool:
    argv = [sys.executable, "-m", "tests.torture.launch", "--", *arguments]
    environment = run.processes.environment()
    try:
        done = subprocess.run(
            argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    with run.processes.log_of(arguments[0]).open("a", encoding="utf-8") as log:
        log.write(done.stdout + done.stderr)
    return done.returncode == 0
