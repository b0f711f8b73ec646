"""Commands for what operators do to a whole system: after a restore, and when they want a collection read anew."""

from __future__ import annotations

import sys
from contextlib import closing

import click

from app import runtime
from app.domain.clock import system_now
from app.domain.namespaces import BY_COLLECTION, WATCHED
from app.settings import Settings


@click.command()
@click.option("--confirm", is_flag=True, help="Do it. Without this, only say what there is to do.")
def restore(*, confirm: bool) -> None:
    """Bring Gatecall in line after MongoDB was restored from a backup.

    Stop all processes but web first. Safe to repeat until it says that it is done.
    """

    def work(settings: Settings) -> int:
        from app import restore as restoring
        from app.bus import clients, topics
        from app.bus.incarnation import Incarnations
        from app.store import client as mongo

        with (
            mongo.connect(settings, app_name="gatecall-restore") as client,
            closing(clients.admin(settings)) as admin,
            closing(Incarnations(settings)) as incarnations,
        ):
            mongo.check_replica_set(client)
            topics.ensure(admin, settings)
            database = mongo.database(client, settings)
            around = restoring.Surroundings(settings, database, admin, incarnations, system_now)
            if confirm:
                restoring.run(around, click.echo)
                return 0
            found = incarnations.current(fresh=True)
            unfinished = ", and its restore is not finished" if found.unfinished else ""
            click.echo(f"The database is of incarnation {found.number}{unfinished}.")
            for sentence in restoring.busy(around) or ["The pipeline is stopped."]:
                click.echo(sentence)
            click.echo("After a restore from a backup: gatecall restore --confirm")
            return 0

    sys.exit(runtime.start("restore", work))


@click.command()
@click.argument("collection", required=False, type=click.Choice([n.collection for n in WATCHED]))
def reconcile(collection: str | None) -> None:
    """Ask the watchers to read a collection anew (all without a name), beside their work.

    What differs from what is known is announced as found late; where nothing differs nobody hears anything.
    """

    def work(settings: Settings) -> int:
        from app import restore as restoring
        from app.store import client as mongo

        with mongo.connect(settings, app_name="gatecall-reconcile") as client:
            asked = restoring.asked_for(
                mongo.database(client, settings),
                [collection] if collection else list(BY_COLLECTION),
                system_now(),
            )
        for name, there in asked.items():
            when = "within 15 s" if there else "at the first start of its watcher"
            click.echo(f"{name} is read anew {when}.")
        return 0

    sys.exit(runtime.start("reconcile", work))
