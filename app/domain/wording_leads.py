"""The news itself: for each kind, how it is said when it comes first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.domain import places
from app.domain.flight import Status
from app.domain.news import Kind
from app.domain.speech import say
from app.domain.wording_shapes import Highlight
from app.domain.wording_terms import NOT_KNOWN, Moment, Terms, delayed_without_time, duration

CHANGE, BAD, PLAIN = "change", "bad", "plain"

_TIMES = frozenset({Kind.RESCHEDULED, Kind.DELAYED, Kind.EARLIER})
_PROGRESS = frozenset({Kind.DEPARTED, Kind.LANDED, Kind.ARRIVED})


@dataclass(frozen=True, slots=True)
class Lead:
    """The news that comes first. covers: the kinds it has told besides its own."""

    subject: str
    headline: str
    opening: str
    highlight: Highlight
    covers: frozenset[Kind] = frozenset()


def lead(t: Terms) -> Lead:
    """The first kind of the news, in words."""
    return _LEADS[t.kinds[0]](t)


def _cancelled(t: Terms) -> Lead:
    return _not_flying(t, "is cancelled", "Cancelled", t.reason)


def _removed(t: Terms) -> Lead:
    why = t.reason or "Why is not yet known."
    return _not_flying(t, "is no longer in the schedule", "No longer in the schedule", why)


def _not_flying(t: Terms, what: str, large: str, note: str | None) -> Lead:
    route = f"{t.origin} to {t.destination}, {t.planned.full}"
    return Lead(
        subject=f"{t.flight} {t.day_word(t.planned.date)} {what}",
        headline=f"{t.flight} {what}",
        opening=f"{t.number}, {route}, {what}.",
        highlight=Highlight(route, None, large, note, BAD),
    )


def _reinstated(t: Terms) -> Lead:
    news = f"{t.flight} {flies_again(t)}"
    old = t.old("Not in the schedule" if t.heard.status is Status.REMOVED else "Cancelled")
    if t.has_left:
        route = f"{t.origin} to {t.destination}"
        mark = Highlight(route, old, str(t.want.status).capitalize(), t.reason, CHANGE)
        return Lead(news, news, f"{news}.", mark, _TIMES)
    label = f"Leaves {t.at(t.want.origin)}"
    if t.time_unknown:
        mark = Highlight(label, old, "Time not yet known", t.reason, CHANGE)
        return Lead(news, news, f"{news}. The time is not yet known.", mark, _TIMES)
    late = f", {t.lateness}" if t.delay else ""
    return Lead(
        subject=f"{news}: {t.leaves.full}",
        headline=news,
        opening=f"{news}. It leaves {t.leaves.full}{late}{t.was(t.old_departure)}.",
        highlight=Highlight(label, old, t.leaves.full, t.reason, CHANGE),
        covers=_TIMES,
    )


def flies_again(t: Terms) -> str:
    """What became of a flight that was not to fly."""
    if t.heard.status is Status.REMOVED:
        return "is back in the schedule"
    verb = "flew" if t.want.status in {Status.LANDED, Status.ARRIVED} else "flies"
    return f"{verb} as things stand now" if t.doubtful else f"{verb} after all"


def _diverted(t: Terms) -> Lead:
    place = t.diverted_to
    before = t.heard.diverted_to if t.heard.status is Status.DIVERTED else t.want.destination
    same_city = place and places.city(place) == places.city(t.want.destination)
    planned = t.at(t.want.destination) if same_city else t.destination
    old = t.old(None if before is None else planned if before == t.want.destination else t.at(before))
    highlight = Highlight("Lands in", old, t.at(place) if place else NOT_KNOWN, t.reason, CHANGE)
    news = f"{t.flight} {t.now}{diversion(t)}"
    if place is None:
        opening = f"{news}. Where and when is not yet known."
    elif place == t.want.origin:
        opening = f"{news}. When it lands is not yet known."
    else:
        opening = f"{news}, not in {planned}. When is not yet known."
    return Lead(news, news, opening, highlight)


def diversion(t: Terms) -> str:
    """Where a diverted flight lands: "returns to Newark", "lands in Cheyenne (CYS)", "lands elsewhere"."""
    if t.diverted_to is None:
        return "lands elsewhere"
    if t.diverted_to == t.want.origin:
        return f"returns to {places.city(t.diverted_to)}"
    return f"lands in {t.at(t.diverted_to)}"


def _rescheduled(t: Terms) -> Lead:
    new, old = t.new_time
    moved_day = new.date != t.left_before.date
    if t.old_departure is None and not t.doubtful:
        what, headline = f"is now scheduled for {t.when(new)}", f"{t.flight} has a new schedule"
    elif moved_day and not t.doubtful:
        what, headline = f"moved to {new.full}", f"{t.flight} moved to {new.day}"
    else:
        what, headline = f"now leaves {t.when(new)}", f"{t.flight} has a new time"
    instead = f", not {old}" if old and not moved_day else ""
    return Lead(
        subject=f"{t.flight} {what}{instead}",
        headline=headline,
        opening=f"{t.flight} {what}{t.was(old)}.",
        highlight=_time_highlight(t, new, old, _new_schedule(t)),
        covers=_TIMES,
    )


def _new_schedule(t: Terms) -> str | None:
    """What a new schedule alone does not say: that the flight is late against it."""
    if t.time_unknown:
        return "It is delayed; until when is not yet known."
    return f"That is {t.lateness} against the new schedule, {t.when(t.planned)}." if t.delay else None


def _time_highlight(t: Terms, new: Moment, old: str | None, note: str | None = None) -> Highlight:
    """A departure set large: the day in the label, or beside the time when the day changed."""
    notes = " ".join(part for part in (note, t.reason) if part) or None
    if old and ", " in old:
        return Highlight(f"Leaves {t.at(t.want.origin)}", old, new.full, notes, CHANGE)
    return Highlight(f"Leaves {t.at(t.want.origin)}, {new.day}", old, new.clock, notes, CHANGE)


def _delayed(t: Terms) -> Lead:
    if t.time_unknown:
        news = f"{t.flight} is {t.now}delayed"
        old = None if delayed_without_time(t.heard) else t.old(t.left_before.against(t.planned))
        label = f"Leaves {t.at(t.want.origin)}, {t.planned.day}"
        return Lead(
            subject=f"{news}, new time not yet known",
            headline=news,
            opening=f"{news}. The new time is not yet known.",
            highlight=Highlight(label, old, NOT_KNOWN, t.reason, CHANGE),
        )
    if t.delay <= timedelta():
        return _leaves_at(t, "later")
    time = t.when(t.leaves)
    return Lead(
        subject=f"{t.flight}: {t.now}{t.short_lateness}, leaves {time}",
        headline=f"{t.flight} {t.now}leaves {t.lateness}",
        opening=f"{t.flight} {t.now}leaves {t.lateness}: {time}{t.was(t.old_departure)}.",
        highlight=_time_highlight(t, t.leaves, t.old_departure),
    )


def _earlier(t: Terms) -> Lead:
    was_late = t.delay_before > timedelta() or delayed_without_time(t.heard)
    if t.delay or not was_late or t.doubtful:
        return _leaves_at(t, "earlier")
    news, time = f"{t.flight} is on time again", t.when(t.leaves)
    return Lead(
        subject=f"{news}, leaves {time}",
        headline=news,
        opening=f"{news}: it leaves {time}{t.was(t.old_departure)}.",
        highlight=_time_highlight(t, t.leaves, t.old_departure),
    )


def _leaves_at(t: Terms, turn: str) -> Lead:
    """A departure that came back, or one that is later than told but not late.

    turn: "earlier" or "later" than last told.
    """
    time = t.when(t.leaves)
    if t.old_departure is None:
        headline = f"{t.flight} {t.now}leaves {time}"
        subject, opening = f"{headline}, {t.short_lateness}", f"{headline}, {t.lateness}."
    else:
        headline = f"{t.flight} leaves {turn}"
        subject = f"{headline}: {time}, {t.short_lateness}"
        by = f"{duration(t.leaves.instant - t.left_before.instant)} {turn} than last told"
        opening = f"{t.flight} leaves {by}: {time}, {t.lateness}{t.was(t.old_departure)}."
    return Lead(subject, headline, opening, _time_highlight(t, t.leaves, t.old_departure))


def _gate(t: Terms) -> Lead:
    gate, terminal = t.want.gate or NOT_KNOWN, t.want.terminal
    new, old = _gate_of(t, gate, terminal), _gate_of(t, t.heard.gate, t.heard.terminal)
    news = f"Gate for {t.flight}" if t.doubtful else f"New gate for {t.flight}"
    label = f"Gate, {t.at(t.want.origin)}" + (f", terminal {terminal}" if terminal else "")
    return Lead(
        subject=_leaves_from(t, f"gate {gate}", t.heard.gate),
        headline=news,
        opening=f"{news}{', now' if t.doubtful else ''}: {new}{t.was(old)}.",
        highlight=Highlight(label, t.old(t.heard.gate), gate, t.reason, CHANGE),
        covers=frozenset({Kind.TERMINAL}),
    )


def _gate_of(t: Terms, gate: str | None, terminal: str | None) -> str | None:
    """A gate, with its terminal where that changes too."""
    changes = terminal and t.heard.terminal != t.want.terminal
    return f"{gate} in terminal {terminal}" if gate and changes else gate


def _leaves_from(t: Terms, place: str, old: str | None) -> str:
    """A subject that says where the flight leaves from now, and on which day when it is not today."""
    day = "now" if t.leaves.date == t.today else t.day_word(t.leaves.date)
    instead = "" if t.doubtful or old is None else f", not {old}"
    return f"{t.number} {day} leaves from {place}{instead}"


def _terminal(t: Terms) -> Lead:
    terminal, old = t.want.terminal or NOT_KNOWN, t.heard.terminal
    return Lead(
        subject=_leaves_from(t, f"terminal {terminal}", old),
        headline=f"Terminal for {t.flight}" if t.doubtful else f"New terminal for {t.flight}",
        opening=f"{t.flight} now leaves from terminal {terminal}{t.was(old)}.",
        highlight=Highlight(f"Terminal, {t.at(t.want.origin)}", t.old(old), terminal, t.reason, CHANGE),
    )


def _boarding(t: Terms) -> Lead:
    where = f" at gate {t.want.gate}" if t.want.gate else ""
    label = f"Leaves {t.at(t.want.origin)}, {t.leaves.full}"
    return _progress(t, f"{t.flight} is {t.now}boarding", where, f"Boarding{where}", label)


def _gate_closed(t: Terms) -> Lead:
    news = f"{t.flight}: the gate has closed"
    where = f"Gate {t.want.gate}" if t.want.gate else "The gate"
    mark = Highlight(f"{t.at(t.want.origin)}, {t.leaves.full}", None, "Gate closed", t.reason, PLAIN)
    return Lead(news, news, f"{where} of {t.flight} has closed.", mark)


def _departed(t: Terms) -> Lead:
    label = f"{t.origin} to {t.destination}, {t.planned.day}"
    if t.want.estimated_departure_time is None:
        return _progress(t, f"{t.flight} has left {t.origin}", "", "Departed", label)
    at = f" at {t.when(t.leaves)}, {t.lateness}"
    return _progress(t, f"{t.flight} left {t.origin}", at, "Departed", label)


def _arrival(t: Terms) -> Lead:
    """The arrival is expected at another time; of a flight that nobody expects at one, how it stands."""
    if t.arrives is None:
        return _delayed(t)
    new, before, number, city = t.arrives, t.arrived_before, t.number, t.destination
    old = before.against(new) if before and before.instant != new.instant and not t.doubtful else None
    label = say("Lands in {place}", place=t.at(t.want.destination))
    mark = Highlight(label, old, new.full, t.reason, CHANGE)
    headline = say("{number} lands in {city} {moment}", number=number, city=city, moment=new.full)
    if old is None:
        return Lead(headline, headline, say("{headline}.", headline=headline), mark)
    subject = say("{headline}, not {old}", headline=headline, old=old)
    opening = say("{headline} (was {old}).", headline=headline, old=old)
    return Lead(subject, headline, opening, mark)


def _landed(t: Terms) -> Lead:
    return _there(t, "landed")


def _arrived(t: Terms) -> Lead:
    return _there(t, "arrived")


def _there(t: Terms, verb: str) -> Lead:
    large = verb.capitalize()
    if t.diverted_to is not None:
        # Whether it landed where it was diverted to or flew on is not in the data.
        news = f"{t.flight}, diverted to {t.at(t.diverted_to)}, has {verb}"
        return _progress(t, news, "", large, f"{t.origin} to {t.destination}")
    place = t.at(t.want.destination)
    if t.arrives is None or t.want.estimated_arrival_time is None:
        return _progress(t, f"{t.number} has {verb} in {t.destination}", "", large, place)
    return _progress(t, f"{t.number} {verb} in {t.destination}", f" at {t.arrives.clock}", large, place)


def _progress(t: Terms, news: str, detail: str, large: str, label: str) -> Lead:
    """Progress as planned is no change: it stays plain and names no old value."""
    return Lead(f"{news}{detail}", news, f"{news}{detail}.", Highlight(label, None, large, t.reason, PLAIN))


def _belt(t: Terms) -> Lead:
    changed = t.heard.belt is not None and not t.doubtful
    now = "now " if changed or t.doubtful else ""
    mark = Highlight(
        label="Bags" if t.diverted_to else f"Bags, {t.at(t.want.destination)}",
        old=t.old(t.heard.belt),
        new=f"Belt {t.want.belt}",
        note=t.reason,
        tone=CHANGE if changed else PLAIN,
    )
    return Lead(
        subject=f"{t.number} from {t.origin}: bags {now}at belt {t.want.belt}",
        headline=f"Bags of {t.number} {now}come out at belt {t.want.belt}",
        opening=f"Bags of {t.number} from {t.origin} {now}come out at belt {t.want.belt}{t.was(t.heard.belt)}.",
        highlight=mark,
    )


def _aircraft(t: Terms) -> Lead:
    aircraft = t.want.aircraft or NOT_KNOWN
    return Lead(
        subject=f"{t.flight}: {'now' if t.doubtful else 'another'} aircraft, {aircraft}",
        headline=f"Aircraft for {t.flight}" if t.doubtful else f"Another aircraft for {t.flight}",
        opening=f"{t.flight} {t.now}flies with aircraft {aircraft}{t.was(t.heard.aircraft)}.",
        highlight=Highlight("Aircraft", t.old(t.heard.aircraft), aircraft, t.reason, CHANGE),
    )


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
    Kind.ARRIVAL: _arrival,
    Kind.LANDED: _landed,
    Kind.ARRIVED: _arrived,
    Kind.BELT: _belt,
    Kind.AIRCRAFT: _aircraft,
}
