"""Processes that stop in the middle of a step: until all edits are made, or again and again for a moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from scripts.children import wait_until
from tests.torture.run import Run
from tests.torture.writing import Writer

Document = dict[str, Any]

_COMES_WITHIN_S = 25.0
_SLEEPS_S = 120.0
# What edits change of a flight.
_CHANGING = ("status", "gate", "estimated_departure_time", "estimated_departure_date")


def oversleep(step: str, kind: str, least: tuple[float, float]) -> Callable[[Run], None]:
    """Harm to a process of this kind: it sleeps at the step, at least so long (seconds), until all is edited.

    When a notifier goes on, every flight becomes what it was when that one fell asleep: nobody would hear of it if it
    had set back what is known.
    """

    def harm(run: Run) -> None:
        name = run.rng.choice(run.processes.of(kind))
        run.processes.freeze_at(name, f"{step}:{run.rng.randint(1, 6)}")
        if not wait_until(lambda: run.processes.froze(name), timeout_s=_COMES_WITHIN_S):
            run.say(f"{name} did not come to {step}")
            run.processes.disarm(name)
            return
        then = run.journal.current("flights")
        run.say(f"{name} sleeps at {step}")
        run.edited.wait(_SLEEPS_S)
        run.lasts(*least)
        run.processes.thaw(name)
        run.say(f"{name} goes on")
        if kind == "notifier":
            run.lasts(2, 3)
            _set_back(run, then)

    return harm


def linger(step: str, kind: str) -> Callable[[Run], None]:
    """Harm to all processes of this kind: whoever comes to the step stays there for a second or two, until all is
    edited and once more; no lease runs out."""

    def harm(run: Run) -> None:
        last = False
        while not last:
            last = run.edited.is_set()
            for name in run.processes.of(kind):
                run.processes.freeze_at(name, f"{step}:1")
            wait_until(lambda: any(map(run.processes.froze, run.processes.of(kind))), timeout_s=3)
            run.lasts(1, 2)
            for name in run.processes.of(kind):
                if run.processes.froze(name):
                    run.say(f"{name} lingered at {step}")
                    run.processes.thaw(name)
                else:
                    run.processes.disarm(name)

    return harm


def _set_back(run: Run, then: dict[Any, Document]) -> None:
    writer = Writer(run.database, run.journal, threading.Event())
    with run.alone:
        for key, now in run.journal.current("flights").items():
            before = then.get(key)
            if before is not None and "spoilt" not in before and "spoilt" not in now:
                writer.update("flights", now, {name: before.get(name) for name in _CHANGING})
    run.say("every flight is what it was then")
