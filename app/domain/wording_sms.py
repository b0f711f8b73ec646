"""The SMS: one part of 160 characters. What does not fit goes, the least useful first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import IntEnum

from app.domain import gsm, places
from app.domain.flight import Status
from app.domain.news import Kind
from app.domain.wording_terms import Moment, Terms


class Rank(IntEnum):
    """How useful a sentence is. The lowest goes first; the news never goes."""

    REASON = 1
    LINK = 2
    GATE = 3
    ASIDE = 4
    ADVICE = 5
    NEWS = 9


Part = tuple[Rank, str]

_FULL, _SHORT, _CODE = range(3)
# Names of cities and what may be left out with them, in the order tried: a shorter name is better than no advice.
_TRIES = (
    (_FULL, Rank.GATE),
    (_SHORT, Rank.GATE),
    (_SHORT, Rank.ASIDE),
    (_CODE, Rank.GATE),
    (_CODE, Rank.ADVICE),
)


def sms(t: Terms, url: str) -> str:
    """The whole text, in the GSM alphabet. At most one part, unless the news alone is longer."""
    text = ""
    for form, expendable in _TRIES:
        parts = [(rank, gsm.written(words)) for rank, words in _Words(t, form).parts(url) if words]
        while True:
            text = " ".join(words for _, words in parts)
            if gsm.fits(text):
                return text
            least = min(rank for rank, _ in parts)
            if least > expendable:
                break
            parts = [part for part in parts if part[0] > least]
    return text


class _Words:
    """The sentences of one message, with the names of cities in one form."""

    def __init__(self, t: Terms, form: int) -> None:
        self.t = t
        self.form = form
        self.flight = f"Gatecall: {t.number} to {self.city(t.want.destination)}"

    def city(self, iata: str) -> str:
        """The city's name, its first part, or the airport's code."""
        if self.form == _CODE:
            return iata
        name = places.city(iata)
        if self.form == _FULL:
            return name
        return re.split(r"[/,(]", name)[0].strip() or iata

    def parts(self, url: str) -> list[Part]:
        t = self.t
        parts = [*_NEWS[t.kinds[0]](self)]
        if t.doubtful and t.kinds[0] in {Kind.CANCELLED, Kind.REMOVED, Kind.DIVERTED}:
            pass  # these say how things stand whatever was told before
        if t.news.found_late:
            parts.append((Rank.ASIDE, "We found this late."))
        parts.append((Rank.REASON, t.reason or ""))
        parts.append((Rank.LINK, re.sub(r"^https?://", "", url)))
        return parts

    def at(self, moment: Moment) -> str:
        """Time at the origin, with the day when it is not today."""
        return moment.clock if moment.date == self.t.today else f"{moment.day} {moment.clock}"

    def gate(self) -> Part:
        t = self.t
        if t.want.gate is None or t.has_left:
            return Rank.GATE, ""
        if Kind.GATE in t.kinds:
            return Rank.NEWS, f"Gate {t.want.gate}{t.was(t.heard.gate)}."
        return Rank.GATE, f"Gate {t.want.gate}."

    def for_traveller(self, words: str) -> Part:
        return Rank.ADVICE, words if self.t.is_traveller else ""


def _cancelled(w: _Words) -> list[Part]:
    return _not_flying(
        w, "is cancelled", "Do not go to the airport.", f"Ask {w.t.airline} for another flight."
    )


def _removed(w: _Words) -> list[Part]:
    return _not_flying(w, "is no longer in the schedule", f"Ask {w.t.airline} before you travel.")


def _not_flying(w: _Words, what: str, *advice: str) -> list[Part]:
    t = w.t
    news = f"{w.flight}, {t.planned.day} {t.planned.clock}, {what}."
    return [(Rank.NEWS, news), *(w.for_traveller(words) for words in advice)]


def _reinstated(w: _Words) -> list[Part]:
    t = w.t
    what = "is back in the schedule" if t.heard.status is Status.REMOVED else "flies after all"
    if t.doubtful:
        what = "flies as things stand now"
    if t.has_left:
        return [(Rank.NEWS, f"{w.flight} {what}."), *_progress(w)]
    time = "The time is not yet known." if t.time_unknown else f"{t.leaves.day} {t.leaves.clock}{_late(t)}."
    again = "" if t.doubtful else "Disregard what we told you before."
    return [(Rank.NEWS, f"{w.flight} {what}. {time}"), w.gate(), w.for_traveller(again)]


def _late(t: Terms) -> str:
    return f", {t.short_lateness}" if t.want.delay else ""


def _diverted(w: _Words) -> list[Part]:
    t, place = w.t, w.t.want.diverted_to
    if place is None:
        unknown = "Where and when is not yet known; we tell you as soon as it is."
        return [(Rank.NEWS, f"{w.flight} {t.now}lands elsewhere."), (Rank.ADVICE, unknown)]
    if place == t.want.origin:
        return [(Rank.NEWS, f"{w.flight} {t.now}returns to {w.city(place)}. When it lands is not yet known.")]
    where = place if w.form == _CODE else f"{w.city(place)} ({place})"
    return [(Rank.NEWS, f"{w.flight} {t.now}lands in {where} instead. When is not yet known.")]


def _rescheduled(w: _Words) -> list[Part]:
    t = w.t
    if t.doubtful or t.planned.date == t.planned_before.date:
        news = f"{w.flight} now leaves {w.at(t.planned)}{t.was(t.old_schedule)}."
    else:
        old = None if t.old_schedule is None else t.old_schedule.replace(",", "")
        news = f"{w.flight} moved to {t.planned.day} {t.planned.clock}{t.was(old)}."
    late = f"It leaves {t.short_lateness}: {w.at(t.leaves)}." if t.want.delay else ""
    if t.time_unknown:
        late = "It is delayed, until when is not yet known."
    ask = w.for_traveller(f"Does not suit you? Ask {t.airline} for a change.")
    return [(Rank.NEWS, news), (Rank.NEWS, late), w.gate(), ask]


def _delayed(w: _Words) -> list[Part]:
    t = w.t
    if t.time_unknown:
        news = f"{w.flight}, {t.planned.day} {t.planned.clock}, is {t.now}delayed. The new time is not yet known."
        return [(Rank.NEWS, news), w.gate()]
    news = f"{w.flight} {t.now}leaves {w.at(t.leaves)}, {t.short_lateness}{_was(t)}."
    return [(Rank.NEWS, news), w.gate()]


def _was(t: Terms) -> str:
    return t.was(None if t.old_departure is None else t.old_departure.replace(",", ""))


def _earlier(w: _Words) -> list[Part]:
    t = w.t
    if t.old_departure is None or t.want.leaves_at >= t.heard.leaves_at:
        return _delayed(w)
    by = _minutes(t.heard.leaves_at - t.want.leaves_at)
    news = f"{w.flight} leaves {w.at(t.leaves)}, {by} earlier than last told."
    return [(Rank.NEWS, news), w.gate()]


def _minutes(delta: timedelta) -> str:
    from app.domain.wording_terms import duration

    return duration(delta, short=True)


def _gate(w: _Words) -> list[Part]:
    t = w.t
    terminal = f" in terminal {t.want.terminal}" if Kind.TERMINAL in t.kinds else ""
    news = f"{w.flight} now leaves from gate {t.want.gate}{terminal}{t.was(t.heard.gate)}."
    return [(Rank.NEWS, news), (Rank.ADVICE, _leaves(w))]


def _terminal(w: _Words) -> list[Part]:
    t = w.t
    news = f"{w.flight} now leaves from terminal {t.want.terminal}{t.was(t.heard.terminal)}."
    return [(Rank.NEWS, news), (Rank.ADVICE, _leaves(w)), w.gate()]


def _leaves(w: _Words) -> str:
    t = w.t
    if t.time_unknown:
        return "Delayed, new time not yet known."
    boarding = ", boarding now" if t.want.status is Status.BOARDING else ""
    return f"Leaves {w.at(t.leaves)}{_late(t)}{boarding}."


def _boarding(w: _Words) -> list[Part]:
    t = w.t
    where = f" at gate {t.want.gate}" if t.want.gate else ""
    was = t.was(t.heard.gate) if Kind.GATE in t.kinds else ""
    return [
        (Rank.NEWS, f"{w.flight} is {t.now}boarding{where}{was}."),
        (Rank.ADVICE, _leaves(w).replace(", boarding now", "")),
    ]


def _gate_closed(w: _Words) -> list[Part]:
    gate = f"gate {w.t.want.gate}" if w.t.want.gate else "the gate"
    return [(Rank.NEWS, f"{w.flight}: {gate} has closed."), (Rank.ADVICE, _leaves(w))]


def _progress(w: _Words) -> list[Part]:
    t = w.t
    if t.want.status is Status.DEPARTED:
        news = f"It has left {w.city(t.want.origin)}."
    elif t.want.status is Status.DIVERTED:
        return []
    else:
        news = "It has landed." if t.want.status is Status.LANDED else "It has arrived."
    return [(Rank.NEWS, news)]


def _departed(w: _Words) -> list[Part]:
    t = w.t
    at = f" at {w.at(t.leaves)}, {t.short_lateness}" if t.want.estimated_departure_time else ""
    lands = "" if t.arrives is None else f"Lands {t.arrives.day} {t.arrives.clock}."
    return [(Rank.NEWS, f"{w.flight} has left {w.city(t.want.origin)}{at}."), (Rank.ADVICE, lands)]


def _landed(w: _Words) -> list[Part]:
    return _there(w, "has landed")


def _arrived(w: _Words) -> list[Part]:
    return _there(w, "has arrived")


def _there(w: _Words, what: str) -> list[Part]:
    t = w.t
    elsewhere = t.want.diverted_to not in {None, t.want.destination}
    known = t.arrives is not None and t.want.estimated_arrival_time and not elsewhere
    at = f" at {t.arrives.clock}" if known and t.arrives else ""
    diverted = f", diverted to {w.city(t.want.diverted_to)}," if elsewhere and t.want.diverted_to else ""
    belt = f"Bags: belt {t.want.belt}{t.was(t.heard.belt)}." if Kind.BELT in t.kinds else ""
    gate = f"Gate {t.want.arrival_gate}." if t.want.arrival_gate and not elsewhere else ""
    return [(Rank.NEWS, f"{w.flight}{diverted} {what}{at}."), (Rank.NEWS, belt), (Rank.GATE, gate)]


def _belt(w: _Words) -> list[Part]:
    t = w.t
    news = f"{w.flight}: bags {t.now}come out at belt {t.want.belt}{t.was(t.heard.belt)}."
    return [(Rank.NEWS, news)]


def _aircraft(w: _Words) -> list[Part]:
    t = w.t
    news = f"{w.flight} {t.now}flies with aircraft {t.want.aircraft}{t.was(t.heard.aircraft)}."
    return [(Rank.NEWS, news), w.for_traveller("Look at your seat again.")]


_NEWS: Mapping[Kind, Callable[[_Words], list[Part]]] = {
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
