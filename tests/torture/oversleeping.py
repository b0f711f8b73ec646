"""Harm to the very last edits, which nothing after them mends.

Processes sleep in the middle of a step until all edits are made, or die there when everything changes for the last
time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from scripts.children import wait_until
from tests.torture.run import Run
from tests.torture.stack import insist
from tests.torture.stage import begin, other_gates
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


def last_blow(step: str, kind: str) -> Callable[[Run], None]:
    """Harm to both processes of this kind: when all is edited and told, every flight gets another gate; which of
    them comes to the step with that dies there."""

    def harm(run: Run) -> None:
        writer, names = begin(run), run.processes.of(kind)
        for name in names:
            run.processes.crash_at(name, f"{step}:1")
        with run.alone:
            other_gates(run, writer)
        wait_until(lambda: any(map(run.processes.crashed, names)), timeout_s=_COMES_WITHIN_S)
        for name in names:
            run.say(f"{name} {'died' if run.processes.crashed(name) else 'did not come'} at {step}")
            run.processes.disarm(name)

    return harm


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
