"""`python docs/model`: search the protocol as it is built, then without each of its steps (`--quick`: a part).

Names of scenarios as arguments search those; `--without STEP` takes a step out and shows the way to what breaks.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from protocol import Protocol
from scenarios import MUTANTS, QUICK, SCENARIOS
from search import Result, search


def main() -> int:
    """0: everything holds and every mutant was found; 1: not so."""
    parser = argparse.ArgumentParser(prog="model", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="SCENARIO")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--without", action="append", default=[], metavar="STEP")
    chosen = parser.parse_args()
    began, wrong, counts = time.monotonic(), 0, Counter[str]()
    names = chosen.names or (QUICK if chosen.quick else list(SCENARIOS))
    print("The protocol as built:")
    for name in names:
        result = search(Protocol(SCENARIOS[name], frozenset(chosen.without)))
        counts += result.counts
        wrong += result.violation is not None or not result.whole
        _show(name, result)
        _show_way(result)
    for window, count in sorted(counts.items()):
        print(f"  {window}: {count} steps")
    if not chosen.without and not chosen.names:
        print("With one of its steps taken out:")
        for step, name in MUTANTS:
            if chosen.quick and name not in QUICK:
                continue
            result = search(Protocol(SCENARIOS[name], frozenset(step.split(" + "))))
            wrong += result.violation is None
            _show(f"{step} [{name}]", result)
    print(
        f"{'All as it should be' if not wrong else f'{wrong} not as they should be'}, {time.monotonic() - began:.0f} s."
    )
    return 1 if wrong else 0


def _show(name: str, result: Result) -> None:
    holds = "holds" if result.whole else "not searched to the end"
    print(
        f"  {name:<52} {result.states:>7} states {result.seconds:5.1f} s  {result.violation or holds}",
        flush=True,
    )


def _show_way(result: Result) -> None:
    for number, label in enumerate(result.way, 1):
        print(f"      {number:2} {label}")


if __name__ == "__main__":
    sys.exit(main())
