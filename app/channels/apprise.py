"""Apprise: a message to a service that a person uses already (ntfy, Slack, Matrix, ...), by the address that they
linked (https://github.com/caronc/apprise/wiki).

Apprise knows how each service is asked, and answers yes or no. What became of the requests is known to the transport
that carries them, and decides which error a no is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.channels import own_server
from app.channels.apprise_address import AddressSeal
from app.channels.apprise_transport import Carrier, Exchange
from app.channels.base import AddressDownError, Parcel, Receipt
from app.channels.linked import LinkedChannel, sentences
from app.channels.retry_after import retry_after_s
from app.domain.clock import Now, system_now
from app.domain.errors import PermanentError, UnknownOutcomeError
from app.domain.wording import Message
from app.settings import Settings

if TYPE_CHECKING:
    from app.channels.apprise_service import Service


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
        said = " ".join(filter(None, (_said(last), words)))[: 2 * own_server.WORDS]
        if last.status is None:
            raise AddressDownError(said)
        raise own_server.meaning_of(last.status, said, retry_after_s(last.asked, self._now()))

    def abort(self) -> None:
        """End a hand-over under way, from another thread."""
        self._carrier.abort()

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        self._carrier.close()


class AppriseChannel(LinkedChannel):
    """The channel "apprise": the news in sentences, then the link."""

    name = "apprise"

    def text(self, message: Message) -> str:
        """The news in sentences, then the link; without greeting and footer."""
        return f"{sentences(message)}\n{message.link[0]}: {message.link[1]}"

    def open(self) -> AppriseSender:
        """A sender; it connects when used."""
        return AppriseSender(self._settings)


def _with_why(parcel: Parcel) -> str:
    """The link to the flight stays last: it is kept when the text is too long."""
    if parcel.why is None:
        return parcel.text
    news, _, link = parcel.text.rpartition("\n")
    return "\n".join((news, f"{parcel.why.words} {parcel.why.text}", link))


def _said(exchange: Exchange) -> str:
    if exchange.status is not None and exchange.failure is None:
        return own_server.in_short(f"{exchange.status} {exchange.reason}")
    return own_server.why(exchange.failure)
