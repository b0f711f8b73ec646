"""Harm to the very last edits, which nothing after them mends: for mutants.

Processes sleep in the middle of a step until all edits are made; or stay there for a moment, or die, when everything
changes for the last time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from bson import ObjectId

from scripts.children import wait_until
from tests.torture.edits import GATES
from tests.torture.quiet import Quiet
from tests.torture.run import Run
from tests.torture.stack import insist
from tests.torture.writing import Writer

Document = dict[str, Any]

_COMES_WITHIN_S = 25.0
_SLEEPS_S = 120.0
# What edits change of a flight.
_CHANGING = ("status", "gate", "estimated_departure_time", "estimated_departure_date")


def oversleep(step: str, kind: str, least: tuple[float, float]) -> Callable[[Run], None]:
    """Harm to a process of this kind: it sleeps at the step, at least so long (seconds), until all is edited.

    When a notifier goes on, every flight becomes what `known` says it is: nothing changes, unless that was set back.
    """

    def harm(run: Run) -> None:
        name = run.rng.choice(run.processes.of(kind))
        run.processes.freeze_at(name, f"{step}:{run.rng.randint(1, 6)}")
        if not wait_until(lambda: run.processes.froze(name), timeout_s=_COMES_WITHIN_S):
            run.say(f"{name} did not come to {step}")
            run.processes.disarm(name)
            return
        run.say(f"{name} sleeps at {step}")
        run.edited.wait(_SLEEPS_S)
        run.lasts(*least)
        run.processes.thaw(name)
        run.say(f"{name} goes on")
        if kind == "notifier":
            run.lasts(2, 3)
            _as_known(run)

    return harm


def linger(step: str, kind: str) -> Callable[[Run], None]:
    """Harm to one process of this kind: when all is edited and told, every flight gets another gate; if it comes to
    the step with that, it stays there for a moment, while others book every flight by a page from before."""

    def harm(run: Run) -> None:
        _wait_for_quiet(run)
        writer = Writer(run.database, run.journal, threading.Event())
        pages = {key: writer.shown(flight) for key, flight in run.journal.current("flights").items()}
        name = run.rng.choice(run.processes.of(kind))
        run.processes.freeze_at(name, f"{step}:1")
        _other_gates(run)
        if not wait_until(lambda: run.processes.froze(name), timeout_s=_COMES_WITHIN_S):
            run.say(f"{name} did not come to {step}")
            run.processes.disarm(name)
            return
        with run.alone:
            for key, page in pages.items():
                for person in _strangers(run, key) if page else []:
                    booking = {"_id": ObjectId(), "user_id": person, "flight_id": key, "status": "confirmed"}
                    writer.insert("bookings", booking | {"seen": page})
        run.lasts(1, 2)
        run.processes.thaw(name)
        run.say(f"{name} lingered at {step}")

    return harm


def last_blow(step: str, kind: str) -> Callable[[Run], None]:
    """Harm to one process of this kind: when all is edited and told, every flight gets another gate; if it comes to
    the step with that, it dies there."""

    def harm(run: Run) -> None:
        _wait_for_quiet(run)
        name = run.rng.choice(run.processes.of(kind))
        run.processes.crash_at(name, f"{step}:1")
        _other_gates(run)
        died = wait_until(lambda: run.processes.crashed(name), timeout_s=_COMES_WITHIN_S)
        run.say(f"{name} {'died' if died else 'did not come'} at {step}")
        run.processes.disarm(name)

    return harm


def _wait_for_quiet(run: Run) -> None:
    run.edited.wait(_SLEEPS_S)
    if not Quiet(run).wait(_SLEEPS_S):
        raise AssertionError("it did not become quiet before the last blow")


def _other_gates(run: Run) -> None:
    gates = iter(run.rng.sample(GATES, len(GATES)) * len(GATES))
    _change_each(run, lambda now: {"gate": next(gate for gate in gates if gate != now.get("gate"))})


def _strangers(run: Run, flight: Any) -> list[str]:
    """Two people who never heard of the flight, if there are."""
    places = [w.document for w in run.journal.writes if w.collection in ("bookings", "followings")]
    met = {p["user_id"] for p in places if p and p["flight_id"] == flight}
    return [person for person in run.journal.current("users") if person not in met][:2]


def _as_known(run: Run) -> None:
    known = {row["_id"]: row.get("value") or {} for row in insist(lambda: list(run.database["known"].find()))}

    def believed(now: Document) -> Document:
        value = known.get(str(now["_id"]), {})
        return {name: value.get(name) for name in _CHANGING if value and value.get(name) != now.get(name)}

    _change_each(run, believed)


def _change_each(run: Run, change: Callable[[Document], Document]) -> None:
    writer = Writer(run.database, run.journal, threading.Event())
    with run.alone:
        for now in run.journal.current("flights").values():
            if "spoilt" not in now and (changed := change(now)):
                writer.update("flights", now, changed)
                run.say(f"{now['flight_number']} becomes {changed}")
