"""The news itself: for each kind, how it is said when it comes first. Here what becomes of the flight and its
departure; `wording_progress` has what comes after that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from app.domain import places, wording_corrections, wording_progress
from app.domain.flight import Status
from app.domain.news import Kind
from app.domain.speech import say
from app.domain.wording_lead import BAD, CHANGE, Lead, ended, instead_of
from app.domain.wording_progress import PROGRESS, THERE
from app.domain.wording_shapes import Highlight
from app.domain.wording_terms import NOT_KNOWN, Moment, Terms, duration

_TIMES = frozenset({Kind.RESCHEDULED, Kind.DELAYED, Kind.EARLIER})


def lead(t: Terms) -> Lead:
    """The first kind of the news, in words."""
    if wording_corrections.is_taken_back(t.want, t.kinds[0]):
        return wording_corrections.taken_back(t)
    return _LEADS[t.kinds[0]](t)


def _cancelled(t: Terms) -> Lead:
    route = t.route
    return Lead(
        subject=say("{flight} {day} is cancelled", flight=t.flight, day=t.day_word(t.planned.date)),
        headline=say("{flight} is cancelled", flight=t.flight),
        # Translators: {route} is "Newark to Denver, Fri 8 Feb, 14:45 EST".
        opening=say("{number}, {route}, is cancelled.", number=t.number, route=route),
        highlight=Highlight(route, None, say("Cancelled"), t.reason, BAD),
    )


def _removed(t: Terms) -> Lead:
    route, why = t.route, t.reason or say("Why is not yet known.")
    day = t.day_word(t.planned.date)
    return Lead(
        subject=say("{flight} {day} is no longer in the schedule", flight=t.flight, day=day),
        headline=say("{flight} is no longer in the schedule", flight=t.flight),
        opening=say("{number}, {route}, is no longer in the schedule.", number=t.number, route=route),
        highlight=Highlight(route, None, say("No longer in the schedule"), why, BAD),
    )


def _reinstated(t: Terms) -> Lead:
    news = flies_again(t, t.flight)
    old = t.old(say("Not in the schedule") if t.heard.status is Status.REMOVED else say("Cancelled"))
    if t.has_left:
        route = say("{origin} to {destination}", origin=t.origin, destination=t.destination)
        mark = Highlight(route, old, say(PROGRESS[t.want.status]), t.reason, CHANGE)
        return Lead(news, news, ended(news), mark, _TIMES)
    label = say("Leaves {place}", place=t.at(t.want.origin))
    if t.time_unknown:
        mark = Highlight(label, old, say("Time not yet known"), t.reason, CHANGE)
        opening = " ".join((ended(news), say("The time is not yet known.")))
        return Lead(news, news, opening, mark, _TIMES)
    # Translators: after a time: ", 28 minutes late".
    late = say(", {lateness}", lateness=t.lateness) if t.delay else ""
    was = t.was(t.old_departure)
    # Translators: {late} is empty or like ", 28 minutes late", {was} empty or like " (was 14:45)".
    leaves = say("It leaves {moment}{late}{was}.", moment=t.leaves.full, late=late, was=was)
    return Lead(
        # Translators: {headline} is like "UA 407 to Denver flies after all".
        subject=say("{headline}: {moment}", headline=news, moment=t.leaves.full),
        headline=news,
        opening=f"{ended(news)} {leaves}",
        highlight=Highlight(label, old, t.leaves.full, t.reason, CHANGE),
        covers=_TIMES,
    )


def flies_again(t: Terms, flight: str) -> str:
    """What became of a flight that was not to fly, without a full stop. flight: as the message names it."""
    if t.heard.status is Status.REMOVED:
        return say("{flight} is back in the schedule", flight=flight)
    if t.want.status in THERE:
        if t.doubtful:
            return say("{flight} flew as things stand now", flight=flight)
        return say("{flight} flew after all", flight=flight)
    if t.doubtful:
        return say("{flight} flies as things stand now", flight=flight)
    return say("{flight} flies after all", flight=flight)


def _diverted(t: Terms) -> Lead:
    place = t.diverted_to
    before = t.heard.diverted_to if t.heard.status is Status.DIVERTED else t.want.destination
    same_city = place and places.city(place) == places.city(t.want.destination)
    planned = t.at(t.want.destination) if same_city else t.destination
    old = t.old(None if before is None else planned if before == t.want.destination else t.at(before))
    new = t.at(place) if place else say(NOT_KNOWN)
    news = _diversion(t)
    if place is None:
        opening = " ".join((ended(news), say("Where and when is not yet known.")))
    elif place == t.want.origin:
        opening = " ".join((ended(news), say("When it lands is not yet known.")))
    else:
        # Translators: {headline} is like "UA 407 to Denver lands in Cheyenne (CYS)".
        first = say("{headline}, not in {planned}.", headline=news, planned=planned)
        opening = " ".join((first, say("When is not yet known.")))
    return Lead(news, news, opening, Highlight(say("Lands in"), old, new, t.reason, CHANGE))


def _diversion(t: Terms) -> str:
    """Where a diverted flight lands, without a full stop."""
    flight, to = t.flight, t.diverted_to
    if to is None:
        if t.doubtful:
            return say("{flight} now lands elsewhere", flight=flight)
        return say("{flight} lands elsewhere", flight=flight)
    if to == t.want.origin:
        city = places.city(to)
        if t.doubtful:
            return say("{flight} now returns to {city}", flight=flight, city=city)
        return say("{flight} returns to {city}", flight=flight, city=city)
    if t.doubtful:
        return say("{flight} now lands in {place}", flight=flight, place=t.at(to))
    return say("{flight} lands in {place}", flight=flight, place=t.at(to))


def _rescheduled(t: Terms) -> Lead:
    new, old = t.leaves, _old_of(t)
    moved_day = new.date != t.left_before.date
    flight, time = t.flight, t.when(new)
    if t.old_departure is None and not t.doubtful:
        # Translators: {time} is "15:13 EST", or "Sat 9 Feb, 14:45 EST".
        news = say("{flight} is now scheduled for {time}", flight=flight, time=time)
        headline = say("{flight} has a new schedule", flight=flight)
    elif moved_day and not t.doubtful:
        news = say("{flight} moved to {moment}", flight=flight, moment=new.full)
        headline = say("{flight} moved to {day}", flight=flight, day=new.day)
    else:
        news = say("{flight} now leaves {time}", flight=flight, time=time)
        headline = say("{flight} has a new time", flight=flight)
    return Lead(
        subject=news if moved_day else instead_of(news, old),
        headline=headline,
        opening=ended(news, old),
        highlight=_time_highlight(t, t.old_time, _new_schedule(t)),
        covers=_TIMES,
    )


def _new_schedule(t: Terms) -> str | None:
    """What a new schedule alone does not say: that the flight is late against it."""
    if t.time_unknown:
        return say("It is delayed; until when is not yet known.")
    if not t.delay:
        return None
    time = t.when(t.planned)
    return say("That is {lateness} against the new schedule, {time}.", lateness=t.lateness, time=time)


def _old_of(t: Terms) -> str | None:
    if t.old_time is None:
        return None
    before, new = t.old_time
    return before.against(new)


def _time_highlight(t: Terms, told: tuple[Moment, Moment] | None, note: str | None = None) -> Highlight:
    """A departure set large: the day in the label, or beside the time when the day changed. told: the old moment, and
    the one it is told against."""
    notes = " ".join(part for part in (note, t.reason) if part) or None
    new, old, place = t.leaves, told[0].against(told[1]) if told else None, t.at(t.want.origin)
    if told and told[0].day != told[1].day:
        return Highlight(say("Leaves {place}", place=place), old, new.full, notes, CHANGE)
    label = say("Leaves {place}, {day}", place=place, day=new.day)
    return Highlight(label, old, new.clock, notes, CHANGE)


def _delayed(t: Terms) -> Lead:
    if t.time_unknown:
        return _delayed_for_long(t)
    if t.delay <= timedelta():
        return _leaves_at(t)
    flight, late, short, time = t.flight, t.lateness, t.short_lateness, t.when(t.leaves)
    if t.doubtful:
        subject = say("{flight}: now {lateness}, leaves {time}", flight=flight, lateness=short, time=time)
        headline = say("{flight} now leaves {lateness}", flight=flight, lateness=late)
    else:
        # Translators: {lateness} is "28 min late", "5 min early" or "on time".
        subject = say("{flight}: {lateness}, leaves {time}", flight=flight, lateness=short, time=time)
        # Translators: {lateness} is "28 minutes late", "5 minutes early" or "on time".
        headline = say("{flight} leaves {lateness}", flight=flight, lateness=late)
    return Lead(
        subject=subject,
        headline=headline,
        opening=say("{headline}: {time}{was}.", headline=headline, time=time, was=t.was(t.old_departure)),
        highlight=_time_highlight(t, _told(t)),
    )


def _delayed_for_long(t: Terms) -> Lead:
    """Until when is not known."""
    if t.doubtful:
        news = say("{flight} is now delayed", flight=t.flight)
    else:
        news = say("{flight} is delayed", flight=t.flight)
    old = None if t.heard.is_delayed_without_time else t.old(t.left_before.against(t.planned))
    label = say("Leaves {place}, {day}", place=t.at(t.want.origin), day=t.planned.day)
    return Lead(
        subject=say("{headline}, new time not yet known", headline=news),
        headline=news,
        opening=" ".join((ended(news), say("The new time is not yet known."))),
        highlight=Highlight(label, old, say(NOT_KNOWN), t.reason, CHANGE),
    )


def _told(t: Terms) -> tuple[Moment, Moment] | None:
    return (t.left_before, t.leaves) if t.departure_differs else None


def _earlier(t: Terms) -> Lead:
    was_late = t.delay_before > timedelta() or t.heard.is_delayed_without_time
    if t.delay or not was_late or t.doubtful:
        return _leaves_at(t)
    news, time = say("{flight} is on time again", flight=t.flight), t.when(t.leaves)
    was = t.was(t.old_departure)
    return Lead(
        subject=say("{headline}, leaves {time}", headline=news, time=time),
        headline=news,
        opening=say("{headline}: it leaves {time}{was}.", headline=news, time=time, was=was),
        highlight=_time_highlight(t, _told(t)),
    )


def _leaves_at(t: Terms) -> Lead:
    """A departure that came back, or one that is later than told but not late."""
    mark, flight, time = _time_highlight(t, _told(t)), t.flight, t.when(t.leaves)
    late, short = t.lateness, t.short_lateness
    if not t.departure_differs:
        if t.doubtful:
            headline = say("{flight} now leaves {time}", flight=flight, time=time)
        else:
            headline = say("{flight} leaves {time}", flight=flight, time=time)
        subject = say("{headline}, {lateness}", headline=headline, lateness=short)
        return Lead(subject, headline, say("{headline}, {lateness}.", headline=headline, lateness=late), mark)
    by = t.leaves.instant - t.left_before.instant
    values = {"flight": flight, "duration": duration(by), "time": time, "lateness": late}
    values["was"] = t.was(t.old_departure)
    if t.kinds[0] is Kind.EARLIER:
        headline = say("{flight} leaves earlier", flight=flight)
        # Translators: {duration} is "25 minutes", in the nominative.
        opening = say("{flight} leaves {duration} earlier than last told: {time}, {lateness}{was}.", **values)
    else:
        headline = say("{flight} leaves later", flight=flight)
        opening = say("{flight} leaves {duration} later than last told: {time}, {lateness}{was}.", **values)
    subject = say("{headline}: {time}, {lateness}", headline=headline, time=time, lateness=short)
    return Lead(subject, headline, opening, mark)


def _gate(t: Terms) -> Lead:
    gate, terminal = t.want.gate or say(NOT_KNOWN), t.want.terminal
    new, old = gate_of(t, gate, terminal), gate_of(t, t.heard.gate, t.heard.terminal)
    if t.doubtful:
        news = say("Gate for {flight}", flight=t.flight)
        opening = say("{headline}, now: {gate}.", headline=news, gate=new)
    else:
        news = say("New gate for {flight}", flight=t.flight)
        opening = say("{headline}: {gate}{was}.", headline=news, gate=new, was=t.was(old))
    day, place = t.day_word(t.leaves.date), t.at(t.want.origin)
    if t.leaves.date == t.today:
        subject = say("{number} now leaves from gate {gate}", number=t.number, gate=gate)
    else:
        # Translators: {day} is "tomorrow" or "on Sat 9 Feb".
        subject = say("{number} {day} leaves from gate {gate}", number=t.number, day=day, gate=gate)
    label = say("Gate, {place}", place=place)
    if terminal:
        label = say("Gate, {place}, terminal {terminal}", place=place, terminal=terminal)
    return Lead(
        subject=instead_of(subject, t.old(t.heard.gate)),
        headline=news,
        opening=opening,
        highlight=Highlight(label, t.old(t.heard.gate), gate, t.reason, CHANGE),
        covers=frozenset({Kind.TERMINAL}),
    )


def gate_of(t: Terms, gate: str | None, terminal: str | None) -> str | None:
    """A gate, with its terminal where that changes too; None without a gate."""
    if not gate or not terminal or t.heard.terminal == t.want.terminal:
        return gate
    return say("{gate} in terminal {terminal}", gate=gate, terminal=terminal)


def _terminal(t: Terms) -> Lead:
    terminal, old = t.want.terminal or say(NOT_KNOWN), t.heard.terminal
    day = t.day_word(t.leaves.date)
    if t.leaves.date == t.today:
        subject = say("{number} now leaves from terminal {terminal}", number=t.number, terminal=terminal)
    else:
        subject = say(
            "{number} {day} leaves from terminal {terminal}", number=t.number, day=day, terminal=terminal
        )
    if t.doubtful:
        headline = say("Terminal for {flight}", flight=t.flight)
    else:
        headline = say("New terminal for {flight}", flight=t.flight)
    news = say("{flight} now leaves from terminal {terminal}", flight=t.flight, terminal=terminal)
    label = say("Terminal, {place}", place=t.at(t.want.origin))
    mark = Highlight(label, t.old(old), terminal, t.reason, CHANGE)
    return Lead(instead_of(subject, t.old(old)), headline, ended(news, t.old(old)), mark)


def _arrival(t: Terms) -> Lead:
    """The arrival is expected at another time; of a flight that nobody expects at one, how it stands."""
    if t.arrives is None:
        return _delayed(t)
    new, before, number, city = t.arrives, t.arrived_before, t.number, t.destination
    old = before.against(new) if before and before.instant != new.instant and not t.doubtful else None
    label = say("Lands in {place}", place=t.at(t.want.destination))
    mark = Highlight(label, old, new.full, t.reason, CHANGE)
    headline = say("{number} lands in {city} {moment}", number=number, city=city, moment=new.full)
    return Lead(instead_of(headline, old), headline, ended(headline, old), mark)


_LEADS: Mapping[Kind, Callable[[Terms], Lead]] = {
    Kind.CANCELLED: _cancelled,
    Kind.REMOVED: _removed,
    Kind.REINSTATED: _reinstated,
    Kind.DIVERTED: _diverted,
    Kind.REROUTED: wording_corrections.rerouted,
    Kind.RESCHEDULED: _rescheduled,
    Kind.DELAYED: _delayed,
    Kind.EARLIER: _earlier,
    Kind.GATE: _gate,
    Kind.TERMINAL: _terminal,
    Kind.BOARDING: wording_progress.boarding,
    Kind.GATE_CLOSED: wording_progress.gate_closed,
    Kind.DEPARTED: wording_progress.departed,
    Kind.ARRIVAL: _arrival,
    Kind.LANDED: wording_progress.there,
    Kind.ARRIVED: wording_progress.there,
    Kind.BELT: wording_progress.belt,
    Kind.AIRCRAFT: wording_progress.aircraft,
}
