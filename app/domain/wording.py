"""Every sentence a person reads in a message about a flight, in one place.

This module puts a message together; `wording_leads` has the news itself, `wording_details` what stands around
it, `wording_sms` the short form, `wording_terms` the terms they share.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote

from app.domain import wording_details, wording_pickup
from app.domain.speech import say, speaking
from app.domain.wording_details import advice, facts, more, preheader
from app.domain.wording_leads import lead
from app.domain.wording_shapes import LINK_SLOT, FlightNews, Highlight, Message
from app.domain.wording_sms import sms
from app.domain.wording_terms import Terms

__all__ = ["LINK_SLOT", "FlightNews", "Highlight", "Message", "compose"]


def compose(news: FlightNews) -> Message:
    """The message for one person about one flight. Raises nothing, whatever the states of the flight.

    Nothing in it is the person's own, so hundreds of travellers of a flight share one.
    """
    to_the_minute = news.now.replace(second=0, microsecond=0)
    return _compose(replace(news, now=to_the_minute, changed_at=min(news.changed_at, to_the_minute)))


@lru_cache(maxsize=1024)
def _compose(news: FlightNews) -> Message:
    with speaking(news.language, news.clock):
        return _composed(news)


def _composed(news: FlightNews) -> Message:
    t = Terms(news)
    picks_up = wording_pickup.is_for(t)
    if picks_up:
        t.kinds = wording_pickup.kinds(t)
    first = lead(t)
    url = f"{news.public_url}/f/{quote(news.want.flight_number)}/{quote(news.want.departure_date)}"
    mark = first.highlight
    return Message(
        subject=_line(first.subject),
        headline=_line(first.headline),
        preheader=_line(wording_pickup.preheader(t) if picks_up else preheader(t, first)),
        opening=_line(first.opening),
        highlight=Highlight(
            label=_line(mark.label),
            old=None if mark.old is None else _line(mark.old),
            new=_line(mark.new),
            note=None if mark.note is None else _line(mark.note),
            tone=mark.tone,
        ),
        facts=tuple(
            (label, _line(value)) for label, value in (wording_pickup.facts(t) if picks_up else facts(t))
        ),
        advice=tuple(_line(sentence) for sentence in advice(t)),
        link=(say("Open {number}", number=t.number), url),
        footer=tuple(
            _line(sentence) for sentence in (wording_pickup if picks_up else wording_details).footer(t)
        ),
        sms=sms(t, f"{news.public_url}/w/{LINK_SLOT}" if news.short_link else url),
        more=tuple(_line(sentence) for sentence in more(t, first)),
    )


def _line(text: str) -> str:
    """One line without control characters and without marks that turn the direction of writing."""
    if text.isprintable():
        return text
    return " ".join("".join(c if c.isprintable() else " " if c.isspace() else "" for c in text).split())
