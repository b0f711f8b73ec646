"""Commands for those who may do more: keys of programs, roles of people."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click
from pymongo.database import Database

from app import runtime
from app.domain.clock import system_now
from app.settings import Settings
from app.store.users import ROLES, TRAVELLER

SCOPES = ("feed:read", "bookings:write", "flights:write", "notices:write", "staff")
"""The same as `app.web.access.Scope`, which the commands need not load; a test compares them."""


@click.group("api-key")
def api_key() -> None:
    """Keys that programs send as `Authorization: Bearer KEY`. A key is shown once; only its hash is kept."""


@api_key.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(SCOPES),
    help="What it may do; may be repeated.",
)
@click.option("--owner", default=None, help="The id of a person: the key may do no more than they may.")
def create(name: str, scopes: tuple[str, ...], owner: str | None) -> None:
    """Make a key for the program NAME and show it, once."""

    def work(database: Database[dict[str, Any]]) -> int:
        from app.store.api_keys import ApiKeys
        from app.store.users import Users

        if owner is not None and Users(database).get(owner) is None:
            click.echo(f"There is no person with the id {owner}.", err=True)
            return 1
        key, made = ApiKeys(database).create(name[:100], scopes, owner, "command", system_now())
        click.echo(key)
        click.echo(f"Keep it now, it cannot be shown again. In lists it is {made.prefix}.", err=True)
        return 0

    _run(work)


@api_key.command("list")
@click.option("--owner", default=None, help="Only the keys of this person (an id).")
def list_keys(owner: str | None) -> None:
    """List the keys, the newest first: beginning, name, scopes, whose, last use, whether it was revoked."""

    def work(database: Database[dict[str, Any]]) -> int:
        from app.store.api_keys import ApiKeys

        found = ApiKeys(database).all(owner)
        for key in found:
            used = f"used {key.last_used_at:%Y-%m-%d %H:%MZ}" if key.last_used_at else "never used"
            state = f"revoked {key.revoked_at:%Y-%m-%d %H:%MZ}" if key.revoked_at else "works"
            click.echo(
                f"{key.prefix}  {key.name}  {','.join(sorted(key.scopes))}  {key.owner or '-'}  {used}  {state}"
            )
        if not found:
            click.echo("There is no key.")
        return 0

    _run(work)


@api_key.command("revoke")
@click.argument("prefix")
def revoke(prefix: str) -> None:
    """End a key at once. PREFIX: its beginning, as the list shows it."""

    def work(database: Database[dict[str, Any]]) -> int:
        from app.store.api_keys import ApiKeys

        done = ApiKeys(database).revoke(prefix, system_now())
        click.echo("It does not work any more." if done else "There is no such key that works.")
        return 0 if done else 1

    _run(work)


@click.group()
def role() -> None:
    """Roles of people. Whoever is signed in is signed out by a change, and signs in with what they may do now."""


@role.command("add")
@click.argument("user")
@click.argument("name", metavar="ROLE", type=click.Choice([r for r in ROLES if r != TRAVELLER]))
def add_role(user: str, name: str) -> None:
    """Give USER (an id, or an e-mail address that one person has) the ROLE."""
    _run(lambda database: _change(database, user, lambda roles: roles | {name}))


@role.command("remove")
@click.argument("user")
@click.argument("name", metavar="ROLE", type=click.Choice([r for r in ROLES if r != TRAVELLER]))
def remove_role(user: str, name: str) -> None:
    """Take the ROLE from USER (an id, or an e-mail address that one person has)."""
    _run(lambda database: _change(database, user, lambda roles: roles - {name}))


def _change(
    database: Database[dict[str, Any]], user: str, change: Callable[[frozenset[str]], frozenset[str]]
) -> int:
    from app.store.users import Users

    users = Users(database)
    found = [str(one["_id"]) for one in users.by_email(user)] if "@" in user else [user]
    if len(found) > 1:
        click.echo(f"Several people have this address; name one by id: {', '.join(found)}.", err=True)
        return 1
    roles = users.change_roles(found[0], change) if found else None
    if roles is None:
        click.echo("There is no such person.", err=True)
        return 1
    click.echo(f"{found[0]}: {', '.join(sorted(roles))}")
    return 0


def _run(work: Callable[[Database[dict[str, Any]]], int]) -> None:
    def with_settings(settings: Settings) -> int:
        from app.store import client as mongo

        with mongo.connect(settings, app_name="gatecall-access") as client:
            return work(mongo.database(client, settings))

    sys.exit(runtime.start("access", with_settings))
