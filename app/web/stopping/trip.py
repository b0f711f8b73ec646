"""A trip that somebody shared: its flights as they stand, for whoever has the link. Nothing says whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import render_template

from app.domain import airlines, places
from app.domain.errors import BadEventError
from app.domain.flight import Flight, parse
from app.store import ids, shown
from app.store.shares import Shares
from app.web.pages import words
from app.web.pages.words import State
from app.web.services import services


@dataclass(frozen=True, slots=True)
class Leg:
    """One flight of the trip. lands: None where it is not known."""

    name: str
    route: str
    leaves: str
    lands: str | None
    state: State
    arrival: State
    url: str
    at: str


def view(token: str) -> str | tuple[str, int]:
    """Its flights, the first to leave first; where there is no such link any more, a page that says so, status 404."""
    parts = services()
    share = Shares(parts.database).find(token, parts.now())
    if share is None:
        return render_template("stopping/trip_over.html"), 404
    documents = shown.by_ids(parts.database, share.flights)
    # Two of the bookings may be of documents of one flight.
    distinct = {ids.text(document["_id"]): document for document in documents.values()}
    legs = sorted(filter(None, map(_leg, distinct.values())), key=lambda leg: leg.at)
    gone = len(share.flights) - len(documents) + len(distinct) - len(legs)
    return render_template("stopping/trip.html", legs=legs, until=parts.clock.at(share.expires_at), gone=gone)


def _leg(document: Mapping[str, Any]) -> Leg | None:
    try:
        flight = parse(document)
        return _of_flight(flight)
    except (BadEventError, OverflowError):
        return None


def _of_flight(flight: Flight) -> Leg:
    leaves = places.utc_to_local(flight.leaves_at, flight.origin)
    lands = places.utc_to_local(flight.lands_at, flight.destination) if flight.lands_at else None
    query = urlencode({"from": flight.origin})
    return Leg(
        name=airlines.written(flight.flight_number),
        route=words.route(flight.origin, flight.destination),
        leaves=words.day_and_time(leaves, year=True),
        lands=words.day_and_time(lands) if lands else None,
        state=words.departure_state(flight),
        arrival=words.arrival_state(flight),
        url=f"/f/{flight.flight_number}/{flight.departure_date}?{query}",
        at=flight.leaves_at.isoformat(),
    )
