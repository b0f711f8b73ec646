"""A fare alert in words: its days, its fares, and the sentence that repeats all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal

from app.domain import airlines, channels, speech
from app.domain.alert import Alert
from app.domain.alert_conditions import Against, AnyChange, Below, Drop, NewLow, Repeat, Report, money_words
from app.domain.fares import Money
from app.domain.speech import date_of, plural, say, short_date, to_say

_REPEATS: Final = {
    Repeat.ONCE: to_say("Once, and then the alert ends."),
    Repeat.EACH_LOW: to_say("You hear again each time it is lower than what you were told."),
    Repeat.AGAIN: to_say("You hear again when it was above and comes back."),
}
_DROPS: Final[Mapping[Against, str]] = {
    Against.TOLD: to_say(
        "{start} {fare} {trip} for {days} is at least {amount} below what you were told last."
    ),
    Against.CREATED: to_say(
        "{start} {fare} {trip} for {days} is at least {amount} below the fare when the alert was made."
    ),
    Against.LOWEST: to_say(
        "{start} {fare} {trip} for {days} is at least {amount} below the lowest since the alert was made."
    ),
}
"""What of a drop is told, by what it is measured against."""
_CABINS: Final[Mapping[str, str]] = {
    "economy": to_say("economy"),
    "premium_economy": to_say("premium economy"),
    "business": to_say("business"),
    "first": to_say("first"),
}


def sentence(alert: Alert, floor: Decimal | None = None) -> str:
    """The whole alert in sentences, as a page repeats it: "We tell you by e-mail and SMS when ...".

    floor: the smallest change of a fare that its person is told, as `alert_rules.step` has it.
    """
    if isinstance(alert.condition, Report):
        first = _report(alert, alert.condition)
        unless = (
            say("Also when nothing has changed, or there is no fare.")
            if alert.condition.unchanged
            else say("Nothing when it is the fare you were told last, or there is none.")
        )
        repeat = unless if alert.repeat is not Repeat.ONCE else f"{unless} {say(_REPEATS[Repeat.ONCE])}"
    else:
        first = _at_once(alert)
        repeat = say(_repeat(alert))
    step = money_words(Money(alert.step_from(floor), alert.currency))
    now = ""
    if isinstance(alert.condition, Below):
        now = (
            say("If that is so now, you hear at once.")
            if alert.tell_now
            else say("What is so already is not told.")
        )
    elif isinstance(alert.condition, Report | AnyChange) and alert.tell_now:
        now = say("The first comes at once.")
    paused = say("It is paused: nothing is told, and nothing made up for.") if alert.paused else ""
    least = say("Less than {amount} is no change.", amount=step)
    ends = say("The alert ends after {day}.", day=date_of(date.fromisoformat(alert.last)))
    return " ".join(filter(None, (first, repeat, least, now, ends, paused)))


def days(first: str, last: str) -> str:
    """Days of departure: "1 to 14 March 2013", "9 March 2013", "any day of March 2013"."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    if begin == end:
        return date_of(begin)
    if begin.day == 1 and end == _month_end(begin):
        # Translators: {month} is a month with its year.
        return say("any day of {month}", month=speech.month_of(begin))
    if (begin.year, begin.month) == (end.year, end.month):
        # Translators: days of one month: "1 to 14 March 2013". {number} is the day of the month alone.
        return say("{number} to {last}", number=begin.day, last=date_of(end))
    start = short_date(begin) if begin.year == end.year else date_of(begin)
    # Translators: days: "28 February to 14 March 2013".
    return say("{first} to {last}", first=start, last=date_of(end))


def stops(number: int) -> str:
    """ "direct", "1 stop", "2 stops"."""
    return say("direct") if number == 0 else plural("{number} stop", "{number} stops", number)


def cabin(code: str) -> str:
    """ "economy"; one that we have no word for as it is written."""
    return say(_CABINS[code]) if code in _CABINS else code.replace("_", " ")


def capital(text: str) -> str:
    """The text with a capital first, where the language has them."""
    return text[:1].upper() + text[1:]


def listed(items: Sequence[str], last: Literal["and", "or"] = "and") -> str:
    """ "a, b and c"."""
    return speech.listed(items, last=last)


def _start(alert: Alert) -> str:
    """Who is told, and how; a sentence that goes on."""
    if not alert.channels:
        # Translators: the beginning of "We tell you at once when a fare ... falls below $220."
        return say("We tell you at once when")
    # Translators: the beginning of "We tell you by e-mail and SMS at once when a fare ... falls below $220."
    return say("We tell you by {channels} at once when", channels=_ways(alert))


def _ways(alert: Alert) -> str:
    return speech.listed([channels.by(name) for name in alert.channels])


def _report(alert: Alert, condition: Report) -> str:
    given = {"time": condition.words, "trip": alert.trip, "days": _details(alert)}
    is_direct = alert.max_stops == 0
    if alert.channels:
        given["channels"] = _ways(alert)
        if is_direct:
            return say(
                "We tell you by {channels} {time} the cheapest direct fare {trip} for {days}.", **given
            )
        # Translators: {time} is "every day at 08:00" or another interval, {trip} "JFK to SFO".
        return say("We tell you by {channels} {time} the cheapest fare {trip} for {days}.", **given)
    if is_direct:
        return say("We tell you {time} the cheapest direct fare {trip} for {days}.", **given)
    return say("We tell you {time} the cheapest fare {trip} for {days}.", **given)


def _at_once(alert: Alert) -> str:
    condition, details = alert.condition, _details(alert)
    given = {
        "start": _start(alert),
        "fare": _fare(alert),
        "trip": alert.trip,
        "days": f"{details}," if _extras(alert) else details,
    }
    if isinstance(condition, Below):
        # Translators: {start} is "We tell you at once when", {fare} "a fare" or "a direct fare", {trip} "JFK to SFO".
        return say(
            "{start} {fare} {trip} for {days} falls below {amount}.",
            amount=money_words(condition.amount),
            **given,
        )
    if isinstance(condition, Drop):
        return say(_DROPS[condition.against], amount=condition.by, **given)
    if isinstance(condition, NewLow):
        if condition.days == 1:
            return say("{start} {fare} {trip} for {days} is lower than on the last day.", **given)
        return plural(
            "{start} {fare} {trip} for {days} is lower than on any of the last {number} day.",
            "{start} {fare} {trip} for {days} is lower than on any of the last {number} days.",
            condition.days,
            **given,
        )
    return say("{start} {fare} {trip} for {days} changes.", **given)


def _fare(alert: Alert) -> str:
    """What is told of; the subject of the sentence."""
    is_direct = alert.max_stops == 0
    if isinstance(alert.condition, Below):
        return say("a direct fare") if is_direct else say("a fare")
    return say("the cheapest direct fare") if is_direct else say("the cheapest fare")


def _details(alert: Alert) -> str:
    """1 to 14 March 2013, economy, with United."""
    return ", ".join((days(alert.first, alert.last), *_extras(alert)))


def _extras(alert: Alert) -> list[str]:
    most = alert.max_stops
    found = [plural("at most {number} stop", "at most {number} stops", most)] if most else []
    found += [cabin(alert.cabin)] if alert.cabin else []
    names = speech.listed([airlines.name(code) for code in alert.airlines], last="or")
    return found + ([say("with {airline}", airline=names)] if names else [])


def _repeat(alert: Alert) -> str:
    every_time = to_say("You hear each time.")
    if isinstance(alert.condition, NewLow) and alert.repeat is not Repeat.ONCE:
        return every_time
    if alert.repeat is Repeat.AGAIN and isinstance(alert.condition, AnyChange):
        return every_time
    if (
        alert.repeat is Repeat.AGAIN
        and isinstance(alert.condition, Drop)
        and alert.condition.against != "created"
    ):
        return every_time
    return _REPEATS[alert.repeat]


def _month_end(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
