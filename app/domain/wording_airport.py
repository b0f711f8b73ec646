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
from app.domain.wording_shapes import LINK_SLOT, AirportNews, Highlight, Message
from app.domain.wording_terms import day_of, duration

_LARGE: Final[Mapping[Level, str]] = {
    Level.SEVERE: "Severely disrupted",
    Level.DISRUPTED: "Disrupted",
    Level.NORMAL: "Back to normal",
}
_WAS: Final[Mapping[Level, str]] = {
    Level.SEVERE: "Severely disrupted",
    Level.DISRUPTED: "Disrupted",
    Level.NORMAL: "Normal",
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
    want = news.want
    url = f"{news.public_url}{path(want)}"
    day = _day(news)
    headline = f"{name(want.airport)} {_state(news)}"
    figures = f"{_figures(want)}."
    return Message(
        subject=f"{headline}, {day}: {_short(want)}",
        headline=headline,
        preheader=" ".join((figures, _advice(news))),
        opening=f"{headline}, {day}.",
        highlight=Highlight(
            label=f"Flights on {day}",
            old=None if news.doubtful else _WAS[news.heard.level],
            new=f"Now: {_LARGE[want.level].lower()}" if news.doubtful else _LARGE[want.level],
            note=figures,
            tone=_TONES[want.level],
        ),
        facts=_facts(want, day),
        advice=(_advice(news),),
        link=(f"Open the board of {want.airport}", url),
        footer=_footer(news),
        sms=_sms(news, f"{news.public_url}/w/{LINK_SLOT}" if news.short_link else url),
        more=(_meaning(want),),
    )


def _state(news: AirportNews) -> str:
    """What the airport is, after its name; "now" to somebody who may have heard otherwise."""
    now = "now " if news.doubtful else ""
    if news.want.level is Level.NORMAL:
        return f"is {now}back to normal"
    return f"is {now}{_LARGE[news.want.level].lower()}"


def _figures(want: AirportDay) -> str:
    """214 of 380 flights cancelled, diverted or at least an hour late."""
    return f"{want.affected} of {want.flights} flights cancelled, diverted or at least {_late(want)} late"


def _short(want: AirportDay) -> str:
    return f"{want.affected} of {want.flights} flights affected"


def _late(want: AirportDay) -> str:
    return "an hour" if want.late_min == 60 else duration(timedelta(minutes=want.late_min))


def _meaning(want: AirportDay) -> str:
    if want.level is Level.NORMAL:
        return "Most flights go as planned again."
    if want.level is Level.DISRUPTED:
        return "Other flights may be late, too."
    return "Expect long queues, and that more flights are cancelled."


def _advice(news: AirportNews) -> str:
    """What to do; the day is named when it is not today there."""
    fly = "If you fly today" if _is_today(news) else f"If you fly on {_day(news)}"
    if news.want.level is Level.NORMAL:
        return f"{fly}, look at your flight all the same: single ones may still be late."
    return f"{fly}, look at your flight before you leave for the airport."


def _facts(want: AirportDay, day: str) -> tuple[tuple[str, str], ...]:
    late = f"Late by {duration(timedelta(minutes=want.late_min))} or more"
    counted = ((late, want.late), ("Diverted", want.diverted), ("Cancelled", want.cancelled))
    return (
        ("Airport", f"{places.short_name(want.airport)} ({want.airport})"),
        ("Day", day),
        ("Flights", f"{want.flights}, to and from it"),
        *((label, str(number)) for label, number in reversed(counted)),
    )


def _footer(news: AirportNews) -> tuple[str, ...]:
    changed, sent = (places.utc_to_local(moment, news.want.airport) for moment in (news.changed_at, news.now))
    on = "" if changed.date() == sent.date() else f"{day_of(changed.date(), sent.date())}, "
    return (
        f"You get this because you follow {name(news.want.airport)}.",
        f"So since {on}{_clock(changed)}, sent at {_clock(sent)}.",
        "Times are local to the airport. The airlines decide; Gatecall counts what they say.",
    )


def _clock(local: datetime) -> str:
    return f"{local:%H:%M} {places.zone_name(local)}"


def _sms(news: AirportNews, url: str) -> str:
    """The whole text, one part where possible: without the link, then without the advice, with the code for the
    city."""
    want, day = news.want, _day(news)
    late = duration(timedelta(minutes=want.late_min), short=True)
    figures = f"{want.affected} of {want.flights} flights cancelled, diverted or {late} late."
    advice = "" if want.level is Level.NORMAL else "Look at yours before you go."
    link = url.partition("://")[2]
    now = "now " if news.doubtful else ""
    said = f"{{}}, {day}: {now}{_LARGE[want.level].lower()}, {figures}"
    tries: Iterable[tuple[str, str, str]] = (
        (name(want.airport), advice, link),
        (want.airport, advice, link),
        (want.airport, "", link),
        (want.airport, advice, ""),
    )
    text = ""
    for place, what, where in tries:
        text = gsm.written(" ".join(filter(None, (f"Gatecall: {said.format(place)}", what, where))))
        if gsm.fits(text):
            return text
    return gsm.written(f"Gatecall: {said.format(want.airport)}")


def _day(news: AirportNews) -> str:
    return day_of(date.fromisoformat(news.want.date), _today(news))


def _is_today(news: AirportNews) -> bool:
    return _today(news).isoformat() == news.want.date


def _today(news: AirportNews) -> date:
    return places.utc_to_local(news.now, news.want.airport).date()
