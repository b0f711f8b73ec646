"""`make bench`: every benchmark in turn, each with a ratio against a raw limit of the same run.

`python -m benchmarks NAME ...` runs some of them. Each starts a replica set and an Apache Kafka of its own: what one
leaves in the servers would slow the next.
"""

from __future__ import annotations

import importlib
import sys

from app.runtime import configure_logging
from benchmarks.report import Row, print_rows
from benchmarks.stack import running_stack

NAMES = ("drain", "fan_out", "storm", "delivery", "digests", "alerts", "feed", "latency")


def main(names: list[str]) -> int:
    """Run the named benchmarks (all when none is named); 0 when every one reached its goal, else 1."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"no benchmark named {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or NAMES:
        print(f"-- {name}", flush=True)
        with running_stack() as stack:
            configure_logging(stack.settings(), "bench")  # warnings alone, as the measured processes have it
            found = importlib.import_module(f"benchmarks.{name}").run(stack)
        print_rows(found)
        rows += found
    print("-- all")
    print_rows(rows)
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
