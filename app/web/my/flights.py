"""What I have booked and what I follow: each with the flight's present state, and a way to end it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from app.domain import airlines, places
from app.domain.errors import BadEventError
from app.domain.flight import Flight, parse
from app.store import ids, shown
from app.store.audience import is_held
from app.store.own_bookings import BY_PERSON, OwnBookings
from app.store.own_followings import OwnFollowings
from app.web import access
from app.web.api import choosing
from app.web.api.bookings import NewBooking
from app.web.api.choosing import FlightChoice
from app.web.api.requests import is_id, validated
from app.web.my import frame
from app.web.my.frame import Answer, Document, Fields
from app.web.pages import words
from app.web.pages.words import State
from app.web.problems import Problem
from app.web.services import services

MOST = 200
"""Bookings, and followings, on the page; the API has them all, page by page."""

_FORM = ("flight_number", "departure_date", "origin", "reference")


@dataclass(frozen=True, slots=True)
class Place:
    """A booking or a following. url: of the flight's page or the airport's board; None when it is gone. sort: nearest
    departure first. is_own: the person may end it here."""

    id: str
    name: str
    route: str
    detail: str
    url: str | None
    state: State | None
    sort: str
    is_own: bool
    is_over: bool
    is_muted: bool


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.add_url_rule("/flights", view_func=view, endpoint="flights", methods=["GET"])
    blueprint.add_url_rule("/bookings", view_func=book, endpoint="book", methods=["POST"])
    blueprint.add_url_rule("/bookings/<booking>/end", view_func=unbook, endpoint="unbook", methods=["POST"])
    blueprint.add_url_rule("/follow", view_func=follow, endpoint="follow", methods=["POST"])
    ended, muted = "/followings/<following>/end", "/followings/<following>/mute"
    blueprint.add_url_rule(ended, view_func=unfollow, endpoint="unfollow", methods=["POST"])
    blueprint.add_url_rule(muted, view_func=mute, endpoint="mute", methods=["POST"])


def view() -> Answer:
    """Both lists and the form for a booking."""
    return _page(Fields(dict.fromkeys(_FORM, ""), {}))


def book() -> Answer | Response:
    """Add a booking by flight and date; what stands there now is what the person knows from now on."""
    user, sent = frame.own(), _sent()
    given = {name: text for name, text in sent.items() if text}
    try:
        choice = validated(NewBooking, given)
        found = choosing.flight(choice)
    except Problem as problem:
        return _page(Fields(sent, frame.faults_of(problem) or {"flight_number": problem.detail}), 422)
    store, now = OwnBookings(services().database), services().now()
    _, is_new = store.add(access.own(), user["_id"], found, choice.reference, now)
    return frame.back("my.flights", "booked" if is_new else "booked-before")


def unbook(booking: str) -> Response:
    """Cancel a booking that the person added; an airline's ends with the airline."""
    store = OwnBookings(services().database)
    row = store.get(access.own(), booking) if is_id(booking) else None
    if row is None:
        raise frame.not_yours("booking")
    if row.get("added_by") != BY_PERSON:
        words_ = "This booking came from the airline's system, and ends there: cancel it with the airline."
        raise Problem(403, "Not yours to cancel", words_)
    if is_held(row.get("status")) and not store.cancel(row):
        return frame.back("my.flights", "changed-meanwhile")
    return frame.back("my.flights", "unbooked")


def follow() -> Response:
    """Follow a flight, from its page; then back to it. Following twice is following once."""
    user = frame.own()
    given = {name: text for name, text in _sent().items() if text and name != "reference"}
    found = choosing.flight(validated(FlightChoice, given))
    store = OwnFollowings(services().database)
    store.add_flight(access.own(), user["_id"], found.document["_id"], services().now())
    return _to_flight(found.document) or frame.back("my.flights", "followed")


def unfollow(following: str) -> Response:
    """End a following; back to where the button was."""
    store = OwnFollowings(services().database)
    row = _followed(store, following)
    if not store.remove(row):
        return frame.back("my.flights", "changed-meanwhile")
    if request.form.get("back") == "flight":
        documents = shown.by_ids(services().database, [ids.text(row["flight_id"])])
        to_flight = _to_flight(next(iter(documents.values()), {}))
        if to_flight is not None:
            return to_flight
    return frame.back("my.flights", "unfollowed")


def mute(following: str) -> Response:
    """Mute a following, or hear of it again (`muted=yes`, `muted=no`)."""
    store = OwnFollowings(services().database)
    is_muted = request.form.get("muted") == "yes"
    if store.mute(_followed(store, following), is_muted) is None:
        return frame.back("my.flights", "changed-meanwhile")
    return frame.back("my.flights", "muted" if is_muted else "unmuted")


def _followed(store: OwnFollowings, following: str) -> Document:
    row = store.get(access.own(), following) if is_id(following) else None
    if row is None:
        raise frame.not_yours("following")
    return row


def _sent() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in _FORM}


def _to_flight(document: Mapping[str, Any]) -> Response | None:
    """Back to the page of a flight; None for one that cannot be read."""
    try:
        return redirect(_url(parse(document)), 303)
    except (BadEventError, KeyError):
        return None


def _url(flight: Flight) -> str:
    path = f"/f/{flight.flight_number}/{flight.departure_date}"
    return f"{path}?{urlencode({'from': flight.origin})}"


def _page(form: Fields, status: int = 200) -> Answer:
    person, database = access.own(), services().database
    booked = OwnBookings(database).page(person, None, MOST + 1)
    followed = OwnFollowings(database).page(person, None, MOST + 1)
    documents = shown.by_ids(database, (ids.text(row["flight_id"]) for row in (*booked, *followed)))
    bookings = sorted((_booking(row, documents) for row in booked[:MOST]), key=_order)
    followings = sorted((_following(row, documents) for row in followed[:MOST]), key=_order)
    is_cut = len(booked) > MOST or len(followed) > MOST
    return frame.draw(
        "flights.html", status, bookings=bookings, followings=followings, form=form, is_cut=is_cut, most=MOST
    )


def _order(place: Place) -> tuple[bool, str, str]:
    """What is to come first, the nearest at the top; then what is over."""
    return place.is_over, place.sort, place.id


def _booking(row: Document, documents: Mapping[str, Document]) -> Place:
    reference = row.get("reference")
    more = f", booking {reference}" if isinstance(reference, str) and reference else ""
    is_own = row.get("added_by") == BY_PERSON
    return _place(row, documents, more, is_own=is_own, is_ended=not is_held(row.get("status")))


def _following(row: Document, documents: Mapping[str, Document]) -> Place:
    airport = row.get("airport")
    if isinstance(airport, str):
        url = f"/board?{urlencode({'airport': airport})}"
        name = places.short_name(airport)
        detail = "The whole airport. It is kept here; news about an airport is not sent to anybody yet."
        muted = row.get("muted") is True
        return Place(ids.text(row["_id"]), airport, f", {name}", detail, url, None, "9", True, False, muted)
    return _place(row, documents, "", is_own=True, is_ended=False)


def _place(
    row: Document, documents: Mapping[str, Document], more: str, *, is_own: bool, is_ended: bool
) -> Place:
    id_, muted = ids.text(row["_id"]), row.get("muted") is True
    gone = Place(
        id_, "A flight that is gone", "", f"It was deleted{more}.", None, None, "", is_own, True, muted
    )
    try:
        flight = parse(documents[ids.text(row["flight_id"])])
        leaves = places.utc_to_local(flight.leaves_at, flight.origin)
        over = (flight.lands_at or flight.leaves_at) < services().clock()
    except (KeyError, BadEventError, OverflowError):
        return gone
    return Place(
        id=id_,
        name=airlines.written(flight.flight_number),
        route=f", {places.city(flight.origin)} to {places.city(flight.destination)}",
        detail=f"{words.day(leaves)} {leaves.year}, {words.clock_zone(leaves)}{more}",
        url=_url(flight),
        state=State("skipped", "Booking cancelled", "") if is_ended else words.departure_state(flight),
        sort=flight.leaves_at.isoformat(),
        is_own=is_own and not is_ended,
        is_over=over or is_ended,
        is_muted=muted,
    )
