"""Where a person is reached on each channel, as its provider is given it; needs none of the channels to be on."""

from __future__ import annotations

from functools import lru_cache

from app.domain import channels
from app.domain.channels import LINKED
from app.domain.errors import PermanentError
from app.domain.people import Person, email_address, phone_number


def address_on(channel: str, person: Person) -> str:
    """The address of a person on a channel: for e-mail as it goes into the envelope, for SMS in E.164, on the channels
    that people link as it was linked.

    Raises PermanentError without a usable one.
    """
    if channel in LINKED:
        if channel not in person.linked:
            raise PermanentError(f"no {channels.said(channel).title} is linked")
        return person.linked[channel]
    if channel == "sms":
        if person.phone is None:
            raise PermanentError("no phone number")
        return _number(person.phone)
    if person.email is None:
        raise PermanentError("no e-mail address")
    return _deliverable(person.email)


_number = lru_cache(maxsize=4096)(phone_number)


@lru_cache(maxsize=4096)
def _deliverable(text: str) -> str:
    """The address with its domain as DNS knows it (RFC 5891); the local part stays. Raises PermanentError."""
    address = email_address(text)
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise PermanentError("the e-mail address has a domain that cannot exist") from error
