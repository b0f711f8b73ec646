"""What I have booked and what I follow: each with the flight's present state, and a way to end it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from app.channels.links import Links
from app.domain import airlines, places, speech
from app.domain.errors import BadEventError
from app.domain.flight import Flight, parse
from app.domain.speech import say
from app.store import ids, shown
from app.store.audience import is_held
from app.store.own_bookings import BY_PERSON, MOST_READ, OwnBookings
from app.store.own_followings import OwnFollowings
from app.web import access, airport_field, refusals
from app.web.api import choosing
from app.web.api.bookings import NewBooking
from app.web.api.choosing import FlightChoice
from app.web.api.requests import is_id, validated
from app.web.my import airports, frame
from app.web.my.frame import Answer, Document, Fields
from app.web.pages import words
from app.web.pages.words import State
from app.web.problems import Problem
from app.web.services import services

MOST = 200
"""Bookings, and followings, on the page; the API has them all, page by page."""

_BOOKING = ("flight_number", "departure_date", "origin", "reference")
_FORM = (*_BOOKING, "airport")
_AIRPORTS = frozenset({"origin", "airport"})


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
    blueprint.add_url_rule("/airports", view_func=follow_airport, endpoint="follow_airport", methods=["POST"])
    ended, muted = "/followings/<following>/end", "/followings/<following>/mute"
    blueprint.add_url_rule(ended, view_func=unfollow, endpoint="unfollow", methods=["POST"])
    blueprint.add_url_rule(muted, view_func=mute, endpoint="mute", methods=["POST"])


def view() -> Answer:
    """What is booked and followed, and the forms for a booking and an airport."""
    return _page(Fields(dict.fromkeys(_FORM, ""), {}))


def book() -> Answer | Response:
    """Add a booking by flight and date; what stands there now is what the person knows from now on."""
    user, sent = frame.own(), _sent()
    given = {name: sent[name] for name in _BOOKING if sent[name]}
    try:
        choice = validated(NewBooking, given)
        found = choosing.flight(choice)
    except Problem as problem:
        return _refused(sent, problem, "flight_number")
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
        words_ = say(
            "This booking came from the airline's system, and ends there: cancel it with the airline."
        )
        raise Problem(403, say("Not yours to cancel"), words_)
    if is_held(row.get("status")) and not store.cancel(row):
        return frame.back("my.flights", "changed-meanwhile")
    return frame.back("my.flights", "unbooked")


def follow() -> Response:
    """Follow a flight, from its page; then back to it. Following twice is following once."""
    user = frame.own()
    sent = _sent()
    given = {name: sent[name] for name in ("flight_number", "departure_date", "origin") if sent[name]}
    found = choosing.flight(validated(FlightChoice, given))
    store = OwnFollowings(services().database)
    store.add_flight(access.own(), user["_id"], found.document["_id"], services().now())
    return _to_flight(found.document) or frame.back("my.flights", "followed")


def follow_airport() -> Answer | Response:
    """Follow an airport by name."""
    sent = _sent()
    try:
        return airports.follow(sent)
    except Problem as problem:
        return _refused(sent, problem, "airport")


def unfollow(following: str) -> Response:
    """End a following; back to where the button was."""
    store = OwnFollowings(services().database)
    row = _followed(store, following)
    if not store.remove(row):
        return frame.back("my.flights", "changed-meanwhile")
    if request.form.get("back") == "board" and isinstance(row.get("airport"), str):
        return airports.to_board(row["airport"])
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
    form = request.form
    return {
        name: airport_field.meant(form, name) if name in _AIRPORTS else form.get(name, "").strip()
        for name in _FORM
    }


def _refused(sent: dict[str, str], problem: Problem, field: str) -> Answer:
    """The page with what was typed; field: the one at fault where the problem names none."""
    faults = frame.faults_of(problem) or {field: refusals.as_sentence(problem.detail)}
    return _page(Fields(sent, faults, airports.choices(sent, faults)), 422)


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
    store = OwnBookings(database)
    booked = [*store.held(person), *store.ended(person, MOST + 1)]
    followed = OwnFollowings(database).page(person, None, MOST_READ)
    of_flights = [row for row in followed if not _is_airport(row)]
    documents = shown.by_ids(database, (ids.text(row["flight_id"]) for row in (*booked, *of_flights)))
    bookings = _in_order(_booking(row, documents) for row in booked)
    followings = _in_order(_place(row, documents, _alone(row)) for row in of_flights)
    of_airports = _in_order(_airport(row) for row in followed if _is_airport(row))
    return frame.draw(
        "flights.html",
        status,
        bookings=bookings[:MOST],
        followings=followings[:MOST],
        airports=of_airports[:MOST],
        form=form,
        calendar=_calendar(),
        is_cut=max(map(len, (bookings, followings, of_airports))) > MOST,
        most=MOST,
    )


def _calendar() -> str | None:
    """The address that a calendar subscribes to; None without a mail address, or a key to sign it with."""
    links, email = Links.of(services().settings), frame.own().get("email")
    return links.calendar(access.own(), email) if links and isinstance(email, str) and email else None


def to_share(person: str) -> list[Place]:
    """The bookings of a person that are held and lie ahead, the nearest first; at most MOST."""
    database = services().database
    booked = OwnBookings(database).held(person)
    documents = shown.by_ids(database, (ids.text(row["flight_id"]) for row in booked))
    found = _in_order(_booking(row, documents) for row in booked)
    return [place for place in found if not place.is_over][:MOST]


def _in_order(places: Iterable[Place]) -> list[Place]:
    """What is to come, the nearest at the top; then what is over, the latest at the top."""
    found = sorted(places, key=lambda place: (place.sort, place.id))
    return [one for one in found if not one.is_over] + [one for one in reversed(found) if one.is_over]


def _booking(row: Document, documents: Mapping[str, Document]) -> Place:
    reference = row.get("reference")
    more = ""
    if isinstance(reference, str) and reference:
        more = say(", booking {reference}", reference=reference)
    is_own = row.get("added_by") == BY_PERSON
    return _place(row, documents, more, is_own=is_own, is_ended=not is_held(row.get("status")))


def _alone(row: Document) -> str:
    """Stands behind the time of a flight that somebody only picks up from."""
    return say(", of the arrival alone, for you pick somebody up") if row.get("pickup") is True else ""


def _is_airport(row: Document) -> bool:
    return isinstance(row.get("airport"), str)


def _airport(row: Document) -> Place:
    code, muted = row["airport"], row.get("muted") is True
    name = airport_field.called(code)
    detail = say("The whole airport: when a day there is disrupted, and when it is normal again.")
    url = airports.board(code)
    return Place(ids.text(row["_id"]), code, f", {name}", detail, url, None, name, True, False, muted)


def _place(
    row: Document,
    documents: Mapping[str, Document],
    more: str,
    *,
    is_own: bool = True,
    is_ended: bool = False,
) -> Place:
    id_, muted = ids.text(row["_id"]), row.get("muted") is True
    name, detail = say("A flight that is gone"), say("It was deleted{more}.", more=more)
    gone = Place(id_, name, "", detail, None, None, "", is_own, True, muted)
    try:
        flight = parse(documents[ids.text(row["flight_id"])])
        leaves = places.utc_to_local(flight.leaves_at, flight.origin)
        over = (flight.lands_at or flight.leaves_at) < services().clock()
    except (KeyError, BadEventError, OverflowError):
        return gone
    return Place(
        id=id_,
        name=airlines.written(flight.flight_number),
        route=say(
            ", {origin} to {destination}",
            origin=places.city(flight.origin),
            destination=places.city(flight.destination),
        ),
        detail=f"{speech.day(leaves, year=True)}, {words.clock_zone(leaves)}{more}",
        url=_url(flight),
        state=State("skipped", say("Booking cancelled"), "") if is_ended else words.departure_state(flight),
        sort=flight.leaves_at.isoformat(),
        is_own=is_own and not is_ended,
        is_over=over or is_ended,
        is_muted=muted,
    )
