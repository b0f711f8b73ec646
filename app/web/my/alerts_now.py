"""What stands beside the form of a fare alert: the lowest fares of its trip now, and whether it would tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from pymongo.database import Database

from app.domain import airlines, alert_rules, alert_words, fares, people, speech
from app.domain import alert as alerts_of
from app.domain.alert import Alert, AlertError, Offer, end_of, trip_words
from app.domain.alert_conditions import Report, money_words
from app.domain.alert_reach import is_reached
from app.domain.alert_state import AlertState
from app.domain.errors import BadEventError
from app.domain.fares import Fare
from app.domain.speech import plural, say
from app.domain.wording_lead import ended
from app.store import ids, prices
from app.store.alerts import OwnAlert
from app.store.prices import Search
from app.web import choosing, preferences_form
from app.web.my import alerts_form
from app.web.pages import words
from app.web.pages.fares import plain
from app.web.services import Services

MOST_READ = 5_000
"""Documents of `prices` that are looked at for one page."""
MOST_SHOWN = 6
_USUAL = "USD"
_ASKED = 200  # fares that say which currency a route has


@dataclass(frozen=True, slots=True)
class Fares:
    """The fares of a trip. offers: those that match, the cheapest first. foreign: how many are in other currencies, by
    currency. is_cut: there are more than were looked at."""

    offers: Sequence[Offer]
    foreign: Mapping[str, int]
    unreadable: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Other:
    """One more fare that matches. link: "" without one."""

    words: str
    price: str
    link: str


@dataclass(frozen=True, slots=True)
class Now:
    """What the panel shows. lines: about the cheapest. verdict: whether it would be told at once; "" for nothing to
    say. notes: what was not compared, and why."""

    headline: str
    lines: Sequence[str] = ()
    verdict: str = ""
    price: str = ""
    link: str = ""
    others: Sequence[Other] = ()
    notes: Sequence[str] = ()


def panel(
    parts: Services,
    user: Mapping[str, Any],
    values: Mapping[str, str],
    wanted: Alert | None,
    row: OwnAlert | None,
    *,
    is_standing: bool,
) -> Now:
    """The panel beside a form. values: of the form; wanted: the alert that it means, None while something is wrong:
    then the fares of its trip alone are shown, if that much is right. row: the alert that it changes. is_standing: the
    form shows that alert as it is. Raises PyMongoError."""
    trip = wanted or _trip_of(values, parts.clock())
    if trip is None:
        return _nothing_yet()
    found = fares_of(parts.database, trip, parts.clock())
    verdict = ""
    if wanted is not None and not is_standing:
        verdict = _verdict(parts, wanted, row, found, user)
    return shown(found, trip.currency, parts.now(), verdict)


def currency_for(parts: Services, user: Mapping[str, Any], asked: Mapping[str, str]) -> str:
    """The currency that a new form begins with: the person's; else that of most fares of the route that an address asks
    for; else USD. Raises PyMongoError."""
    own = user.get("currency")
    if isinstance(own, str) and own in fares.CURRENCIES:
        return own
    route = {name: asked.get(name, "").strip()[:3] for name in ("origin", "destination")}
    if not all(route.values()):
        return _USUAL
    found = prices.current(parts.database, **route, at_most=_ASKED)
    said = Counter(str(one.get("currency")).upper() for one in found)
    return next((code for code, _ in said.most_common() if code in fares.CURRENCIES), _USUAL)


def fares_of(database: Database[dict[str, Any]], alert: Alert, now: datetime) -> Fares:
    """The fares of an alert's trip, as MongoDB has them now; none whose day is over. now: the domain clock. Raises
    PyMongoError."""
    search = Search(alert.origins, alert.destinations, alert.first, alert.last)
    documents = prices.matching(database, search, MOST_READ)
    offers, foreign, unreadable = [], Counter[str](), 0
    for document in documents:
        try:
            fare = fares.parse(plain(document))
        except BadEventError:
            unreadable += 1
            continue
        if end_of(fare.departure_date, (fare.origin,)) <= now:
            continue
        if alert.matches(fare):
            offers.append(Offer(ids.text(document["_id"]), fare))
        elif alert.is_of_trip(fare):
            foreign[fare.price.currency] += 1
    offers.sort(key=lambda offer: offer.rank)
    return Fares(offers, foreign, unreadable, len(documents) >= MOST_READ)


def shown(found: Fares, currency: str, now: datetime, verdict: str) -> Now:
    """The panel. now: the system's clock, for the age of a fare."""
    notes = _notes(found)
    if not found.offers:
        lines = (
            say(
                "Nobody offers this trip in {currency} at the moment. Fares change all the time.",
                currency=currency,
            ),
        )
        return Now(say("No fare matches now"), lines, verdict, notes=notes)
    best, *rest = (offer.fare for offer in found.offers[:MOST_SHOWN])
    seen = ""
    if best.seen_at:
        seen = say("Seen {age} ago.", age=words.age((now - best.seen_at).total_seconds()))
    price = money_words(best.price)
    return Now(
        headline=say("{amount} is the lowest fare", amount=price),
        lines=tuple(filter(None, (ended(_described(best)), seen))),
        verdict=verdict,
        price=price,
        link=best.link or "",
        others=[Other(_described(fare), money_words(fare.price), fare.link or "") for fare in rest],
        notes=notes,
    )


def _trip_of(values: Mapping[str, str], now: datetime) -> Alert | None:
    """The form's trip alone, as an alert that tells any change."""
    document, _ = alerts_form.document(values)
    wanted = ("origins", "destinations", "dates", "max_stops", "airlines", "cabin", "currency")
    trip = {name: document[name] for name in wanted if name in document}
    try:
        return alerts_of.read(trip | {"condition": {"kind": "any"}}, now)
    except AlertError:
        return None


def _verdict(
    parts: Services, wanted: Alert, row: OwnAlert | None, found: Fares, user: Mapping[str, Any]
) -> str:
    """Whether the alert would tell at once if it were saved now; by the rules that decide it then."""
    own = wanted if row is None else replace(wanted, version=row.version + 1, created_at=row.alert.created_at)
    state = row.state if row is not None else AlertState()
    floor = choosing.chosen(user).fare_change
    reaches = is_reached(wanted, people.parse(user), parts.settings.channels)

    def tells(alert: Alert) -> bool:
        zone = preferences_form.zone_of(user)
        step = alert_rules.step(
            *(alert, state, found.offers, parts.clock()), zone=zone, floor=floor, is_reached=reaches
        )
        return step.fires is not None

    if own.paused:
        return say("It is paused: nothing is told until you resume it.")
    if tells(own):
        is_report = isinstance(own.condition, Report)
        if is_report:
            return say("The first report comes at once.")
        return say("It is so already: you are told at once.")
    if not own.tell_now and tells(replace(own, tell_now=True)):
        return say("It is so already. You chose not to be told of that at once.")
    return say("Nothing is told at once.")


def _nothing_yet() -> Now:
    return Now(
        say("The lowest fare appears here"),
        (say("It does as soon as the form says from where to where, and when."),),
    )


def _described(fare: Fare) -> str:
    of = date.fromisoformat(fare.departure_date)
    number = airlines.written(fare.flight_number) if fare.flight_number else ""
    stops = "" if fare.stops is None else alert_words.stops(fare.stops)
    airline = airlines.name(fare.airline) if fare.airline else ""
    trip = trip_words((fare.origin,), (fare.destination,))
    return ", ".join(filter(None, (speech.day(of, year=True), trip, airline, number, stops)))


def _notes(found: Fares) -> list[str]:
    notes = []
    if count := sum(found.foreign.values()):
        notes.append(
            plural(
                "{number} fare in {currencies} was not compared: amounts of different currencies never are.",
                "{number} fares in {currencies} were not compared: amounts of different currencies never are.",
                count,
                currencies=", ".join(sorted(found.foreign)),
            )
        )
    if found.unreadable:
        notes.append(
            plural(
                "{number} fare of this trip cannot be read.",
                "{number} fares of this trip cannot be read.",
                found.unreadable,
            )
        )
    if found.is_cut:
        most = speech.number(MOST_READ)
        notes.append(
            say("Only {number} fares of this trip were looked at here; the alert sees all.", number=most)
        )
    return notes
