"""`python -m consumers NAME`: one consumer per process."""

from __future__ import annotations

import sys

import click

from app import runtime
from app.settings import Settings


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", type=click.Choice(["notifier", "airports", "alerts", "notices", "delivery", "telegram"]))
def main(name: str) -> None:
    """Run one consumer until it is stopped by a signal.

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


if __name__ == "__main__":
    main(prog_name="python -m consumers")
