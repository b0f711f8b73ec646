"""Breadth-first search through all states of a model: the first violation found has a shortest way to it."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any


class BrokenPromiseError(Exception):
    """A promise is broken in this state or by the step that leads out of it."""


@dataclass
class Result:
    """What a search found. way: the steps to the violation, empty without. whole: no state was left out."""

    states: int
    steps: int
    seconds: float
    violation: str | None = None
    way: list[str] = field(default_factory=list)
    whole: bool = True
    counts: Counter[str] = field(default_factory=Counter)


def search(model: Any, *, states: int = 400_000) -> Result:
    """All states that `model.steps` leads to from `model.start`, at most so many.

    model.steps(state) gives (label, state, is_fault) for every step that can be taken; model.at_rest(state) is
    called where nothing but faults can happen. Both may raise BrokenPromiseError.
    """
    began = time.monotonic()
    start = model.start()
    came_from: dict[Any, tuple[Any, str] | None] = {start: None}
    todo, taken = deque([start]), 0

    def result(violation: str | None, at: Any, *, whole: bool = True) -> Result:
        way = []
        while violation and came_from[at] is not None:
            at, label = came_from[at]
            way.append(label)
        seconds = time.monotonic() - began
        return Result(len(came_from), taken, seconds, violation, way[::-1], whole, model.counts)

    while todo:
        state = todo.popleft()
        try:
            busy = False
            for label, after, is_fault in model.steps(state):
                taken += 1
                busy |= not is_fault
                if after not in came_from:
                    came_from[after] = (state, label)
                    todo.append(after)
            if not busy:
                model.at_rest(state)
        except BrokenPromiseError as broken:
            return result(str(broken), state)
        if len(came_from) > states:
            return result(None, start, whole=False)
    return result(None, start)
