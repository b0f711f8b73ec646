"""`python -m consumers NAME`: one consumer per process."""

from __future__ import annotations

import sys

import click

from app import runtime
from app import settings as settings_module
from app.domain.errors import SetupError
from app.settings import SettingsError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", type=click.Choice(["notifier", "delivery"]))
def main(name: str) -> None:
    """Run one consumer until it is stopped by a signal.

    notifier: reads changes from Kafka, decides what is news and for whom. delivery: sends what is due by e-mail
    and SMS.
    """
    try:
        settings = settings_module.load()
        runtime.configure_logging(settings, name)
        if name == "notifier":
            from consumers.notifier.process import run
        else:
            from consumers.delivery.process import run
        status = run(settings)
    except (SettingsError, SetupError) as error:
        click.echo(f"{name} cannot start:", err=True)
        for line in str(error).splitlines():
            click.echo(f"  {line}", err=True)
        sys.exit(2)
    sys.exit(status)


if __name__ == "__main__":
    main(prog_name="python -m consumers")
