"""What the channels that people link themselves have in common (`ChannelKind.linked`)."""

from __future__ import annotations

from app.channels.addresses import address_on
from app.channels.base import Parcel, text_hash
from app.domain.people import Person
from app.domain.wording import Message
from app.settings import Settings


class LinkedChannel:
    """A channel that reaches whoever linked it, at what they linked; it has no second provider. It connects to nothing
    itself. A channel says its `name`, its `text`, and opens its senders."""

    name: str
    fallback = None

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def address(self, person: Person) -> str:
        """What the person linked, as the provider is given it. Raises PermanentError when that is nothing."""
        return address_on(self.name, person)

    def reaches(self, person: Person) -> bool:
        """Whether the person linked something."""
        return self.name in person.linked

    def text(self, message: Message) -> str:
        """The message as it is read there."""
        return sentences(message)

    def buttons(self, conversation: str) -> tuple[tuple[str, str], ...]:  # noqa: ARG002 - for channels with some
        """What stands under a message of the conversation: words and data of each."""
        return ()

    def pack(self, conversation: str, person: Person, message: Message) -> Parcel:
        """The message, and what else the channel needs there, sealed. Raises PermanentError when nothing is linked."""
        text = self.text(message)
        return Parcel(
            self.address(person),
            text_hash(conversation, text),
            text,
            message,
            buttons=self.buttons(conversation),
            sealed=person.sealed.get(self.name, b""),
        )


def sentences(message: Message) -> str:
    """The news, a sentence a line; without greeting, footer and link."""
    note = (message.highlight.note,) if message.highlight.note else ()
    return "\n".join((message.opening, *note, *message.more, *message.advice))
