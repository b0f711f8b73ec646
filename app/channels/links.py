"""The link "Why this message?": signed in mails, ten characters in texts.

The same notification always has the same link, whoever sends it and however often: nothing in it is of the moment of
sending. It works for a time after the change (WHY_LINK_DAYS), for this purpose alone, and dies when the address it
was sent to is no longer the person's. It carries ids, no address and no name.
"""

from __future__ import annotations

import hashlib
import hmac
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from app.domain.order import Order, cluster_time_of
from app.domain.people import Person
from app.domain.why import order_digest
from app.domain.wording import LINK_SLOT
from app.settings import Settings

_PURPOSE = "gatecall why"
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
    """The link of one message: the whole address for a mail, its ten characters for a text (is_short)."""

    text: str
    token: WhyToken
    is_short: bool


class Links:
    """Makes and reads links. keys: the present one first, then earlier ones, whose links still work. days: how long
    a link works after the change."""

    def __init__(self, public_url: str, keys: Sequence[str], days: int) -> None:
        if not keys:
            raise ValueError("links need a key to be signed with")
        self._public_url = public_url
        self._keys = {_key_id(key): key for key in reversed(keys)}
        self._current = _key_id(keys[0])
        self._days = days

    @classmethod
    def of(cls, settings: Settings) -> Links | None:
        """As the settings say; None without SECRET_KEY."""
        keys = settings.signing_keys
        return cls(settings.public_url, keys, settings.why_link_days) if keys else None

    def of_mail(self, token: WhyToken) -> str:
        """The address for a mail."""
        what = [_day_number(token.expires_at), token.order, token.address, token.conversation]
        signed = _serializer(self._keys[self._current]).dumps(what)
        return f"{self._public_url}/why/{self._current}.{_text(signed)}"

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
        key_id, _, signed = text.partition(".")
        key = self._keys.get(key_id)
        if key is None:
            raise LinkError("unknown key")
        try:
            day, order, address, conversation = _serializer(key).loads(signed)
            token = WhyToken(str(conversation), str(order), str(address), _moment(int(day)))
        except (BadData, ValueError, TypeError, OverflowError) as error:
            raise LinkError("the signature does not fit") from error
        if token.expires_at <= now:
            raise LinkExpiredError("its time is over")
        return token

    def token(self, conversation: str, order: str, changed_at: datetime | None, address: str) -> WhyToken:
        """The link of one notification. changed_at: of the change it tells, None when it is not known."""
        since = changed_at or datetime.fromtimestamp(cluster_time_of(Order(order))[0], UTC)
        expires_at = _moment(_day_number(since + _DAY * (self._days + 1)))
        return WhyToken(conversation, order_digest(order), address_digest(address), expires_at)


def address_of(person: Person, channel: str) -> str:
    """Where a channel reaches the person, as it stands in their document; "" without."""
    return (person.phone if channel == "sms" else person.email) or ""


def address_digest(address: str) -> str:
    """Eight digits that tell whether an address is still the same."""
    return hashlib.sha256(f"{_PURPOSE} {address.strip().lower()}".encode()).hexdigest()[:8]


def _serializer(key: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        key, salt=_PURPOSE, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    )


def _key_id(key: str) -> str:
    return hashlib.sha256(f"{_PURPOSE} key {key}".encode()).hexdigest()[:4]


def _day_number(moment: datetime) -> int:
    return int(moment.timestamp() // _DAY.total_seconds())


def _moment(day: int) -> datetime:
    return datetime.fromtimestamp(day * _DAY.total_seconds(), UTC)


def _text(signed: str | bytes) -> str:
    return signed.decode("ascii") if isinstance(signed, bytes) else signed
