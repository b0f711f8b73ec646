"""What stands around the news: further changes, the facts as they are, what to do, and why one hears it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from app.domain.flight import NOT_FLYING, Status
from app.domain.news import Kind
from app.domain.wording_leads import Lead, diversion, flies_again
from app.domain.wording_terms import NOT_KNOWN, Moment, Terms

NEAR = timedelta(hours=3)
"""From here on a traveller is at the airport or on the way."""

Facts = tuple[tuple[str, str], ...]

_TIMES = frozenset({Kind.RESCHEDULED, Kind.DELAYED, Kind.EARLIER})
_GATES = frozenset({Kind.GATE, Kind.TERMINAL})


def more(t: Terms, lead: Lead) -> tuple[str, ...]:
    """A sentence for each further kind, and what is to be said of the message itself."""
    told = lead.covers | {t.kinds[0]}
    sentences = [_ALSO[kind](t) for kind in t.kinds if kind in _ALSO and kind not in told]
    if t.kinds[0] is Kind.CANCELLED:
        sentences.append("We tell you if it flies after all.")
    if t.news.times > 1:
        sentences.append(f"It changed {t.news.times} times since our last message.")
    if t.news.often:
        sentences.append("This changes often; we tell you again when it has settled.")
    if t.doubtful:
        sentences.append("This is how things stand now; an earlier message may have said otherwise.")
    if t.news.found_late:
        sentences.append("We found this change late.")
    return tuple(sentences)


def _also_leaves(t: Terms) -> str:
    if t.time_unknown:
        return "It is delayed; until when is not yet known."
    return f"It leaves {t.lateness}: {t.when(t.leaves)}{t.was(t.old_departure)}."


_ALSO: Mapping[Kind, Callable[[Terms], str]] = {
    # Cancelled and removed never come along: nothing else counts beside them.
    Kind.REINSTATED: lambda t: f"It {flies_again(t)}.",
    Kind.DIVERTED: lambda t: f"It {diversion(t)}; when is not yet known.",
    Kind.RESCHEDULED: lambda t: f"Its scheduled time is {t.planned.full}{t.was(t.old_schedule)}.",
    Kind.DELAYED: _also_leaves,
    Kind.EARLIER: _also_leaves,
    Kind.GATE: lambda t: f"{'Gate now' if t.doubtful else 'New gate'}: {t.want.gate}{t.was(t.heard.gate)}.",
    Kind.TERMINAL: lambda t: (
        f"{'Terminal now' if t.doubtful else 'New terminal'}: {t.want.terminal}{t.was(t.heard.terminal)}."
    ),
    Kind.BOARDING: lambda _: "Boarding has begun.",
    Kind.GATE_CLOSED: lambda _: "The gate has closed.",
    Kind.DEPARTED: lambda t: f"It has left {t.origin}.",
    Kind.ARRIVAL: lambda t: f"It lands {t.arrives.full}." if t.arrives else "When it lands is not yet known.",
    Kind.LANDED: lambda _: "It has landed.",
    Kind.ARRIVED: lambda _: "It has arrived.",
    Kind.BELT: lambda t: f"Bags come out at belt {t.want.belt}{t.was(t.heard.belt)}.",
    Kind.AIRCRAFT: lambda t: f"It flies with aircraft {t.want.aircraft}{t.was(t.heard.aircraft)}.",
}


def facts(t: Terms) -> Facts:
    """How the flight stands now, label and value; old values in brackets where they differ."""
    if t.want.status in NOT_FLYING:
        return ("Was to leave", f"{t.planned.full}, {t.at(t.want.origin)}"), *_planned_arrival(
            t, "Was to arrive"
        )
    if t.want.status is Status.DIVERTED:
        lands = f"{t.at(t.diverted_to)}, time not yet known" if t.diverted_to else NOT_KNOWN
        return ("Destination", t.at(t.want.destination)), ("Lands in", lands), *_bags(t)
    if not t.has_left:
        return *_leaves(t), *_gate(t), *_arrives(t, "Arrives"), *_aircraft(t), *_bags(t)
    landed = t.want.status in {Status.LANDED, Status.ARRIVED}
    if landed and t.diverted_to:
        diverted = ("Destination", t.at(t.want.destination)), ("Diverted to", t.at(t.diverted_to))
        return *_left(t), *diverted, *_bags(t)
    if landed and t.want.estimated_arrival_time is None:
        return *_left(t), *_planned_arrival(t, "Planned arrival"), *_at_destination(t), *_bags(t)
    label = str(t.want.status).capitalize() if landed else "Lands"
    return *_left(t), *_arrives(t, label), *_at_destination(t), *_bags(t)


def _leaves(t: Terms) -> Facts:
    if t.time_unknown:
        return (("Leaves", f"{NOT_KNOWN}, planned {t.planned.full}, {t.at(t.want.origin)}"),)
    # "On time" is said of today's flights alone: of one next month nobody knows.
    soon = t.leaves.instant - t.news.now < timedelta(hours=24)
    stands = f", {t.lateness}" if t.delay or soon else ""
    # What the highlight has said is not repeated.
    said = t.kinds[0] in _TIMES or t.kinds[0] is Kind.REINSTATED
    was = "" if said else t.was(t.old_departure)
    return (("Leaves", f"{t.leaves.full}{was}{stands}, {t.at(t.want.origin)}"),)


def _left(t: Terms) -> Facts:
    if t.want.estimated_departure_time is None:
        return (("Planned departure", f"{t.planned.full}, {t.at(t.want.origin)}"),)
    was = t.was(t.old_departure)
    return (("Left", f"{t.leaves.full}{was}, {t.lateness}, {t.at(t.want.origin)}"),)


def _gate(t: Terms) -> Facts:
    gate, terminal = t.want.gate, t.want.terminal
    if gate is None:
        return (("Gate", NOT_KNOWN), *((("Terminal", terminal),) if terminal else ()))
    place = f"{gate}, terminal {terminal}" if terminal else gate
    if t.kinds[0] is Kind.GATE:  # the highlight has the old gate
        old = t.heard.terminal if Kind.TERMINAL in t.kinds else None
    elif (t.heard.gate, t.heard.terminal) == (gate, terminal):
        return (("Gate", place if t.doubtful else f"{place}, unchanged"),)
    else:
        old = t.heard.gate if t.heard.gate != gate else None
    return (("Gate", place + t.was(f"terminal {old}" if old and t.kinds[0] is Kind.GATE else old)),)


def _arrives(t: Terms, label: str) -> Facts:
    city, new, old = t.at(t.want.destination), t.arrives, t.arrived_before
    if new is None:
        return ((label, f"{NOT_KNOWN}, {city}"),)
    differs = old is not None and old.instant != new.instant and t.heard.destination == t.want.destination
    was = t.was(old.against(new)) if old is not None and differs else ""
    return ((label, f"{new.full}{_later_day(t.leaves, new)}{was}, {city}"),)


def _planned_arrival(t: Terms, label: str) -> Facts:
    planned = t.want.arrives_at
    if planned is None:
        return ()
    lands = t.moment(planned, t.want.destination)
    return ((label, f"{lands.full}{_later_day(t.planned, lands)}, {t.at(t.want.destination)}"),)


def _later_day(leaves: Moment, lands: Moment) -> str:
    days = (lands.date - leaves.date).days
    return "" if not days else f" ({days:+d} {'day' if abs(days) == 1 else 'days'})"


def _at_destination(t: Terms) -> Facts:
    gate, terminal = t.want.arrival_gate, t.want.arrival_terminal
    if gate is None:
        return (("Terminal there", terminal),) if terminal else ()
    return (("Gate there", f"{gate}, terminal {terminal}" if terminal else gate),)


def _aircraft(t: Terms) -> Facts:
    if Kind.AIRCRAFT not in t.kinds[1:]:
        return ()
    return (("Aircraft", f"{t.want.aircraft}{t.was(t.heard.aircraft)}"),)


def _bags(t: Terms) -> Facts:
    return (("Bags", f"belt {t.want.belt}"),) if t.want.belt and t.kinds[0] is not Kind.BELT else ()


def advice(t: Terms) -> tuple[str, ...]:
    """What to do, a sentence each. Only what follows from the facts: no desk, price or right is made up."""
    first = _ADVICE.get(t.kinds[0])
    sentences = [] if first is None else first(t)
    if Kind.BOARDING in t.kinds and t.is_traveller and t.want.gate:
        sentences.append(f"Go to gate {t.want.gate} now.")
    elif _GATES & set(t.kinds) and t.is_traveller and t.want.gate and not t.has_left:
        now = t.want.status is Status.BOARDING
        sentences.append(f"Go to gate {t.want.gate} now." if now else f"Board at gate {t.want.gate}.")
    return tuple(sentences)


def _after_cancellation(t: Terms) -> list[str]:
    if not t.is_traveller:
        return []
    return [
        "Do not go to the airport for this flight.",
        f"Ask {t.airline} for another flight, or for your money back.",
    ]


def _after_removal(t: Terms) -> list[str]:
    return [f"Ask {t.airline} before you go to the airport."] if t.is_traveller else []


def _after_return(t: Terms) -> list[str]:
    if t.has_left:
        return []
    state = "no longer in the schedule" if t.heard.status is Status.REMOVED else "cancelled"
    first = [] if t.doubtful else [f"Disregard our message that it was {state}."]
    rebooked = f"If you have another flight by now, ask {t.airline} which one holds."
    return [*first, rebooked] if t.is_traveller else first


def _after_diversion(t: Terms) -> list[str]:
    return ["We tell you where it lands as soon as we know."] if t.want.diverted_to is None else []


def _after_delay(t: Terms) -> list[str]:
    if not t.is_traveller or t.has_left:
        return []
    if t.planned.instant - t.news.now <= NEAR:
        return ["Stay near the gate: a delay can shrink."]
    return ["Be at the airport as planned: a delay can shrink."]


def _after_new_time(t: Terms) -> list[str]:
    return [f"Does the new time not suit you? Ask {t.airline} for a change."] if t.is_traveller else []


def _after_earlier(t: Terms) -> list[str]:
    return ["Be at the gate for the earlier time."] if t.is_traveller and not t.doubtful else []


def _after_aircraft(t: Terms) -> list[str]:
    return ["Look at your seat again: it can change with the aircraft."] if t.is_traveller else []


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
        known.append("When it lands is not yet known.")
    elif t.kinds[0] in _GATES:
        leaves = f"Leaves {t.leaves.full}, {t.lateness}."
        known.append("When it leaves is not yet known." if t.time_unknown else leaves)
    elif t.want.status in {Status.LANDED, Status.ARRIVED}:
        known += [f"{label}: {value}." for label, value in (*_at_destination(t), *_bags(t))]
    else:
        known += [f"Gate {t.want.gate}."] if t.want.gate and not t.has_left else []
        known += [f"Arrives {t.arrives.full}."] if t.arrives else []
    return " ".join(known or [f"{t.origin} to {t.destination}, {t.planned.full}."])


def footer(t: Terms) -> tuple[str, ...]:
    """Why this person gets it; when it was changed and sent, by the clock of the origin; who decides."""
    changed = t.moment(t.news.changed_at, t.want.origin)
    sent = t.moment(t.news.now, t.want.origin)
    at = changed.clock if changed.date == sent.date else changed.full
    verb = "Found" if t.news.found_late else "Changed by the airline"
    why = "hold a booking on" if t.is_traveller else "follow"
    return (
        f"You get this because you {why} {t.number}.",
        f"{verb} at {at}, sent at {sent.clock}.",
        "Times are local to the airport. The airline decides; Gatecall passes on what it says.",
    )
