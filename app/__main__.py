"""The one command of operators: `gatecall`, also `python -m app`.

Each command reads top to bottom: settings, logging, run. Exit status 0: ended as asked; 1: a part failed;
2: settings or surroundings do not allow a start, and the text says what to change.
"""

from __future__ import annotations

import hashlib
import secrets
import sys
from typing import Any

import click

from app import runtime
from app import settings as settings_module
from app.settings import Settings, SettingsError

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Commands(click.Group):
    """Lists commands in the order a newcomer needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, first things first."""
        del ctx
        return ["check", "schema", "topics", "watch", "consume", "web", "staff-key", "settings"]


@click.group(cls=_Commands, context_settings=_CONTEXT)
def main() -> None:
    """Gatecall tells people when their flight changes in MongoDB.

    First time: copy .env.example to .env, then `gatecall check`, `gatecall schema`, `gatecall topics`. A
    running system is four processes: `gatecall watch`, `gatecall consume notifier`, `gatecall consume
    delivery`, `gatecall web`. Any number of each may run.
    """


@main.command()
def check() -> None:
    """Say in one screen whether MongoDB, Kafka, each channel and every setting are well."""
    from app import check as checks

    try:
        settings = settings_module.load()
    except SettingsError as error:
        findings = [checks.Finding("settings", checks.BAD, line) for line in error.problems]
    else:
        findings = checks.run(settings)
    for finding in findings:
        mark = {
            checks.OK: click.style("ok  ", fg="green"),
            checks.WARN: click.style("look", fg="yellow"),
        }.get(finding.state, click.style("BAD ", fg="red", bold=True))
        click.echo(f"{mark}  {finding.name:<12} {finding.words}")
        if finding.remedy:
            click.echo(f"      {'':<12} -> {finding.remedy}")
    sys.exit(2 if any(f.state == checks.BAD for f in findings) else 0)


@main.command()
def schema() -> None:
    """Create collections, validators, indexes and pre-images in MongoDB. Safe to repeat."""

    def work(settings: Settings) -> int:
        from app.store import client as mongo
        from app.store import schema as store_schema

        with mongo.connect(settings, app_name="gatecall-schema") as client:
            mongo.check_replica_set(client)
            store_schema.ensure(mongo.database(client, settings))
        click.echo(f"The schema of {settings.database} is up to date.")
        return 0

    sys.exit(runtime.start("schema", work))


@main.command()
def topics() -> None:
    """Create the topics in Kafka that are missing. Safe to repeat; never changes an existing topic."""

    def work(settings: Settings) -> int:
        from app.bus import clients
        from app.bus import topics as bus_topics

        admin = clients.admin(settings)
        try:
            bus_topics.ensure(admin, settings)
        finally:
            admin.close()
        click.echo("The topics are there.")
        return 0

    sys.exit(runtime.start("topics", work))


@main.command()
def watch() -> None:
    """Publish every change of the watched collections to Kafka (change streams, resumable)."""

    def work(settings: Settings) -> int:
        from watchers.process import run

        return run(settings)

    sys.exit(runtime.start("watchers", work))


@main.command()
@click.argument("name", type=click.Choice(["notifier", "delivery"]))
def consume(name: str) -> None:
    """Run one consumer.

    notifier: reads changes from Kafka, decides what is news and for whom. delivery: sends what is due by
    e-mail and SMS.
    """

    def work(settings: Settings) -> int:
        if name == "notifier":
            from consumers.notifier.process import run
        else:
            from consumers.delivery.process import run
        return run(settings)

    sys.exit(runtime.start(name, work))


@main.command()
def web() -> None:
    """Serve the board, the feed (GET /update) and the API."""

    def work(settings: Settings) -> int:
        from app.web.server import run

        return run(settings)

    sys.exit(runtime.start("web", work))


@main.command("staff-key")
def staff_key() -> None:
    """Make a staff key and the hash that goes into STAFF_KEY_HASHES. The key is shown once."""
    key = f"gck_{secrets.token_urlsafe(32)}"
    click.echo(f"Staff key (keep it secret): {key}")
    click.echo(f"STAFF_KEY_HASHES={hashlib.sha256(key.encode()).hexdigest()}")


@main.command("settings")
@click.option("--markdown", is_flag=True, help="As docs/settings.md has it.")
def list_settings(*, markdown: bool) -> None:
    """List every setting with its default and meaning."""
    if markdown:
        click.echo("# Settings\n")
        click.echo("Environment variables, or lines of `.env`. Made by `gatecall settings --markdown`.\n")
        click.echo("| setting | default | meaning |\n|---|---|---|")
    for name, field in Settings.model_fields.items():
        default = "required" if field.is_required() else _shown(field.default)
        if markdown:
            click.echo(f"| `{name.upper()}` | {default} | {field.description} |")
        else:
            click.echo(f"{name.upper():<26} {default:<24} {field.description}")


def _shown(default: Any) -> str:
    if default is None or default == ():
        return "-"
    return str(default)


if __name__ == "__main__":
    main(prog_name="gatecall")
