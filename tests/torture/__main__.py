"""`make torture`: seed after seed on one warm stack, a table in the end, exit status 1 when anything did not hold."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tests.torture.faults import FAULTS
from tests.torture.machine import Outcome, fault, run_seed
from tests.torture.stack import Stack

_COUNTS = ("announcements", "messages", "window")


@click.command()
@click.option("--seeds", default=40, show_default=True, help="How many seeds.")
@click.option("--first", default=1, show_default=True, help="The first seed.")
@click.option("--seed", "chosen_seeds", type=int, multiple=True, help="This seed; may be repeated.")
@click.option("--size", type=click.Choice(["small", "normal"]), default="normal", show_default=True)
@click.option(
    "--mutant", help="Take one mend of the protocol out (see mutants.py); problems are then expected."
)
@click.option(
    "--fault", "faults", multiple=True, help="This fault in place of those the seed draws; may be repeated."
)
@click.option("--minutes", type=float, help="Begin no seed after so long.")
@click.option("--resume", is_flag=True, help="Leave out the seeds that have a result already.")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".local/torture"),
    show_default=True,
    help="Results and the evidence of failing seeds.",
)
@click.option("--list-faults", is_flag=True, help="Say which faults there are.")
def main(
    seeds: int,
    first: int,
    chosen_seeds: tuple[int, ...],
    size: str,
    mutant: str | None,
    faults: tuple[str, ...],
    minutes: float | None,
    resume: bool,
    directory: Path,
    list_faults: bool,
) -> None:
    """Break the system seed by seed, and prove that nothing is lost and nothing said twice."""
    if list_faults:
        click.echo("\n".join(sorted(FAULTS)))
        return
    try:
        chosen = [fault(name) for name in faults] or None
    except LookupError as error:
        raise click.UsageError(str(error)) from None
    directory.mkdir(parents=True, exist_ok=True)
    results = directory / "results.jsonl"
    ends = time.monotonic() + minutes * 60 if minutes else float("inf")
    those = chosen_seeds or range(first, first + seeds)
    wanted = [s for s in those if not resume or (s, size, mutant) not in _done(results)]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="gatecall-torture-") as servers, Stack(Path(servers)) as stack:
        for seed in wanted:
            if time.monotonic() > ends:
                click.echo(f"The time is over; seeds from {seed} on were not run.")
                break
            evidence = (directory / f"seed-{seed}{f'-{mutant}' if mutant else ''}").resolve()
            outcome = run_seed(seed, stack, size, evidence=evidence, mutant=mutant, faults=chosen)
            outcomes.append(outcome)
            with results.open("a", encoding="utf-8") as lines:
                lines.write(outcome.to_line() + "\n")
            click.echo(_row(outcome))
            for problem in outcome.problems[:10]:
                click.echo(f"      {problem}")
    if resume:
        outcomes = [Outcome(**row) for row in _rows(results) if _is_of(row, those, size, mutant)]
    click.echo(_table(outcomes))
    sys.exit(1 if any(outcome.problems for outcome in outcomes) else 0)


def _rows(results: Path) -> Iterator[dict[str, Any]]:
    if results.exists():
        for line in results.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def _done(results: Path) -> set[tuple[int, str, str | None]]:
    return {(row["seed"], row["size"], row["mutant"]) for row in _rows(results)}


def _is_of(row: dict[str, Any], seeds: Collection[int], size: str, mutant: str | None) -> bool:
    return row["seed"] in seeds and (row["size"], row["mutant"]) == (size, mutant)


def _row(outcome: Outcome) -> str:
    counts = " | ".join(f"{outcome.counts.get(name, 0):>6}" for name in _COUNTS)
    what = ", ".join(outcome.faults)
    return (
        f"| {outcome.seed:>6} | {what:<60} | {outcome.edits:>6} | {counts} "
        f"| {len(outcome.problems):>8} | {outcome.seconds:>5.0f} s |"
    )


def _table(outcomes: list[Outcome]) -> str:
    """One line per seed, and the sums."""
    counts = " | ".join(f"{name[:6]:>6}" for name in _COUNTS)
    head = f"| {'seed':>6} | {'faults':<60} | {'edits':>6} | {counts} | problems | time    |"
    sums = Outcome(0, "", None, [f"{len(outcomes)} seeds"])
    for outcome in outcomes:
        sums.edits += outcome.edits
        sums.seconds += outcome.seconds
        sums.problems += outcome.problems
        for name in _COUNTS:
            sums.counts[name] = sums.counts.get(name, 0) + asdict(outcome)["counts"].get(name, 0)
    return "\n".join(["", head, "|" + "---|" * 8, *map(_row, outcomes), _row(sums)])


if __name__ == "__main__":
    main()
