"""The SMS: one part of 160 characters, or two where the letters leave 70. What does not fit goes, the least useful
first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from app.domain import gsm
from app.domain.flight import Status
from app.domain.news import Kind
from app.domain.speech import say, to_say
from app.domain.wording_corrections import correction, is_taken_back, route
from app.domain.wording_lead import ended
from app.domain.wording_leads import flies_again
from app.domain.wording_sms_words import Name, Part, Rank, Words
from app.domain.wording_terms import Terms, duration

# How cities are named and what may be left out then, in the order tried: better a shorter name than no advice.
_TRIES = (
    (Name.FULL, Rank.GATE),
    (Name.SHORT, Rank.GATE),
    (Name.SHORT, Rank.ASIDE),
    (Name.CODE, Rank.GATE),
    (Name.CODE, Rank.ADVICE),
)


def sms(t: Terms, url: str) -> str:
    """The whole text, in the alphabet of the current language. At most one part of GSM 7 bit or two of UCS-2, unless
    the news alone is longer."""
    text = ""
    for name, expendable in _TRIES:
        parts = _parts(Words(t, name), url)
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


def _parts(w: Words, url: str) -> list[Part]:
    """All sentences in the order of reading."""
    first = w.t.kinds[0]
    parts = [*(_taken_back if is_taken_back(w.t.want, first) else _NEWS[first])(w), *w.also()]
    if w.t.news.found_late:
        parts.append((Rank.ASIDE, say("We found this late.")))
    parts.append((Rank.REASON, w.t.reason or ""))
    parts.append((Rank.LINK, re.sub(r"^https?://", "", url)))
    parts[0] = (Rank.NEWS, f"Gatecall: {parts[0][1]}")
    return parts


def _cancelled(w: Words) -> list[Part]:
    if w.t.airline is None:
        advice = say("Do not go to the airport. Ask the airline for another flight.")
    else:
        advice = say("Do not go to the airport. Ask {airline} for another flight.", airline=w.t.airline)
    news = say("{flight}, {moment}, is cancelled.", flight=w.flight, moment=w.t.planned.short)
    return [(Rank.NEWS, news), w.for_traveller(advice)]


def _removed(w: Words) -> list[Part]:
    if w.t.airline is None:
        advice = say("Ask the airline before you travel.")
    else:
        advice = say("Ask {airline} before you travel.", airline=w.t.airline)
    moment = w.t.planned.short
    news = say("{flight}, {moment}, is no longer in the schedule.", flight=w.flight, moment=moment)
    return [(Rank.NEWS, news), w.for_traveller(advice)]


def _reinstated(w: Words) -> list[Part]:
    t, news = w.t, flies_again(w.t, w.flight)
    if t.has_left:
        return [(Rank.NEWS, ended(news)), (Rank.NEWS, say(_IT_HAS[t.want.status]) if t.kinds[1:] else "")]
    if t.time_unknown:
        time = say("The time is not yet known.")
    else:
        # Translators: when it leaves, as a sentence, like "Sat 9 Feb 14:45 EST, 28 min late."
        time = say("{moment}{late}.", moment=t.leaves.short, late=w.late())
    again = "" if t.doubtful or t.heard.status is Status.REMOVED else say("Disregard the cancellation.")
    return [(Rank.NEWS, f"{ended(news)} {time}"), w.gate(), w.for_traveller(again)]


_IT_HAS: Mapping[Status, str] = {
    Status.DEPARTED: to_say("It has departed."),
    Status.DIVERTED: to_say("It has diverted."),
    Status.LANDED: to_say("It has landed."),
    Status.ARRIVED: to_say("It has arrived."),
}


def _diverted(w: Words) -> list[Part]:
    t, place, flight = w.t, w.t.diverted_to, w.flight
    if place is None:
        if t.doubtful:
            news = say("{flight} now lands elsewhere.", flight=flight)
        else:
            news = say("{flight} lands elsewhere.", flight=flight)
        unknown = say("Where and when is not yet known; we tell you as soon as it is.")
        return [(Rank.NEWS, news), (Rank.ADVICE, unknown)]
    if place == t.want.origin:
        city = w.city(place)
        if t.doubtful:
            news = say("{flight} now returns to {city}.", flight=flight, city=city)
        else:
            news = say("{flight} returns to {city}.", flight=flight, city=city)
        return [(Rank.NEWS, " ".join((news, say("When it lands is not yet known."))))]
    where = place if w.name is Name.CODE else f"{w.city(place)} ({place})"
    if t.doubtful:
        news = say("{flight} now lands in {place} instead.", flight=flight, place=where)
    else:
        news = say("{flight} lands in {place} instead.", flight=flight, place=where)
    return [(Rank.NEWS, " ".join((news, say("When is not yet known."))))]


def _taken_back(w: Words) -> list[Part]:
    news = ended(correction(w.t.kinds[0], w.flight))
    if w.t.kinds[0] is Kind.DEPARTED:
        return [(Rank.NEWS, news), (Rank.NEWS, w.leaves())]
    lands = "" if w.t.arrives is None else say("Lands {moment}.", moment=w.t.arrives.short)
    return [(Rank.NEWS, news), (Rank.NEWS, lands)]


def _rerouted(w: Words) -> list[Part]:
    return [(Rank.NEWS, ended(*route(w.t, w.flight))), (Rank.ADVICE, w.leaves()), w.gate()]


def _rescheduled(w: Words) -> list[Part]:
    t, new, flight = w.t, w.t.leaves, w.flight
    if t.old_departure is None and not t.doubtful:
        news = say("{flight} is now scheduled for {time}", flight=flight, time=w.at(new))
    elif new.date != t.left_before.date and not t.doubtful:
        news = say("{flight} moved to {moment}", flight=flight, moment=new.short)
    else:
        news = say("{flight} now leaves {time}", flight=flight, time=w.at(new))
    old = t.old_time[0].against(t.old_time[1], short=True) if t.old_time else None
    late = say("It is delayed, until when is not yet known.") if t.time_unknown else ""
    if t.airline is None:
        ask = say("Cannot go? Ask the airline for a change.")
    else:
        ask = say("Cannot go? Ask {airline} for a change.", airline=t.airline)
    return [(Rank.NEWS, ended(news, old)), (Rank.NEWS, late), w.gate(), w.for_traveller(ask)]


def _delayed(w: Words) -> list[Part]:
    t, flight, planned = w.t, w.flight, w.t.planned.short
    if t.time_unknown:
        if t.doubtful:
            news = say("{flight}, {moment}, is now delayed.", flight=flight, moment=planned)
        else:
            news = say("{flight}, {moment}, is delayed.", flight=flight, moment=planned)
        return [(Rank.NEWS, " ".join((news, say("The new time is not yet known.")))), w.gate()]
    old = t.left_before.against(t.leaves, short=True) if t.departure_differs else None
    values = {"flight": flight, "time": w.at(t.leaves), "lateness": t.short_lateness, "was": t.was(old)}
    if t.doubtful:
        news = say("{flight} now leaves {time}, {lateness}{was}.", **values)
    else:
        news = say("{flight} leaves {time}, {lateness}{was}.", **values)
    return [(Rank.NEWS, news), w.gate()]


def _earlier(w: Words) -> list[Part]:
    t = w.t
    if t.old_departure is None or t.leaves.instant >= t.left_before.instant:
        return _delayed(w)
    by = duration(t.left_before.instant - t.leaves.instant, short=True)
    values = {"flight": w.flight, "time": w.at(t.leaves), "duration": by}
    if t.delay:
        # Translators: {duration} is "55 min" or "1 h 5 min".
        news = say("{flight} leaves {time}, {duration} earlier than last told.", **values)
    else:
        news = say("{flight} leaves {time}, on time, {duration} earlier than last told.", **values)
    return [(Rank.NEWS, news), w.gate()]


def _gate(w: Words) -> list[Part]:
    t, gate = w.t, w.t.want.gate
    if Kind.TERMINAL in t.kinds:
        gate = say("{gate} in terminal {terminal}", gate=gate, terminal=t.want.terminal)
    if t.doubtful:
        news = say("{flight} now leaves from gate {gate}.", flight=w.flight, gate=gate)
    else:
        news = say(
            "{flight} has a new gate, {gate}{was}.", flight=w.flight, gate=gate, was=t.was(t.heard.gate)
        )
    return [(Rank.NEWS, news), (Rank.ADVICE, w.leaves())]


def _terminal(w: Words) -> list[Part]:
    t = w.t
    values = {"flight": w.flight, "terminal": t.want.terminal, "was": t.was(t.heard.terminal)}
    if t.doubtful:
        news = say("{flight} now leaves from terminal {terminal}.", **values)
    else:
        news = say("{flight} has a new terminal, {terminal}{was}.", **values)
    return [(Rank.NEWS, news), (Rank.ADVICE, w.leaves()), w.gate()]


def _boarding(w: Words) -> list[Part]:
    gate, flight, doubtful = w.t.want.gate, w.flight, w.t.doubtful
    if gate and doubtful:
        news = say("{flight} is now boarding at gate {gate}.", flight=flight, gate=gate)
    elif gate:
        news = say("{flight} is boarding at gate {gate}.", flight=flight, gate=gate)
    elif doubtful:
        news = say("{flight} is now boarding.", flight=flight)
    else:
        news = say("{flight} is boarding.", flight=flight)
    return [(Rank.NEWS, news), (Rank.ADVICE, w.leaves())]


def _gate_closed(w: Words) -> list[Part]:
    if w.t.want.gate:
        news = say("{flight}: gate {gate} has closed.", flight=w.flight, gate=w.t.want.gate)
    else:
        news = say("{flight}: the gate has closed.", flight=w.flight)
    return [(Rank.NEWS, news), (Rank.ADVICE, w.leaves())]


def _departed(w: Words) -> list[Part]:
    t, city = w.t, w.city(w.t.want.origin)
    lands = "" if t.arrives is None else say("Lands {moment}.", moment=t.arrives.short)
    if t.want.estimated_departure_time is None:
        news = say("{flight} has left {city}.", flight=w.flight, city=city)
    else:
        values = {"flight": w.flight, "time": w.at(t.leaves), "lateness": t.short_lateness}
        news = say("{flight} left {city} at {time}, {lateness}.", city=city, **values)
    return [(Rank.NEWS, news), (Rank.ADVICE, lands)]


def _arrival(w: Words) -> list[Part]:
    t, new, before = w.t, w.t.arrives, w.t.arrived_before
    if new is None:
        return _delayed(w)
    old = before.against(new, short=True) if before and before.instant != new.instant else None
    values = {"flight": w.flight, "moment": new.short, "was": t.was(old)}
    return [(Rank.NEWS, say("{flight} now lands {moment}{was}.", **values))]


def _landed(w: Words) -> list[Part]:
    t = w.t
    if t.diverted_to is not None:
        values = {"flight": w.flight, "place": w.city(t.diverted_to)}
        return [(Rank.NEWS, say("{flight}, diverted to {place}, has landed.", **values))]
    if t.arrives is None or t.want.estimated_arrival_time is None:
        news = say("{flight} has landed.", flight=w.flight)
    else:
        news = say("{flight} landed at {time}.", flight=w.flight, time=t.arrives.clock)
    return [(Rank.NEWS, news), _gate_there(t)]


def _arrived(w: Words) -> list[Part]:
    t = w.t
    if t.diverted_to is not None:
        values = {"flight": w.flight, "place": w.city(t.diverted_to)}
        return [(Rank.NEWS, say("{flight}, diverted to {place}, has arrived.", **values))]
    if t.arrives is None or t.want.estimated_arrival_time is None:
        news = say("{flight} has arrived.", flight=w.flight)
    else:
        news = say("{flight} arrived at {time}.", flight=w.flight, time=t.arrives.clock)
    return [(Rank.NEWS, news), _gate_there(t)]


def _gate_there(t: Terms) -> Part:
    gate = t.want.arrival_gate
    return Rank.GATE, say("Gate {gate}.", gate=gate) if gate else ""


def _belt(w: Words) -> list[Part]:
    t = w.t
    values = {"flight": w.flight, "belt": t.want.belt, "was": t.was(t.heard.belt)}
    if t.doubtful:
        return [(Rank.NEWS, say("{flight}: bags now come out at belt {belt}.", **values))]
    return [(Rank.NEWS, say("{flight}: bags come out at belt {belt}{was}.", **values))]


def _aircraft(w: Words) -> list[Part]:
    t = w.t
    values = {"flight": w.flight, "aircraft": t.want.aircraft, "was": t.was(t.heard.aircraft)}
    if t.doubtful:
        news = say("{flight} now flies with aircraft {aircraft}.", **values)
    else:
        news = say("{flight} flies with aircraft {aircraft}{was}.", **values)
    return [(Rank.NEWS, news), w.for_traveller(say("Look at your seat again."))]


_NEWS: Mapping[Kind, Callable[[Words], list[Part]]] = {
    Kind.CANCELLED: _cancelled,
    Kind.REMOVED: _removed,
    Kind.REINSTATED: _reinstated,
    Kind.DIVERTED: _diverted,
    Kind.REROUTED: _rerouted,
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
