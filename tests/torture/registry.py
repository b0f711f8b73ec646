"""Which faults there are, and how a seed draws among them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.torture.run import Run


@dataclass(frozen=True)
class Fault:
    """One kind of harm. Those of one group never happen at the same time. weight: how often it is drawn."""

    name: str
    group: str
    harm: Callable[[Run], None]
    weight: int = 2


FAULTS: dict[str, Fault] = {}


def draw(rng: random.Random, count: int) -> list[Fault]:
    """So many different faults, by their weights, of at most one of each group."""
    left, drawn = list(FAULTS.values()), list[Fault]()
    while left and len(drawn) < count:
        fault = rng.choices(left, [f.weight for f in left])[0]
        drawn.append(fault)
        left = [f for f in left if f.group != fault.group]
    return drawn


def add(name: str, group: str, harm: Callable[[Run], None], weight: int = 2) -> None:
    """Let it be drawn; seeds depend on the order in which this is called."""
    FAULTS[name] = Fault(name, group, harm, weight)
