"""SMS by Twilio's client library, with its HTTP client replaced by one that has a deadline."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.rest import Client

from app.channels import rendering
from app.channels.addresses import address_on
from app.channels.base import Parcel, Receipt, text_hash
from app.channels.http_session import HttpSession
from app.channels.twilio_errors import STATES, meaning_of
from app.domain import gsm
from app.domain.clock import Now, system_now
from app.domain.errors import GatecallError, TransientError, UnknownOutcomeError
from app.domain.people import Person
from app.domain.reports import State
from app.domain.wording import Message
from app.settings import Settings

_CLOCKS_APART = timedelta(minutes=5)
STATUS_PATH = "/callbacks/twilio/status"
"""Where Twilio reports what became of a message (https://www.twilio.com/docs/messaging/guides/track-outbound-message-status)."""

_LOOK_BACK = 50  # messages to one number that are looked at; nobody gets more in the minutes that matter


class SmsSender:
    """Hands texts over, one request at a time, on a connection of its own."""

    def __init__(self, settings: Settings, now: Now = system_now, sender: str | None = None) -> None:
        token = settings.twilio_auth_token
        self._http = HttpSession()
        self._client = Client(
            settings.twilio_account_sid, token.get_secret_value() if token else "", http_client=self._http
        )
        if settings.twilio_api_base_url:
            self._client.api.base_url = settings.twilio_api_base_url
        self._from = sender or settings.twilio_from or ""
        self._reports_to = f"{settings.public_url}{STATUS_PATH}" if settings.is_public else None
        self._now = now

    def send(self, parcel: Parcel, deadline_s: float) -> Receipt:
        """Hand the text over within deadline_s seconds in all; the errors are those of `Sender.send`."""
        self._http.deadline.restart(deadline_s)
        # A messaging service chooses among its numbers; its SID stands where a number would.
        sender = "messaging_service_sid" if self._from.startswith("MG") else "from_"
        try:
            made = self._client.messages.create(
                to=parcel.address, body=parcel.text, **{sender: self._from}, **self._reports(parcel.reference)
            )
            sid, status = str(made.sid or ""), str(made.status or "")
        except (TwilioRestException, TwilioServiceException) as error:
            raise self._meaning(error) from error
        except (ValueError, TypeError, TwilioException) as error:  # 2xx, but not what Twilio sends
            raise UnknownOutcomeError(f"the answer cannot be read: {type(error).__name__}") from error
        if not sid:
            raise UnknownOutcomeError("the answer names no message")
        return Receipt(provider_id=sid, words=f"{status}, {_parts(parcel.text)}")

    def _reports(self, reference: str) -> dict[str, str]:
        """The parameter that asks for status callbacks. Twilio signs the whole address, the reference too. What has no
        reference has no row of the ledger that a callback could be written to: codes, for one."""
        if self._reports_to is None or not reference:
            return {}
        return {"status_callback": f"{self._reports_to}?ref={reference}"}

    def find(
        self, person: Person, text: str, since: datetime, deadline_s: float, others: Collection[str] = ()
    ) -> Receipt | None:
        """The receipt of this text to this person since then, from Twilio's list; None when it has none, or
        knows that it will not arrive. others: ids of messages that it is not.

        Not filtered by DateSent: a message that waits in Twilio's queue has none yet.
        Raises TransientError when the list cannot be had, PermanentError without a usable number.
        """
        address = address_on("sms", person)
        self._http.deadline.restart(deadline_s)
        try:
            for message in self._client.messages.list(to=address, limit=_LOOK_BACK, page_size=_LOOK_BACK):
                if message.sid in others or STATES.get(str(message.status)) is State.UNDELIVERED:
                    continue
                made_at = message.date_created
                # A trial account puts words before the text.
                if made_at and made_at >= since - _CLOCKS_APART and str(message.body).endswith(text):
                    return Receipt(
                        provider_id=str(message.sid), words=f"{message.status}, found in Twilio's list"
                    )
        except (TwilioException, ValueError, TypeError, GatecallError) as error:
            raise TransientError(f"Twilio's list cannot be had: {type(error).__name__}") from error
        return None

    def _meaning(self, error: TwilioRestException | TwilioServiceException) -> GatecallError:
        words = error.msg if isinstance(error, TwilioRestException) else (error.detail or error.title)
        code = error.code if isinstance(error.code, int) else error.status
        answer = (error.status, code, str(words), self._http.retry_after, self._now())
        return meaning_of(*answer, short_code=self._from.isdigit())

    def abort(self) -> None:
        """End a hand-over under way, from another thread."""
        self._http.abort()

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        self._http.close()


class SmsChannel:
    """The channel "sms". Opens senders; connects to nothing itself."""

    name = "sms"

    def __init__(self, settings: Settings, sender: str | None = None) -> None:
        self._settings = settings
        self._sender = sender
        spare = settings.twilio_from_fallback if sender is None else None
        self.fallback: SmsChannel | None = SmsChannel(settings, spare) if spare else None

    def address(self, person: Person) -> str:
        """The number in E.164. Raises PermanentError without a usable number."""
        return address_on(self.name, person)

    def reaches(self, person: Person) -> bool:
        """Whether the person has a phone number."""
        return person.phone is not None

    def pack(self, conversation: str, person: Person, message: Message) -> Parcel:
        """The text and the number. Raises PermanentError without a usable number."""
        text = rendering.as_sms(message)
        return Parcel(self.address(person), text_hash(conversation, text), text, message)

    def open(self) -> SmsSender:
        """A sender with a connection of its own, made when first used."""
        return SmsSender(self._settings, sender=self._sender)


def _parts(text: str) -> str:
    """For the ledger: how many parts the text is billed as."""
    number = gsm.parts(text)
    return f"{number} part{'s' if number > 1 else ''} of {'GSM-7' if gsm.is_gsm(text) else 'UCS-2'}"
