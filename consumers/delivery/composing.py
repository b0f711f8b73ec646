"""The message for one conversation, in words; what is the same for many people is composed once."""

from __future__ import annotations

import importlib
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from app.channels.base import CalendarFile, Parcel, text_hash
from app.channels.links import Links, Why, address_of
from app.domain.clock import DomainClock
from app.domain.flight import AFTER_DEPARTURE, NOT_FLYING, Flight
from app.domain.mail_lists import list_of
from app.domain.news import Role
from app.domain.order import Order
from app.domain.people import Person
from app.domain.speech import Speech, current, say, speaking
from app.domain.subject import SubjectKind
from app.domain.wording_shapes import LINK_SLOT, Message, News
from app.store.claim_records import Claimed
from consumers.delivery.decision import Verdict

_KEPT = 256


def load() -> None:
    """Import what makes calendar files now, and not with the first mail: it takes a third of a second. A system without
    mail need not pay for it."""
    importlib.import_module("app.domain.calendar_file")


class Composer:
    """Composes messages as of a domain clock; to the minute, which is what messages show. short_links: texts have room
    for a link of each person's own."""

    def __init__(self, public_url: str, domain_clock: DomainClock, *, short_links: bool = False) -> None:
        self._public_url = public_url
        self._short_links = short_links
        self._domain_clock = domain_clock
        # A cancelled flight is the same news to each of its travellers.
        self._compose = lru_cache(maxsize=_KEPT)(_composed)

    def compose(self, conversation: Claimed, verdict: Verdict, role: Role) -> Message:
        """What this person is told, in the speech of the block around. Raises what the kind's `compose` raises."""
        want = conversation.want
        assert want is not None, "D2 settles what has no want"
        now = self._domain_clock()
        changed_at = self._domain_clock.at(conversation.changed_at) if conversation.changed_at else now
        return self._compose(
            conversation.kind,
            News(
                heard=verdict.heard or want,
                want=want,
                kinds=verdict.kinds,
                role=role,
                doubtful=verdict.doubtful,
                found_late=conversation.found_late,
                changed_at=changed_at.replace(second=0, microsecond=0),
                now=now.replace(second=0, microsecond=0),
                public_url=self._public_url,
                short_link=self._short_links,
                often=verdict.often,
                times=verdict.times,
                language=current().language,
                clock=current().clock,
            ),
        )

    def filed(self, parcel: Parcel, conversation: Claimed, role: Role) -> Parcel:
        """A mail in the thread of its subject; to a traveller, before the flight leaves, with its calendar file."""
        parcel = replace(parcel, thread=text_hash(conversation.id, "thread"))
        want = conversation.want
        if role is not Role.TRAVELLER or not isinstance(want, Flight) or want.status in AFTER_DEPARTURE:
            return parcel
        now = self._domain_clock().replace(second=0, microsecond=0)
        file = _calendar_file(
            want, conversation.subject, conversation.order, self._public_url, now, current()
        )
        return replace(parcel, calendar=file)


@lru_cache(maxsize=_KEPT)
def _calendar_file(
    flight: Flight, subject: str, order: Order, public_url: str, now: datetime, _speech: Speech
) -> CalendarFile:
    from app.domain import calendar_file  # see `load`

    content = calendar_file.of_flight(calendar_file.Entry(flight, subject, order), public_url, now)
    return CalendarFile(calendar_file.file_name(flight), content, flight.status in NOT_FLYING)


def _composed(kind: SubjectKind[Any], news: News[Any]) -> Message:
    with speaking(news.language, news.clock):
        return kind.compose(news)


def listed(parcel: Parcel, role: Role, links: Links | None, person: Person, now: datetime) -> Parcel:
    """A mail as one of its list's, with the links that stop the list and lead to the person's choices.

    links: None leaves it without. now: system clock.
    """
    mail_list = list_of(role)
    stop = links.stopping(person.id, mail_list, address_of(person, "email"), now) if links else None
    return replace(parcel, mail_list=mail_list, stop=stop)


def facts_of(conversation: Claimed, verdict: Verdict) -> dict[str, Any]:
    """What a message is made of, for a program: the kind of news, the subject as it was heard and as it is wanted."""
    heard, want = verdict.heard, conversation.want
    return {
        "type": f"{conversation.subject.partition(':')[0]}.{verdict.kinds[0] if verdict.kinds else 'now'}",
        "changed_at": conversation.changed_at,
        "subject": conversation.subject,
        "kinds": [str(kind) for kind in verdict.kinds],
        "from": heard.to_document() if heard else None,
        "to": want.to_document() if want else None,
        "repeats": verdict.doubtful,
        "found_late": conversation.found_late,
    }


def linked(parcel: Parcel, channel: str, links: Links | None, told: Claimed, person: Person) -> Parcel:
    """The message with the link to why this person hears it: in a text in place of LINK_SLOT, in a mail on its own.

    links: None leaves it without.
    """
    if links is None:
        return parcel
    token = links.token(told.id, told.order, told.changed_at, address_of(person, channel))
    if channel != "sms":
        why = Why(links.of_mail(token), token, is_short=False, words=say("Why this message?"))
        return replace(parcel, why=why)
    short = links.of_text(token)
    text = parcel.text.replace(f"/w/{LINK_SLOT}", f"/w/{short}")
    return replace(parcel, text=text, why=Why(short, token, is_short=True))
