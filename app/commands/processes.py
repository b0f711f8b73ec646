"""Commands that run until they are stopped: the processes of a running system."""

from __future__ import annotations

import sys

import click

from app import runtime
from app.settings import Settings


@click.command()
def watch() -> None:
    """Publish every change of the watched collections to Kafka (change streams, resumable)."""

    def work(settings: Settings) -> int:
        from watchers.process import run

        return run(settings)

    sys.exit(runtime.start("watchers", work))


@click.command()
@click.argument("name", type=click.Choice(["notifier", "airports", "alerts", "notices", "delivery", "telegram"]))
def consume(name: str) -> None:
    """Run one consumer.

    notifier: reads changes from Kafka, decides what is news and for whom. airports: counts the flights of airports
    that people follow. alerts: reads the fares that people's alerts are about. notices: tells of staff's notices.
    delivery: sends what is due by e-mail SMS and the like. telegram: listens
    to what people say to the bot.
    """

    def work(settings: Settings) -> int:
        if name == "notifier":
            from consumers.notifier.process import run
        elif name == "airports":
            from consumers.airports.process import run
        elif name == "alerts":
            from consumers.alerts.process import run
        elif name == "notices":
            from consumers.notices.process import run
        elif name == "telegram":
            from consumers.telegram.process import run
        else:
            from consumers.delivery.process import run
        return run(settings)

    sys.exit(runtime.start(name, work))


@click.command()
def web() -> None:
    """Serve the board, the feed (GET /update) and the API."""

    def work(settings: Settings) -> int:
        from app.web.server import run

        return run(settings)

    sys.exit(runtime.start("web", work))
