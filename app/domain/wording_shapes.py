"""What goes into a message's words and what comes out of them. Import these from `app.domain.wording`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from app.domain.airport_day import AirportDay
from app.domain.alert_value import AlertValue
from app.domain.flight import Flight
from app.domain.news import Kind, Role
from app.domain.notice_value import NoticeValue
from app.domain.speech import ENGLISH, current

V = TypeVar("V")

LINK_SLOT = "W" * 10
"""Stands in an SMS where each person's own short link goes; as long as that."""


@dataclass(frozen=True)  # slots and an alias such as News[Flight] do not go together in Python 3.11
class News(Generic[V]):
    """What is to be said to one person about one subject, such as a flight.

    kinds: most important first; empty only when doubtful, then the message says how things are. doubtful: an
    earlier message may or may not have arrived, so say "now: ..." instead of "was ...". found_late: the
    change was found after a gap. changed_at: when it was saved, now: the present; both on the domain clock,
    aware UTC. public_url: no slash at its end. short_link: the SMS has room for a link of the person's own (LINK_SLOT)
    in place of the subject's. often: no more of this comes before it has settled. times: how often it changed while it
    was held for that, 0 when it was not. language: a key of `speech.LANGUAGES`; clock: 24 or 12 hours.
    """

    heard: V
    want: V
    kinds: tuple[Kind, ...]
    role: Role
    doubtful: bool
    found_late: bool
    changed_at: datetime
    now: datetime
    public_url: str
    short_link: bool = False
    often: bool = False
    times: int = 0
    language: str = ENGLISH
    clock: int = 24


FlightNews = News[Flight]
AirportNews = News[AirportDay]
AlertNews = News[AlertValue]
NoticeNews = News[NoticeValue]


@dataclass(frozen=True, slots=True)
class Highlight:
    """The change itself, set large.

    tone: "change" (it differs from what was told), "bad" (cancelled, removed) or "plain" (progress as
    planned). old: None when it is not to be shown. note: sentences, such as the airline's reason.
    """

    label: str
    old: str | None
    new: str
    note: str | None
    tone: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message in words, before it becomes an e-mail or an SMS. Every text is one line without control marks.

    subject: the news itself. opening: the news in a sentence or two, what headline and highlight say in HTML;
    the highlight's note and `more` go on, in both. facts: label and value, in order. advice: what to do, a
    sentence each. link: label and address. footer: why this person gets it, when it was changed and sent.
    sms: the whole text in the alphabet of its language, one part of GSM 7 bit or two of UCS-2 where possible.
    language: a key of `speech.LANGUAGES`, that of the block it was composed in; what goes around it is said in it.
    """

    subject: str
    headline: str
    preheader: str
    opening: str
    highlight: Highlight
    facts: tuple[tuple[str, str], ...]
    advice: tuple[str, ...]
    link: tuple[str, str]
    footer: tuple[str, ...]
    sms: str
    more: tuple[str, ...] = ()
    language: str = field(default_factory=lambda: current().language)
