"""What the inbox has received: the newest messages whole, and a receipt of every one ever.

Display is bounded, counting is not: the demo's checks compare the receipts with the ledger, one by one.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from itertools import chain, islice

from app.domain.clock import DomainClock

KEEP_WHOLE = 3000
"""Messages kept with their bodies: some 60 MB of mails of 20 KB."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The trace of one received message, kept for ever.

    number counts from 1 in order of arrival, over both channels. id: the mail's Message-ID or the SMS's sid.
    digest: SHA-256 of what a person reads (the text part of a mail with its subject; the SMS). received_at:
    aware UTC, the system clock. language: of a mail, as it says itself (Content-Language, RFC 3282); "" of others.
    """

    number: int
    channel: str
    address: str
    id: str
    subject: str
    digest: str
    received_at: datetime
    language: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is known by name. key: a word for addresses of the page. email, phone: None when there is none.

    chose: what they chose, in one line. time_zone: IANA name.
    """

    key: str
    name: str
    email: str | None
    phone: str | None
    chose: str
    time_zone: str

    @property
    def addresses(self) -> frozenset[str]:
        """Where they get their messages."""
        return frozenset(address for address in (self.email, self.phone) if address)


@dataclass(frozen=True, slots=True)
class Stored:
    """A message kept whole. text: the SMS, or the mail's text part. raw: the mail, None for an SMS."""

    receipt: Receipt
    sender: str
    text: str
    raw: bytes | None


class Inbox:
    """All that arrived. Safe to use from several threads."""

    def __init__(self, keep_whole: int = KEEP_WHOLE) -> None:
        self._lock = threading.Lock()
        self._receipts: list[Receipt] = []
        self._whole: deque[Stored] = deque(maxlen=keep_whole)
        self._of_people: deque[Stored] = deque(maxlen=keep_whole)
        self._counts: Counter[str] = Counter()
        self._by_address: Counter[tuple[str, str]] = Counter()
        self._people: Mapping[str, Person] = {}
        self._clock: DomainClock | None = None

    def know(self, people: Sequence[Person], clock: DomainClock | None) -> None:
        """Whose messages are kept as long as there is room, whoever else gets how many; and the clock that the
        messages tell by, None for the real one."""
        with self._lock:
            self._people = {one.key: one for one in people}
            self._clock = clock

    def people(self) -> list[Person]:
        """Those who are known by name, in the order they were given."""
        with self._lock:
            return list(self._people.values())

    def told_at(self, receipt: Receipt) -> datetime:
        """When it came, by the clock that the messages tell by."""
        return self._clock.at(receipt.received_at) if self._clock else receipt.received_at

    def counts_of(self, person: Person) -> dict[str, int]:
        """How many messages this person has received, by channel."""
        with self._lock:
            return {
                channel: sum(self._by_address[channel, address] for address in person.addresses)
                for channel in ("email", "sms")
            }

    def add_mail(self, sender: str, recipient: str, raw: bytes) -> int:
        """Take in a mail for one recipient of its envelope; returns its number."""
        mail = message_from_bytes(raw)
        subject, text = header(mail, "Subject"), text_of(mail, "text/plain")
        language = header(mail, "Content-Language")
        return self._add("email", recipient, header(mail, "Message-ID"), subject, text, sender, raw, language)

    def add_sms(self, sender: str, recipient: str, sid: str, text: str) -> int:
        """Take in an SMS; returns its number."""
        return self._add("sms", recipient, sid, "", text, sender, None)

    def _add(
        self,
        channel: str,
        address: str,
        name: str,
        subject: str,
        text: str,
        sender: str,
        raw: bytes | None,
        language: str = "",
    ) -> int:
        digest = hashlib.sha256(f"{subject}\0{text}".encode()).hexdigest()
        with self._lock:
            number = len(self._receipts) + 1
            receipt = Receipt(number, channel, address, name, subject, digest, datetime.now(UTC), language)
            self._receipts.append(receipt)
            stored = Stored(receipt, sender, text, raw)
            self._whole.append(stored)
            if any(address in person.addresses for person in self._people.values()):
                self._of_people.append(stored)
            self._counts[channel] += 1
            self._by_address[channel, address] += 1
        return number

    def counts(self) -> dict[str, int]:
        """How many messages have arrived, by channel, since the start."""
        with self._lock:
            return {"email": self._counts["email"], "sms": self._counts["sms"]}

    def receipts(self, after: int = 0) -> list[Receipt]:
        """Receipts with a number above `after`, in order of arrival; all of them with 0."""
        with self._lock:
            return self._receipts[max(0, after) :]

    def newest(
        self, *, after: int, limit: int, channel: str = "", person: str = "", who: str = ""
    ) -> list[Stored]:
        """Whole messages with a number above `after`, newest first, at most `limit`.

        channel: "email", "sms" or "" for both. person: part of an address or of the name beside it. who: the key of
        somebody who is known by name, "" for everybody.
        """
        wanted = person.casefold()
        with self._lock:
            known = self._people.get(who)
            addresses = known.addresses if known else frozenset()
            kept = (
                [s for s in self._of_people if s.receipt.address in addresses] if who else list(self._whole)
            )
        found = (
            stored
            for stored in reversed(kept)
            if stored.receipt.number > after
            and channel in ("", stored.receipt.channel)
            and (not wanted or wanted in _people(stored).casefold())
        )
        return list(islice(found, limit))

    def whole(self, number: int) -> Stored | None:
        """The message with this number; None when it never came or is no longer kept."""
        with self._lock:
            kept = chain(self._whole, self._of_people)
            return next((stored for stored in kept if stored.receipt.number == number), None)

    def sms_to(self, address: str) -> list[Stored]:
        """Whole SMS to this number, newest first."""
        with self._lock:
            kept = list(self._whole)
        return [s for s in reversed(kept) if s.receipt.channel == "sms" and s.receipt.address == address]


def header(mail: Message, name: str) -> str:
    """A header as people read it; "" when it is absent. Undecodable parts stay as they came."""
    value = mail.get(name)
    if value is None:
        return ""
    text = " ".join(str(value).split())
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, UnicodeDecodeError):
        return text


def text_of(mail: Message, content_type: str) -> str:
    """The first part of a content type ("text/plain", "text/html") as text; "" when there is none."""
    for part in mail.walk():
        if part.get_content_type() == content_type and not part.is_multipart():
            payload = part.get_payload(decode=True)
            if not isinstance(payload, bytes):
                return ""
            try:
                return payload.decode(part.get_content_charset() or "utf-8", errors="replace")
            except LookupError:  # an encoding nobody knows
                return payload.decode("utf-8", errors="replace")
    return ""


def _people(stored: Stored) -> str:
    if stored.raw is None:
        return stored.receipt.address
    head, _, _ = stored.raw.partition(b"\r\n\r\n")
    return f"{stored.receipt.address} {header(message_from_bytes(head), 'To')}"
