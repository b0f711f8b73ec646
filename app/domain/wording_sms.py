"""The SMS: one part of 160 characters. What does not fit goes, the least useful first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import IntEnum

from app.domain import gsm, places
from app.domain.flight import Status
from app.domain.news import Kind
from app.domain.wording_leads import flies_again
from app.domain.wording_terms import Moment, Terms, duration


class Rank(IntEnum):
    """How useful a sentence is. The lowest goes first; the news never goes."""

    REASON = 1
    LINK = 2
    GATE = 3
    ASIDE = 4
    ADVICE = 5
    NEWS = 9


class _Name(IntEnum):
    """A city by its name, by the first part of a name such as "Dallas/Fort Worth", or by its airport's code."""

    FULL = 0
    SHORT = 1
    CODE = 2


Part = tuple[Rank, str]

# How cities are named and what may be left out then, in the order tried: better a shorter name than no advice.
_TRIES = (
    (_Name.FULL, Rank.GATE),
    (_Name.SHORT, Rank.GATE),
    (_Name.SHORT, Rank.ASIDE),
    (_Name.CODE, Rank.GATE),
    (_Name.CODE, Rank.ADVICE),
)


def sms(t: Terms, url: str) -> str:
    """The whole text, in the GSM alphabet. At most one part, unless the news alone is longer."""
    text = ""
    for name, expendable in _TRIES:
        parts = _Words(t, name).parts(url)
        text = _joined(parts)
        while not gsm.fits(text):
            least = min(rank for rank, _ in parts)
            if least > expendable:
                break
            parts = [part for part in parts if part[0] > least]
            text = _joined(parts)
        else:
            return text
    return text


def _joined(parts: list[Part]) -> str:
    return gsm.written(" ".join(words for _, words in parts if words))


class _Words:
    """The sentences of one message, with cities named in one way."""

    def __init__(self, t: Terms, name: _Name) -> None:
        self.t = t
        self.name = name
        self.flight = f"{t.number} to {self.city(t.want.destination)}"

    def city(self, iata: str) -> str:
        """The city as this message names it."""
        if self.name is _Name.CODE:
            return iata
        city = places.city(iata)
        return city if self.name is _Name.FULL else re.split(r"[/,(]", city)[0].strip() or iata

    def parts(self, url: str) -> list[Part]:
        """All sentences in the order of reading."""
        parts = [*_NEWS[self.t.kinds[0]](self), *self.also()]
        if self.t.news.found_late:
            parts.append((Rank.ASIDE, "We found this late."))
        parts.append((Rank.REASON, self.t.reason or ""))
        parts.append((Rank.LINK, re.sub(r"^https?://", "", url)))
        parts[0] = (Rank.NEWS, f"Gatecall: {parts[0][1]}")
        return parts

    def also(self) -> list[Part]:
        """Further news that the first sentence has not told; what it has of the gate stands in `gate`."""
        t, kinds = self.t, self.t.kinds
        parts: list[Part] = []
        if Kind.BELT in kinds[1:]:
            parts.append((Rank.NEWS, f"Bags: belt {t.want.belt}."))
        if Kind.TERMINAL in kinds[1:] and Kind.GATE not in kinds:
            parts.append((Rank.NEWS, f"Terminal {t.want.terminal}{t.was(t.heard.terminal)}."))
        if Kind.BOARDING in kinds[1:]:
            parts.append((Rank.NEWS, "Boarding now."))
        if Kind.AIRCRAFT in kinds[1:]:
            parts.append((Rank.ASIDE, f"Aircraft {t.want.aircraft}{t.was(t.heard.aircraft)}."))
        return parts

    def at(self, moment: Moment) -> str:
        """A time, with its day when it is not today."""
        return moment.clock if moment.date == self.t.today else f"{moment.day} {moment.clock}"

    def leaves(self) -> str:
        """When it leaves, as a sentence beside other news."""
        t = self.t
        if t.time_unknown:
            return "Delayed, new time not yet known."
        late = f", {t.short_lateness}" if t.delay else ""
        return f"Leaves {self.at(t.leaves)}{late}."

    def gate(self) -> Part:
        """The gate; part of the news when it changed, with its terminal when that did too."""
        t = self.t
        if t.want.gate is None or t.has_left:
            return Rank.GATE, ""
        if Kind.GATE not in t.kinds:
            return Rank.GATE, f"Gate {t.want.gate}."
        terminal = f", terminal {t.want.terminal}" if Kind.TERMINAL in t.kinds else ""
        return Rank.NEWS, f"Gate {t.want.gate}{terminal}{t.was(t.heard.gate)}."

    def for_traveller(self, words: str) -> Part:
        """Advice, nothing for who only follows the flight."""
        return Rank.ADVICE, words if self.t.is_traveller else ""


def _flat(old: str | None) -> str | None:
    """An old time without its comma, which an SMS has no room for."""
    return None if old is None else old.replace(",", "")


def _cancelled(w: _Words) -> list[Part]:
    return _not_flying(w, "is cancelled", f"Do not go to the airport. Ask {w.t.airline} for another flight.")


def _removed(w: _Words) -> list[Part]:
    return _not_flying(w, "is no longer in the schedule", f"Ask {w.t.airline} before you travel.")


def _not_flying(w: _Words, what: str, advice: str) -> list[Part]:
    planned = w.t.planned
    return [(Rank.NEWS, f"{w.flight}, {planned.day} {planned.clock}, {what}."), w.for_traveller(advice)]


def _reinstated(w: _Words) -> list[Part]:
    t = w.t
    news = f"{w.flight} {flies_again(t)}."
    if t.has_left:
        return [(Rank.NEWS, news), (Rank.NEWS, f"It has {t.want.status}." if t.kinds[1:] else "")]
    late = f", {t.short_lateness}" if t.delay else ""
    time = "The time is not yet known." if t.time_unknown else f"{t.leaves.day} {t.leaves.clock}{late}."
    again = "" if t.doubtful or t.heard.status is Status.REMOVED else "Disregard the cancellation."
    return [(Rank.NEWS, f"{news} {time}"), w.gate(), w.for_traveller(again)]


def _diverted(w: _Words) -> list[Part]:
    t, place = w.t, w.t.diverted_to
    if place is None:
        unknown = "Where and when is not yet known; we tell you as soon as it is."
        return [(Rank.NEWS, f"{w.flight} {t.now}lands elsewhere."), (Rank.ADVICE, unknown)]
    if place == t.want.origin:
        return [(Rank.NEWS, f"{w.flight} {t.now}returns to {w.city(place)}. When it lands is not yet known.")]
    where = place if w.name is _Name.CODE else f"{w.city(place)} ({place})"
    return [(Rank.NEWS, f"{w.flight} {t.now}lands in {where} instead. When is not yet known.")]


def _rescheduled(w: _Words) -> list[Part]:
    t = w.t
    new, old = t.new_time
    if t.old_departure is None and not t.doubtful:
        what = f"is now scheduled for {w.at(new)}"
    elif new.date != t.left_before.date and not t.doubtful:
        what = f"moved to {new.day} {new.clock}"
    else:
        what = f"now leaves {w.at(new)}"
    late = "It is delayed, until when is not yet known." if t.time_unknown else ""
    ask = w.for_traveller(f"Cannot go? Ask {t.airline} for a change.")
    return [
        (Rank.NEWS, f"{w.flight} {what}{t.was(_flat(old))}."),
        (Rank.NEWS, late),
        w.gate(),
        ask,
    ]


def _delayed(w: _Words) -> list[Part]:
    t = w.t
    if t.time_unknown:
        news = f"{w.flight}, {t.planned.day} {t.planned.clock}, is {t.now}delayed."
        return [(Rank.NEWS, f"{news} The new time is not yet known."), w.gate()]
    was = t.was(_flat(t.old_departure))
    return [(Rank.NEWS, f"{w.flight} {t.now}leaves {w.at(t.leaves)}, {t.short_lateness}{was}."), w.gate()]


def _earlier(w: _Words) -> list[Part]:
    t = w.t
    if t.old_departure is None or t.leaves.instant >= t.left_before.instant:
        return _delayed(w)
    by = f"{duration(t.left_before.instant - t.leaves.instant, short=True)} earlier than last told"
    on_time = ", on time" if not t.delay else ""
    return [(Rank.NEWS, f"{w.flight} leaves {w.at(t.leaves)}{on_time}, {by}."), w.gate()]


def _gate(w: _Words) -> list[Part]:
    t = w.t
    terminal = f" in terminal {t.want.terminal}" if Kind.TERMINAL in t.kinds else ""
    verb = "now leaves from gate" if t.doubtful else "has a new gate,"
    news = f"{w.flight} {verb} {t.want.gate}{terminal}{t.was(t.heard.gate)}."
    return [(Rank.NEWS, news), (Rank.ADVICE, w.leaves())]


def _terminal(w: _Words) -> list[Part]:
    t = w.t
    verb = "now leaves from terminal" if t.doubtful else "has a new terminal,"
    news = f"{w.flight} {verb} {t.want.terminal}{t.was(t.heard.terminal)}."
    return [(Rank.NEWS, news), (Rank.ADVICE, w.leaves()), w.gate()]


def _boarding(w: _Words) -> list[Part]:
    where = f" at gate {w.t.want.gate}" if w.t.want.gate else ""
    return [(Rank.NEWS, f"{w.flight} is {w.t.now}boarding{where}."), (Rank.ADVICE, w.leaves())]


def _gate_closed(w: _Words) -> list[Part]:
    gate = f"gate {w.t.want.gate}" if w.t.want.gate else "the gate"
    return [(Rank.NEWS, f"{w.flight}: {gate} has closed."), (Rank.ADVICE, w.leaves())]


def _departed(w: _Words) -> list[Part]:
    t, origin = w.t, w.city(w.t.want.origin)
    lands = "" if t.arrives is None else f"Lands {t.arrives.day} {t.arrives.clock}."
    if t.want.estimated_departure_time is None:
        return [(Rank.NEWS, f"{w.flight} has left {origin}."), (Rank.ADVICE, lands)]
    news = f"{w.flight} left {origin} at {w.at(t.leaves)}, {t.short_lateness}."
    return [(Rank.NEWS, news), (Rank.ADVICE, lands)]


def _arrival(w: _Words) -> list[Part]:
    t, new, before = w.t, w.t.arrives, w.t.arrived_before
    if new is None:
        return _delayed(w)
    old = before.against(new) if before and before.instant != new.instant else None
    return [(Rank.NEWS, f"{w.flight} now lands {new.day} {new.clock}{t.was(_flat(old))}.")]


def _landed(w: _Words) -> list[Part]:
    return _there(w, "landed")


def _arrived(w: _Words) -> list[Part]:
    return _there(w, "arrived")


def _there(w: _Words, verb: str) -> list[Part]:
    t = w.t
    if t.diverted_to is not None:
        return [(Rank.NEWS, f"{w.flight}, diverted to {w.city(t.diverted_to)}, has {verb}.")]
    gate = f"Gate {t.want.arrival_gate}." if t.want.arrival_gate else ""
    if t.arrives is None or t.want.estimated_arrival_time is None:
        return [(Rank.NEWS, f"{w.flight} has {verb}."), (Rank.GATE, gate)]
    return [(Rank.NEWS, f"{w.flight} {verb} at {t.arrives.clock}."), (Rank.GATE, gate)]


def _belt(w: _Words) -> list[Part]:
    t = w.t
    return [(Rank.NEWS, f"{w.flight}: bags {t.now}come out at belt {t.want.belt}{t.was(t.heard.belt)}.")]


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
    Kind.ARRIVAL: _arrival,
    Kind.LANDED: _landed,
    Kind.ARRIVED: _arrived,
    Kind.BELT: _belt,
    Kind.AIRCRAFT: _aircraft,
}
