"""What stands around the news: further changes, the facts as they are, what to do, and why one hears it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from app.domain import places
from app.domain.flight import NOT_FLYING, Status
from app.domain.news import Kind
from app.domain.speech import plural, say, to_say
from app.domain.wording_corrections import also_correction, also_rerouted, is_taken_back
from app.domain.wording_lead import Lead, ended
from app.domain.wording_progress import PROGRESS, THERE
from app.domain.wording_terms import NOT_KNOWN, Moment, Terms

NEAR = timedelta(hours=3)
"""From here on a traveller is at the airport or on the way."""

Facts = tuple[tuple[str, str], ...]

_TIMES = frozenset({Kind.RESCHEDULED, Kind.DELAYED, Kind.EARLIER})
_GATES = frozenset({Kind.GATE, Kind.TERMINAL})


def more(t: Terms, lead: Lead) -> tuple[str, ...]:
    """A sentence for each further kind, and what is to be said of the message itself."""
    told = lead.covers | {t.kinds[0]}
    sentences = [_also(t, kind) for kind in t.kinds if kind in _ALSO and kind not in told]
    if t.kinds[0] is Kind.CANCELLED:
        sentences.append(say("We tell you if it flies after all."))
    if (times := t.news.times) > 1:
        sentences.append(
            plural(
                "It changed {number} time since our last message.",
                "It changed {number} times since our last message.",
                times,
            )
        )
    if t.news.often:
        sentences.append(say("This changes often; we tell you again when it has settled."))
    if t.doubtful:
        sentences.append(say("This is how things stand now; an earlier message may have said otherwise."))
    if t.news.found_late:
        sentences.append(say("We found this change late."))
    return tuple(sentences)


# In the sentences that follow "it" is the flight.
def _also(t: Terms, kind: Kind) -> str:
    return also_correction(kind) if is_taken_back(t.want, kind) else _ALSO[kind](t)


def _also_flies(t: Terms) -> str:
    if t.heard.status is Status.REMOVED:
        return say("It is back in the schedule.")
    if t.want.status in THERE:
        return say("It flew as things stand now.") if t.doubtful else say("It flew after all.")
    return say("It flies as things stand now.") if t.doubtful else say("It flies after all.")


def _also_diverted(t: Terms) -> str:
    if t.diverted_to is None:
        return say("It lands elsewhere; when is not yet known.")
    if t.diverted_to == t.want.origin:
        return say("It returns to {city}; when is not yet known.", city=places.city(t.diverted_to))
    return say("It lands in {place}; when is not yet known.", place=t.at(t.diverted_to))


def _also_leaves(t: Terms) -> str:
    if t.time_unknown:
        return say("It is delayed; until when is not yet known.")
    values = {"lateness": t.lateness, "time": t.when(t.leaves), "was": t.was(t.old_departure)}
    # Translators: {lateness} is "28 minutes late", "5 minutes early" or "on time", {was} empty or like " (was 14:45)".
    return say("It leaves {lateness}: {time}{was}.", **values)


def _also_gate(t: Terms) -> str:
    if t.doubtful:
        return say("Gate now: {gate}.", gate=t.want.gate)
    # Translators: {was} is empty or like " (was C94)", with its space.
    return say("New gate: {gate}{was}.", gate=t.want.gate, was=t.was(t.heard.gate))


def _also_terminal(t: Terms) -> str:
    if t.doubtful:
        return say("Terminal now: {terminal}.", terminal=t.want.terminal)
    return say("New terminal: {terminal}{was}.", terminal=t.want.terminal, was=t.was(t.heard.terminal))


def _also_lands(t: Terms) -> str:
    return say("It lands {moment}.", moment=t.arrives.full) if t.arrives else say(_WHEN_IT_LANDS)


_WHEN_IT_LANDS = to_say("When it lands is not yet known.")

_ALSO: Mapping[Kind, Callable[[Terms], str]] = {
    # Cancelled and removed never come along: nothing else counts beside them.
    Kind.REINSTATED: _also_flies,
    Kind.DIVERTED: _also_diverted,
    Kind.REROUTED: also_rerouted,
    Kind.RESCHEDULED: lambda t: say(
        "Its scheduled time is {moment}{was}.", moment=t.planned.full, was=t.was(t.old_schedule)
    ),
    Kind.DELAYED: _also_leaves,
    Kind.EARLIER: _also_leaves,
    Kind.GATE: _also_gate,
    Kind.TERMINAL: _also_terminal,
    Kind.BOARDING: lambda _: say("Boarding has begun."),
    Kind.GATE_CLOSED: lambda _: say("The gate has closed."),
    Kind.DEPARTED: lambda t: say("It has left {city}.", city=t.origin),
    Kind.ARRIVAL: _also_lands,
    Kind.LANDED: lambda _: say("It has landed."),
    Kind.ARRIVED: lambda _: say("It has arrived."),
    Kind.BELT: lambda t: say("Bags come out at belt {belt}{was}.", belt=t.want.belt, was=t.was(t.heard.belt)),
    Kind.AIRCRAFT: lambda t: say(
        "It flies with aircraft {aircraft}{was}.", aircraft=t.want.aircraft, was=t.was(t.heard.aircraft)
    ),
}


def facts(t: Terms) -> Facts:
    """How the flight stands now, label and value; old values in brackets where they differ."""
    if t.want.status in NOT_FLYING:
        leaves = say("{moment}, {place}", moment=t.planned.full, place=t.at(t.want.origin))
        return (say("Was to leave"), leaves), *_planned_arrival(t, say("Was to arrive"))
    # Translators: the label of a fact: where it was to land.
    destination = say("Destination"), t.at(t.want.destination)
    if t.want.status is Status.DIVERTED:
        lands = say(NOT_KNOWN)
        if t.diverted_to:
            lands = say("{place}, time not yet known", place=t.at(t.diverted_to))
        # Translators: the label of a place: it lands there.
        return destination, (say("Lands in"), lands), *_bags(t)
    if not t.has_left:
        return *_leaves(t), *_gate(t), *_arrives(t, say("Arrives")), *_aircraft(t), *_bags(t)
    landed = t.want.status in THERE
    if landed and t.diverted_to:
        return *_left(t), destination, (say("Diverted to"), t.at(t.diverted_to)), *_bags(t)
    if landed and t.want.estimated_arrival_time is None:
        return *_left(t), *_planned_arrival(t, say("Planned arrival")), *_at_destination(t), *_bags(t)
    label = say(PROGRESS[t.want.status]) if landed else say("Lands")
    return *_left(t), *_arrives(t, label), *_at_destination(t), *_bags(t)


def _leaves(t: Terms) -> Facts:
    place = t.at(t.want.origin)
    if t.time_unknown or t.is_overdue:
        planned = t.planned.full
        value = say("Not yet known, planned {moment}, {place}", moment=planned, place=place)
        # Translators: the label of a time and place: a flight departs then and there.
        return ((say("Leaves"), value),)
    # "On time" is said of today's flights alone: of one next month nobody knows.
    soon = t.leaves.instant - t.news.now < timedelta(hours=24)
    late = say(", {lateness}", lateness=t.lateness) if t.delay or soon else ""
    # What the highlight has said is not repeated.
    said = t.kinds[0] in _TIMES or t.kinds[0] is Kind.REINSTATED
    was = "" if said else t.was(t.old_departure)
    # Translators: {was} and {late} may be empty and begin with their own space or comma; the whole is like
    # "Fri 8 Feb, 15:13 EST (was 14:45), 28 minutes late, Newark (EWR)".
    value = say("{moment}{was}{late}, {place}", moment=t.leaves.full, was=was, late=late, place=place)
    return ((say("Leaves"), value),)


def _left(t: Terms) -> Facts:
    place = t.at(t.want.origin)
    if t.want.estimated_departure_time is None:
        planned = say("{moment}, {place}", moment=t.planned.full, place=place)
        return ((say("Planned departure"), planned),)
    was, late = t.was(t.old_departure), say(", {lateness}", lateness=t.lateness)
    value = say("{moment}{was}{late}, {place}", moment=t.leaves.full, was=was, late=late, place=place)
    # Translators: the label of a time and place: a flight departed then and there.
    return ((say("Left"), value),)


def _gate(t: Terms) -> Facts:
    gate, terminal, label = t.want.gate, t.want.terminal, say("Gate")
    if gate is None:
        return (label, say(NOT_KNOWN)), *(((say("Terminal"), terminal),) if terminal else ())
    place = _with_terminal(gate, terminal)
    if t.kinds[0] is Kind.GATE:  # the highlight has the old gate
        old = t.heard.terminal if Kind.TERMINAL in t.kinds else None
        was = t.was(say("terminal {terminal}", terminal=old)) if old else ""
    elif (t.heard.gate, t.heard.terminal) == (gate, terminal):
        return ((label, place if t.doubtful else say("{gate}, unchanged", gate=place)),)
    else:
        was = t.was(t.heard.gate if t.heard.gate != gate else None)
    return ((label, f"{place}{was}"),)


def _with_terminal(gate: str, terminal: str | None) -> str:
    return say("{gate}, terminal {terminal}", gate=gate, terminal=terminal) if terminal else gate


def _arrives(t: Terms, label: str) -> Facts:
    city, new, old = t.at(t.want.destination), t.arrives, t.arrived_before
    if new is None:
        return ((label, say("Not yet known, {place}", place=city)),)
    differs = old is not None and old.instant != new.instant and t.heard.destination == t.want.destination
    was = t.was(old.against(new)) if old is not None and differs else ""
    later = _later_day(t.leaves, new)
    # Translators: like "Sat 9 Feb, 00:16 MST (+1 day) (was 23:50), Denver (DEN)".
    value = say("{moment}{later}{was}, {place}", moment=new.full, later=later, was=was, place=city)
    return ((label, value),)


def _planned_arrival(t: Terms, label: str) -> Facts:
    planned = t.want.arrives_at
    if planned is None:
        return ()
    lands, place = t.moment(planned, t.want.destination), t.at(t.want.destination)
    later = _later_day(t.planned, lands)
    value = say("{moment}{later}{was}, {place}", moment=lands.full, later=later, was="", place=place)
    return ((label, value),)


def _later_day(leaves: Moment, lands: Moment) -> str:
    days = (lands.date - leaves.date).days
    # Translators: after a time: it is on a later day, like " (+1 day)"; {days} has the sign.
    return plural(" ({days} day)", " ({days} days)", abs(days), days=f"{days:+d}") if days else ""


def _at_destination(t: Terms) -> Facts:
    gate, terminal = t.want.arrival_gate, t.want.arrival_terminal
    if gate is None:
        return ((say("Terminal there"), terminal),) if terminal else ()
    return ((say("Gate there"), _with_terminal(gate, terminal)),)


def _aircraft(t: Terms) -> Facts:
    if Kind.AIRCRAFT not in t.kinds[1:]:
        return ()
    return ((say("Aircraft"), f"{t.want.aircraft}{t.was(t.heard.aircraft)}"),)


def _bags(t: Terms) -> Facts:
    if not t.want.belt or t.kinds[0] is Kind.BELT:
        return ()
    return ((say("Bags"), say("belt {belt}", belt=t.want.belt)),)


def advice(t: Terms) -> tuple[str, ...]:
    """What to do, a sentence each. Only what follows from the facts: no desk, price or right is made up."""
    first = _ADVICE.get(t.kinds[0])
    sentences = [] if first is None else first(t)
    if Kind.BOARDING in t.kinds and t.is_traveller and t.want.gate:
        sentences.append(say("Go to gate {gate} now.", gate=t.want.gate))
    elif _GATES & set(t.kinds) and t.is_traveller and t.want.gate and not t.has_left:
        if t.want.status is Status.BOARDING:
            sentences.append(say("Go to gate {gate} now.", gate=t.want.gate))
        else:
            sentences.append(say("Board at gate {gate}.", gate=t.want.gate))
    return tuple(sentences)


def _after_cancellation(t: Terms) -> list[str]:
    if not t.is_traveller:
        return []
    if t.airline is None:
        ask = say("Ask the airline for another flight, or for your money back.")
    else:
        # Translators: {airline} is a name, like "United".
        ask = say("Ask {airline} for another flight, or for your money back.", airline=t.airline)
    return [say("Do not go to the airport for this flight."), ask]


def _after_removal(t: Terms) -> list[str]:
    if not t.is_traveller:
        return []
    if t.airline is None:
        # Translators: where its name is not known.
        return [say("Ask the airline before you go to the airport.")]
    return [say("Ask {airline} before you go to the airport.", airline=t.airline)]


def _after_return(t: Terms) -> list[str]:
    if t.has_left:
        return []
    first = []
    if not t.doubtful:
        removed = t.heard.status is Status.REMOVED
        first = [
            say("Disregard our message that it was no longer in the schedule.")
            if removed
            else say("Disregard our message that it was cancelled.")
        ]
    if not t.is_traveller:
        return first
    if t.airline is None:
        return [*first, say("If you have another flight by now, ask the airline which one holds.")]
    ask = say("If you have another flight by now, ask {airline} which one holds.", airline=t.airline)
    return [*first, ask]


def _after_diversion(t: Terms) -> list[str]:
    unknown = t.want.status is Status.DIVERTED and t.want.diverted_to is None
    return [say("We tell you where it lands as soon as we know.")] if unknown else []


def _after_delay(t: Terms) -> list[str]:
    if not t.is_traveller or t.has_left:
        return []
    if t.planned.instant - t.news.now <= NEAR:
        return [say("Stay near the gate: a delay can shrink.")]
    return [say("Be at the airport as planned: a delay can shrink.")]


def _after_new_time(t: Terms) -> list[str]:
    if not t.is_traveller:
        return []
    if t.airline is None:
        return [say("Does the new time not suit you? Ask the airline for a change.")]
    return [say("Does the new time not suit you? Ask {airline} for a change.", airline=t.airline)]


def _after_earlier(t: Terms) -> list[str]:
    return [say("Be at the gate for the earlier time.")] if t.is_traveller and not t.doubtful else []


def _after_aircraft(t: Terms) -> list[str]:
    return [say("Look at your seat again: it can change with the aircraft.")] if t.is_traveller else []


_ADVICE: Mapping[Kind, Callable[[Terms], list[str]]] = {
    Kind.CANCELLED: _after_cancellation,
    Kind.REMOVED: _after_removal,
    Kind.REINSTATED: _after_return,
    Kind.DIVERTED: _after_diversion,
    Kind.DELAYED: _after_delay,
    Kind.RESCHEDULED: _after_new_time,
    Kind.EARLIER: _after_earlier,
    Kind.AIRCRAFT: _after_aircraft,
}


def preheader(t: Terms, lead: Lead) -> str:
    """What the inbox shows after the subject: the facts that the subject does not have."""
    known = [] if lead.highlight.note is None else [lead.highlight.note]
    if t.want.status in NOT_FLYING:
        known += advice(t)
    elif t.want.status is Status.DIVERTED:
        known.append(say(_WHEN_IT_LANDS))
    elif t.kinds[0] in _GATES:
        if t.time_unknown:
            known.append(say("When it leaves is not yet known."))
        else:
            known.append(say("Leaves {moment}, {lateness}.", moment=t.leaves.full, lateness=t.lateness))
    elif t.want.status in THERE:
        # Translators: a fact as a sentence, like "Gate there: B22."
        known += [
            say("{label}: {value}.", label=label, value=value)
            for label, value in (*_at_destination(t), *_bags(t))
        ]
    else:
        known += [say("Gate {gate}.", gate=t.want.gate)] if t.want.gate and not t.has_left else []
        known += [say("Arrives {moment}.", moment=t.arrives.full)] if t.arrives else []
    return " ".join(known) or ended(t.route)


def footer(t: Terms) -> tuple[str, ...]:
    """Why this person gets it; when it was changed and sent, by the clock of the origin; who decides."""
    changed = t.moment(t.news.changed_at, t.want.origin)
    sent = t.moment(t.news.now, t.want.origin)
    at = changed.clock if changed.date == sent.date else changed.full
    values = {"changed": at, "sent": sent.clock}
    return (
        say("You get this because you hold a booking on {number}.", number=t.number)
        if t.is_traveller
        else say("You get this because you follow {number}.", number=t.number),
        say("Found at {changed}, sent at {sent}.", **values)
        if t.news.found_late
        else say("Changed by the airline at {changed}, sent at {sent}.", **values),
        say("Times are local to the airport. The airline decides; Gatecall passes on what it says."),
    )
