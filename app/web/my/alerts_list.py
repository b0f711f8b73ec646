"""How a fare alert stands, for the list and the top of its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.domain import airlines, alert_words, channels, people, speech
from app.domain.alert import Alert
from app.domain.alert_conditions import Below, Report, money_words
from app.domain.alert_reach import is_reached
from app.domain.fares import Money
from app.domain.speech import plural, say, say_as
from app.store.alerts import OwnAlert
from app.web.my import frame
from app.web.services import services


@dataclass(frozen=True, slots=True)
class Standing:
    """A word for how an alert stands. tag: the end of a `.tag-*` class, "" for a plain one."""

    words: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing about how an alert stands. line: name and value, as a part of a line."""

    name: str
    value: str
    line: str


@dataclass(frozen=True, slots=True)
class Row:
    """An alert in the list. say: what it does; news: how it stands, in one line; facts: the same, each by its
    name. sort: those at work first, the nearest trip at the top."""

    id: str
    title: str
    say: str
    news: str
    facts: Sequence[Fact]
    state: Standing
    is_paused: bool
    is_ended: bool
    sort: tuple[bool, str, str]


def row_of(own: OwnAlert, user: Mapping[str, Any]) -> Row:
    """An alert as its person reads it."""
    alert = own.alert
    facts = _facts(own, user)
    return Row(
        id=alert.id,
        title=alert.title,
        say=_said(alert),
        news=_in_one_line(facts),
        facts=facts,
        state=_standing(own, user),
        is_paused=alert.paused,
        is_ended=own.is_ended,
        sort=(own.is_ended, alert.first, alert.id),
    )


def _said(alert: Alert) -> str:
    """The trip and the ways in short: "1 to 14 March 2013, direct, by e-mail and SMS"."""
    called = f"{alert.trip}, {alert.condition.words}" if alert.name else ""
    stops = alert_words.stops(0) if alert.max_stops == 0 else ""
    if alert.max_stops:
        stops = plural("at most {number} stop", "at most {number} stops", alert.max_stops)
    carried = alert_words.listed([airlines.name(code) for code in alert.airlines], "or")
    ways = alert_words.listed([channels.by(name) for name in alert.channels])
    cabin = alert_words.cabin(alert.cabin) if alert.cabin else ""
    days = alert_words.days(alert.first, alert.last)
    by = say("by {channels}", channels=ways) if ways else ""
    return ", ".join(filter(None, (called, days, stops, cabin, carried, by)))


def _standing(own: OwnAlert, user: Mapping[str, Any]) -> Standing:
    if own.is_ended:
        return Standing(say_as("alert", "Ended"))
    if own.alert.paused:
        return Standing(say_as("alert", "Paused"), "warn")
    if own.state.done:
        return Standing(say_as("alert", "Told, ended"))
    if not is_reached(own.alert, people.parse(user), services().settings.channels):
        return Standing(alert_words.capital(say("not linked")), "warn")
    if not own.is_read:
        return Standing(say_as("alert", "Looking"))
    condition, cheapest = own.alert.condition, own.state.amount
    if cheapest is None:
        return Standing(say("No fare now"))
    if isinstance(condition, Below) and cheapest < condition.amount.amount_minor:
        return Standing(say_as("alert", "Below"), "ok")
    return Standing(
        say_as("alert", "Reporting") if isinstance(condition, Report) else say_as("alert", "Waiting")
    )


def _in_one_line(facts: Sequence[Fact]) -> str:
    return alert_words.capital(", ".join(fact.line for fact in facts))


def _facts(own: OwnAlert, user: Mapping[str, Any]) -> list[Fact]:
    state, currency = own.state, own.alert.currency
    facts = []
    if state.cheapest is not None and not own.is_ended:
        of = speech.day(date.fromisoformat(state.cheapest.fare.departure_date))
        now = say("{amount} on {day}", amount=money_words(state.cheapest.fare.price), day=of)
        facts.append(Fact(say("Lowest now"), now, say("lowest now {fare}", fare=now)))
    if state.lowest is not None:
        lowest = money_words(Money(state.lowest, currency))
        facts.append(Fact(say("Lowest so far"), lowest, say("lowest so far {fare}", fare=lowest)))
    if state.n:
        times = plural("{number} time", "{number} times", state.n)
        facts.append(Fact(say("Told"), times, plural("told {number} time", "told {number} times", state.n)))
        if state.told is not None:
            last = money_words(Money(state.told, currency))
            facts.append(Fact(say("Told last"), last, say("told last {fare}", fare=last)))
    if state.report_at is not None and not own.alert.paused and not own.is_ended:
        at = frame.shown_moment(state.report_at, user)
        facts.append(Fact(say("Next report"), at, say("next report {time}", time=at)))
    return facts
