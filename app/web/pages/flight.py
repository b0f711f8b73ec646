"""The page of a flight: `/f/UA1071/2013-02-09`, and `/f/UA1071` which goes to the next one of that number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date as day_type
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.domain import airlines, places
from app.domain.calendar_file import Entry
from app.domain.errors import BadEventError
from app.domain.flight import Flight, parse
from app.domain.speech import date_of, say
from app.store import flight_log
from app.store import flights as flights_store
from app.web import calendar_answer
from app.web.pages import flight_view, follow, live, words
from app.web.pages.kept import Kept
from app.web.services import Services, services

_STILL_FLYING = timedelta(days=3)
"""Nothing that left on a day before this is in the air: the longest flight, its delay, and the date line."""

_SOME = 20
"""So many flights are read where one is wanted: the others may be unreadable."""

ToldByEvent = Mapping[str, flight_log.Told]
"""Who was told of a flight's changes, in counts, by event."""

Found = Sequence[tuple[str, Flight]]
"""Flights with the key of their document."""


def view(kept: Kept[ToldByEvent], flight_number: str, date: str) -> str | tuple[str, int] | Response:
    """One flight on one departure date (local to its origin).

    Where the number leaves from several airports that day, the reader picks one (`?from=EWR`).

    :raise 404: never as such; a flight that is not known gets a page of its own, with status 404.
    """
    parts = services()
    number = _number(flight_number)
    if number != flight_number:
        origin = request.args.get("from")
        return redirect(_address(number, date, origin), 301)
    following = live.of(parts)
    found, wanted, broken = _asked_for(parts, number, date)
    if len(wanted) == 1:
        key, flight = wanted[0]
        subject = flight_log.subject_of(parts.database, key)
        page = flight_view.page(
            flight,
            flight_log.announcements(parts.database, subject),
            kept.get(subject, parts.now(), lambda: flight_log.told(parts.database, subject)),
            parts.clock,
            parts.now(),
        )
        button = follow.button(parts, key, flight)
        calendar = url_for("pages.flight_calendar", flight_number=number, date=date)
        return render_template(
            "flight.html",
            page=page,
            live=following,
            share=_share(parts, flight),
            follow=button,
            calendar=f"{calendar}?{urlencode({'from': flight.origin})}",
        )
    if found:
        return render_template("flight_pick.html", number=airlines.written(number), choices=_choices(found))
    return _not_found(parts, number, date, broken)


def calendar_view(flight_number: str, date: str) -> Response:
    """The flight as a calendar file: `/f/UA1071/2013-02-09.ics`, with `?from=EWR` where there are several.

    :raise 404: it is not known, or there are several.
    """
    parts = services()
    _, wanted, _ = _asked_for(parts, _number(flight_number), date)
    if len(wanted) != 1:
        raise NotFound(say("There is no such flight, or several: its page has a link to its calendar file."))
    key, flight = wanted[0]
    subject, order = flight_log.versions_of(parts.database, [key])[key]
    return calendar_answer.of_flight(parts, Entry(flight, subject, order))


def _asked_for(parts: Services, number: str, date: str) -> tuple[Found, Found, int]:
    """All flights of a number and day, those of them that the request asks for, and how many cannot be read."""
    if words.parsed_date(date) is None:
        return [], [], 0
    found, broken = _read(flights_store.numbered(parts.database, number, first=date, last=date))
    origin = request.args.get("from", "").strip().upper()
    return found, [one for one in found if one[1].origin == origin] if origin else found, broken


def next_view(flight_number: str) -> Response | tuple[str, int] | str:
    """Go to the flight of this number that matters now: the first that has not landed, else the last one."""
    parts = services()
    number = _number(flight_number)
    now = parts.clock()
    first = (now - _STILL_FLYING).date().isoformat()
    found, _ = _read(flights_store.numbered(parts.database, number, first=first))
    ahead = [flight for _, flight in found if (flight.lands_at or flight.leaves_at) >= now]
    if ahead:
        return redirect(_address(number, ahead[0].departure_date, None), 302)
    found, _ = _read(flights_store.numbered(parts.database, number, latest=True, most=_SOME))
    if not found:
        return _not_found(parts, number, None, broken=0)
    return redirect(_address(number, found[-1][1].departure_date, None), 302)


def _number(text: str) -> str:
    """The number as it is stored: "ua 0407" is UA407."""
    number = "".join(text.split()).upper()[:8]
    if not number.isalnum() or len(number) < 3:
        raise NotFound(
            say("That is not a flight number. One looks like UA 407: the airline's code, then the number.")
        )
    digits = number[2:].lstrip("0")
    return number[:2] + digits if digits[:1].isdigit() else number


def _read(documents: Sequence[Mapping[str, Any]]) -> tuple[list[tuple[str, Flight]], int]:
    """The flights that can be read, in order of departure, and how many cannot."""
    found: list[tuple[str, Flight]] = []
    for document in documents:
        try:
            flight = parse(document)
            _ = flight.leaves_at, flight.lands_at
        except (BadEventError, OverflowError):
            continue
        found.append((str(document["_id"]), flight))
    found.sort(key=lambda one: (one[1].departure_date, one[1].origin))
    return found, len(documents) - len(found)


def _choices(found: Found) -> list[tuple[str, str, str]]:
    """Address, words and state of each flight that shares number and day."""
    return [
        (
            _url(flight),
            words.route(flight.origin, flight.destination),
            words.clock_zone(places.utc_to_local(flight.departs_at, flight.origin)),
        )
        for _, flight in found
    ]


def _url(flight: Flight) -> str:
    return _address(flight.flight_number, flight.departure_date, flight.origin)


def _address(number: str, date: str, origin: str | None) -> str:
    path = url_for("pages.flight", flight_number=number, date=date)
    return f"{path}?{urlencode({'from': origin})}" if origin else path


def _share(parts: Services, flight: Flight) -> str:
    return f"{parts.settings.public_url}/f/{flight.flight_number}/{flight.departure_date}"


def _not_found(parts: Services, number: str, date: str | None, broken: int) -> tuple[str, int]:
    when = words.parsed_date(date) if date else None

    def others(**wanted: Any) -> Sequence[tuple[str, Flight]]:
        return _read(flights_store.numbered(parts.database, number, most=_SOME, **wanted))[0] if date else ()

    earliest, latest = others()[:1], others(latest=True)[-1:]
    near: list[tuple[str, Flight]] = [*latest]
    if when:
        near = [*others(last=when.isoformat(), latest=True)[-1:], *others(first=when.isoformat())[:1]]
        near.sort(key=lambda one: abs((_date_of(one[1]) - when).days))
    body = render_template(
        "flight_none.html",
        number=airlines.written(number),
        when=date_of(when) if when else None,
        broken=broken,
        first=_long(earliest[0][1]) if earliest else None,
        last=_long(latest[0][1]) if latest else None,
        nearest=(_url(near[0][1]), words.short_day(_date_of(near[0][1]))) if near else None,
    )
    return body, 404


def _date_of(flight: Flight) -> day_type:
    return day_type.fromisoformat(flight.departure_date)


def _long(flight: Flight) -> str:
    return date_of(_date_of(flight))
