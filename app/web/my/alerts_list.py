"""How a fare alert stands, for the list and the top of its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.domain import airlines, alert_words, channels
from app.domain.alert import Alert
from app.domain.alert_conditions import Below, Report, money_words
from app.domain.fares import Money
from app.store.alerts import OwnAlert
from app.web.my import frame
from app.web.pages import words


@dataclass(frozen=True, slots=True)
class Standing:
    """A word for how an alert stands. tag: the end of a `.tag-*` class, "" for a plain one."""

    words: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """An alert in the list. say: what it does; news: how it stands, in one line; facts: the same by name. sort: those
    at work first, the nearest trip at the top."""

    id: str
    title: str
    say: str
    news: str
    facts: Sequence[tuple[str, str]]
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
        state=_standing(own),
        is_paused=alert.paused,
        is_ended=own.is_ended,
        sort=(own.is_ended, alert.first, alert.id),
    )


def _said(alert: Alert) -> str:
    """The trip and the ways in short: "1 to 14 March 2013, direct, by e-mail and SMS"."""
    called = f"{alert.trip}, {alert.condition.words}" if alert.name else ""
    at_most = "at most " if alert.max_stops else ""
    stops = "" if alert.max_stops is None else f"{at_most}{alert_words.stops(alert.max_stops)}"
    carried = alert_words.listed([airlines.name(code) for code in alert.airlines], "or")
    ways = alert_words.listed([channels.said(name).by for name in alert.channels])
    cabin = (alert.cabin or "").replace("_", " ")
    days = alert_words.days(alert.first, alert.last)
    return ", ".join(filter(None, (called, days, stops, cabin, carried, f"by {ways}" if ways else "")))


def _standing(own: OwnAlert) -> Standing:
    if own.is_ended:
        return Standing("Ended")
    if own.alert.paused:
        return Standing("Paused", "warn")
    if not own.is_read:
        return Standing("Looking")
    condition, cheapest = own.alert.condition, own.state.amount
    if own.state.done:
        return Standing("Told, ended")
    if cheapest is None:
        return Standing("No fare now")
    if isinstance(condition, Below) and cheapest < condition.amount.amount_minor:
        return Standing("Below", "ok")
    return Standing("Reporting" if isinstance(condition, Report) else "Waiting")


def _in_one_line(facts: Sequence[tuple[str, str]]) -> str:
    line = ", ".join(f"{name[:1].lower()}{name[1:]} {value}" for name, value in facts)
    return f"{line[:1].upper()}{line[1:]}"


def _facts(own: OwnAlert, user: Mapping[str, Any]) -> list[tuple[str, str]]:
    state, currency = own.state, own.alert.currency
    facts = []
    if state.cheapest is not None and not own.is_ended:
        of = date.fromisoformat(state.cheapest.fare.departure_date)
        facts.append(("Lowest now", f"{money_words(state.cheapest.fare.price)} on {words.day(of)}"))
    if state.lowest is not None:
        facts.append(("Lowest so far", money_words(Money(state.lowest, currency))))
    if state.n:
        facts.append(("Told", words.counted(state.n, "time", "times")))
        if state.told is not None:
            facts.append(("Told last", money_words(Money(state.told, currency))))
    if state.report_at is not None and not own.alert.paused and not own.is_ended:
        facts.append(("Next report", frame.shown_moment(state.report_at, user)))
    return facts
