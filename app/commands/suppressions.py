"""Commands for addresses that are of no more use, and for bounces."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from app import runtime
from app.domain.clock import system_now
from app.domain.errors import PermanentError
from app.domain.people import email_address, phone_number
from app.settings import Settings


@click.group()
def suppressions() -> None:
    """Addresses that nothing is sent to any more, because they bounced or their owner said STOP."""


@suppressions.command("list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="Most lines.")
def list_them(*, limit: int) -> None:
    """List them, the latest first: key, reason, since when, whose (the person's id), what the provider said."""

    def work(settings: Settings) -> int:
        from app.store import client as mongo
        from app.store.suppressions import Suppressions

        with mongo.connect(settings, app_name="gatecall-suppressions") as client:
            found = Suppressions(mongo.database(client, settings), settings).list(limit)
        for one in found:
            told = "told" if one.told_at else "not told yet"
            words = " ".join(part for part in (one.code, one.words) if part)
            click.echo(f"{one.id}  {one.reason}  {one.since:%Y-%m-%d %H:%MZ}  {one.person}  {told}  {words}")
        if not found:
            click.echo("No address is suppressed.")
        return 0

    sys.exit(runtime.start("suppressions", work))


@suppressions.command("remove")
@click.argument("what")
def remove(what: str) -> None:
    """Use an address again. WHAT: a key of the list, an e-mail address, or a number with its country code.

    Whoever stopped our texts has to answer START to one of them besides, or Twilio refuses the next.
    """

    def work(settings: Settings) -> int:
        from app.store import client as mongo
        from app.store.suppressions import Suppressions

        with mongo.connect(settings, app_name="gatecall-suppressions") as client:
            store = Suppressions(mongo.database(client, settings), settings)
            removed = sum(store.remove(id_) for id_ in _ids(what, store.ids_of))
        click.echo("It is used again." if removed else "It was not suppressed.")
        return 0 if removed else 1

    sys.exit(runtime.start("suppressions", work))


def _ids(what: str, ids_of: Callable[[str, str], tuple[str, ...]]) -> tuple[str, ...]:
    """The keys of an address as it would be handed over; a key stays what it is."""
    if what.startswith(("email:", "sms:")):
        return (what,)
    channel, read = ("email", email_address) if "@" in what else ("sms", phone_number)
    try:
        return ids_of(channel, read(what))
    except PermanentError as error:
        raise click.BadParameter(f"{error}; give a key of the list, an e-mail address or a number") from error


@click.command()
@click.argument("source", type=click.Path(exists=True, allow_dash=True, path_type=Path))
def bounces(source: Path) -> None:
    """Read bounces: a Maildir, an mbox file, or - for one mail on standard input.

    A mail server can hand each bounce over itself: |gatecall bounces -
    """

    def work(settings: Settings) -> int:
        from app.channels import mailboxes
        from app.channels.dsn import reports_of
        from app.store import client as mongo
        from app.store.callbacks import Callbacks
        from app.store.suppressions import Suppressions

        with mongo.connect(settings, app_name="gatecall-bounces") as client:
            database = mongo.database(client, settings)
            store = Callbacks(database, Suppressions(database, settings))
            mails = about_ours = 0
            for raw in mailboxes.read_all(source):
                mails += 1
                for report in reports_of(raw):
                    store.take(report, system_now())
                    about_ours += 1
        click.echo(f"{mails} mails read, {about_ours} reports about ours.")
        return 0

    sys.exit(runtime.start("bounces", work))
