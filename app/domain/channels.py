"""The ways to reach people: what they are called in words, and which people have them. One line a channel.

The line of each in `app/channels/registry.py` says how it is opened; everything else is derived from the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """What is said of a channel, and what it can do.

    name: the word in conversations and settings. title: of a column or a tag. by: after "by". one, many: of its
    messages, counted; trials: what a test speaks of. provider: who is given them. linked: people link it themselves
    (`users.linked`), so only they have conversations on it; else everybody has, as everybody may have an address.
    edits: a message that was sent can be changed. own_servers: each person's messages go to a server of their own, so a
    failure is one person's: the channel has no breaker, each link rests by itself.
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


_ALL = (
    ChannelKind("email", "E-mail", "e-mail", "e-mail", "e-mails", "mails", "mail server"),
    ChannelKind("sms", "SMS", "SMS", "SMS", "SMS", "text messages", "SMS provider"),
    ChannelKind(
        *(
            "telegram",
            "Telegram",
            "Telegram",
            "Telegram message",
            "Telegram messages",
            "Telegram messages",
            "Telegram",
        ),
        linked=True,
        edits=True,
    ),
    ChannelKind(
        *("webhook", "Webhook", "webhook", "webhook", "webhooks", "webhooks", "server"),
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
            "messages by Apprise",
            "service",
        ),
        linked=True,
        own_servers=True,
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


def said(name: str) -> ChannelKind:
    """How a channel is spoken of; one that is not there any more is called by its name."""
    return CHANNELS.get(name) or ChannelKind(
        name, name.capitalize(), name, name, name, "messages", "provider"
    )
