"""Apprise: a message to a service that a person uses already (ntfy, Slack, Matrix, ...), by the address that they
linked (https://github.com/caronc/apprise/wiki).

Apprise knows how each service is asked, and answers yes or no. What became of the requests is known to the transport
that carries them, and decides which error a no is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from app.channels.addresses import address_on
from app.channels.apprise_address import AddressSeal
from app.channels.apprise_transport import Carrier, Exchange
from app.channels.base import AddressDownError, AddressRefusedError, Parcel, Receipt, text_hash
from app.domain.clock import Now, system_now
from app.domain.errors import PermanentError, UnknownOutcomeError
from app.domain.people import Person
from app.domain.reports import Refusal
from app.domain.wording import Message
from app.settings import Settings

if TYPE_CHECKING:
    from app.channels.apprise_service import Service

_WORDS = 120
_LONGEST_ASKED_S = 24 * 3600.0
_GONE = 410
_LATER = frozenset({408, 425, 429})
"""4xx that speak of now, not of the message: Request Timeout, Too Early (RFC 8470), Too Many Requests (RFC 6585)."""


class AppriseSender:
    """Hands over one message at a time, each on connections of its own. `last_host`: that answered last."""

    def __init__(self, settings: Settings, now: Now = system_now) -> None:
        from app.channels import apprise_service  # for those who send, as is the next line

        apprise_service.load()  # a second or more, which no hand-over's deadline has
        self._service_of = apprise_service.service_of
        self._seal = AddressSeal(settings.signing_keys)
        self._carrier = Carrier(local=settings.apprise_allow_local)
        self._allowed = settings.apprise_allowed
        self._longest_s = settings.apprise_timeout_s
        self._public_url = settings.public_url
        self._now = now
        self.last_host = ""

    def send(self, parcel: Parcel, deadline_s: float) -> Receipt:
        """Hand the message over within deadline_s seconds in all; the errors are those of `Sender.send`, and
        AddressDownError in place of ChannelDownError: a service that fails is one person's."""
        service = self.service(self._seal.opened(parcel.sealed))
        with self._carrier.during(min(deadline_s, self._longest_s)):
            taken, words = service.hand_over(parcel.message.subject, _with_why(parcel), self._carrier)
        exchanges = self._carrier.exchanges
        self.last_host = exchanges[-1].host if exchanges else ""
        return self._judged(taken, words, exchanges)

    def service(self, url: str) -> Service:
        """The service behind an address. Raises NotAllowedError with a sentence for whoever wrote it."""
        return self._service_of(url, self._allowed, self._public_url)

    def _judged(self, taken: bool, words: str, exchanges: list[Exchange]) -> Receipt:
        last = exchanges[-1] if exchanges else None
        if taken and last is not None:
            return Receipt(provider_id=None, words=_said(last))
        lost = next((one for one in exchanges if one.is_lost), None)
        if lost is not None:
            raise UnknownOutcomeError(f"no answer: {_said(lost)}")
        if last is None:
            raise AddressDownError(words or "the service's plugin asked nobody")
        if isinstance(last.failure, PermanentError):
            raise last.failure
        said = " ".join(filter(None, (_said(last), words)))[: 2 * _WORDS]
        if last.status is None:
            raise AddressDownError(said)
        if last.status == _GONE:
            raise AddressRefusedError(said, Refusal.GONE, str(_GONE))
        if 300 <= last.status < 400:
            raise PermanentError(f"{_said(last)}: redirects are not followed")
        if 400 <= last.status < 500 and last.status not in _LATER:
            raise PermanentError(said)
        raise AddressDownError(said, retry_after_s=_asked_s(last.asked, self._now()))

    def abort(self) -> None:
        """End a hand-over under way, from another thread."""
        self._carrier.abort()

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        self._carrier.close()


class AppriseChannel:
    """The channel "apprise". Opens senders; connects to nothing itself."""

    name = "apprise"
    fallback = None

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def address(self, person: Person) -> str:
        """What the address that the person linked is called. Raises PermanentError without one."""
        return address_on(self.name, person)

    def reaches(self, person: Person) -> bool:
        """Whether the person linked one."""
        return self.name in person.linked

    def pack(self, conversation: str, person: Person, message: Message) -> Parcel:
        """The text and the sealed address. Raises PermanentError when nothing is linked."""
        text = text_of(message)
        sealed = person.sealed.get(self.name, b"")
        return Parcel(self.address(person), text_hash(conversation, text), text, message, sealed=sealed)

    def open(self) -> AppriseSender:
        """A sender; it connects when used."""
        return AppriseSender(self._settings)


def text_of(message: Message) -> str:
    """The news in sentences, then the link; without greeting and footer."""
    note = (message.highlight.note,) if message.highlight.note else ()
    link = f"{message.link[0]}: {message.link[1]}"
    return "\n".join((message.opening, *note, *message.more, *message.advice, link))


def _with_why(parcel: Parcel) -> str:
    """The link to the flight stays last: it is kept when the text is too long."""
    if parcel.why is None:
        return parcel.text
    news, _, link = parcel.text.rpartition("\n")
    return "\n".join((news, f"Why this message? {parcel.why.text}", link))


def _said(exchange: Exchange) -> str:
    if exchange.status is not None and exchange.failure is None:
        return " ".join(f"{exchange.status} {exchange.reason}".split())[:_WORDS]
    return " ".join(str(exchange.failure).split())[:_WORDS] or type(exchange.failure).__name__


def _asked_s(asked: str | None, now: datetime) -> float | None:
    """Retry-After in seconds (RFC 9110, 10.2.3: seconds or a date), a day at most; None when it is neither."""
    if asked is None:
        return None
    if asked.strip().isascii() and asked.strip().isdigit():
        return min(float(asked.strip()), _LONGEST_ASKED_S)
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, TypeError):
        return None
    left = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(max(left.total_seconds(), 0.0), _LONGEST_ASKED_S)
