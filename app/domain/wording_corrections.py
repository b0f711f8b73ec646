"""What was told and is not so, and another route: in words that the mail and the SMS share."""

from __future__ import annotations

from app.domain import airlines
from app.domain.flight import AFTER_DEPARTURE, Flight, Status
from app.domain.news import Kind
from app.domain.speech import say
from app.domain.wording_lead import CHANGE, Lead, ended, instead_of
from app.domain.wording_progress import THERE
from app.domain.wording_shapes import Highlight
from app.domain.wording_terms import NOT_KNOWN, Terms


def is_taken_back(want: Flight, kind: Kind) -> bool:
    """Whether this news is that something is not so: it is not diverted, has not landed, has not left."""
    if kind is Kind.DIVERTED:
        return want.status is not Status.DIVERTED and want.status not in THERE
    if kind is Kind.LANDED:
        return want.status not in THERE
    return kind is Kind.DEPARTED and want.status not in AFTER_DEPARTURE


def correction(kind: Kind, flight: str) -> str:
    """That it is not so, without a full stop. flight: as the message names it."""
    if kind is Kind.DIVERTED:
        return say("{flight} is no longer diverted", flight=flight)
    if kind is Kind.LANDED:
        return say("{flight} has not landed yet", flight=flight)
    return say("{flight} has not left yet", flight=flight)


def also_correction(kind: Kind) -> str:
    """The same as a sentence beside other news."""
    if kind is Kind.DIVERTED:
        return say("It is no longer diverted.")
    return say("It has not landed yet.") if kind is Kind.LANDED else say("It has not left yet.")


def taken_back(t: Terms) -> Lead:
    """What was told of its way is not so, and when it is expected."""
    kind, place = t.kinds[0], t.at(t.want.destination)
    news = correction(kind, t.flight)
    if kind is Kind.DEPARTED:
        label = say("Leaves {place}", place=t.at(t.want.origin))
        new = say(NOT_KNOWN) if t.time_unknown or t.is_overdue else t.leaves.full
    else:
        label = say("Lands in {place}", place=place)
        new = t.arrives.full if t.arrives else say(NOT_KNOWN)
    return Lead(news, news, ended(news), Highlight(label, None, new, t.reason, CHANGE))


def route(t: Terms, flight: str) -> tuple[str, str | None]:
    """Between which airports it flies now, or under which number; without a full stop, with what it was before, None
    where that may not be named. flight: as the message names it, with its destination: of two new airports the one it
    leaves from is said, where it has not left."""
    heard, want = t.heard, t.want
    begins = heard.origin != want.origin and not t.has_left
    if heard.destination != want.destination and not begins:
        news = say("{number} now flies to {place}", number=t.number, place=t.at(want.destination))
        return news, t.old(t.at(heard.destination))
    if heard.flight_number != want.flight_number and not begins:
        return say("{flight} has a new number", flight=flight), t.old(airlines.written(heard.flight_number))
    news = say("{flight} now leaves from {place}", flight=flight, place=t.at(want.origin))
    return news, t.old(t.at(heard.origin)) if begins else None


def rerouted(t: Terms) -> Lead:
    """Another airport, or another number."""
    news, old = route(t, t.flight)
    return Lead(instead_of(news, old), news, ended(news, old), _route_highlight(t))


def _route_highlight(t: Terms) -> Highlight:
    before = _route(t, t.heard)
    if before == (new := _route(t, t.want)):
        was = t.old(airlines.written(t.heard.flight_number))
        return Highlight(say("Flight"), was, t.number, t.reason, CHANGE)
    # Translators: the label of two places, like "Newark (EWR) to Denver (DEN)".
    return Highlight(say("Route"), t.old(before), new, t.reason, CHANGE)


def _route(t: Terms, flight: Flight) -> str:
    return say("{origin} to {destination}", origin=t.at(flight.origin), destination=t.at(flight.destination))


def also_rerouted(t: Terms) -> str:
    """The same as a sentence beside other news."""
    news, old = route(t, t.flight)
    return ended(news, old)
