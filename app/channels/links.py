"""Links in messages: signed in mails, ten characters in texts. Each is good for one purpose alone, and carries ids, no
address and no name.

"Why this message?": the same notification always has the same link, whoever sends it and however often. It works for a
time after the change (WHY_LINK_DAYS).

"Stop" (`unsubscribe`) is the same for a person, a list and an address, and works as long as its key does: who finds an
old mail must be able to stop what it began. "What you hear" (`preferences`) works for PREFERENCES_LINK_DAYS. A calendar
(`calendar`) asks again and again by the same link, as long as its key works.

All die when the address they were sent to is no longer the person's.
"""

from __future__ import annotations

import hashlib
import hmac
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from app.domain.channels import LINKED
from app.domain.mail_lists import MailList
from app.domain.order import Order, cluster_time_of
from app.domain.people import Person
from app.domain.why import order_digest
from app.domain.wording import LINK_SLOT
from app.settings import Settings

_PURPOSE = "gatecall why"
_UNSUBSCRIBE, _PREFERENCES = "gatecall unsubscribe", "gatecall preferences"
_CALENDAR = "gatecall calendar"
_LONGEST = 4000
_LETTERS = string.ascii_letters + string.digits
LENGTH = len(LINK_SLOT)
_DAY = timedelta(days=1)


class LinkError(Exception):
    """A link that does not work: never made here, changed on its way, or signed with a key that is no longer used."""


class LinkExpiredError(LinkError):
    """A link that worked once."""


@dataclass(frozen=True, slots=True)
class WhyToken:
    """What a link says: of which notification, until when it works, and to whom it was sent.

    order: a digest of the notification's order (`order_digest`). address: a digest (`address_digest`).
    """

    conversation: str
    order: str
    address: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Why:
    """The link of one message: the whole address for a mail, its ten characters for a text (is_short).

    words: what the link says, where it does not stand in a mail, in the person's language.
    """

    text: str
    token: WhyToken
    is_short: bool
    words: str = "Why this message?"


@dataclass(frozen=True, slots=True)
class StopLinks:
    """What a mail of a list leads to. unsubscribe, preferences: whole addresses; token: what follows /unsubscribe/."""

    unsubscribe: str
    preferences: str
    token: str


@dataclass(frozen=True, slots=True)
class PersonToken:
    """What a link of a person's says. mail_list: what it stops, None where it stops nothing. until: None for no end.

    purpose: what it is for. digest: of the address it was made for; `Links.is_for` compares it.
    """

    purpose: str

    person: str
    mail_list: MailList | None
    until: datetime | None
    digest: str
    key_id: str


class Links:
    """Makes and reads links. keys: the present one first, then earlier ones, whose links still work. days: how long
    a link "Why this message?" works after the change; preferences_days: how long one to a person's choices does."""

    def __init__(self, public_url: str, keys: Sequence[str], days: int, preferences_days: int = 30) -> None:
        if not keys:
            raise ValueError("links need a key to be signed with")
        self._public_url = public_url
        self._keys = {_key_id(key): key for key in reversed(keys)}
        self._current = _key_id(keys[0])
        self._days = days
        self._preferences_days = preferences_days

    @classmethod
    def of(cls, settings: Settings) -> Links | None:
        """As the settings say; None without SECRET_KEY."""
        keys = settings.signing_keys
        if not keys:
            return None
        return cls(settings.public_url, keys, settings.why_link_days, settings.preferences_link_days)

    def of_mail(self, token: WhyToken) -> str:
        """The address for a mail."""
        what = [_day_number(token.expires_at), token.order, token.address, token.conversation]
        return f"{self._public_url}/why/{self._signed(_PURPOSE, what)}"

    def of_text(self, token: WhyToken) -> str:
        """Ten letters and digits for a text; they mean something only where they are kept."""
        name = f"{_PURPOSE}\n{token.conversation}\n{token.order}\n{token.address}"
        number = int.from_bytes(hmac.digest(self._keys[self._current].encode(), name.encode(), "sha256"))
        found = ""
        for _ in range(LENGTH):
            number, place = divmod(number, len(_LETTERS))
            found += _LETTERS[place]
        return found

    def read(self, text: str, now: datetime) -> WhyToken:
        """What a mail's link says, from what follows /why/ in it. now: system clock.

        Raises LinkError, LinkExpiredError when its time is over.
        """
        _, found = self._loaded(_PURPOSE, text)
        try:
            day, order, address, conversation = found
            token = WhyToken(str(conversation), str(order), str(address), _moment(int(day)))
        except (ValueError, TypeError, OverflowError) as error:
            raise LinkError("not what was signed for this") from error
        if token.expires_at <= now:
            raise LinkExpiredError("its time is over")
        return token

    def unsubscribe(self, person: str, mail_list: MailList | str, address: str) -> str:
        """The address that stops a list for a person, at the address that it is sent to."""
        kind = MailList(mail_list)
        what = [str(kind), self._digest(_UNSUBSCRIBE, address), person]
        return f"{self._public_url}/unsubscribe/{self._signed(_UNSUBSCRIBE, what)}"

    def preferences(self, person: str, address: str, now: datetime) -> str:
        """The address of a person's choices without signing in. now: system clock, from which its days count."""
        day = _day_number(now + _DAY * (self._preferences_days + 1))
        what = [day, self._digest(_PREFERENCES, address), person]
        return f"{self._public_url}/preferences/{self._signed(_PREFERENCES, what)}"

    def stopping(self, person: str, mail_list: MailList, address: str, now: datetime) -> StopLinks:
        """Both, for the mails of a list."""
        unsubscribe = self.unsubscribe(person, mail_list, address)
        preferences = self.preferences(person, address, now)
        return StopLinks(unsubscribe, preferences, unsubscribe.rpartition("/")[2])

    def read_unsubscribe(self, text: str) -> PersonToken:
        """What a link says that stops a list, from what follows /unsubscribe/ in it. Raises LinkError."""
        key_id, found = self._loaded(_UNSUBSCRIBE, text)
        try:
            mail_list, digest, person = found
            return PersonToken(_UNSUBSCRIBE, str(person), MailList(mail_list), None, str(digest), key_id)
        except (ValueError, TypeError) as error:
            raise LinkError("not what was signed for this") from error

    def read_preferences(self, text: str, now: datetime) -> PersonToken:
        """What a link to choices says, from what follows /preferences/ in it. now: system clock.

        Raises LinkError, LinkExpiredError when its time is over.
        """
        key_id, found = self._loaded(_PREFERENCES, text)
        try:
            day, digest, person = found
            token = PersonToken(_PREFERENCES, str(person), None, _moment(int(day)), str(digest), key_id)
        except (ValueError, TypeError, OverflowError) as error:
            raise LinkError("not what was signed for this") from error
        if token.until is not None and token.until <= now:
            raise LinkExpiredError("its time is over")
        return token

    def calendar(self, person: str, address: str) -> str:
        """The address of a calendar of a person's bookings, as long as this is their mail address."""
        signed = self._signed(_CALENDAR, [self._digest(_CALENDAR, address), person])
        return f"{self._public_url}/calendar/{signed}.ics"

    def read_calendar(self, text: str) -> PersonToken:
        """What such a link says, from what stands between /calendar/ and .ics. Raises LinkError."""
        key_id, found = self._loaded(_CALENDAR, text)
        try:
            digest, person = found
            return PersonToken(_CALENDAR, str(person), None, None, str(digest), key_id)
        except (ValueError, TypeError) as error:
            raise LinkError("not what was signed for this") from error

    def is_for(self, token: PersonToken, address: str) -> bool:
        """Whether this is still the address that the link was sent to."""
        expected = self._digest(token.purpose, address, token.key_id)
        return hmac.compare_digest(expected.encode(), token.digest.encode("utf-8", "surrogatepass"))

    def _signed(self, purpose: str, what: Sequence[object]) -> str:
        return f"{self._current}.{_text(_serializer(self._keys[self._current], purpose).dumps(list(what)))}"

    def _loaded(self, purpose: str, text: str) -> tuple[str, Any]:
        """The key's id and what was signed. itsdangerous compares signatures in constant time (its `verify_signature`).
        Raises LinkError."""
        key_id, _, signed = text.partition(".")
        key = self._keys.get(key_id)
        if key is None or len(text) > _LONGEST:
            raise LinkError("unknown key")
        try:
            return key_id, _serializer(key, purpose).loads(signed)
        except (BadData, ValueError, TypeError, OverflowError) as error:
            raise LinkError("the signature does not fit") from error

    def _digest(self, purpose: str, address: str, key_id: str | None = None) -> str:
        """A keyed digest of an address, so that a link does not even say whose guess is right."""
        name = f"{purpose} address\n{address.strip().casefold()}"
        return hmac.digest(self._keys[key_id or self._current].encode(), name.encode(), "sha256").hex()[:16]

    def token(self, conversation: str, order: str, changed_at: datetime | None, address: str) -> WhyToken:
        """The link of one notification. changed_at: of the change it tells, None when it is not known."""
        since = changed_at or datetime.fromtimestamp(cluster_time_of(Order(order))[0], UTC)
        expires_at = _moment(_day_number(since + _DAY * (self._days + 1)))
        return WhyToken(conversation, order_digest(order), address_digest(address), expires_at)


def address_of(person: Person, channel: str) -> str:
    """Where a channel reaches the person, as it stands in their document; "" without."""
    if channel in LINKED:
        return person.linked.get(channel, "")
    return (person.phone if channel == "sms" else person.email) or ""


def address_digest(address: str) -> str:
    """Eight digits that tell whether an address is still the same."""
    return hashlib.sha256(f"{_PURPOSE} {address.strip().lower()}".encode()).hexdigest()[:8]


def _serializer(key: str, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        key, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    )


def _key_id(key: str) -> str:
    return hashlib.sha256(f"{_PURPOSE} key {key}".encode()).hexdigest()[:4]


def _day_number(moment: datetime) -> int:
    return int(moment.timestamp() // _DAY.total_seconds())


def _moment(day: int) -> datetime:
    return datetime.fromtimestamp(day * _DAY.total_seconds(), UTC)


def _text(signed: str | bytes) -> str:
    return signed.decode("ascii") if isinstance(signed, bytes) else signed
