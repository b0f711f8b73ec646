"""`gatecall why`: the chain of a change on one screen."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from app import runtime
from app.domain import fields, places, why_words
from app.domain.clock import DomainClock
from app.domain.errors import BadEventError
from app.domain.why_view import Line, flight_name, local, view
from app.settings import Settings
from app.store import client as mongo
from app.store.why import WhyReader

_WIDTH = 100
_COLUMN = 22


class _FlightNumber(click.ParamType[str]):
    """A flight number, written in any way that an admin may write it ("ua 0407" is UA407)."""

    name = "FLIGHT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return fields.flight_number({"it": value}, "it") or ""
        except BadEventError as error:
            self.fail(str(error).removeprefix("it: "), param, ctx)


@click.command()
@click.option("--event", "event_id", help="Id of a change event, as the feed and all logs have it.")
@click.option("--person", help="Id of the person: what each channel did for them.")
@click.option(
    "--flight", "flight_number", type=_FlightNumber(), help="Flight number, like UA1545; with --date."
)
@click.option("--date", help="Date of departure, like 2013-02-08.")
@click.option(
    "--last", default=5, show_default=True, type=click.IntRange(1, 200), help="Changes of the flight shown."
)
def why(
    event_id: str | None, person: str | None, flight_number: str | None, date: str | None, last: int
) -> None:
    """Show why somebody did or did not hear of a change: every step with its time, at the airport of departure.

    By --event, or by --flight and --date (the latest changes); --person adds what each channel did.
    """
    if (event_id is None) == (flight_number is None) or (flight_number is None) != (date is None):
        raise click.UsageError("name either --event, or --flight with --date")

    def work(settings: Settings) -> int:
        with mongo.connect(settings, app_name="gatecall-why") as client:
            reader = WhyReader(mongo.database(client, settings))
            if event_id is not None:
                return _show_event(reader, event_id, person, settings.domain_clock)
            subjects = reader.subjects(flight_number or "", date or "")
            for subject in subjects:
                _show_flight(reader, subject, person, last, settings.domain_clock)
            if not subjects:
                click.echo(f"No flight {flight_number} on {date} is known.")
            return 0 if subjects else 1

    sys.exit(runtime.start("why", work))


def _show_event(reader: WhyReader, event_id: str, person: str | None, clock: DomainClock) -> int:
    event = reader.event(event_id)
    if event is None:
        click.echo("Nothing is known of this event: it never came, or it is too long ago.")
        return 1
    chain = reader.chain(event, person)
    shown = view(chain, clock)
    iata = chain.iata
    click.secho(shown.flight, bold=True)
    _print(shown.lines, clock, iata)
    if person is None:
        told = ", ".join(f"{count} {status}" for status, count in sorted(chain.people.items()))
        click.echo(f"{'Messages':<{_COLUMN}} {told or 'none tells of it'}")
        return 0
    click.secho(f"\nPerson {person}. {shown.place or ''}", bold=True)
    for one in shown.channels:
        click.secho(f"{one.name}: {one.state.words}{f' - {one.title}' if one.title else ''}", bold=True)
        _print(one.lines, clock, iata)
    if not shown.channels:
        click.echo("No conversation and no message of this person about this flight is on record.")
    return 0


def _show_flight(reader: WhyReader, subject: str, person: str | None, last: int, clock: DomainClock) -> None:
    flight = reader.flight(subject)
    click.secho(f"{flight_name(flight)} ({subject})", bold=True)
    iata = flight.origin if flight else None
    for event in reversed(reader.events(subject, last)):
        at = _moment(event.changed_at, clock, iata) if event.changed_at else ""
        what = why_words.changes(event.changes) or "nothing that differs"
        outcome = "announced" if event.is_announced else event.outcome or "not on record"
        _line(at, f"{what}: {outcome.replace('_', ' ')}")
        click.echo(f"{'':<{_COLUMN}} event {event.id}")
        if person is None:
            continue
        for one in view(reader.chain(event, person), clock).channels:
            ends = one.lines[-1] if one.lines else None
            how = (
                f": {ends.title.lower()}"
                if ends and ends.title.lower() not in one.state.words.lower()
                else ""
            )
            click.echo(f"{'':<{_COLUMN}} {one.name}: {one.state.words}{how}")


def _print(lines: Sequence[Line], clock: DomainClock, iata: str | None) -> None:
    for line in lines:
        color = {"end": "green", "bad": "red"}.get(line.tone)
        # how long after the save, or a time that stands for itself
        time = _moment(line.at, clock, iata) if line.at and not line.time.startswith("+") else line.time
        _line(time, line.title + (f": {line.words}" if line.words else ""), color)


def _moment(at: datetime, clock: DomainClock, iata: str | None) -> str:
    there = local(at, clock, iata)
    return f"{there.day} {there:%b %H:%M:%S} {places.zone_name(there)}"


def _line(time: str, text: str, color: str | None = None) -> None:
    indent = " " * (_COLUMN + 1)
    body = textwrap.wrap(text, _WIDTH - _COLUMN - 1, break_on_hyphens=False) or [""]
    click.secho(f"{time:<{_COLUMN}} " + f"\n{indent}".join(body), fg=color)
