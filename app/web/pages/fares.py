"""The list of current fares: `/fares?origin=JFK&destination=SFO&date=2013-03-01`, and what changed last."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlencode

from flask import render_template, request

from app.domain import airlines, fares, places, speech
from app.domain.errors import BadEventError
from app.domain.fares import Fare, Money
from app.domain.speech import to_say
from app.store import prices
from app.web import access, csrf, reader
from app.web.pages import live, words
from app.web.services import Services, services

AT_MOST = 500
"""Fares on one page; more ask for a filter."""

CHANGES = 12
"""Changes shown above the list."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Row:
    """One fare, ready for the template; empty text where nothing is known."""

    origin: str
    destination: str
    day: str
    airline: str
    flight: str
    cabin: str
    stops: str
    price: str
    seen: str
    link: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a fare's price. was: None for a first fare; now: None for one that was withdrawn."""

    route: str
    about: str
    was: str | None
    now: str | None
    age: str
    lower: bool


def view() -> str:
    """Current fares, cheapest first within a route and day."""
    parts = services()
    following = live.of(parts)
    asked = {name: request.args.get(name, "").strip().upper()[:3] for name in ("origin", "destination")}
    day = request.args.get("date", "").strip()
    day = day if _DATE.fullmatch(day) else ""
    found, unreadable = _read(prices.current(parts.database, **asked, date=day, at_most=AT_MOST))
    origins, destinations = prices.routes(parts.database)
    return render_template(
        "fares.html",
        rows=[_row(fare, parts.now()) for fare in found],
        unreadable=unreadable,
        at_most=AT_MOST if len(found) + unreadable >= AT_MOST else None,
        asked=asked | {"date": day},
        filtered=any(asked.values()) or bool(day),
        origins=_labelled(origins),
        destinations=_labelled(destinations),
        changes=_changes(parts),
        live=following,
        alert=_alert_button(parts, asked | {"date": day}),
    )


def _alert_button(parts: Services, asked: Mapping[str, str]) -> str:
    """Where "Set an alert" leads: the form with what the filter says, for strangers by way of the sign-in; "" where
    nobody can sign in."""
    if not csrf.is_possible(parts.settings):
        return ""
    trip = urlencode({name: value for name, value in asked.items() if value})
    form = f"/my/alerts/new?{trip}" if trip else "/my/alerts/new"
    return form if reader.present() else f"{access.SIGN_IN}?next={quote(form, safe='/?')}"


def money(price: Money) -> str:
    """ "$204", "$204.50", "€1,204": whole amounts without decimals."""
    return speech.money(price.amount, price.currency)


def _read(documents: Iterable[Mapping[str, Any]]) -> tuple[list[Fare], int]:
    found: list[Fare] = []
    unreadable = 0
    for document in documents:
        try:
            found.append(fares.parse(plain(document)))
        except BadEventError:
            unreadable += 1
    found.sort(key=lambda f: (f.route, f.departure_date, f.price.currency, f.price.amount_minor))
    return found, unreadable


def plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they travel in a message: Decimal128 as text, times as RFC 3339."""
    plain: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, datetime):
            plain[name] = value.isoformat()
        elif type(value).__name__ == "Decimal128":
            plain[name] = str(value)
        else:
            plain[name] = value
    return plain


def _row(fare: Fare, now: datetime) -> Row:
    return Row(
        origin=fare.origin,
        destination=fare.destination,
        day=_day(fare.departure_date),
        airline=airlines.name(fare.airline) if fare.airline else "",
        flight=airlines.written(fare.flight_number) if fare.flight_number else "",
        cabin=_cabin(fare.cabin or ""),
        stops=_stops(fare.stops),
        price=money(fare.price),
        seen=words.ago((now - fare.seen_at).total_seconds()) if fare.seen_at else "",
        link=fare.link or "",
    )


_CABINS = {
    "economy": to_say("Economy"),
    "premium_economy": to_say("Premium economy"),
    "business": to_say("Business"),
    "first": to_say("First"),
}


def _cabin(name: str) -> str:
    known = _CABINS.get(name.lower())
    return speech.say(known) if known is not None else name.replace("_", " ").capitalize()


def _stops(count: int | None) -> str:
    if count is None:
        return ""
    return speech.plural("{number} stop", "{number} stops", count) if count else speech.say("Direct")


def _day(text: str) -> str:
    of = date.fromisoformat(text)
    return speech.day(of, year=True)


def _labelled(codes: Iterable[str]) -> list[tuple[str, str]]:
    return [(code, places.city(code)) for code in codes if places.airport(code)]


def _changes(parts: Services) -> list[Change]:
    """The latest changes of prices in the feed, newest first."""
    found = []
    for update in reversed(parts.feed.recent(type="fare", limit=10 * CHANGES)):
        change = _change(update, parts.now())
        if change is not None:
            found.append(change)
        if len(found) == CHANGES:
            break
    return found


def _change(update: Mapping[str, Any], now: datetime) -> Change | None:
    subject, values = update.get("subject") or {}, update.get("now") or {}
    amounts = next((c for c in update.get("changes") or () if c.get("field") == "amount"), None)
    if amounts is None and values:
        return None  # something else than the price
    currency = values.get("currency") or subject.get("currency")
    was = _price(amounts.get("from") if amounts else None, currency)
    present = _price(values.get("amount"), currency) if values else None
    if was is None and present is None:
        return None
    at = datetime.fromisoformat(str(update["at"]))
    origin, destination = str(subject.get("origin", "")), str(subject.get("destination", ""))
    spoken = (
        airlines.name(str(subject["airline"])) if subject.get("airline") else "",
        subject.get("departure_date"),
    )
    about = ", ".join(str(part) for part in (spoken[0], _day(str(spoken[1])) if spoken[1] else "") if part)
    return Change(
        route=words.route(origin, destination),
        about=about,
        was=money(was) if was else None,
        now=money(present) if present else None,
        age=words.ago((now - at).total_seconds()),
        lower=bool(was and present and present.amount_minor < was.amount_minor),
    )


def _price(amount: object, currency: object) -> Money | None:
    try:
        return fares.money({"amount": amount, "currency": currency})
    except BadEventError:
        return None
