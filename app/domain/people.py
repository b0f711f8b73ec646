"""The person a message goes to, read from a `users` document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from typing import Any

import phonenumbers

from app.domain.channels import LINKED
from app.domain.errors import PermanentError
from app.domain.preferences import DEFAULTS, Preferences
from app.domain.preferences import parse as choices_of
from app.domain.speech import LANGUAGES, Speech, current, say, speaking

DEFAULT_LANGUAGE = "en"

_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"']+@[^\s<>()\[\]:;,\"']+")
# A day, perhaps with its time, as ISO 8601 has it; it has as many digits as a phone number.
_DATE = r"(?<!\d)(?:19|20|21)\d\d-[01]\d-[0-3]\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?![ ().-]?\d)"
# Codes of providers have five digits or fewer, numbers of people at least seven. Digits beside a letter are part
# of an id, unless a plus leads them.
_NUMBER = re.compile(
    rf"(?P<number>\+\d(?:[ ().-]?\d){{6,}})|{_DATE}"
    rf"|(?P<bare>(?<![A-Za-z0-9])\d(?:(?![ ().-]{_DATE})[ ().-]?\d){{6,}}(?![A-Za-z0-9]))"
)
# What the standard library's parser raises: its own two, and slips of its own for some garbage.
_PARSER_ERRORS = (MessageError, ValueError, IndexError, AttributeError, TypeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Link:
    """A channel that a person linked. sealed: what its channel needs besides the address, b"" without.

    rests_until: nothing is tried there until then; None while it works.
    """

    address: str
    sealed: bytes = b""
    rests_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """id: the user's `_id` as text. email, phone: None when there is none; phone in E.164 ("+15550100142").

    time_zone: IANA name, None when unknown. language: BCP 47 tag. clock: of 24 or 12 hours. preferences: what the
    person chose.
    unverified: channels on which an address is written down that nobody has proved to be theirs; it counts as none.
    linked: where they are reached on the channels that people link themselves, by channel; sealed: what else their
    channels need there, as it is stored; resting: until when nothing is tried there, because it did not work.
    """

    id: str
    name: str
    email: str | None = None
    phone: str | None = None
    language: str = DEFAULT_LANGUAGE
    clock: int = 24
    time_zone: str | None = None
    preferences: Preferences = DEFAULTS
    unverified: frozenset[str] = frozenset()
    linked: Mapping[str, str] = field(default_factory=dict, hash=False)
    sealed: Mapping[str, bytes] = field(default_factory=dict, hash=False)
    resting: Mapping[str, datetime] = field(default_factory=dict, hash=False)


def parse(document: Mapping[str, Any]) -> Person:
    """A person from a `users` document.

    What is missing is None; names lose line breaks and control characters. Of a person who signed up (the document
    has `verified`) an address counts only if it was verified; of one whom an import made, as it is.
    """
    name = document.get("name")
    printable = "".join(c if c.isprintable() else " " for c in name) if isinstance(name, str) else ""
    email, phone = _text(document.get("email")), _text(document.get("phone"))
    has_email, has_phone = (_counts(document, field) for field in ("email", "phone"))
    linked = links(document.get("linked"))
    unproved = (("email", email, has_email), ("sms", phone, has_phone))
    return Person(
        id=str(document["_id"]),
        name=" ".join(printable.split())[:80],
        email=email if has_email else None,
        phone=phone if has_phone else None,
        language=_text(document.get("language")) or DEFAULT_LANGUAGE,
        clock=12 if document.get("clock") == 12 else 24,
        time_zone=_text(document.get("time_zone")),
        preferences=choices_of(document.get("preferences")),
        unverified=frozenset(channel for channel, address, counts in unproved if address and not counts),
        linked={name: link.address for name, link in linked.items()},
        sealed={name: link.sealed for name, link in linked.items() if link.sealed},
        resting={name: link.rests_until for name, link in linked.items() if link.rests_until},
    )


def speaking_to(person: Person) -> AbstractContextManager[Speech]:
    """Speak the person's language, with their clock, in this block."""
    return speaking(person.language, person.clock)


def speaking_as_chosen(document: Mapping[str, Any]) -> AbstractContextManager[Speech]:
    """Speak what the person of a `users` document chose; where they chose nothing that is spoken here, what is
    spoken already."""
    now, clock = current(), document.get("clock")
    chosen = _text(document.get("language")) or ""
    spoken = chosen.partition("-")[0].lower() in LANGUAGES
    return speaking(chosen if spoken else now.language, clock if clock in (12, 24) else now.clock)


def links(value: object) -> dict[str, Link]:
    """The links in `users.linked` that work: channel -> {address, since, label?, sealed?, stopped?, ...}; what was
    stopped, or is not understood, is left out."""
    found: dict[str, Link] = {}
    for name, row in value.items() if isinstance(value, Mapping) else ():
        if name not in LINKED or not isinstance(row, Mapping) or row.get("stopped"):
            continue
        if (address := _text(row.get("address"))) is not None:
            sealed, until = row.get("sealed"), row.get("rests_until")
            found[name] = Link(
                address,
                bytes(sealed) if isinstance(sealed, bytes) else b"",
                until if isinstance(until, datetime) else None,
            )
    return found


def email_address(text: str) -> str:
    """The address as it goes into an envelope and a header.

    Raises PermanentError when it is not one address (RFC 5322 addr-spec) or holds a line break.
    """
    if any(c in text for c in "\r\n\0"):
        raise PermanentError("the e-mail address holds a line break")
    try:
        address = Address(addr_spec=text)
    except _PARSER_ERRORS as error:
        raise PermanentError("the e-mail address cannot be understood") from error
    if "." not in address.domain and address.domain != "localhost":
        raise PermanentError("the e-mail address has no domain")
    return address.addr_spec


def phone_number(text: str) -> str:
    """The number in E.164 (ITU-T E.164: "+" and up to 15 digits).

    Raises PermanentError when it is not a number with its country code.
    """
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        raise PermanentError("the phone number needs its country code, like +15550100142") from error
    if not phonenumbers.is_possible_number(number):
        raise PermanentError("the phone number has too few or too many digits")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked_email(text: str) -> str:
    """As shown to people: m***@example.org."""
    local, at, domain = text.partition("@")
    return f"{local[:1]}***{at}{domain}"


def masked_words(text: str) -> str:
    """A provider's words with every address and phone number in them masked; days and ids stay."""
    text = _ADDRESS.sub(lambda found: masked_email(found[0]), text)
    return _NUMBER.sub(lambda found: masked_phone(found[0]) if found.lastgroup else found[0], text)


def masked_phone(text: str) -> str:
    """As records show it, in English: "ends in 42 17"."""
    return f"ends in {_last_digits(text)}"


def shown_phone(text: str) -> str:
    """As `masked_phone`, in the language of the block."""
    return say("ends in {digits}", digits=_last_digits(text))


def _last_digits(text: str) -> str:
    digits = [c for c in text if c.isdigit()]
    return f"{''.join(digits[-4:-2])} {''.join(digits[-2:])}"


def _counts(document: Mapping[str, Any], field: str) -> bool:
    """Whether the address in this field may be used."""
    if "verified" not in document:
        return True
    verified = document["verified"]
    proved = _text(verified.get(field)) if isinstance(verified, Mapping) else None
    written = _text(document.get(field))
    return proved is not None and written is not None and proved.casefold() == written.casefold()


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
