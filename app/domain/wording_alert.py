"""Every sentence a person reads in a message of a fare alert: what happened, what it means, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache

from app.domain import airlines, alert_words, gsm, places
from app.domain.alert_conditions import AGAINST_WORDS, Below, Drop, NewLow, Report, money_words
from app.domain.alert_value import AlertValue
from app.domain.alert_words import sentence
from app.domain.fares import Fare, Money
from app.domain.news import Kind
from app.domain.wording_shapes import LINK_SLOT, AlertNews, Highlight, Message
from app.domain.wording_terms import day_of, duration

__all__ = ["sentence"]  # beside what is defined here

_LONGEST_AGE = timedelta(days=2)


def compose(news: AlertNews) -> Message:
    """The message for one person about one alert. Raises nothing."""
    to_the_minute = news.now.replace(second=0, microsecond=0)
    return _compose(replace(news, now=to_the_minute, changed_at=min(news.changed_at, to_the_minute)))


def path(value: AlertValue) -> str:
    """The alert's page, from "/" on."""
    return f"/my/alerts/{value.alert}"


def line(value: AlertValue) -> str:
    """As staff find it in a list: "JFK to SFO, below $220", whatever the person calls it."""
    return f"{value.trip}, {value.condition.words}"


@lru_cache(maxsize=256)
def _compose(news: AlertNews) -> Message:
    want, fare = news.want, news.want.fare
    page = f"{news.public_url}{path(want)}"
    ends = want.kind is Kind.FARE_ENDED
    headline = _headline(news)
    booking = fare.link if fare and not ends else None
    return Message(
        subject=headline,
        headline=headline,
        preheader=" ".join(filter(None, (_seen(news), *_meaning(news)))),
        opening=_opening(news),
        highlight=_highlight(news),
        facts=_facts(news),
        advice=(_advice(want),),
        link=("Look at this fare", booking) if booking else ("Open the alert", page),
        footer=_footer(news, page),
        sms=_sms(news, f"{news.public_url}/w/{LINK_SLOT}" if news.short_link else page, booking),
        more=_meaning(news),
    )


def _headline(news: AlertNews) -> str:
    want, fare = news.want, news.want.fare
    if want.kind is Kind.FARE_ENDED:
        return f"Fare alert ended: {want.title}"
    if fare is None:
        return f"{want.trip}: no fare found"
    now = "now " if news.doubtful else ""
    said = f"{fare.origin} to {fare.destination} {now}for {money_words(fare.price)}"
    return f"{said}, {_why(want)}"


def _why(want: AlertValue, written: Callable[[Money], str] = money_words) -> str:
    """What the fare is, after its amount: "below your $220"."""
    condition = want.condition
    if isinstance(condition, Below):
        return f"below your {written(condition.amount)}"
    if isinstance(condition, Drop) and want.against:
        return f"down from {written(want.against)}"
    if isinstance(condition, NewLow):
        return f"the {condition.words}"
    return "the cheapest now"


def _opening(news: AlertNews) -> str:
    want, fare = news.want, news.want.fare
    if want.kind is Kind.FARE_ENDED:
        return f"Your fare alert {want.trip} has ended: its last day was {_day(want.last, news)}."
    if fare is None:
        return f"We found no fare {want.trip} for {alert_words.days(want.first, want.last)}."
    old = _old(news)
    was = f" (was {old})" if old else ""
    now = "now " if news.doubtful else ""
    cities = f"{places.city(fare.origin)} to {places.city(fare.destination)}"
    return f"{cities} {now}for {money_words(fare.price)}{was}, {_why(want)}."


def _old(news: AlertNews) -> str | None:
    """What was told last, in the same currency; None where it may not be named, or is the same."""
    heard, fare = news.heard.fare, news.want.fare
    if news.doubtful or heard is None or fare is None or heard.price.currency != fare.price.currency:
        return None
    return None if heard.price == fare.price else money_words(heard.price)


def _highlight(news: AlertNews) -> Highlight:
    want, fare = news.want, news.want.fare
    if want.kind is Kind.FARE_ENDED:
        return Highlight(label=want.trip, old=None, new="Ended", note=None, tone="plain")
    if fare is None:
        label = f"{want.trip}, {alert_words.days(want.first, want.last)}"
        return Highlight(label=label, old=None, new="No fare", note=None, tone="plain")
    how = f", {alert_words.stops(fare.stops)}" if fare.stops is not None else ""
    return Highlight(
        label=f"Lowest fare, {_day(fare.departure_date, news)}{how}",
        old=_old(news),
        new=money_words(fare.price),
        note=None,
        tone="change" if want.kind is Kind.FARE else "plain",
    )


def _meaning(news: AlertNews) -> tuple[str, ...]:
    """What it means, against what it was measured by."""
    want, fare = news.want, news.want.fare
    if want.kind is Kind.FARE_ENDED:
        low = f"The lowest fare it saw was {money_words(want.lowest)}." if want.lowest else ""
        return tuple(filter(None, (low, "It tells you nothing more.")))
    if fare is None:
        return ("We go on looking until the alert ends.",)
    condition, price = want.condition, fare.price
    if isinstance(condition, Below):
        return (f"That is {_less(price, condition.amount)} less than your price.",)
    if isinstance(condition, Drop) and want.against:
        share = _share(price, want.against)
        what = AGAINST_WORDS[condition.against]
        return (f"That is {_less(price, want.against)} ({share} %) less than {what}.",)
    if isinstance(condition, NewLow) and want.against:
        return (f"The lowest before was {money_words(want.against)}.",)
    if isinstance(condition, Report) and want.lowest:
        return (f"The lowest since the alert was made: {money_words(want.lowest)}.",)
    return ()


def _less(price: Money, than: Money) -> str:
    return money_words(Money(abs(than.amount_minor - price.amount_minor), price.currency))


def _share(price: Money, of: Money) -> str:
    """By how many per cent it is less, rounded down to a tenth."""
    per_cent = Decimal(abs(of.amount_minor - price.amount_minor) * 100) / Decimal(of.amount_minor)
    return f"{per_cent.quantize(Decimal('0.1'), ROUND_DOWN):f}".removesuffix(".0")


def _advice(want: AlertValue) -> str:
    if want.kind is Kind.FARE_ENDED:
        return "Make a new alert if you still want to hear of such fares."
    if want.fare is None:
        return "Choose more days or airports if you want to hear of more fares."
    return "Look soon: fares change, and this one may be gone when you look."


def _facts(news: AlertNews) -> tuple[tuple[str, str], ...]:
    want, fare = news.want, news.want.fare
    asked = f"{want.trip}, {alert_words.days(want.first, want.last)}, {want.condition.words}"
    if fare is None or want.kind is Kind.FARE_ENDED:
        return (("Your alert", asked),)
    carrier = airlines.name(fare.airline) if fare.airline else None
    number = airlines.written(fare.flight_number) if fare.flight_number else None
    found = (
        ("From", _place(fare.origin)),
        ("To", _place(fare.destination)),
        ("Date", _day(fare.departure_date, news)),
        ("Stops", alert_words.stops(fare.stops).capitalize() if fare.stops is not None else None),
        ("Flight", ", ".join(filter(None, (number, carrier))) or None),
        ("Cabin", fare.cabin.replace("_", " ").capitalize() if fare.cabin else None),
        ("Sold by", fare.provider),
        ("Seen", _seen(news) or "Not known when"),
        ("Your alert", asked),
    )
    return tuple((label, value) for label, value in found if value)


def _seen(news: AlertNews) -> str | None:
    """When the seller was asked, and how long ago: "Fri 8 Feb, 23:40 EST, 2 minutes ago"."""
    fare = news.want.fare
    if fare is None or fare.seen_at is None or news.want.kind is Kind.FARE_ENDED:
        return None
    age = news.now - fare.seen_at
    ago = f", {duration(age)} ago" if timedelta(minutes=1) <= age < _LONGEST_AGE else ""
    if age >= _LONGEST_AGE:
        ago = f", {age.days} days ago"
    return f"{_moment(fare.seen_at, fare.origin, news)}{ago}"


def _footer(news: AlertNews, page: str) -> tuple[str, ...]:
    want = news.want
    here = want.fare.origin if want.fare else want.origins[0]
    found, sent = (places.utc_to_local(moment, here) for moment in (news.changed_at, news.now))
    on = "" if found.date() == sent.date() else f"{day_of(found.date(), sent.date())}, "
    late = " It was found late." if news.found_late else ""
    return (
        f'You get this because of your fare alert "{want.title}".',
        f"Found {on or 'at '}{_clock(found)}, sent at {_clock(sent)}.{late}",
        f"Change or end the alert: {page}",
        "Times are local to the airport. A fare is what its seller said when asked; the seller decides.",
    )


def _sms(news: AlertNews, url: str, booking: str | None) -> str:
    """The whole text, one part where possible: with the booking link, else with the short one; what the alert asked for
    goes before the age of the fare."""
    want, fare = news.want, news.want.fare
    if want.kind is Kind.FARE_ENDED:
        last = f"Its last day was {_short_day(want.last, news)}."
        names = (line(want), want.trip, f"{want.origins[0]} to {want.destinations[0]}")
        heads = [f"your fare alert {name} has ended." for name in names]
        return _fitting((_link(url),), [(head, last) for head in heads])
    if fare is None:
        head = f"no fare found {want.trip} for {alert_words.days(want.first, want.last)}."
        return _fitting((_link(url),), [(head,), (f"no fare found {want.trip}.",)])
    how = alert_words.stops(fare.stops) if fare.stops is not None else None
    number = airlines.written(fare.flight_number) if fare.flight_number else None
    now = "now " if news.doubtful else ""
    head = f"{fare.origin} to {fare.destination} {now}for {_sum(fare.price)}"
    day = f"on {_short_day(fare.departure_date, news)}"
    whole = f"{head} {', '.join(filter(None, (day, how, number)))}."
    old = news.heard.fare
    was = f"Was {_sum(old.price)}." if _old(news) and old else ""
    why = _why(want, _sum)
    why = was if why == "the cheapest now" else f"{why[:1].upper()}{why[1:]}."
    seen = _sms_seen(news, fare)
    bodies = [(whole, why, seen), (f"{head} {day}.", why, seen), (f"{head} {day}.", seen)]
    return _fitting(tuple(filter(None, (_link(booking), _link(url)))), bodies)


def _sms_seen(news: AlertNews, fare: Fare) -> str:
    if fare.seen_at is None:
        return "May be gone."
    seen, now = (places.utc_to_local(moment, fare.origin) for moment in (fare.seen_at, news.now))
    on = "" if seen.date() == now.date() else f"{_short_day(seen.date().isoformat(), news)} "
    return f"Seen {on}{_clock(seen)}, may be gone."


def _link(url: str | None) -> str | None:
    """Without what phones add; None where the alphabet of SMS would change it."""
    short = url.partition("://")[2] if url else ""
    return short if short and gsm.written(short) == short else None


def _fitting(links: Iterable[str | None], bodies: list[tuple[str, ...]]) -> str:
    """The first that is one part: each body with each link in turn, then the shortest without any."""
    links = [link for link in links if link]
    for body in bodies:
        for link in links:
            text = gsm.written(" ".join(filter(None, ("Gatecall:", *body, link))))
            if gsm.fits(text):
                return text
    return gsm.written(" ".join(filter(None, ("Gatecall:", *bodies[-1]))))


def _sum(money: Money) -> str:
    """An amount that an SMS can hold: "$220", or "INR 15,000" where the alphabet has no such sign."""
    words = money_words(money)
    return words if gsm.written(words) == words else str(money)


def _place(iata: str) -> str:
    names = dict.fromkeys((places.city(iata), places.short_name(iata)))
    return f"{', '.join(names)} ({iata})"


def _day(day: str, news: AlertNews) -> str:
    return day_of(date.fromisoformat(day), _today(news))


def _short_day(day: str, news: AlertNews) -> str:
    """ "9 Mar"."""
    return _day(day, news).partition(" ")[2]


def _moment(at: datetime, iata: str, news: AlertNews) -> str:
    local = places.utc_to_local(at, iata)
    return f"{day_of(local.date(), _today(news))}, {_clock(local)}"


def _clock(local: datetime) -> str:
    return f"{local:%H:%M} {places.zone_name(local)}"


def _today(news: AlertNews) -> date:
    return places.utc_to_local(news.now, news.want.origins[0]).date()
