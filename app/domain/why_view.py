"""A chain as it is shown, on a page, on a terminal or in JSON: its steps with times that people can compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain import places, subjects, why_nouns
from app.domain.clock import DomainClock
from app.domain.flight import Flight
from app.domain.speech import clock_time, say, short_day
from app.domain.why import Chain, Notification, Quiet, Thread
from app.domain.why_words import (
    State,
    Step,
    channel_name,
    is_held,
    length,
    of_event,
    of_thread,
    place_words,
    state_of,
)

_AN_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Line:
    """One step. time: the clock at the airport, or how long after the save; "" when nobody wrote it down."""

    time: str
    at: datetime | None
    title: str
    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What one channel did. title: what the message said, None when there was none."""

    channel: str
    name: str
    state: State
    title: str | None
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class View:
    """A whole chain. flight: what it is about, a flight or another subject. lines: up to the decision to tell it;
    channels: one each; place: a sentence on how the person stands to it now, None where nobody was asked for."""

    flight: str
    lines: Sequence[Line]
    channels: Sequence[Shown]
    place: str | None


def view(chain: Chain, clock: DomainClock, *, you: bool = False) -> View:
    """The chain with times on the clock of the airport of departure (UTC where the flight is not known).

    you: the reader is the person.
    """
    iata = chain.iata
    start = chain.event.changed_at
    channels = [
        Shown(
            channel=thread.channel,
            name=channel_name(thread.channel),
            state=_state(thread, clock, iata),
            title=_title(thread),
            lines=lines(of_thread(chain, thread, you=you), start, clock, iata),
        )
        for thread in chain.threads
    ]
    return View(
        flight=chain.title,
        lines=lines(of_event(chain.event), start, clock, iata),
        channels=channels,
        place=place_words(chain.place, chain.kind.followed, you=you) if chain.place else None,
    )


def lines(steps: Sequence[Step], start: datetime | None, clock: DomainClock, iata: str | None) -> list[Line]:
    """The steps with their times. start: of the save."""
    return [
        Line(_time(s.at, start, clock, iata), s.at, _said(s, clock, iata), s.words, s.tone) for s in steps
    ]


def held_until(until: datetime, clock: DomainClock, iata: str | None) -> str:
    """ "Held until 07:00 EDT", with the day where it is another than today's there, and its year where that is another.
    until: system clock."""
    there, now = local(until, clock, iata), local(clock.system(), clock, iata)
    time = f"{clock_time(there)} {places.zone_name(there)}"
    if there.date() == now.date():
        return say("Held until {time}", time=time)
    return say("Held until {day}, {time}", day=short_day(there, year=there.year != now.year), time=time)


def _said(step: Step, clock: DomainClock, iata: str | None) -> str:
    return f"{held_until(step.until, clock, iata)}: {step.title}" if step.until else step.title


def _state(thread: Thread, clock: DomainClock, iata: str | None) -> State:
    """How a channel stands; of what is held, until when."""
    last = thread.last
    if is_held(last) and isinstance(last, Quiet) and last.until is not None:
        return State("held", held_until(last.until, clock, iata))
    return state_of(thread)


def flight_name(flight: Flight | None) -> str:
    """UA 1545 to Houston, 8 February 2013."""
    if flight is None:
        return why_nouns.unknown(subjects.FLIGHT.noun)
    return subjects.FLIGHT.title(flight)


def local(moment: datetime, clock: DomainClock, iata: str | None) -> datetime:
    """A time of the system clock as clocks at the airport show it."""
    return places.utc_to_local(clock.at(moment), iata) if iata else clock.at(moment).astimezone(UTC)


def _time(at: datetime | None, start: datetime | None, clock: DomainClock, iata: str | None) -> str:
    if at is None:
        return ""
    since_s = (at - start).total_seconds() if start else 0.0
    if start is not None and at != start and 0 <= since_s < _AN_HOUR_S:
        return f"+ {length(since_s)}"
    there = local(at, clock, iata)
    day = f"{short_day(there)} " if since_s >= _AN_HOUR_S else ""
    return f"{day}{clock_time(there, seconds=True)} {places.zone_name(there)}"


def _title(thread: Thread) -> str | None:
    last = thread.last
    return last.title if isinstance(last, Notification) else None
