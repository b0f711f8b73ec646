"""Commands that run until they are stopped: the processes of a running system."""

from __future__ import annotations

import sys

import click

from app import runtime
from app.settings import Settings
from consumers.processes import CONSUMERS, HELP, work_of


@click.command()
def watch() -> None:
    """Publish every change of the watched collections to Kafka (change streams, resumable)."""

    def work(settings: Settings) -> int:
        from watchers.process import run

        return run(settings)

    sys.exit(runtime.start("watchers", work))


@click.command(help=f"Run one consumer.\n\n{HELP}")
@click.argument("name", type=click.Choice(list(CONSUMERS)))
def consume(name: str) -> None:
    """Run the consumer of this name; ends the process."""
    sys.exit(runtime.start(name, work_of(name)))


@click.command()
def web() -> None:
    """Serve the board, the feed (GET /update) and the API."""

    def work(settings: Settings) -> int:
        from app.web.server import run

        return run(settings)

    sys.exit(runtime.start("web", work))
