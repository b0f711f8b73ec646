"""Every sentence a person reads in a message of a fare alert: what happened, what it means, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from typing import Final

from app.domain import airlines, alert_words, gsm, places, speech
from app.domain.alert_conditions import Against, Below, Drop, NewLow, Report, money_words
from app.domain.alert_value import AlertValue, asks_the_same
from app.domain.alert_words import capital, sentence
from app.domain.fares import Fare, Money
from app.domain.news import Kind
from app.domain.speech import clock_time, plural, say, speaking, to_say
from app.domain.wording_lead import ended
from app.domain.wording_shapes import LINK_SLOT, AlertNews, Highlight, Message
from app.domain.wording_terms import day_of, duration

__all__ = ["sentence"]  # beside what is defined here

_LONGEST_AGE = timedelta(days=2)
_LESS: Final[Mapping[Against, str]] = {
    Against.TOLD: to_say("That is {amount} ({percent} %) less than what you were told last."),
    Against.CREATED: to_say("That is {amount} ({percent} %) less than the fare when the alert was made."),
    Against.LOWEST: to_say("That is {amount} ({percent} %) less than the lowest since the alert was made."),
}
"""How large a drop is, by what it is measured against."""
_LESS_THAN_BEFORE: Final = to_say("That is {amount} ({percent} %) less than before.")


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
    with speaking(news.language, news.clock):
        return _composed(news)


def _composed(news: AlertNews) -> Message:
    want, fare = news.want, news.want.fare
    page = f"{news.public_url}{path(want)}"
    ends = want.kind is Kind.FARE_ENDED
    headline = _headline(news)
    booking = fare.link if fare and not ends else None
    return Message(
        subject=headline,
        headline=headline,
        preheader=" ".join(filter(None, (_seen_ended(news), *_meaning(news)))),
        opening=_opening(news),
        highlight=_highlight(news),
        facts=_facts(news),
        advice=(_advice(want),),
        link=(say("Look at this fare"), booking) if booking else (say("Open the alert"), page),
        footer=_footer(news, page),
        sms=_sms(news, f"{news.public_url}/w/{LINK_SLOT}" if news.short_link else page, booking),
        more=_meaning(news),
    )


def _headline(news: AlertNews) -> str:
    want, fare = news.want, news.want.fare
    if want.kind is Kind.FARE_ENDED:
        return say("Fare alert ended: {alert}", alert=want.title)
    if fare is None:
        return say("{trip}: no fare found", trip=want.trip)
    why = _why(want) or say("the cheapest now")
    return f"{_offer(news, fare, money_words(fare.price))}, {why}"


def _offer(news: AlertNews, fare: Fare, price: str) -> str:
    """JFK to SFO for $204."""
    given = {"origin": fare.origin, "destination": fare.destination, "price": price}
    if news.doubtful:
        return say("{origin} to {destination} now for {price}", **given)
    return say("{origin} to {destination} for {price}", **given)


def _why(want: AlertValue, written: Callable[[Money], str] = money_words) -> str | None:
    """What the fare is, after its amount and a comma: "below your $220"; None where it is the cheapest and no more."""
    condition = want.condition
    if isinstance(condition, Below):
        # Translators: stands after a fare and a comma: "JFK to SFO for $204, below your $220". The reader chose it.
        return say("below your {amount}", amount=written(condition.amount))
    if isinstance(condition, Drop) and want.against:
        # Translators: stands after a fare and a comma: "JFK to SFO for $204, down from $250".
        return say("down from {amount}", amount=written(want.against))
    if isinstance(condition, NewLow):
        return plural("the lowest in {number} day", "the lowest in {number} days", condition.days)
    return None


def _opening(news: AlertNews) -> str:
    want, fare = news.want, news.want.fare
    if want.kind is Kind.FARE_ENDED:
        return say(
            "Your fare alert {trip} has ended: its last day was {day}.",
            trip=want.trip,
            day=_day(want.last, news),
        )
    if fare is None:
        days = alert_words.days(want.first, want.last)
        return say("We found no fare {trip} for {days}.", trip=want.trip, days=days)
    given = {
        "origin": places.city(fare.origin),
        "destination": places.city(fare.destination),
        "price": money_words(fare.price),
        "why": _why(want) or say("the cheapest now"),
    }
    if news.doubtful:
        return say("{origin} to {destination} now for {price}, {why}.", **given)
    if old := _old(news):
        # Translators: {why} is "below your $220", "down from $250", "the lowest in 30 days" or "the cheapest now".
        return say("{origin} to {destination} for {price} (was {old}), {why}.", old=old, **given)
    return say("{origin} to {destination} for {price}, {why}.", **given)


def _old(news: AlertNews) -> str | None:
    """What was told last of this trip by this rule; None where it may not be named, or is the same."""
    heard, fare = news.heard.fare, news.want.fare
    if news.doubtful or heard is None or fare is None or heard.price.currency != fare.price.currency:
        return None
    if not asks_the_same(news.heard, news.want):
        return None
    return None if heard.price == fare.price else money_words(heard.price)


def _highlight(news: AlertNews) -> Highlight:
    want, fare = news.want, news.want.fare
    if want.kind is Kind.FARE_ENDED:
        return Highlight(label=want.trip, old=None, new=say("Ended"), note=None, tone="plain")
    if fare is None:
        label = f"{want.trip}, {alert_words.days(want.first, want.last)}"
        return Highlight(label=label, old=None, new=say("No fare"), note=None, tone="plain")
    label = say("Lowest fare, {day}", day=_day(fare.departure_date, news))
    return Highlight(
        label=label if fare.stops is None else f"{label}, {alert_words.stops(fare.stops)}",
        old=_old(news),
        new=money_words(fare.price),
        note=None,
        tone="change" if want.kind is Kind.FARE else "plain",
    )


def _meaning(news: AlertNews) -> tuple[str, ...]:
    """What it means, against what it was measured by."""
    want, fare = news.want, news.want.fare
    if want.kind is Kind.FARE_ENDED:
        low = (
            say("The lowest fare it saw was {amount}.", amount=money_words(want.lowest))
            if want.lowest
            else ""
        )
        return tuple(filter(None, (low, say("It tells you nothing more."))))
    if fare is None:
        return (say("We go on looking until the alert ends."),)
    condition, price = want.condition, fare.price
    if isinstance(condition, Below):
        return (say("That is {amount} less than your price.", amount=_less(price, condition.amount)),)
    if isinstance(condition, Drop) and want.against:
        less, share = _less(price, want.against), _share(price, want.against)
        return (say(_drop(news, condition.against), amount=less, percent=share),)
    if isinstance(condition, NewLow) and want.against:
        return (say("The lowest before was {amount}.", amount=money_words(want.against)),)
    if isinstance(condition, Report) and want.lowest:
        return (say("The lowest since the alert was made: {amount}.", amount=money_words(want.lowest)),)
    return ()


def _drop(news: AlertNews, against: Against) -> str:
    """How large a drop is. What counts as told may have passed in silence, or was never sent to this person."""
    want, heard = news.want, news.heard.fare
    if against is not Against.TOLD:
        return _LESS[against]
    if heard and heard.price == want.against and asks_the_same(news.heard, want) and not news.doubtful:
        return _LESS[Against.TOLD]
    return _LESS[Against.CREATED] if want.against == want.created else _LESS_THAN_BEFORE


def _less(price: Money, than: Money) -> str:
    return money_words(Money(abs(than.amount_minor - price.amount_minor), price.currency))


def _share(price: Money, of: Money) -> str:
    """By how many per cent it is less, rounded down to a tenth."""
    per_cent = Decimal(abs(of.amount_minor - price.amount_minor) * 100) / Decimal(of.amount_minor)
    return speech.number(per_cent.quantize(Decimal("0.1"), ROUND_DOWN))


def _advice(want: AlertValue) -> str:
    if want.kind is Kind.FARE_ENDED:
        return say("Make a new alert if you still want to hear of such fares.")
    if want.fare is None:
        return say("Choose more days or airports if you want to hear of more fares.")
    return say("Look soon: fares change, and this one may be gone when you look.")


def _facts(news: AlertNews) -> tuple[tuple[str, str], ...]:
    want, fare = news.want, news.want.fare
    asked = f"{want.trip}, {alert_words.days(want.first, want.last)}, {want.condition.words}"
    if fare is None or want.kind is Kind.FARE_ENDED:
        return ((say("Your alert"), asked),)
    carrier = airlines.name(fare.airline) if fare.airline else None
    number = airlines.written(fare.flight_number) if fare.flight_number else None
    found = (
        (say("From"), _place(fare.origin)),
        (say("To"), _place(fare.destination)),
        (say("Date"), _day(fare.departure_date, news)),
        (say("Stops"), capital(alert_words.stops(fare.stops)) if fare.stops is not None else None),
        (say("Flight"), ", ".join(filter(None, (number, carrier))) or None),
        (say("Cabin"), capital(alert_words.cabin(fare.cabin)) if fare.cabin else None),
        (say("Sold by"), fare.provider),
        (say("Seen"), _seen(news) or say("Not known when")),
        (say("Your alert"), asked),
    )
    return tuple((label, value) for label, value in found if value)


def _seen_ended(news: AlertNews) -> str | None:
    """When it was seen, as a sentence."""
    moment = _seen(news)
    # Translators: {moment} is "Fri 8 Feb, 23:40 EST, 2 minutes ago".
    return say("Seen {moment}.", moment=moment) if moment else None


def _seen(news: AlertNews) -> str | None:
    """When the seller was asked, and how long ago: "Fri 8 Feb, 23:40 EST, 2 minutes ago"."""
    fare = news.want.fare
    if fare is None or fare.seen_at is None or news.want.kind is Kind.FARE_ENDED:
        return None
    age, moment = news.now - fare.seen_at, _moment(fare.seen_at, fare.origin, news)
    if age < timedelta(minutes=1):
        return moment
    if age >= _LONGEST_AGE:
        return plural("{moment}, {number} day ago", "{moment}, {number} days ago", age.days, moment=moment)
    if age < timedelta(hours=1):
        minutes = age // timedelta(minutes=1)
        return plural(
            "{moment}, {number} minute ago", "{moment}, {number} minutes ago", minutes, moment=moment
        )
    # Translators: {time} is "1 hour 5 minutes".
    return say("{moment}, {time} ago", moment=moment, time=duration(age))


def _footer(news: AlertNews, page: str) -> tuple[str, ...]:
    want = news.want
    here = want.fare.origin if want.fare else want.origins[0]
    found, sent = (places.utc_to_local(moment, here) for moment in (news.changed_at, news.now))
    times = {"time": _clock(found), "sent": _clock(sent)}
    if found.date() == sent.date():
        said = say("Found at {time}, sent at {sent}.", **times)
    else:
        said = say("Found {day}, {time}, sent at {sent}.", day=day_of(found.date(), sent.date()), **times)
    return (
        say('You get this because of your fare alert "{alert}".', alert=want.title),
        " ".join((said, say("It was found late."))) if news.found_late else said,
        say("Change or end the alert: {link}", link=page),
        say("Times are local to the airport. A fare is what its seller said when asked; the seller decides."),
    )


def _sms(news: AlertNews, url: str, booking: str | None) -> str:
    """The whole text, one part where possible: with the booking link, else with the short one; what the alert asked for
    goes before the age of the fare."""
    want, fare = news.want, news.want.fare
    if want.kind is Kind.FARE_ENDED:
        last = say("Its last day was {day}.", day=_short_day(want.last, news))
        short = say("{origins} to {destinations}", origins=want.origins[0], destinations=want.destinations[0])
        names = (line(want), want.trip, short)
        heads = [say("your fare alert {alert} has ended.", alert=name) for name in names]
        return _fitting((_link(url),), [(head, last) for head in heads])
    if fare is None:
        days = alert_words.days(want.first, want.last)
        head = say("no fare found {trip} for {days}.", trip=want.trip, days=days)
        return _fitting((_link(url),), [(head,), (say("no fare found {trip}.", trip=want.trip),)])
    how = alert_words.stops(fare.stops) if fare.stops is not None else None
    number = airlines.written(fare.flight_number) if fare.flight_number else None
    offer, day = _offer(news, fare, _sum(fare.price)), _short_day(fare.departure_date, news)
    # Translators: "JFK to SFO for $204 on 9 Mar, direct, UA 407." {offer} is "JFK to SFO for $204".
    whole = say("{offer} on {day}.", offer=offer, day=", ".join(filter(None, (day, how, number))))
    brief = say("{offer} on {day}.", offer=offer, day=day)
    old, why = news.heard.fare, _why(want, _sum)
    if why is not None:
        meaning = ended(capital(why))
    else:
        meaning = say("Was {price}.", price=_sum(old.price)) if _old(news) and old else ""
    seen = _sms_seen(news, fare)
    bodies = [(whole, meaning, seen), (brief, meaning, seen), (brief, seen)]
    return _fitting(tuple(filter(None, (_link(booking), _link(url)))), bodies)


def _sms_seen(news: AlertNews, fare: Fare) -> str:
    if fare.seen_at is None:
        return say("May be gone.")
    seen, now = (places.utc_to_local(moment, fare.origin) for moment in (fare.seen_at, news.now))
    if seen.date() == now.date():
        return say("Seen {time}, may be gone.", time=_clock(seen))
    day = _short_day(seen.date().isoformat(), news)
    return say("Seen {day} {time}, may be gone.", day=day, time=_clock(seen))


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
    words = money_words(money).replace("\xa0", " ")
    return words if gsm.written(words) == words else f"{money.currency} {speech.amount(money.amount)}"


def _place(iata: str) -> str:
    names = dict.fromkeys((places.city(iata), places.short_name(iata)))
    return f"{', '.join(names)} ({iata})"


def _day(day: str, news: AlertNews) -> str:
    return day_of(date.fromisoformat(day), _today(news))


def _short_day(day: str, news: AlertNews) -> str:
    """9 Mar; with the year as `day_of` has it."""
    found, today = date.fromisoformat(day), _today(news)
    return speech.short_day(found, year=abs((found - today).days) > 183)


def _moment(at: datetime, iata: str, news: AlertNews) -> str:
    local = places.utc_to_local(at, iata)
    return f"{day_of(local.date(), _today(news))}, {_clock(local)}"


def _clock(local: datetime) -> str:
    return f"{clock_time(local)} {places.zone_name(local)}"


def _today(news: AlertNews) -> date:
    return places.utc_to_local(news.now, news.want.origins[0]).date()
