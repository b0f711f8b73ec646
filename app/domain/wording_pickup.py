"""What those read who pick somebody up: the question whether they want to hear, then when and where the flight arrives,
and nothing of its departure."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.flight import NOT_FLYING, Status
from app.domain.news import OF_PICKUPS, Kind, Role
from app.domain.speech import say
from app.domain.wording_shapes import Highlight, Message
from app.domain.wording_terms import Terms

Facts = tuple[tuple[str, str], ...]

_THERE = {Status.LANDED, Status.ARRIVED}


def is_for(t: Terms) -> bool:
    """Whether the message goes to somebody who picks up."""
    return t.news.role is Role.PICKUP


def kinds(t: Terms) -> tuple[Kind, ...]:
    """The kinds of their message: what there may be of the departure is told as the arrival, where one is known."""
    own = tuple(kind for kind in t.kinds if kind in OF_PICKUPS)
    return own or ((Kind.ARRIVAL,) if t.arrives else t.kinds)


def facts(t: Terms) -> Facts:
    """How the arrival stands: where it comes from, when and where it lands, where the bags are."""
    to = t.at(t.want.destination)
    if t.want.status in NOT_FLYING:
        planned = t.moment(t.want.arrives_at, t.want.destination) if t.want.arrives_at else None
        when = say("{moment}, {place}", moment=planned.full, place=to) if planned else to
        return _came_from(t), (say("Was to land"), when)
    if t.want.status is Status.DIVERTED:
        lands = t.at(t.diverted_to) if t.diverted_to else say("Not yet known")
        return _came_from(t), (say("Destination"), to), (say("Lands in"), lands), *_bags(t)
    label = say("Landed") if t.want.status in _THERE else say("Lands")
    if t.diverted_to is not None:
        return _came_from(t), (say("Destination"), to), (say("Diverted to"), t.at(t.diverted_to)), *_bags(t)
    if t.arrives is None or (t.want.status in _THERE and t.want.estimated_arrival_time is None):
        return _came_from(t), (label, to), *_place(t), *_bags(t)
    when = say("{moment}, {place}", moment=t.arrives.full, place=to)
    return _came_from(t), (label, when), *_place(t), *_bags(t)


def _came_from(t: Terms) -> tuple[str, str]:
    return say("From"), t.at(t.want.origin)


def _place(t: Terms) -> Facts:
    gate, terminal = t.want.arrival_gate, t.want.arrival_terminal
    found = [(say("Terminal there"), terminal)] if terminal else []
    return *found, *([(say("Gate there"), gate)] if gate else [])


def _bags(t: Terms) -> Facts:
    if not t.want.belt or t.kinds[0] is Kind.BELT:
        return ()
    return ((say("Bags"), say("belt {belt}", belt=t.want.belt)),)


def preheader(t: Terms) -> str:
    """What the inbox shows after the subject: when and where it arrives."""
    # Translators: a fact as a sentence of its own: "Lands: Fri 8 Feb, 17:05 MST.", with the language's full stop.
    return " ".join(say("{label}: {value}.", label=label, value=value) for label, value in facts(t)[1:])


def footer(t: Terms) -> tuple[str, ...]:
    """Why this person gets it; when it was changed and sent, by the clock of the destination; who decides."""
    changed = t.moment(t.news.changed_at, t.want.destination)
    sent = t.moment(t.news.now, t.want.destination)
    at = changed.clock if changed.date == sent.date else changed.full
    found = t.news.found_late
    return (
        say("You get this because you agreed to hear when {number} arrives.", number=t.number),
        say("Found at {changed}, sent at {sent}.", changed=at, sent=sent.clock)
        if found
        else say("Changed by the airline at {changed}, sent at {sent}.", changed=at, sent=sent.clock),
        say("Times are local to the airport. The airline decides; Gatecall passes on what it says."),
    )


def question(details: Mapping[str, str], link: str) -> Message:
    """The mail that asks somebody whether they want to hear when a flight arrives, in the language of whoever asks.

    details: "who", the first name of whoever asks; "number", "origin" and "destination" of the flight; "lands" in
    words, "" where it is not known; "until" in words. link: where the question is answered.
    Raises KeyError when one is missing.
    """
    places = {name: details[name] for name in ("who", "number", "origin", "destination")}
    asked = say("{who} asks whether you want to hear when {number} arrives", **places)
    lands = details["lands"]
    route = (
        say("{number}, {origin} to {destination}, lands", **places)
        if lands
        else say("{number}, {origin} to {destination}", **places)
    )
    return Message(
        subject=asked,
        headline=asked,
        preheader=say("Nothing is sent to you unless you agree."),
        opening=say(
            "{who} is on the way and asks you to agree: then we tell you when {number} arrives.", **places
        ),
        highlight=Highlight(route, None, lands or say("When it lands is not yet known"), None, "plain"),
        facts=((say("Answer until"), details["until"]),),
        advice=(
            say("You would hear when it lands, if it lands elsewhere or not at all, and where the bags are."),
            say("Nothing else is sent to this address before you agree, and one click ends it."),
        ),
        link=(say("Agree, or say no"), link),
        footer=(
            say("You get this mail because {who} entered this address.", **places),
            say("Do you not know who that is? Do nothing, or say no: then nothing comes."),
        ),
        sms=say("{asked}: {link}", asked=asked, link=link),
    )
