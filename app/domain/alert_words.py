"""A fare alert in words: its days, its fares, and the sentence that repeats all of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from app.domain import airlines, channels
from app.domain.alert import Alert
from app.domain.alert_conditions import (
    AGAINST_WORDS,
    AnyChange,
    Below,
    Drop,
    NewLow,
    Repeat,
    Report,
    money_words,
)
from app.domain.fares import Money

_REPEATS: Final = {
    Repeat.ONCE: "Once, and then the alert ends.",
    Repeat.EACH_LOW: "You hear again each time it is lower than what you were told.",
    Repeat.AGAIN: "You hear again when it was above and comes back.",
}


def sentence(alert: Alert) -> str:
    """The whole alert in sentences, as a page repeats it: "We tell you by e-mail and SMS when ..."."""
    if isinstance(alert.condition, Report):
        first = f"We tell you{_by(alert)} {alert.condition.words} the cheapest {_fares(alert, 'fare').rstrip(',')}."
        unless = (
            "Also when nothing has changed, or there is no fare."
            if alert.condition.unchanged
            else "Nothing when it is the fare you were told last, or there is none."
        )
        repeat = unless if alert.repeat is not Repeat.ONCE else f"{unless} {_REPEATS[Repeat.ONCE]}"
    else:
        first = f"We tell you{_by(alert)} at once when {_fares(alert, _article(alert))} {_happens(alert)}."
        repeat = _repeat(alert)
    step = money_words(Money(alert.step, alert.currency))
    now = ""
    if isinstance(alert.condition, Below):
        now = "If that is so now, you hear at once." if alert.tell_now else "What is so already is not told."
    elif isinstance(alert.condition, Report | AnyChange) and alert.tell_now:
        now = "The first comes at once."
    paused = "It is paused: nothing is told, and nothing made up for." if alert.paused else ""
    last = date.fromisoformat(alert.last)
    ends = f"The alert ends after {last.day} {last:%B %Y}."
    return " ".join(filter(None, (first, repeat, f"Less than {step} is no change.", now, ends, paused)))


def days(first: str, last: str) -> str:
    """Days of departure: "1 to 14 March 2013", "9 March 2013", "any day of March 2013"."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    if begin == end:
        return _day(begin)
    if begin.day == 1 and end == _month_end(begin):
        return f"any day of {begin:%B %Y}"
    if (begin.year, begin.month) == (end.year, end.month):
        return f"{begin.day} to {_day(end)}"
    return (
        f"{begin.day} {begin:%B} to {_day(end)}"
        if begin.year == end.year
        else f"{_day(begin)} to {_day(end)}"
    )


def stops(number: int) -> str:
    """ "direct", "1 stop", "2 stops"."""
    return "direct" if number == 0 else f"{number} stop{'s' if number > 1 else ''}"


def listed(items: Sequence[str], last: str = "and") -> str:
    """ "a, b and c"."""
    return f" {last} ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""


def _by(alert: Alert) -> str:
    if not alert.channels:
        return ""
    titles = [channels.said(name).by for name in alert.channels]
    return f" by {listed(titles)}"


def _article(alert: Alert) -> str:
    return "the cheapest fare" if not isinstance(alert.condition, Below) else "a fare"


def _fares(alert: Alert, noun: str) -> str:
    """A direct fare JFK to SFO for 1 to 14 March 2013, economy, with United."""
    if alert.max_stops == 0:
        noun = noun.replace("fare", "direct fare")
    most = f", at most {stops(alert.max_stops)}" if alert.max_stops else ""
    cabin = f", {alert.cabin.replace('_', ' ')}" if alert.cabin else ""
    names = listed([airlines.name(code) for code in alert.airlines], "or")
    carried = f", with {names}" if names else ""
    more = f"{most}{cabin}{carried}"
    return f"{noun} {alert.trip} for {days(alert.first, alert.last)}{more}{',' if more else ''}"


def _happens(alert: Alert) -> str:
    condition = alert.condition
    if isinstance(condition, Below):
        return f"falls below {money_words(condition.amount)}"
    if isinstance(condition, Drop):
        return f"is at least {condition.by} below {AGAINST_WORDS[condition.against]}"
    if isinstance(condition, NewLow):
        last = "the last day" if condition.days == 1 else f"any of the last {condition.days} days"
        return f"is lower than on {last}"
    return "changes"


def _repeat(alert: Alert) -> str:
    if alert.repeat is Repeat.AGAIN and isinstance(alert.condition, AnyChange | NewLow):
        return "You hear each time."
    if (
        alert.repeat is Repeat.AGAIN
        and isinstance(alert.condition, Drop)
        and alert.condition.against != "created"
    ):
        return "You hear each time."
    return _REPEATS[alert.repeat]


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _month_end(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
