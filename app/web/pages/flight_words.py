"""What is said of a flight at the top of its page: its state, a sentence about now, and what it means when it does not
fly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain import airlines, places
from app.domain.flight import AFTER_DEPARTURE, NOT_FLYING, Flight, Status
from app.domain.speech import say
from app.domain.wording_terms import duration
from app.web.pages import words

_SHORT = frozenset(
    {
        Status.DEPARTED, Status.DIVERTED, Status.LANDED, Status.ARRIVED, Status.BOARDING, Status.GATE_CLOSED,
    }
)  # fmt: skip
"""States that a word says: the sentence after it says the rest."""


@dataclass(frozen=True, slots=True)
class Off:
    """What is said of a flight that does not fly: the fact, and what it means."""

    lead: str
    meaning: str


def state(flight: Flight) -> words.State:
    """The state in a word or two: the sentence after it says the rest."""
    state = words.departure_state(flight)
    if flight.status in _SHORT:
        return words.State(state.shape, words.status_word(flight.status), state.group)
    if state.group == "delayed":
        return words.State(state.shape, words.status_word(Status.DELAYED), state.group)
    return state


def sentence(flight: Flight, now: datetime) -> words.Pieces:
    """When it leaves or lands and where, what counts in bold."""
    return words.pieces(_say(flight, now))


def _say(flight: Flight, now: datetime) -> str:
    leaves = words.strong(words.clock_zone(places.utc_to_local(flight.leaves_at, flight.origin)))
    planned = words.strong(words.clock_zone(places.utc_to_local(flight.departs_at, flight.origin)))
    gate = words.strong(flight.gate) if flight.gate else None
    if flight.status in NOT_FLYING:
        if gate is None:
            return say("It was to leave at {time}.", time=planned)
        return say("It was to leave at {time} from gate {gate}.", time=planned, gate=gate)
    if flight.status in AFTER_DEPARTURE:
        return _say_after(flight)
    if flight.is_delayed_without_time:
        said = say("The new time is not yet known. It was to leave at {time}.", time=planned)
    elif flight.leaves_at <= now:
        said = say("It was to leave at {time}. Whether it left is not yet known.", time=leaves)
    elif flight.delay >= timedelta(minutes=1):
        said = say("It leaves {duration} late, at {time}.", duration=duration(flight.delay), time=leaves)
    elif flight.delay <= -timedelta(minutes=1):
        said = say("It leaves {duration} early, at {time}.", duration=duration(flight.delay), time=leaves)
    else:
        said = say("It leaves at {time}.", time=leaves)
    # Translators: stands behind the state of a flight: "Boarding at gate C94. It leaves at 15:13 EST."
    at_gate = say("at gate {gate}.", gate=gate)
    return f"{at_gate} {said}" if gate is not None else said


def off(flight: Flight, last_edited: str | None) -> Off:
    """Of a flight that does not fly. last_edited: when that was entered, in words."""
    if flight.status is Status.REMOVED:
        lead = say("No longer in the schedule.")
    elif last_edited is not None:
        lead = say("Cancelled at {time}.", time=last_edited)
    else:
        lead = say("Cancelled.")
    named = {
        "flight": airlines.written(flight.flight_number),
        "day": words.short_date(flight.departure_date),
        "airline": airlines.name(flight.airline),
    }
    if named["airline"] == flight.airline:
        del named["airline"]
        return Off(
            lead,
            say(
                "The airline does not fly {flight} on {day}. You can be moved to another flight or get your money "
                "back; ask the airline, not the airport.",
                **named,
            ),
        )
    return Off(
        lead,
        say(
            "{airline} does not fly {flight} on {day}. You can be moved to another flight or get your money back; "
            "ask {airline}, not the airport.",
            **named,
        ),
    )


def _say_after(flight: Flight) -> str:
    left = words.strong(words.clock_zone(places.utc_to_local(flight.leaves_at, flight.origin)))
    lands = flight.lands_at
    at = words.strong(words.clock_zone(places.utc_to_local(lands, flight.destination))) if lands else None
    said = []
    if flight.status is Status.DIVERTED:
        if flight.diverted_to:
            # Translators: stands behind "Diverted".
            said.append(say("to {city}.", city=words.strong(places.city(flight.diverted_to))))
        said.append(say("When it goes on is not yet known; ask the airline."))
    elif flight.status is Status.DEPARTED:
        if flight.estimated_departure_time and flight.delay >= timedelta(minutes=1):
            # Translators: stands behind "Departed".
            said.append(say("at {time}, {duration} late.", time=left, duration=duration(flight.delay)))
        elif flight.estimated_departure_time:
            # Translators: stands behind "Departed", "Landed" or "Arrived".
            said.append(say("at {time}.", time=left))
        if at is not None:
            said.append(say("It lands at {time}.", time=at))
    else:
        if at is not None and flight.estimated_arrival_time:
            said.append(say("at {time}.", time=at))
        if flight.belt:
            said.append(say("Bags on belt {belt}.", belt=words.strong(flight.belt)))
    return " ".join(said)
