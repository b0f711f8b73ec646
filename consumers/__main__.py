"""`python -m consumers NAME`: one consumer per process."""

from __future__ import annotations

import sys

import click

from app import runtime
from consumers.processes import CONSUMERS, HELP, work_of


@click.command(
    help=f"Run one consumer until it is stopped by a signal.\n\n{HELP}",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("name", type=click.Choice(list(CONSUMERS)))
def main(name: str) -> None:
    """Run the consumer of this name; ends the process."""
    sys.exit(runtime.start(name, work_of(name)))


if __name__ == "__main__":
    main(prog_name="python -m consumers")
