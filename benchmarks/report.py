"""A row of a benchmark: what was measured, against what, and whether it is enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """values: one for each round, in unit. goal: the least, or with at_most the most, that is enough.

    detail: the raw figures behind it, a short text.
    """

    name: str
    values: tuple[float, ...]
    unit: str
    goal: float
    at_most: bool = False
    detail: str = ""

    @property
    def reached(self) -> bool:
        """Whether the median reaches the goal."""
        middle = median(self.values)
        return middle <= self.goal if self.at_most else middle >= self.goal


def ratios(
    name: str, ours: Callable[[], float], raw: Callable[[], float], *, rounds: int, goal: float, unit: str
) -> Row:
    """Measure ours and raw in turn, `rounds` times; both return a rate (more is better)."""
    pairs = [(ours(), raw()) for _ in range(rounds)]
    detail = f"median {median(o for o, _ in pairs):,.0f} of {median(r for _, r in pairs):,.0f} {unit}"
    return Row(name, tuple(o / r for o, r in pairs), "ratio", goal, detail=detail)


def print_rows(rows: Sequence[Row]) -> None:
    """One line for each row: median, spread, goal, detail."""
    for row in rows:
        spread = f"{min(row.values):.2f} to {max(row.values):.2f}"
        sign = "<=" if row.at_most else ">="
        verdict = "ok" if row.reached else "MISSED"
        middle = f"{median(row.values):8.2f} {row.unit:<6}"
        print(f"{row.name:<50} {middle} ({spread}) {sign} {row.goal:g} {verdict}  {row.detail}", flush=True)
