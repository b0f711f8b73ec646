"""The calendar of a person's bookings, which calendar programs ask for by a signed link of the person's own."""

from __future__ import annotations

from datetime import timedelta

from flask import Response
from pymongo.database import Database

from app.domain.calendar_file import Entry
from app.domain.errors import BadEventError
from app.domain.flight import parse
from app.domain.people import speaking_as_chosen
from app.domain.speech import say
from app.store import flight_log, ids, shown
from app.store.own_bookings import OwnBookings
from app.store.users import Users
from app.web import calendar_answer
from app.web.services import services
from app.web.stopping.link import DeadLinkError, dead, holder_of_calendar

_KEPT = timedelta(days=90)
"""A flight stays in the calendar for so long after it left."""


def view(token: str) -> Response | tuple[str, int]:
    """All bookings that are held, the flights that were cancelled marked so."""
    parts = services()
    try:
        holder = holder_of_calendar(parts, token)
    except DeadLinkError as error:
        return dead(error)
    rows = OwnBookings(parts.database).held(holder.person)
    keys = {ids.text(row["flight_id"]) for row in rows}
    entries = _entries(parts.database, keys)
    since = parts.clock() - _KEPT
    coming = [entry for entry in entries if entry.flight.leaves_at >= since]
    with speaking_as_chosen(Users(parts.database).get(holder.person) or {}):
        return calendar_answer.of_flights(parts, coming, say("My flights"))


def _entries(database: Database[dict[str, object]], keys: set[str]) -> list[Entry]:
    documents = shown.by_ids(database, keys)
    versions = flight_log.versions_of(database, documents)
    found: dict[str, Entry] = {}
    for key, document in documents.items():
        try:
            flight = parse(document)
            _ = flight.leaves_at, flight.lands_at
        except (BadEventError, OverflowError):
            continue  # its page says that it cannot be read
        entry = Entry(flight, *versions[key])
        found[entry.subject] = entry  # two bookings may be of documents of one flight
    return sorted(found.values(), key=lambda entry: entry.flight.leaves_at)
