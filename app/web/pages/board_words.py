"""The sentences of a board: how its day stands, what it covers, and what is said when nothing is on it.

Arrivals and departures, today and another day have sentences of their own: in other languages the words around them
change, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.domain import places
from app.domain.speech import date_of, long_day, number, plural, say, short_date
from app.web.pages import words
from app.web.pages.board_rows import Summary

_MANY_CANCELLED = 4
"""With one in so many flights cancelled a traveller is told to look before leaving home."""


@dataclass(frozen=True, slots=True)
class Heads:
    """What stands above a board. counts: the figures of the day; meter: the same in words, for who sees none."""

    title: str
    eyebrow: str
    lede: words.Pieces
    counts: Sequence[words.Pieces]
    meter: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """What a board without rows says."""

    title: str
    words: str


def heads(airport: str, on: date, summary: Summary, *, arrival: bool, today: bool) -> Heads:
    """Title, day and how it stands."""
    city = places.city(airport)
    if arrival:
        title = say("Arrivals at {city}, {airport}", city=city, airport=airport)
        eyebrow = say("Arrivals, {day}", day=long_day(on))
    else:
        title = say("Departures from {city}, {airport}", city=city, airport=airport)
        eyebrow = say("Departures, {day}", day=long_day(on))
    # Translators: {cancelled}, {late} and {others} are numbers of flights.
    meter = say(
        "{cancelled} cancelled, {late} late by 15 minutes or more, {others} others",
        cancelled=number(summary.cancelled),
        late=number(summary.late),
        others=number(summary.others),
    )
    return Heads(title, eyebrow, _lede(summary, arrival=arrival, today=today), _counts(summary), meter)


def caption(name: str, on: date, first: datetime, last: datetime, *, arrival: bool) -> str:
    """What the table holds, for who cannot see it."""
    places_of = {"airport": name, "day": date_of(on), **_span(first, last)}
    if arrival:
        return say("Arrivals at {airport}, {day}, from {start} to {end} {zone}", **places_of)
    return say("Departures from {airport}, {day}, from {start} to {end} {zone}", **places_of)


def no_match(on: date, span: tuple[datetime, datetime] | None) -> str:
    """That the filter fits nothing. span: the first and last time of the board, None when it has none."""
    if span is None:
        return say("Nothing on this board on {day} fits your filter.", day=short_date(on))
    return say("Nothing on this board from {start} to {end} {zone} fits your filter.", **_span(*span))


def none_left(
    on: date, summary: Summary, next_departure: str | None, *, arrival: bool, today: bool
) -> Nothing:
    """That nothing more comes on this day. next_departure: the first of the next day, in words."""
    said = [_were_planned(summary)]
    if next_departure is not None:
        # Translators: {departure} is like "08:00 EST on 9 February, UA 407 to Denver".
        said.append(say("The next departure is planned for {departure}.", departure=next_departure))
    if arrival:
        title = (
            say("No arrivals left today") if today else say("No arrivals left on {day}", day=short_date(on))
        )
    elif today:
        title = say("No departures left today")
    else:
        title = say("No departures left on {day}", day=short_date(on))
    return Nothing(title, " ".join(said))


def none_known(airport: str, on: date, *, arrival: bool) -> Nothing:
    """That nobody has entered a flight of this day."""
    city, day = places.city(airport), long_day(on)
    if arrival:
        return Nothing(
            say("No arrivals known for {day}", day=short_date(on)),
            say(
                "Nobody has entered a flight to {city} for {day}; departures may be known.",
                city=city,
                day=day,
            ),
        )
    return Nothing(
        say("No departures known for {day}", day=short_date(on)),
        say("Nobody has entered a flight from {city} for {day}.", city=city, day=day),
    )


def _span(first: datetime, last: datetime) -> dict[str, str]:
    return {"start": words.clock(first), "end": words.clock(last), "zone": places.zone_name(last)}


def _were_planned(summary: Summary) -> str:
    if not summary.cancelled:
        return plural("{number} were planned.", "{number} were planned.", summary.total)
    return plural(
        "{number} were planned, {cancelled} of them are cancelled.",
        "{number} were planned, {cancelled} of them are cancelled.",
        summary.total,
        cancelled=number(summary.cancelled),
    )


def _lede(summary: Summary, *, arrival: bool, today: bool) -> words.Pieces:
    if not summary.total:
        return ()
    if summary.cancelled:
        said = _cancelled(summary.cancelled, _share(summary.cancelled, summary), arrival, today)
        if summary.cancelled * _MANY_CANCELLED >= summary.total and not arrival:
            said = " ".join((said, say("Check your flight before you leave home.")))
    elif summary.late:
        late = _late(summary.late, _share(summary.late, summary), arrival, today)
        said = " ".join((say("No flight is cancelled."), late))
    elif summary.total == 1:
        said = _one_as_planned(arrival, today)
    else:
        said = _all_as_planned(summary.total, arrival, today)
    return words.pieces(said)


def _share(part: int, summary: Summary) -> str:
    # Translators: so many flights of how many there are: "3 of 120".
    return words.strong(say("{number} of {total}", number=number(part), total=number(summary.total)))


def _cancelled(count: int, share: str, arrival: bool, today: bool) -> str:
    # Translators: {share} is like "3 of 120".
    if arrival and today:
        return plural(
            "{share} arrivals today is cancelled.",
            "{share} arrivals today are cancelled.",
            count,
            share=share,
        )
    if arrival:
        return plural(
            "{share} arrivals that day is cancelled.",
            "{share} arrivals that day are cancelled.",
            count,
            share=share,
        )
    if today:
        return plural(
            "{share} departures today is cancelled.",
            "{share} departures today are cancelled.",
            count,
            share=share,
        )
    return plural(
        "{share} departures that day is cancelled.",
        "{share} departures that day are cancelled.",
        count,
        share=share,
    )


def _late(count: int, share: str, arrival: bool, today: bool) -> str:
    if arrival and today:
        return plural(
            "{share} arrivals today is late by 15 minutes or more.",
            "{share} arrivals today are late by 15 minutes or more.",
            count,
            share=share,
        )
    if arrival:
        return plural(
            "{share} arrivals that day is late by 15 minutes or more.",
            "{share} arrivals that day are late by 15 minutes or more.",
            count,
            share=share,
        )
    if today:
        return plural(
            "{share} departures today is late by 15 minutes or more.",
            "{share} departures today are late by 15 minutes or more.",
            count,
            share=share,
        )
    return plural(
        "{share} departures that day is late by 15 minutes or more.",
        "{share} departures that day are late by 15 minutes or more.",
        count,
        share=share,
    )


def _one_as_planned(arrival: bool, today: bool) -> str:
    if arrival:
        if today:
            return say("The one arrival today is as planned.")
        return say("The one arrival that day is as planned.")
    if today:
        return say("The one departure today is as planned.")
    return say("The one departure that day is as planned.")


def _all_as_planned(count: int, arrival: bool, today: bool) -> str:
    if arrival and today:
        return plural(
            "All {number} arrivals today are as planned.",
            "All {number} arrivals today are as planned.",
            count,
        )
    if arrival:
        return plural(
            "All {number} arrivals that day are as planned.",
            "All {number} arrivals that day are as planned.",
            count,
        )
    if today:
        return plural(
            "All {number} departures today are as planned.",
            "All {number} departures today are as planned.",
            count,
        )
    return plural(
        "All {number} departures that day are as planned.",
        "All {number} departures that day are as planned.",
        count,
    )


def _counts(summary: Summary) -> Sequence[words.Pieces]:
    """The figures of the day, each with its words."""
    cancelled, late, others = summary.cancelled, summary.late, summary.others
    said = (
        plural("{shown} cancelled", "{shown} cancelled", cancelled, shown=_shown(cancelled)),
        plural("{shown} late 15 min or more", "{shown} late 15 min or more", late, shown=_shown(late)),
        plural("{shown} others", "{shown} others", others, shown=_shown(others)),
    )
    return [words.pieces(one) for one in said]


def _shown(count: int) -> str:
    return words.strong(number(count))
