"""The ways to reach people: what they are called in words, and which people have them. One line a channel.

The line of each in `app/channels/registry.py` says how it is opened; everything else is derived from the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.domain.speech import number, plural, say, to_say


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """What is said of a channel, and what it can do. The words are English; `title`, `by` and their like say them.

    name: the word in conversations and settings. title: of a column or a tag. by: after "by". one, many: of its
    messages, counted; trials: what a test speaks of. provider: who is given them. linked: people link it themselves
    (`users.linked`), so only they have conversations on it; else everybody has, as everybody may have an address.
    edits: a message that was sent can be changed. own_servers: each person's messages go to a server of their own, so a
    failure is one person's: the channel has no breaker, each link rests by itself. disturbs: its messages can come at a
    bad time or too often; those of a channel that disturbs nobody are held by no quiet hours, no pause, no digest and
    no daily maximum, and count towards none.
    """

    name: str
    title: str
    by: str
    one: str
    many: str
    trials: str
    provider: str
    linked: bool = False
    edits: bool = False
    own_servers: bool = False
    disturbs: bool = True


_ALL = (
    ChannelKind(
        *("email", to_say("E-mail"), to_say("e-mail"), "e-mail", "e-mails", to_say("mails")),
        provider=to_say("mail server"),
    ),
    ChannelKind(
        *("sms", "SMS", "SMS", "SMS", "SMS", to_say("text messages")), provider=to_say("SMS provider")
    ),
    ChannelKind(
        *(
            "telegram",
            "Telegram",
            "Telegram",
            "Telegram message",
            "Telegram messages",
            to_say("Telegram messages"),
            "Telegram",
        ),
        linked=True,
        edits=True,
    ),
    ChannelKind(
        *("webhook", to_say("Webhook"), to_say("webhook"), "webhook", "webhooks", to_say("webhooks")),
        provider=to_say("server"),
        linked=True,
        own_servers=True,
    ),
    ChannelKind(
        *(
            "apprise",
            "Apprise",
            "Apprise",
            "Apprise message",
            "Apprise messages",
            to_say("messages by Apprise"),
            to_say("service"),
        ),
        linked=True,
        own_servers=True,
    ),
    ChannelKind(
        *("inbox", to_say("Inbox"), to_say("inbox"), "inbox entry", "inbox entries", to_say("inbox entries")),
        provider=to_say("inbox"),
        linked=True,
        disturbs=False,
    ),
)

CHANNELS: Final[Mapping[str, ChannelKind]] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Every channel there is, by name, whether it is on or not; in the order in which pages show them."""

NAMES: Final = tuple(CHANNELS)
BASE: Final = tuple(kind.name for kind in _ALL if not kind.linked)
LINKED: Final = tuple(kind.name for kind in _ALL if kind.linked)


def base_of(names: Iterable[str]) -> tuple[str, ...]:
    """Those of these channels on which everybody has conversations."""
    return tuple(name for name in names if name not in LINKED)


def linked_of(names: Iterable[str]) -> tuple[str, ...]:
    """Those of these channels on which only those have conversations who linked them."""
    return tuple(name for name in names if name in LINKED)


def title(name: str) -> str:
    """What a channel is called, in the language of the block: "E-mail"."""
    return say(said(name).title)


def by(name: str) -> str:
    """What goes after "by": "e-mail"."""
    return say(said(name).by)


def trials(name: str) -> str:
    """What a test speaks of: "text messages"."""
    return say(said(name).trials)


def provider(name: str) -> str:
    """Who is given its messages: "mail server"."""
    return say(said(name).provider)


def counted(name: str, amount: int) -> str:
    """So many of its messages: "1 e-mail", "3 SMS"."""
    if name in _COUNTED:
        return _COUNTED[name](amount)
    kind = said(name)
    return f"{number(amount)} {kind.one if amount == 1 else kind.many}"


_COUNTED: Final[Mapping[str, Callable[[int], str]]] = MappingProxyType(
    {
        "email": lambda amount: plural("{number} e-mail", "{number} e-mails", amount),
        "sms": lambda amount: plural("{number} SMS", "{number} SMS", amount),
        "telegram": lambda amount: plural("{number} Telegram message", "{number} Telegram messages", amount),
        "webhook": lambda amount: plural("{number} webhook", "{number} webhooks", amount),
        "apprise": lambda amount: plural("{number} Apprise message", "{number} Apprise messages", amount),
        "inbox": lambda amount: plural("{number} inbox entry", "{number} inbox entries", amount),
    }
)


def said(name: str) -> ChannelKind:
    """How a channel is spoken of; one that is not there any more is called by its name."""
    return CHANNELS.get(name) or ChannelKind(
        name, name.capitalize(), name, name, name, "messages", "provider"
    )
