"""The news of a flight's progress, in words: boarding, departure, landing, the bags; and of its aircraft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.domain.flight import Status
from app.domain.news import Kind
from app.domain.speech import say, to_say
from app.domain.wording_lead import CHANGE, PLAIN, Lead, ended
from app.domain.wording_shapes import Highlight
from app.domain.wording_terms import NOT_KNOWN, Terms

THERE: Final = frozenset({Status.LANDED, Status.ARRIVED})

PROGRESS: Final[Mapping[Status, str]] = {
    # Translators: how a flight stands: it has departed.
    Status.DEPARTED: to_say("Departed"),
    # Translators: how a flight stands: it was diverted.
    Status.DIVERTED: to_say("Diverted"),
    # Translators: how a flight stands: it has landed.
    Status.LANDED: to_say("Landed"),
    # Translators: how a flight stands: it has arrived.
    Status.ARRIVED: to_say("Arrived"),
}
"""How a flight that has left stands, in a word."""


def boarding(t: Terms) -> Lead:
    """Boarding has begun, perhaps at a gate."""
    if t.doubtful:
        news = say("{flight} is now boarding", flight=t.flight)
    else:
        news = say("{flight} is boarding", flight=t.flight)
    label = say("Leaves {place}, {moment}", place=t.at(t.want.origin), moment=t.leaves.full)
    gate = t.want.gate
    if gate is None:
        return _progress(t, news, news, say("Boarding"), label)
    if t.doubtful:
        subject = say("{flight} is now boarding at gate {gate}", flight=t.flight, gate=gate)
    else:
        subject = say("{flight} is boarding at gate {gate}", flight=t.flight, gate=gate)
    return _progress(t, subject, news, say("Boarding at gate {gate}", gate=gate), label)


def gate_closed(t: Terms) -> Lead:
    """The gate has closed."""
    news = say("{flight}: the gate has closed", flight=t.flight)
    if t.want.gate:
        opening = say("Gate {gate} of {flight} has closed.", gate=t.want.gate, flight=t.flight)
    else:
        opening = say("The gate of {flight} has closed.", flight=t.flight)
    label = say("{place}, {moment}", place=t.at(t.want.origin), moment=t.leaves.full)
    return Lead(news, news, opening, Highlight(label, None, say("Gate closed"), t.reason, PLAIN))


def departed(t: Terms) -> Lead:
    """It has left, perhaps at a known time."""
    label = say(
        "{origin} to {destination}, {day}", origin=t.origin, destination=t.destination, day=t.planned.day
    )
    large = say(PROGRESS[Status.DEPARTED])
    if t.want.estimated_departure_time is None:
        news = say("{flight} has left {city}", flight=t.flight, city=t.origin)
        return _progress(t, news, news, large, label)
    subject = say(
        "{flight} left {city} at {time}, {lateness}",
        flight=t.flight,
        city=t.origin,
        time=t.when(t.leaves),
        lateness=t.lateness,
    )
    return _progress(t, subject, say("{flight} left {city}", flight=t.flight, city=t.origin), large, label)


def there(t: Terms) -> Lead:
    """It has landed, or arrived."""
    landed = t.kinds[0] is Kind.LANDED
    large, city = say(PROGRESS[Status.LANDED if landed else Status.ARRIVED]), t.destination
    if t.diverted_to is not None:
        # Whether it landed where it was diverted to or flew on is not in the data.
        values = {"flight": t.flight, "place": t.at(t.diverted_to)}
        if landed:
            news = say("{flight}, diverted to {place}, has landed", **values)
        else:
            news = say("{flight}, diverted to {place}, has arrived", **values)
        route = say("{origin} to {destination}", origin=t.origin, destination=t.destination)
        return _progress(t, news, news, large, route)
    place, number = t.at(t.want.destination), t.number
    if t.arrives is None or t.want.estimated_arrival_time is None:
        if landed:
            news = say("{number} has landed in {city}", number=number, city=city)
        else:
            news = say("{number} has arrived in {city}", number=number, city=city)
        return _progress(t, news, news, large, place)
    time = t.arrives.clock
    if landed:
        subject = say("{number} landed in {city} at {time}", number=number, city=city, time=time)
        news = say("{number} landed in {city}", number=number, city=city)
    else:
        subject = say("{number} arrived in {city} at {time}", number=number, city=city, time=time)
        news = say("{number} arrived in {city}", number=number, city=city)
    return _progress(t, subject, news, large, place)


def _progress(t: Terms, subject: str, headline: str, large: str, label: str) -> Lead:
    """Progress as planned is no change: it stays plain and names no old value."""
    return Lead(subject, headline, ended(subject), Highlight(label, None, large, t.reason, PLAIN))


def belt(t: Terms) -> Lead:
    """Where the bags come out."""
    changed = t.heard.belt is not None and not t.doubtful
    place = t.at(t.want.destination)
    values = {"number": t.number, "city": t.origin, "belt": t.want.belt}
    if changed or t.doubtful:
        subject = say("{number} from {city}: bags now at belt {belt}", **values)
        headline = say("Bags of {number} now come out at belt {belt}", **values)
        opening = say("Bags of {number} from {city} now come out at belt {belt}", **values)
    else:
        subject = say("{number} from {city}: bags at belt {belt}", **values)
        headline = say("Bags of {number} come out at belt {belt}", **values)
        opening = say("Bags of {number} from {city} come out at belt {belt}", **values)
    mark = Highlight(
        label=say("Bags") if t.diverted_to else say("Bags, {place}", place=place),
        old=t.old(t.heard.belt),
        new=say("Belt {belt}", **values),
        note=t.reason,
        tone=CHANGE if changed else PLAIN,
    )
    return Lead(subject, headline, ended(opening, t.old(t.heard.belt)), mark)


def aircraft(t: Terms) -> Lead:
    """Another aircraft than was told."""
    new, old = t.want.aircraft or say(NOT_KNOWN), t.old(t.heard.aircraft)
    values = {"flight": t.flight, "aircraft": new}
    if t.doubtful:
        subject = say("{flight}: now aircraft, {aircraft}", **values)
        headline = say("Aircraft for {flight}", flight=t.flight)
        opening = say("{flight} now flies with aircraft {aircraft}", **values)
    else:
        subject = say("{flight}: another aircraft, {aircraft}", **values)
        headline = say("Another aircraft for {flight}", flight=t.flight)
        opening = say("{flight} flies with aircraft {aircraft}", **values)
    mark = Highlight(say("Aircraft"), old, new, t.reason, CHANGE)
    return Lead(subject, headline, ended(opening, old), mark)
