"""Every sentence a person reads in a message about an airport's day: what happened, what it means, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import urlencode

from app.domain import gsm, places
from app.domain.airport_day import AirportDay, Level
from app.domain.speech import clock_time, number, plural, say, say_as, speaking, to_say
from app.domain.wording_shapes import LINK_SLOT, AirportNews, Highlight, Message
from app.domain.wording_terms import day_of, duration

_LARGE: Final[Mapping[Level, str]] = {
    Level.SEVERE: to_say("Severely disrupted"),
    Level.DISRUPTED: to_say("Disrupted"),
    Level.NORMAL: to_say("Back to normal"),
}
_LARGE_NOW: Final[Mapping[Level, str]] = {
    Level.SEVERE: to_say("Now: severely disrupted"),
    Level.DISRUPTED: to_say("Now: disrupted"),
    Level.NORMAL: to_say("Now: back to normal"),
}
_WAS: Final[Mapping[Level, str]] = {
    Level.SEVERE: to_say("Severely disrupted"),
    Level.DISRUPTED: to_say("Disrupted"),
    Level.NORMAL: to_say("Normal"),
}
_HEADLINES: Final[Mapping[Level, str]] = {
    Level.SEVERE: to_say("{airport} is severely disrupted"),
    Level.DISRUPTED: to_say("{airport} is disrupted"),
    Level.NORMAL: to_say("{airport} is back to normal"),
}
_HEADLINES_NOW: Final[Mapping[Level, str]] = {
    Level.SEVERE: to_say("{airport} is now severely disrupted"),
    Level.DISRUPTED: to_say("{airport} is now disrupted"),
    Level.NORMAL: to_say("{airport} is now back to normal"),
}
"""To somebody who may have heard otherwise."""
_TEXTS: Final[Mapping[Level, str]] = {
    Level.SEVERE: to_say("{airport}, {day}: severely disrupted, {figures}"),
    Level.DISRUPTED: to_say("{airport}, {day}: disrupted, {figures}"),
    Level.NORMAL: to_say("{airport}, {day}: back to normal, {figures}"),
}
_TEXTS_NOW: Final[Mapping[Level, str]] = {
    Level.SEVERE: to_say("{airport}, {day}: now severely disrupted, {figures}"),
    Level.DISRUPTED: to_say("{airport}, {day}: now disrupted, {figures}"),
    Level.NORMAL: to_say("{airport}, {day}: now back to normal, {figures}"),
}
_TONES: Final[Mapping[Level, str]] = {Level.SEVERE: "bad", Level.DISRUPTED: "change", Level.NORMAL: "plain"}


def compose(news: AirportNews) -> Message:
    """The message for one person about one airport's day. Raises nothing."""
    to_the_minute = news.now.replace(second=0, microsecond=0)
    return _compose(replace(news, now=to_the_minute, changed_at=min(news.changed_at, to_the_minute)))


def name(iata: str) -> str:
    """Newark (EWR)."""
    return f"{places.city(iata)} ({iata})"


def path(day: AirportDay) -> str:
    """The board of the day, from "/" on."""
    return f"/board?{urlencode({'airport': day.airport, 'date': day.date})}"


@lru_cache(maxsize=256)
def _compose(news: AirportNews) -> Message:
    with speaking(news.language, news.clock):
        return _composed(news)


def _composed(news: AirportNews) -> Message:
    want, day = news.want, _day(news)
    url = f"{news.public_url}{path(want)}"
    headline = say((_HEADLINES_NOW if news.doubtful else _HEADLINES)[want.level], airport=name(want.airport))
    figures = _figures(want)
    return Message(
        # Translators: the subject of a mail: "Newark (EWR) is disrupted, Fri 8 Feb: 120 of 380 flights affected".
        subject=say("{news}, {day}: {figures}", news=headline, day=day, figures=_short(want)),
        headline=headline,
        preheader=f"{figures} {_advice(news)}",
        # Translators: {news} is a sentence without its full stop: "Newark (EWR) is disrupted".
        opening=say("{news}, {day}.", news=headline, day=day),
        highlight=Highlight(
            label=say("Flights on {day}", day=day),
            old=None if news.doubtful else say(_WAS[news.heard.level]),
            new=say((_LARGE_NOW if news.doubtful else _LARGE)[want.level]),
            note=figures,
            tone=_TONES[want.level],
        ),
        facts=_facts(want, day),
        advice=(_advice(news),),
        link=(say("Open the board of {airport}", airport=want.airport), url),
        footer=_footer(news),
        sms=_sms(news, f"{news.public_url}/w/{LINK_SLOT}" if news.short_link else url),
        more=tuple(filter(None, (_meaning(want),))),
    )


def _figures(want: AirportDay) -> str:
    """214 of 380 flights cancelled, diverted or at least an hour late."""
    affected = number(want.affected)
    if want.late_min == 60:
        return plural(
            "{affected} of {number} flight cancelled, diverted or at least an hour late.",
            "{affected} of {number} flights cancelled, diverted or at least an hour late.",
            want.flights,
            affected=affected,
        )
    return plural(
        "{affected} of {number} flight cancelled, diverted or at least {time} late.",
        "{affected} of {number} flights cancelled, diverted or at least {time} late.",
        want.flights,
        affected=affected,
        time=_late(want),
    )


def _short(want: AirportDay) -> str:
    return plural(
        "{affected} of {number} flight affected",
        "{affected} of {number} flights affected",
        want.flights,
        affected=number(want.affected),
    )


def _late(want: AirportDay, *, short: bool = False) -> str:
    return duration(timedelta(minutes=want.late_min), short=short)


def _meaning(want: AirportDay) -> str:
    """What it comes to; "" where a small airport is back to normal by count, and most of its few flights are not."""
    if want.level is Level.NORMAL:
        return say("Most flights go as planned again.") if want.affected * 2 < want.flights else ""
    if want.level is Level.DISRUPTED:
        return say("Other flights may be late, too.")
    return say("Expect long queues, and that more flights are cancelled.")


def _advice(news: AirportNews) -> str:
    """What to do; the day is named when it is not today there."""
    is_normal, day = news.want.level is Level.NORMAL, _day(news)
    if is_normal and _is_today(news):
        return say("If you fly today, look at your flight all the same: single ones may still be late.")
    if is_normal:
        return say(
            "If you fly on {day}, look at your flight all the same: single ones may still be late.", day=day
        )
    if _is_today(news):
        return say("If you fly today, look at your flight before you leave for the airport.")
    return say("If you fly on {day}, look at your flight before you leave for the airport.", day=day)


def _facts(want: AirportDay, day: str) -> tuple[tuple[str, str], ...]:
    return (
        (say("Airport"), f"{places.short_name(want.airport)} ({want.airport})"),
        (say("Day"), day),
        (say("Flights"), say("{flights}, to and from it", flights=number(want.flights))),
        (say_as("flights", "Cancelled"), number(want.cancelled)),
        (say_as("flights", "Diverted"), number(want.diverted)),
        (say("Late by {time} or more", time=_late(want)), number(want.late)),
    )


def _footer(news: AirportNews) -> tuple[str, ...]:
    changed, sent = (places.utc_to_local(moment, news.want.airport) for moment in (news.changed_at, news.now))
    times = {"time": _clock(changed), "sent": _clock(sent)}
    if changed.date() == sent.date():
        since = say("So since {time}, sent at {sent}.", **times)
    else:
        since = say(
            "So since {day}, {time}, sent at {sent}.", day=day_of(changed.date(), sent.date()), **times
        )
    return (
        say("You get this because you follow {airport}.", airport=name(news.want.airport)),
        since,
        say("Times are local to the airport. The airlines decide; Gatecall counts what they say."),
    )


def _clock(local: datetime) -> str:
    return f"{clock_time(local)} {places.zone_name(local)}"


def _sms(news: AirportNews, url: str) -> str:
    """The whole text, one part where possible: without the link, then without the advice, with the code for the
    city."""
    want, day = news.want, _day(news)
    figures = plural(
        "{affected} of {number} flight cancelled, diverted or {time} late.",
        "{affected} of {number} flights cancelled, diverted or {time} late.",
        want.flights,
        affected=number(want.affected),
        time=_late(want, short=True),
    )
    advice = "" if want.level is Level.NORMAL else say("Look at yours before you go.")
    link = url.partition("://")[2]
    said = (_TEXTS_NOW if news.doubtful else _TEXTS)[want.level]
    tries: Iterable[tuple[str, str, str]] = (
        (name(want.airport), advice, link),
        (want.airport, advice, link),
        (want.airport, "", link),
        (want.airport, advice, ""),
    )
    text = ""
    for place, what, where in tries:
        news_of = say(said, airport=place, day=day, figures=figures)
        text = gsm.written(" ".join(filter(None, (f"Gatecall: {news_of}", what, where))))
        if gsm.fits(text):
            return text
    return gsm.written(f"Gatecall: {say(said, airport=want.airport, day=day, figures=figures)}")


def _day(news: AirportNews) -> str:
    return day_of(date.fromisoformat(news.want.date), _today(news))


def _is_today(news: AirportNews) -> bool:
    return _today(news).isoformat() == news.want.date


def _today(news: AirportNews) -> date:
    return places.utc_to_local(news.now, news.want.airport).date()
