"""Why this message? The page behind the link in each mail (`/why/...`) and text (`/w/...`).

It shows one person's own chain, to whoever has the link, and nothing else of anybody: no name, no address. Nothing
keeps a copy, no search engine lists it, and no other site is told its address.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from flask import make_response, render_template, request
from pymongo.errors import PyMongoError
from werkzeug.wrappers import Response

from app.channels.links import LinkError, LinkExpiredError, Links, WhyToken, address_digest
from app.domain import why_nouns, why_words
from app.domain.why import Chain, Notification
from app.domain.why_view import Shown, View, local, view
from app.store.ranks import Ranks
from app.store.why import WhyReader
from app.store.why_links import WhyLinks
from app.web.pages import words
from app.web.services import Services, services

log = structlog.get_logger()

_PRIVATE: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}
_OTHERS = 20


@dataclass(frozen=True, slots=True)
class Other:
    """Another message to the same person about the same subject. at: the clock of the airport."""

    title: str
    channel: str
    at: str
    state: why_words.State
    reason: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """What the template shows. as_it_is: words of the link to the subject's page. path: of that page, None when the
    subject was never understood. shown: the chain of the message's channel. all_news: head of the list of others."""

    as_it_is: str
    all_news: str
    path: str | None
    name: str
    view: View
    shown: Shown | None
    others: tuple[Other, ...]


def of_mail(token: str) -> Response:
    """The chain behind a mail's signed link. A link that does not work gets a page that says what does."""
    parts = services()
    links = Links.of(parts.settings)
    if links is None:
        return _useless(404)
    try:
        return _drawn(parts, links.read(token, parts.now()))
    except LinkExpiredError:
        return _useless(410)
    except LinkError:
        return _useless(404)


def of_text(token: str) -> Response:
    """The flight and the chain behind a text's ten characters."""
    parts = services()
    link = WhyLinks(parts.database).find(token, parts.now()) if token.isascii() and token.isalnum() else None
    if link is None:
        return _useless(404)
    return _drawn(parts, WhyToken(link.conversation, link.order, link.address, link.expires_at))


def _drawn(parts: Services, token: WhyToken) -> Response:
    reader = WhyReader(parts.database)
    parties = reader.parties(token.conversation)
    if parties is None:
        return _useless(410)
    subject, person, channel = parties
    # The link dies with the address it was sent to: whoever has that now is somebody else.
    digest = address_digest(reader.persons_address(person, channel))
    if not hmac.compare_digest(digest.encode(), token.address.encode("utf-8", "surrogatepass")):
        return _useless(410)
    found = reader.of_notification(token.conversation, token.order)
    row = found[1] if found else None
    if row is not None and _is_opened_by_hand():
        _seen(parts, row.id)
    event = reader.event(row.event_id) if row else None
    if event is None:
        newest = next((e for e in reader.events(subject, 50) if e.is_announced), None)
        event = newest if found is not None and row is None else None
    if event is None:
        return _useless(410)
    chain = reader.chain(event, person)
    shown = view(chain, parts.clock, you=True)
    page = Page(
        as_it_is=why_nouns.as_it_is(chain.kind.noun),
        all_news=why_nouns.all_news(chain.kind.noun),
        path=chain.path,
        name=chain.title,
        view=shown,
        shown=next((one for one in shown.channels if one.channel == channel), None),
        others=_others(parts, reader, chain, row),
    )
    return _private(render_template("why.html", page=page), 200)


def _is_opened_by_hand() -> bool:
    """Whether a browser shows the page to somebody (Fetch Metadata Request Headers, W3C).

    What scans mails for bad links asks without saying so, and nobody has seen anything then.
    """
    headers = request.headers
    is_shown = headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
    ahead = {headers.get(name, "").partition(";")[0] for name in ("Sec-Purpose", "Purpose", "X-Moz")}
    return request.method == "GET" and is_shown and ahead == {""}


def _seen(parts: Services, notification: str) -> None:
    """Other channels need not tell it. Whoever reads is shown the page all the same when that cannot be kept."""
    try:
        Ranks(parts.database).seen(notification, parts.now())
    except PyMongoError as error:
        log.warning("that a message was seen could not be kept", why=type(error).__name__)


def _others(parts: Services, reader: WhyReader, chain: Chain, this: Notification | None) -> tuple[Other, ...]:
    if chain.person is None or chain.event.subject is None:
        return ()
    iata = chain.iata
    found = []
    for channel, _, one in reader.notifications(chain.person, chain.event.subject, _OTHERS):
        if not isinstance(one, Notification) or (this is not None and one.id == this.id):
            continue
        at = local(one.sent_at or one.created_at, parts.clock, iata)
        found.append(
            Other(
                title=one.title or why_words.changes(one.changes) or why_nouns.news(chain.kind.noun),
                channel=why_words.channel_name(channel),
                at=words.day_and_time(at),
                state=why_words.state_of_row(one),
                reason=None,
            )
        )
    return tuple(found)


def _useless(status: int) -> Response:
    """status: 404 for a link that was never one, 410 for one that no longer works."""
    return _private(render_template("why_none.html", is_over=status == 410), status)


def _private(body: str, status: int) -> Response:
    answer = make_response(body, status)
    answer.headers.update(_PRIVATE)
    return answer
