"""Why somebody did or did not hear, for staff: by a change event, or by a flight and a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import render_template, request
from werkzeug.exceptions import BadRequest, NotFound

from app.domain import places, speech, why_words
from app.domain.speech import say, say_as, to_say
from app.domain.why import Event
from app.domain.why_view import View, flight_name, local, view
from app.store.why import WhyReader
from app.web.pages import words
from app.web.services import Services, services
from app.web.staff import asked, notifications

_MOST = 60
_LONGEST = 400
_OUTCOMES: Mapping[str, str] = {
    # Translators: a change of a flight that says what was known already.
    "same": to_say("Same"),
    # Translators: a change that is older than what was known.
    "old": to_say("Old"),
    # Translators: a change that came again.
    "repeated": to_say("Repeated"),
    "unknown": to_say("Unknown"),
    # Translators: a document that was deleted and never understood.
    "gone_unseen": to_say("Gone unseen"),
    "no_news": to_say("No news"),
    "news": to_say("News"),
    "expired": to_say("Expired"),
    # Translators: a notice that is for everybody, about no airport and no flight.
    "for_all": to_say("For all"),
}
"""What was decided about a change that nobody was told of."""


@dataclass(frozen=True, slots=True)
class Found:
    """One change of the flight, in the list."""

    id: str
    at: str
    what: str
    outcome: why_words.State


def page() -> str:
    """The form; with `?event=` (and `person=`) its chain, with `?flight=&date=` (and `person=`) all changes.

    :raise 400: the flight or date is not understood. :raise 404: nothing is known of the event.
    """
    parts = services()
    event_id, person = (request.args.get(name, "").strip()[:_LONGEST] for name in ("event", "person"))
    flight, date = (request.args.get(name, "").strip()[:20] for name in ("flight", "date"))
    reader = WhyReader(parts.database)
    chain: View | None = None
    events: list[Found] = []
    people: Mapping[str, int] = {}
    name = None
    if event_id:
        one = reader.event(event_id)
        if one is None:
            raise NotFound(say("Nothing is known of this event: it never came, or it is too long ago."))
        facts = reader.chain(one, person or None)
        chain, people = view(facts, parts.clock), facts.people
        name = chain.flight
    elif flight or date:
        if not (flight and words.parsed_date(date)):
            raise BadRequest(
                say(
                    "Write the flight's number and its date of departure, like {flight} and {date}.",
                    flight="UA1545",
                    date="2013-02-08",
                )
            )
        for subject in reader.subjects("".join(flight.split()).upper(), date):
            name = flight_name(reader.flight(subject))
            events += _listed(parts, reader, subject)
    return render_template(
        "staff/why.html",
        asked={"event": event_id, "person": person, "flight": flight, "date": date},
        chain=chain,
        people=[(notifications.status_label(status), count) for status, count in sorted(people.items())],
        events=events,
        name=name,
        address=lambda event: asked.address("staff.why", {"event": event, "person": person}),
    )


def _listed(parts: Services, reader: WhyReader, subject: str) -> list[Found]:
    flight = reader.flight(subject)
    iata = flight.origin if flight else None
    found = []
    for event in reader.events(subject, _MOST):
        at = local(event.changed_at, parts.clock, iata) if event.changed_at else None
        found.append(
            Found(
                id=event.id,
                at=_moment(at) if at else "",
                what=why_words.changes(event.changes) or say("nothing that differs"),
                outcome=_outcome(event),
            )
        )
    return found


def _moment(local_at: datetime) -> str:
    """Fri 8 Feb, 15:13:07 EST."""
    time = f"{speech.clock_time(local_at, seconds=True)} {places.zone_name(local_at)}"
    return say("{day}, {time}", day=speech.day(local_at), time=time)


def _outcome(event: Event) -> why_words.State:
    if event.is_announced:
        return why_words.State("ok", say("Announced"))
    if event.dead_letter is not None:
        return why_words.State("failed", say("Dead letter"))
    if event.outcome is None:
        return why_words.State("skipped", say("Not on record"))
    if event.outcome == "first":
        # Translators: a change by which a flight was seen for the first time.
        return why_words.State("skipped", say_as("of a change", "First"))
    if event.outcome not in _OUTCOMES:
        return why_words.State("skipped", event.outcome.replace("_", " ").capitalize())
    return why_words.State("skipped", say(_OUTCOMES[event.outcome]))
