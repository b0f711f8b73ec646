"""What a channel is: something that opens senders, each of which hands over one message at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.domain.people import Person
from app.domain.wording import Message


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider said when it accepted a message.

    provider_id: its name for the message, None when it gave none. words: its answer, for the ledger.
    """

    provider_id: str | None
    words: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message ready for hand-over. message_id is the same for the same conversation and text."""

    address: str
    message_id: str
    text: str
    message: Message


class Sender(Protocol):
    """One connection to a provider, used by one thread."""

    def send(self, parcel: Parcel, deadline_s: float) -> Receipt:
        """Hand over within deadline_s seconds in all.

        Raises TransientError (nothing was handed over, try later), PermanentError (never), UnknownOutcomeError
        (it may have been accepted).
        """
        ...

    def close(self) -> None:
        """Give the connection back; safe to repeat."""
        ...


class Channel(Protocol):
    """A way to reach people. `name` is the word in conversations, settings and metrics."""

    name: str

    def pack(self, conversation: str, person: Person, message: Message) -> Parcel:
        """The message as it will travel. Raises PermanentError when the person has no usable address."""
        ...

    def open(self) -> Sender:
        """A sender of its own for one thread; it connects when first used."""
        ...
