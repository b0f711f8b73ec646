"""`make mutants`: the machine must find every mutant. Each is run with the faults that show it best until found."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from tests.torture.machine import fault, run_seed
from tests.torture.mutants import MUTANTS, Mutant
from tests.torture.stack import Stack


@click.command()
@click.option(
    "--seeds", default=4, show_default=True, help="Seeds that are tried before it counts as not found."
)
@click.option("--first", default=1, show_default=True, help="The first seed.")
@click.option(
    "--only", multiple=True, type=click.Choice(list(MUTANTS)), help="These mutants; may be repeated."
)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".local/torture/mutants"),
    show_default=True,
    help="Results and evidence.",
)
def main(seeds: int, first: int, only: tuple[str, ...], directory: Path) -> None:
    """Take out one mend of the protocol after the other, and see that the machine finds it."""
    directory.mkdir(parents=True, exist_ok=True)
    chosen = [MUTANTS[name] for name in only or MUTANTS]
    rows = []
    with tempfile.TemporaryDirectory(prefix="gatecall-torture-") as servers, Stack(Path(servers)) as stack:
        for mutant in chosen:
            rows.append(_try(mutant, stack, range(first, first + seeds), directory))
            click.echo(rows[-1], nl=True)
    click.echo(
        "\n".join(
            ["", "| mutant | mend taken out | faults | found by | as |", "|---|---|---|---|---|", *rows]
        )
    )
    sys.exit(1 if any("| not found |" in row for row in rows) else 0)


def _try(mutant: Mutant, stack: Stack, seeds: range, directory: Path) -> str:
    """The row of the table; also kept as a line of results.jsonl."""
    faults = [fault(name) for name in mutant.faults]
    found, kinds = "not found", ""
    for seed in seeds:
        evidence = (directory / f"{mutant.name.replace(' ', '-')}-{seed}").resolve()
        outcome = run_seed(
            *(seed, stack, mutant.size),
            evidence=evidence,
            mutant=mutant.name,
            faults=faults,
            late=mutant.late,
        )
        with (directory / "results.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(outcome.to_line() + "\n")
        if outcome.problems:
            counts = {
                k.removeprefix("problems: "): n for k, n in outcome.counts.items() if k.startswith("problems")
            }
            found, kinds = (
                f"seed {seed}",
                ", ".join(f"{k} {n}" for k, n in counts.items()) or outcome.problems[0][:80],
            )
            break
    what = ", ".join(mutant.faults) or "none"
    return f"| {mutant.name} | {mutant.what} | {what} | {found} | {kinds} |"


if __name__ == "__main__":
    main()
