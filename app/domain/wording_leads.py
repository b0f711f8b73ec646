"""The news itself: for each kind, how it is said when it comes first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.domain import places
from app.domain.flight import Status
from app.domain.news import Kind
from app.domain.wording_shapes import Highlight
from app.domain.wording_terms import NOT_KNOWN, Moment, Terms, delayed_without_time, duration

CHANGE, BAD, PLAIN = "change", "bad", "plain"


@dataclass(frozen=True, slots=True)
class Lead:
    """The news that comes first. covers: the kinds it has told besides its own."""

    subject: str
    headline: str
    opening: str
    highlight: Highlight
    covers: frozenset[Kind] = frozenset()


_TIMES = frozenset({Kind.RESCHEDULED, Kind.DELAYED, Kind.EARLIER})


def lead(t: Terms) -> Lead:
    """The first kind of the news, in words."""
    return _LEADS[t.kinds[0]](t)


def _cancelled(t: Terms) -> Lead:
    return _not_flying(t, "is cancelled", "Cancelled")


def _removed(t: Terms) -> Lead:
    return _not_flying(t, "is no longer in the schedule", "No longer in the schedule")


def _not_flying(t: Terms, what: str, large: str) -> Lead:
    day = t.day_word(t.planned.date)
    return Lead(
        subject=f"{t.flight} {day} {what}",
        headline=f"{t.flight} {what}",
        opening=f"{t.number}, {t.origin} to {t.destination}, {t.planned.full}, {what}.",
        highlight=Highlight(f"{t.origin} to {t.destination}, {t.planned.full}", None, large, t.reason, BAD),
    )


def _reinstated(t: Terms) -> Lead:
    gone = t.heard.status is Status.REMOVED
    verb = "flew" if t.want.status in {Status.LANDED, Status.ARRIVED} else "flies"
    what = "is back in the schedule" if gone else f"{verb} after all"
    if t.doubtful and not gone:
        what = f"{verb} as things stand now"
    if t.has_left:
        return Lead(
            subject=f"{t.flight} {what}",
            headline=f"{t.flight} {what}",
            opening=f"{t.flight} {what}.",
            highlight=Highlight(
                f"{t.origin} to {t.destination}",
                t.old(_state(gone)),
                _STATES[t.want.status],
                t.reason,
                CHANGE,
            ),
            covers=_TIMES | {Kind.DEPARTED, Kind.LANDED, Kind.ARRIVED},
        )
    time = "The time is not yet known." if t.time_unknown else f"It leaves {t.leaves.full}{_how_late(t)}."
    large = "Time not yet known" if t.time_unknown else t.leaves.full
    return Lead(
        subject=f"{t.flight} {what}" + ("" if t.time_unknown else f": {t.leaves.full}"),
        headline=f"{t.flight} {what}",
        opening=f"{t.flight} {what}. {time}",
        highlight=Highlight(f"Leaves {t.at(t.want.origin)}", t.old(_state(gone)), large, t.reason, CHANGE),
        covers=_TIMES,
    )


def _state(gone: bool) -> str:
    return "Not in the schedule" if gone else "Cancelled"


def _how_late(t: Terms) -> str:
    words = f", {t.lateness}" if t.want.delay else ""
    return words + t.was(t.old_departure)


def _diverted(t: Terms) -> Lead:
    place = t.want.diverted_to
    before = t.heard.diverted_to if t.heard.status is Status.DIVERTED else t.want.destination
    if place is None:
        return Lead(
            subject=f"{t.flight} lands elsewhere",
            headline=f"{t.flight} lands elsewhere",
            opening=f"{t.flight} {t.now}does not land in {t.destination}. Where and when is not yet known.",
            highlight=Highlight("Lands in", t.old(_diverted_place(before)), NOT_KNOWN, t.reason, CHANGE),
        )
    return Lead(
        subject=f"{t.flight} {diversion(t)}",
        headline=f"{t.flight} {diversion(t)}",
        opening=f"{t.flight} {t.now}{diversion(t)}, not in {t.destination}. When is not yet known."
        if place != t.want.origin
        else f"{t.flight} {t.now}{diversion(t)}. When it lands is not yet known.",
        highlight=Highlight("Lands in", t.old(_diverted_place(before)), t.at(place), t.reason, CHANGE),
    )


def diversion(t: Terms) -> str:
    """Where a diverted flight lands: "returns to Newark", "lands in Cheyenne (CYS)", "lands elsewhere"."""
    place = t.want.diverted_to
    if place is None:
        return "lands elsewhere"
    return f"returns to {places.city(place)}" if place == t.want.origin else f"lands in {t.at(place)}"


def _diverted_place(iata: str | None) -> str | None:
    return None if iata is None else places.city(iata)


def _rescheduled(t: Terms) -> Lead:
    moved_day = t.planned.date != t.planned_before.date
    if moved_day:
        what = f"{t.now}moved to {t.planned.full}" if not t.doubtful else f"now leaves {t.planned.full}"
    else:
        what = f"now leaves at {t.when(t.planned)}"
    late = "" if not t.want.delay else f" It leaves {t.lateness}: {t.when(t.leaves)}."
    unknown = " It is delayed; until when is not yet known." if t.time_unknown else ""
    instead = f", not {t.old_schedule}" if t.old_schedule and not moved_day else ""
    return Lead(
        subject=f"{t.flight} {what}{instead}",
        headline=f"{t.flight} {'moved to ' + t.planned.day if moved_day else 'has a new time'}",
        opening=f"{t.flight} {what}{t.was(t.old_schedule)}.{late}{unknown}",
        highlight=_time_highlight(t, t.planned, t.old_schedule, f"{late}{unknown}".strip() or None),
        covers=_TIMES,
    )


def _time_highlight(t: Terms, new: Moment, old: str | None, note: str | None) -> Highlight:
    """A departure set large: the day in the label, or beside the time when the day changed."""
    note = " ".join(part for part in (note, t.reason) if part) or None
    if old and ", " in old:
        return Highlight(f"Leaves {t.at(t.want.origin)}", old, new.full, note, CHANGE)
    return Highlight(f"Leaves {t.at(t.want.origin)}, {new.day}", old, new.clock, note, CHANGE)


def _delayed(t: Terms) -> Lead:
    if t.time_unknown:
        label = f"Leaves {t.at(t.want.origin)}, {t.planned.day}"
        return Lead(
            subject=f"{t.flight} is {t.now}delayed, new time not yet known",
            headline=f"{t.flight} is delayed",
            opening=f"{t.flight} is {t.now}delayed. The new time is not yet known.",
            highlight=Highlight(label, t.old(t.left_before.time), NOT_KNOWN, t.reason, CHANGE),
        )
    if t.want.delay <= timedelta():
        return _leaves_at(t, "later")
    return Lead(
        subject=f"{t.flight}: {t.now}{t.short_lateness}, leaves {t.when(t.leaves)}",
        headline=f"{t.flight} leaves {t.lateness}",
        opening=f"{t.flight} {t.now}leaves {t.lateness}: {t.when(t.leaves)}{t.was(t.old_departure)}.",
        highlight=_time_highlight(t, t.leaves, t.old_departure, None),
    )


def _earlier(t: Terms) -> Lead:
    was_late = t.heard.delay > timedelta() or delayed_without_time(t.heard)
    if t.want.delay or not was_late or t.doubtful:
        return _leaves_at(t, "earlier")
    return Lead(
        subject=f"{t.flight} is on time again, leaves {t.when(t.leaves)}",
        headline=f"{t.flight} is on time again",
        opening=f"{t.flight} is on time again: it leaves {t.when(t.leaves)}{t.was(t.old_departure)}.",
        highlight=_time_highlight(t, t.leaves, t.old_departure, None),
    )


def _leaves_at(t: Terms, turn: str) -> Lead:
    """A departure that came back, or one that is later than told but not late.

    turn: "earlier" or "later" than last told.
    """
    time = t.when(t.leaves)
    if t.old_departure is None:
        headline, subject = (
            f"{t.flight} {t.now}leaves {time}",
            f"{t.flight} {t.now}leaves {time}, {t.short_lateness}",
        )
        opening = f"{t.flight} {t.now}leaves {time}, {t.lateness}."
    else:
        by = duration(t.want.leaves_at - t.heard.leaves_at)
        headline, subject = (
            f"{t.flight} leaves {turn}",
            f"{t.flight} leaves {turn}: {time}, {t.short_lateness}",
        )
        opening = (
            f"{t.flight} leaves {by} {turn} than last told: {time}, {t.lateness}{t.was(t.old_departure)}."
        )
    return Lead(subject, headline, opening, _time_highlight(t, t.leaves, t.old_departure, None))


def _gate(t: Terms) -> Lead:
    new, old = _gate_of(t.want.gate, t.want.terminal, t), _gate_of(t.heard.gate, t.heard.terminal, t)
    gate = t.want.gate or NOT_KNOWN
    instead = "" if t.doubtful or t.heard.gate is None else f", not {t.heard.gate}"
    terminal = f", terminal {t.want.terminal}" if t.want.terminal else ""
    return Lead(
        subject=f"{t.number} now leaves from gate {gate}{instead}",
        headline=f"New gate for {t.flight}" if not t.doubtful else f"Gate for {t.flight}",
        opening=f"New gate for {t.flight}: {new}{t.was(old)}."
        if not t.doubtful
        else f"Gate for {t.flight}, now: {new}.",
        highlight=Highlight(
            f"Gate, {t.at(t.want.origin)}{terminal}", t.old(t.heard.gate), gate, t.reason, CHANGE
        ),
        covers=frozenset({Kind.TERMINAL}),
    )


def _gate_of(gate: str | None, terminal: str | None, t: Terms) -> str:
    """A gate, with its terminal where that changes too."""
    with_terminal = terminal and t.heard.terminal != t.want.terminal
    return f"{gate or NOT_KNOWN} in terminal {terminal}" if with_terminal else gate or NOT_KNOWN


def _terminal(t: Terms) -> Lead:
    instead = "" if t.doubtful or t.heard.terminal is None else f", not {t.heard.terminal}"
    return Lead(
        subject=f"{t.number} now leaves from terminal {t.want.terminal}{instead}",
        headline=f"New terminal for {t.flight}" if not t.doubtful else f"Terminal for {t.flight}",
        opening=f"{t.flight} now leaves from terminal {t.want.terminal}{t.was(t.heard.terminal)}.",
        highlight=Highlight(
            f"Terminal, {t.at(t.want.origin)}",
            t.old(t.heard.terminal),
            t.want.terminal or NOT_KNOWN,
            t.reason,
            CHANGE,
        ),
    )


def _boarding(t: Terms) -> Lead:
    where = f" at gate {t.want.gate}" if t.want.gate else ""
    return _progress(
        t, f"is {t.now}boarding{where}", f"Boarding{where}", f"Leaves {t.at(t.want.origin)}, {t.leaves.full}"
    )


def _gate_closed(t: Terms) -> Lead:
    where = f"Gate {t.want.gate}" if t.want.gate else "The gate"
    return Lead(
        subject=f"{t.flight}: the gate has closed",
        headline=f"{t.flight}: the gate has closed",
        opening=f"{where} of {t.flight} has closed.",
        highlight=Highlight(f"{t.at(t.want.origin)}, {t.leaves.full}", None, "Gate closed", t.reason, PLAIN),
    )


def _departed(t: Terms) -> Lead:
    at = f" at {t.when(t.leaves)}, {t.lateness}" if t.want.estimated_departure_time else ""
    return _progress(
        t, f"has left {t.origin}{at}", "Departed", f"{t.origin} to {t.destination}, {t.planned.day}"
    )


def _landed(t: Terms) -> Lead:
    return _progress(t, f"has landed{_in_destination(t)}", "Landed", _landing_place(t))


def _arrived(t: Terms) -> Lead:
    return _progress(t, f"has arrived{_in_destination(t)}", "Arrived", _landing_place(t))


def _in_destination(t: Terms) -> str:
    # Whether a diverted flight landed where it was diverted to or flew on is not in the data.
    if t.want.diverted_to not in {None, t.want.destination}:
        return ""
    known = t.arrives is not None and t.want.estimated_arrival_time is not None
    return f" in {t.destination} at {t.arrives.clock}" if known and t.arrives else f" in {t.destination}"


def _landing_place(t: Terms) -> str:
    if t.want.diverted_to not in {None, t.want.destination}:
        return f"{t.at(t.want.destination)}, diverted to {t.at(t.want.diverted_to or '')}"
    return t.at(t.want.destination)


def _progress(t: Terms, what: str, large: str, label: str) -> Lead:
    """Progress as planned is no change: it stays plain and names no old value."""
    return Lead(
        subject=f"{t.flight} {what}",
        headline=f"{t.flight} {what.split(' at ')[0]}",
        opening=f"{t.flight} {what}.",
        highlight=Highlight(label, None, large, t.reason, PLAIN),
    )


def _belt(t: Terms) -> Lead:
    changed = t.heard.belt is not None and not t.doubtful
    return Lead(
        subject=f"{t.number}: bags {'now ' if changed or t.doubtful else ''}at belt {t.want.belt}",
        headline=f"Bags of {t.number} come out at belt {t.want.belt}",
        opening=f"Bags of {t.number} from {t.origin} {t.now}come out at belt {t.want.belt} in {t.destination}"
        f"{t.was(t.heard.belt)}.",
        highlight=Highlight(
            f"Bags, {_landing_place(t)}",
            t.old(t.heard.belt),
            f"Belt {t.want.belt}",
            t.reason,
            CHANGE if changed else PLAIN,
        ),
    )


def _aircraft(t: Terms) -> Lead:
    return Lead(
        subject=f"{t.flight}: {'now' if t.doubtful else 'other'} aircraft {t.want.aircraft}",
        headline=f"Aircraft for {t.flight}" if t.doubtful else f"Another aircraft for {t.flight}",
        opening=f"{t.flight} {t.now}flies with aircraft {t.want.aircraft}{t.was(t.heard.aircraft)}.",
        highlight=Highlight("Aircraft", t.old(t.heard.aircraft), str(t.want.aircraft), t.reason, CHANGE),
    )


_STATES: Mapping[Status, str] = {
    Status.DEPARTED: "Departed",
    Status.DIVERTED: "Diverted",
    Status.LANDED: "Landed",
    Status.ARRIVED: "Arrived",
}

_LEADS: Mapping[Kind, Callable[[Terms], Lead]] = {
    Kind.CANCELLED: _cancelled,
    Kind.REMOVED: _removed,
    Kind.REINSTATED: _reinstated,
    Kind.DIVERTED: _diverted,
    Kind.RESCHEDULED: _rescheduled,
    Kind.DELAYED: _delayed,
    Kind.EARLIER: _earlier,
    Kind.GATE: _gate,
    Kind.TERMINAL: _terminal,
    Kind.BOARDING: _boarding,
    Kind.GATE_CLOSED: _gate_closed,
    Kind.DEPARTED: _departed,
    Kind.LANDED: _landed,
    Kind.ARRIVED: _arrived,
    Kind.BELT: _belt,
    Kind.AIRCRAFT: _aircraft,
}
