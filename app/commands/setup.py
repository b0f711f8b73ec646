"""Commands for the first start and for looking at it: check, schema, topics, keys, settings."""

from __future__ import annotations

import hashlib
import secrets
import sys
from typing import Any

import click

from app import runtime
from app import settings as settings_module
from app.settings import Settings, SettingsError


@click.command()
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
        click.echo(f"{mark}  {finding.name:<15} {finding.words}")
        if finding.remedy:
            click.echo(f"      {'':<15} -> {finding.remedy}")
    sys.exit(2 if any(f.state == checks.BAD for f in findings) else 0)


@click.command()
def schema() -> None:
    """Create collections, validators, indexes and pre-images in MongoDB, and take the numbered steps that are missing.

    Safe to repeat. With a new version: this first, then restart the processes one after the other.
    """

    def work(settings: Settings) -> int:
        from app.store import client as mongo
        from app.store import schema_steps

        with mongo.connect(settings, app_name="gatecall-schema") as client:
            mongo.check_replica_set(client)
            schema_steps.bring_up_to_date(mongo.database(client, settings), click.echo)
        click.echo(f"The schema of {settings.database} is up to date.")
        return 0

    sys.exit(runtime.start("schema", work))


@click.command()
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


@click.command("staff-key")
def staff_key() -> None:
    """Make a staff key and the hash that goes into STAFF_KEY_HASHES. The key is shown once."""
    key = f"gck_{secrets.token_urlsafe(32)}"
    click.echo(f"Staff key (keep it secret): {key}")
    click.echo(f"STAFF_KEY_HASHES={hashlib.sha256(key.encode()).hexdigest()}")


@click.command("settings")
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
