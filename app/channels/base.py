"""What a channel is: something that opens senders, each of which hands over one message at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Protocol, runtime_checkable

from app.channels.links import StopLinks, Why
from app.domain.errors import PermanentError, TransientError
from app.domain.mail_lists import MailList
from app.domain.people import Person
from app.domain.reports import Refusal
from app.domain.wording import Message


class ChannelDownError(TransientError):
    """The provider is out of reach, does not let us in, or asks us to slow down: no message would pass now.

    Nothing was handed over, and it says nothing about the message at hand.
    """


class AddressDownError(TransientError):
    """What stands behind this one address does not answer, fails or asks for time. It says nothing about the message,
    and nothing about other addresses: a server of the person's own is down."""


class NoAnswerError(TransientError):
    """The provider did not answer, or broke off, before it had the message. Once says little; again and again, it
    is down."""


class UnopenedError(AddressDownError, NoAnswerError):
    """What we keep of this one address cannot be opened with our keys, so nobody was asked. That is our settings'
    fault, and will be mended: it counts neither against the message nor against the person's link. The message is
    tried again after MENDED_S seconds."""

    MENDED_S: ClassVar[float] = 600.0

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after_s=self.MENDED_S)


class AddressRefusedError(PermanentError):
    """The address is of no use on this channel, for this message and for every other.

    refusal: why; code: the provider's, None without.
    """

    def __init__(self, message: str, refusal: Refusal, code: str | None = None) -> None:
        super().__init__(message)
        self.refusal = refusal
        self.code = code


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider said when it accepted a message.

    provider_id: its name for the message, None when it gave none. words: its answer, for the ledger.
    """

    provider_id: str | None
    words: str


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A file that goes with a mail (RFC 5545). cancels: it takes an entry away."""

    name: str
    content: bytes
    cancels: bool


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message ready for hand-over. message_id is the same for the same conversation and text; as it is handed over,
    for the same state, too (`telling`).

    reference: of this one attempt, for the provider to give back with its reports; "" for none.
    why: the link to why the person hears it; None without. mail_list: of a mail, None for what belongs to no list
    (a sign-in link). stop: the links that stop the list and lead to the person's choices; None without.
    thread: what all mails of one conversation refer to, without a domain, "" for none. calendar: goes with the mail;
    None without. living: on channels whose messages can be edited, the provider's id of the conversation's last
    accepted one at this address; None without. sounds: whether the person is to notice it. buttons: words and data of
    each. sealed: what else the channel needs there, as it is stored (`Person.sealed`). data: what the message is made
    of, for channels whose receivers are programs: subject, kinds, from, to.
    """

    address: str
    message_id: str
    text: str
    message: Message
    reference: str = ""
    why: Why | None = None
    mail_list: MailList | None = None
    stop: StopLinks | None = None
    thread: str = ""
    calendar: CalendarFile | None = None
    living: str | None = None
    sounds: bool = True
    buttons: tuple[tuple[str, str], ...] = ()
    sealed: bytes = b""
    data: Mapping[str, Any] = field(default_factory=dict)


class Sender(Protocol):
    """One connection to a provider, used by one thread."""

    def send(self, parcel: Parcel, deadline_s: float) -> Receipt:
        """Hand over within deadline_s seconds in all.

        Raises TransientError (nothing was handed over, try later; ChannelDownError when that holds for every
        message), PermanentError (never), UnknownOutcomeError (it may have been accepted).
        """
        ...

    def abort(self) -> None:
        """End a hand-over under way, from another thread: it raises as if its time were over."""
        ...

    def close(self) -> None:
        """Give the connection back; safe to repeat."""
        ...


@runtime_checkable
class AskableSender(Sender, Protocol):
    """A sender whose provider can be asked what became of a message."""

    def find(
        self, person: Person, text: str, since: datetime, deadline_s: float, others: Collection[str] = ()
    ) -> Receipt | None:
        """The receipt of a message with this text to the person accepted since then, None when there is none.

        others: the provider's ids of messages that it is not: the same was said before.

        Raises TransientError when the provider cannot be asked now, PermanentError without a usable address.
        """
        ...


class Channel(Protocol):
    """A way to reach people. `name` is the word in conversations, settings and metrics."""

    name: str

    @property
    def fallback(self) -> Channel | None:
        """The same way through a second provider, None without; its messages are packed by this one."""
        ...

    def reaches(self, person: Person) -> bool:
        """Whether the person has an address for this channel, usable or not."""
        ...

    def address(self, person: Person) -> str:
        """Where the person is reached, as the provider is given it. Raises PermanentError without a usable one."""
        ...

    def pack(self, conversation: str, person: Person, message: Message) -> Parcel:
        """The message as it will travel. Raises PermanentError when the person has no usable address."""
        ...

    def open(self) -> Sender:
        """A sender of its own for one thread; it connects when first used."""
        ...


def reference_of(attempt: str) -> str:
    """What an attempt is called towards its provider: 32 hexadecimal digits that say nothing to others."""
    return hashlib.sha256(f"attempt {attempt}".encode()).hexdigest()[:32]


def text_hash(conversation: str, text: str) -> str:
    """The same 32 hexadecimal digits for the same conversation and rendered text, whoever sends it."""
    return hashlib.sha256(f"{conversation}\n{text}".encode()).hexdigest()[:32]


def telling(parcel: Parcel, state: str) -> Parcel:
    """The message with an id of what it tells: of its words, and of the state that they are about.

    A gate that changes, changes back and changes again is told in the same words twice. Both are news, and whoever
    drops what they had must not drop the second.
    """
    words, at, domain = parcel.message_id.partition("@")
    return replace(parcel, message_id=f"{text_hash(words, state)}{at}{domain}")
