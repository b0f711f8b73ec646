"""`gatecall dead-letters`: look at what could not be processed, replay or discard it."""

from __future__ import annotations

import getpass
import re
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import orjson
from bson import json_util
from pymongo.database import Database
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app import runtime
from app.domain.clock import system_now
from app.settings import Settings
from app.store import client as mongo
from app.store.dead_letters import SOURCES, STATUSES, WAITING, DeadLetters, Filter
from app.store.repair import LetterDesk

_AGO = re.compile(r"(\d{1,5})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LOOK_EVERY_S = 0.25

Documents = Database[dict[str, Any]]


class _When(click.ParamType[datetime]):
    """A moment: "2026-12-01", RFC 3339, or how long ago ("30m", "2h", "7d"). Without a zone it is UTC."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        if ago := _AGO.fullmatch(value):
            return system_now() - int(ago[1]) * _UNITS[ago[2]]
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                'write "2026-12-01", "2026-12-01T10:00:00Z", or how long ago: "30m", "2h", "7d"', param, ctx
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.option("--reason", help='Only with this reason, like "bad_field".'),
        click.option("--collection", help='Only of this collection, like "flights".'),
        click.option("--key", help="Only with this key, or of the document with this id."),
        click.option("--source", type=click.Choice(SOURCES), help="Who set it aside."),
        click.option(
            "--since", type=_When(), help='Last met then or later: a date, RFC 3339, or "2h" for ago.'
        ),
        click.option("--until", type=_When(), help="Last met before this time."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


_STATUS = click.option(
    "--status",
    type=click.Choice([*STATUSES, "all"]),
    default=WAITING,
    show_default=True,
    help="Where it stands.",
)
_YES = click.option("--yes", is_flag=True, help="Do not ask before acting on several.")


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at what could not be processed; replay it or discard it.

    A replay reads the document as it is now and sends it through the same steps as any change. It is safe to repeat:
    nobody is told what they know.
    """


@dead_letters.command("list")
@_filters
@_STATUS
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line.")
def list_letters(*, status: str, limit: int, as_json: bool, **wanted: Any) -> None:
    """List dead letters, the latest first, and how many the filters leave, by reason."""
    chosen = Filter(status=None if status == "all" else status, **wanted)

    def work(letters: DeadLetters, _: Documents) -> int:
        for letter in letters.search(chosen, limit=limit):
            click.echo(_as_json(letter) if as_json else _line(letter))
        if not as_json:
            total = letters.how_many(chosen)
            click.echo(
                f"{total} dead letter{'' if total == 1 else 's'}"
                + (f", {limit} shown" if total > limit else "")
            )
            for (reason, state), count in sorted(letters.counts(chosen).items()):
                click.echo(f"  {count:>6}  {reason}, {state}")
        return 0

    _run(work)


@dead_letters.command()
@click.argument("letter_id")
def show(letter_id: str) -> None:
    """Show one dead letter with all that is kept of it, as JSON."""

    def work(letters: DeadLetters, _: Documents) -> int:
        letter = letters.find(letter_id)
        if letter is None:
            click.echo(f"There is no dead letter {letter_id}. `list` shows which there are.", err=True)
            return 1
        click.echo(_as_json(letter, indent=True))
        return 0

    _run(work)


@dead_letters.command()
@click.argument("letter_ids", nargs=-1)
@_filters
@_STATUS
@click.option("--all", "every", is_flag=True, help="All that the filters leave.")
@click.option(
    "--wait",
    "wait_s",
    type=float,
    default=30.0,
    show_default=True,
    help="How long to wait for the watcher (seconds).",
)
@_YES
def replay(
    *, letter_ids: tuple[str, ...], every: bool, wait_s: float, yes: bool, status: str, **wanted: Any
) -> None:
    """Read the documents of dead letters afresh: those named, or --all that the filters leave.

    Exit status 0: all replayed; 1: some failed again, cannot be replayed, or no watcher served them in time.
    """

    def work(letters: DeadLetters, database: Documents) -> int:
        ids = _chosen(letters, letter_ids, every=every, status=status, wanted=wanted)
        _confirm(len(ids), "Replay", yes=yes)
        desk = LetterDesk(database, _who(), system_now)
        asked = _each(ids, desk.replay, "Asking")
        replayed, again, pending = _served(desk, asked, wait_s)
        click.echo(
            f"{replayed} replayed, {again} failed again, {len(ids) - len(asked)} refused, {pending} not served yet"
        )
        if pending:
            click.echo(
                "What is not served yet waits for the watcher of its collection: is `gatecall watch` running?"
            )
        return 0 if replayed == len(ids) else 1

    _run(work)


@dead_letters.command()
@click.argument("letter_ids", nargs=-1)
@_filters
@click.option("--all", "every", is_flag=True, help="All that wait and that the filters leave.")
@_YES
def discard(*, letter_ids: tuple[str, ...], every: bool, yes: bool, **wanted: Any) -> None:
    """Say that nobody needs to look at dead letters any more: those named, or --all that the filters leave."""

    def work(letters: DeadLetters, database: Documents) -> int:
        ids = _chosen(letters, letter_ids, every=every, status=WAITING, wanted=wanted)
        _confirm(len(ids), "Discard", yes=yes)
        done = _each(ids, LetterDesk(database, _who(), system_now).discard, "Discarding")
        click.echo(f"{len(done)} discarded, {len(ids) - len(done)} refused")
        return 0 if len(done) == len(ids) else 1

    _run(work)


def _run(work: Callable[[DeadLetters, Documents], int]) -> None:
    """Run a command on the database of the settings, and end with its status."""

    def with_database(settings: Settings) -> int:
        with mongo.connect(settings, app_name="gatecall-dead-letters") as client:
            database = mongo.database(client, settings)
            return work(DeadLetters(database, system_now), database)

    sys.exit(runtime.start("dead-letters", with_database))


def _chosen(
    letters: DeadLetters, named: tuple[str, ...], *, every: bool, status: str, wanted: dict[str, Any]
) -> list[str]:
    """Ids of those that are meant. Raises click.UsageError when it is not clear which."""
    filtered = any(value is not None for value in wanted.values())
    if bool(named) == every:
        raise click.UsageError("Name dead letters, or say --all (with filters, if not all are meant).")
    if named and filtered:
        raise click.UsageError("Filters go with --all, not with named dead letters.")
    if named:
        return list(dict.fromkeys(named))
    return list(letters.search_ids(Filter(status=None if status == "all" else status, **wanted)))


def _confirm(count: int, verb: str, *, yes: bool) -> None:
    if count > 1 and not yes:
        click.confirm(f"{verb} {count} dead letters?", abort=True, err=True)


def _each(ids: Iterable[str], act: Callable[[str], str | None], verb: str) -> list[str]:
    """Act on each, with a bar; returns those that were not refused, and says why of the others."""
    ids = list(ids)
    done: list[str] = []
    refused: list[tuple[str, str]] = []
    with _bar() as bar:
        task = bar.add_task(verb, total=len(ids))
        for letter_id in ids:
            why = act(letter_id)
            if why is None:
                done.append(letter_id)
            else:
                refused.append((letter_id, why))
            bar.advance(task)
    for letter_id, why in refused:
        click.echo(f"{letter_id}: {why}", err=True)
    return done


def _served(desk: LetterDesk, asked: list[str], wait_s: float) -> tuple[int, int, int]:
    """Wait until the watchers have served the requests, with a bar; then what became of them."""
    deadline = time.monotonic() + wait_s
    with _bar() as bar:
        task = bar.add_task("Replaying", total=len(asked))
        while True:
            replayed, again, pending = desk.outcome(asked)
            bar.update(task, completed=replayed + again)
            if not pending or time.monotonic() >= deadline:
                return replayed, again, pending
            time.sleep(_LOOK_EVERY_S)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _who() -> str:
    try:
        return f"operator:{getpass.getuser()}"
    except (KeyError, OSError):  # a container may have no name for its user
        return "operator"


def _line(letter: dict[str, Any]) -> str:
    when = letter["last_at"].strftime("%Y-%m-%d %H:%M:%S")
    field = f" {letter['field']}" if letter.get("field") else ""
    times = f" ({letter['count']} times)" if letter.get("count", 1) > 1 else ""
    asked = " [replay asked]" if letter.get("asked_at") else ""
    what = f"{letter['collection']} {letter.get('key') or '?'}: {letter['reason']}{field}{times}{asked}"
    return f"{when}  {letter['status']:<9}  {what}\n    {letter['words'].splitlines()[0][:160]}\n    {letter['_id']}"


def _as_json(letter: dict[str, Any], *, indent: bool = False) -> str:
    plain = orjson.loads(json_util.dumps(letter, json_options=json_util.RELAXED_JSON_OPTIONS))
    return orjson.dumps(plain, option=orjson.OPT_INDENT_2 if indent else 0).decode()
