"""Calendar files as answers of the web process."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from app.domain import calendar_file
from app.domain.calendar_file import Entry
from app.web.services import Services


def of_flight(parts: Services, entry: Entry) -> Response:
    """One flight, to be opened by a calendar."""
    content = calendar_file.of_flight(entry, parts.settings.public_url, parts.clock())
    return _answer(content, calendar_file.file_name(entry.flight))


def of_flights(parts: Services, entries: Sequence[Entry], name: str) -> Response:
    """The flights of somebody, for a calendar that asks again and again. name: what it is called there."""
    content = calendar_file.of_flights(entries, name, parts.settings.public_url, parts.clock())
    return _answer(content, "flights.ics")


def _answer(content: bytes, name: str) -> Response:
    made = Response(content, mimetype="text/calendar")
    made.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    made.headers["Cache-Control"] = "no-cache"
    return made
