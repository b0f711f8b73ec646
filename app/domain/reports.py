"""What a provider reports after it accepted a message: what became of it, and whether its address is any good.

A report never comes in order and may come twice. Plain Python, no I/O.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What became of an accepted message, as far as its provider knows."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    READ = "read"


class Refusal(StrEnum):
    """Why nothing more is sent to an address on a channel."""

    BOUNCED = "bounced"
    OPTED_OUT = "opted_out"
    COMPLAINED = "complained"
    NOT_MOBILE = "not_mobile"
    BLOCKED = "blocked"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Report:
    """One report. provider_id: the provider's name for the message (a SID, a Message-ID without brackets).

    code: the provider's, None without. words: without addresses, None without. refusal: why the address is
    of no more use, None when it still is. reference: ours, given with the message and sent back; None when
    the provider sends none back.
    """

    channel: str
    provider_id: str
    state: State
    code: str | None = None
    words: str | None = None
    refusal: Refusal | None = None
    reference: str | None = None


_SMS_RANKS = {
    State.QUEUED: 0,
    State.SENDING: 1,
    State.SENT: 2,
    State.DELAYED: 2,
    State.UNDELIVERED: 3,
    State.DELIVERED: 4,
    State.READ: 5,
}
# A mail that its next server took can still bounce from the one behind it.
_MAIL_RANKS = _SMS_RANKS | {State.DELIVERED: 3, State.READ: 3, State.UNDELIVERED: 4}


def rank(channel: str, state: State) -> int:
    """How final a state is: a report with a smaller or equal rank undoes nothing.

    A phone's receipt outweighs "undelivered"; for mail a bounce outweighs "delivered", which there only means
    that the next server took it.
    """
    return (_MAIL_RANKS if channel == "email" else _SMS_RANKS)[state]


_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
# Of RFC 3463 and its registry (RFC 5248): the mailbox or its domain does not exist, has moved or is closed.
# Not 5.1.0, which servers also say of a sender they do not know, 5.1.7 and 5.1.8 (our own address), 5.2.2 (full),
# 5.3.4 (too large), 5.7.z (somebody's policy, often against our server): they would suppress everybody for one
# fault of ours.
_GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1", "5.4.4"})


def enhanced_status(text: str) -> str | None:
    """The first status of RFC 3463 in an answer ("550 5.1.1 no such user" has 5.1.1); None without."""
    found = _ENHANCED.search(text)
    return ".".join(found.groups()) if found else None


def mail_refusal(status: str | None) -> Refusal | None:
    """What a status of RFC 3463 says of the address: BOUNCED when it is of no use any more, else None.

    5.0.0 ("other", RFC 3463 section 3.1) says nothing of the address, so it suppresses nobody.
    """
    return Refusal.BOUNCED if status in _GONE else None


# Local parts may be quoted or hold an apostrophe (RFC 5321 section 4.1.2), and servers put addresses into links.
_MAIL = re.compile(
    r"""(?:"[^"@]*"|[^\s<>@"']+(?:'[^\s<>@"']+)*)@[^\s<>@"',;:()]+|[^\s<>@"'=&?/:]+%40[^\s<>@"',;:()&]+"""
)
_PHONE = re.compile(r"\+?\d[\d ()-]{7,}\d")


def without_addresses(words: str, longest: int = 200) -> str:
    """A provider's words on one line, with the addresses and phone numbers in them left out."""
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return _PHONE.sub("(number)", _MAIL.sub("(address)", line))[:longest]
