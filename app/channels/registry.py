"""Every channel with how it is opened: one line a channel, beside its line of words in `app/domain/channels.py`.

Nothing of a channel is imported before it is opened: Twilio's library takes half a second, and a system without SMS
does not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

from app.domain.channels import CHANNELS

if TYPE_CHECKING:  # the settings ask here which channels are on
    from app.channels.base import Channel
    from app.channels.findings import Look
    from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Entry:
    """How a channel is opened.

    opens: "module:class" of a `Channel` that is made of the settings. is_on: whether its settings are there. senders:
    how many messages are handed over at the same time, by each process. rates: the most messages a second to the first
    and to the second provider; None is no limit, and without its own the second has the first's. turned_on_by: the
    settings that turn it on, in words; "" when it always is. checks: "module:looks", what `gatecall check` looks at;
    None for nothing but whether it is on.
    """

    opens: str
    is_on: Callable[[Settings], bool]
    senders: Callable[[Settings], int]
    rates: Callable[[Settings], tuple[float | None, float | None]] = lambda _: (None, None)
    turned_on_by: str = ""
    checks: str | None = None


ENTRIES: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "email": Entry(
            "app.channels.email:EmailChannel",
            is_on=lambda s: s.mail_server is not None,
            senders=lambda s: s.mail_connections,
            rates=lambda s: (s.mail_rate, s.mail_fallback_rate),
            turned_on_by="MAIL_SERVER",
            checks="app.channels.email_check:LOOKS",
        ),
        "sms": Entry(
            "app.channels.sms:SmsChannel",
            is_on=lambda s: s.twilio_account_sid is not None,
            senders=lambda s: s.twilio_connections,
            rates=lambda s: (s.twilio_rate, s.twilio_fallback_rate),
            turned_on_by="TWILIO_ACCOUNT_SID",
            checks="app.channels.sms_check:LOOKS",
        ),
        "telegram": Entry(
            "app.channels.telegram:TelegramChannel",
            is_on=lambda s: s.telegram_bot_token is not None,
            senders=lambda s: s.telegram_connections,
            rates=lambda s: (s.telegram_rate, None),
            turned_on_by="TELEGRAM_BOT_TOKEN",
            checks="app.channels.linked_check:TELEGRAM",
        ),
        "webhook": Entry(
            "app.channels.webhook:WebhookChannel",
            is_on=lambda s: s.webhooks and bool(s.signing_keys),
            senders=lambda s: s.webhook_connections,
            turned_on_by="WEBHOOKS=1 and SECRET_KEY",
            checks="app.channels.linked_check:WEBHOOK",
        ),
        "apprise": Entry(
            "app.channels.apprise:AppriseChannel",
            is_on=lambda s: bool(s.apprise_allowed and s.signing_keys),
            senders=lambda s: s.apprise_connections,
            turned_on_by="APPRISE_SCHEMAS and SECRET_KEY",
            checks="app.channels.linked_check:APPRISE",
        ),
        "inbox": Entry(
            "app.channels.inbox:InboxChannel",
            # Of those who can sign in, which they do by a mail.
            is_on=lambda s: s.inbox and bool(s.signing_keys) and s.mail_server is not None,
            senders=lambda s: s.inbox_connections,
            turned_on_by="SECRET_KEY and MAIL_SERVER, unless INBOX=0",
        ),
    }
)
"""The channels by name, in the order of `app.domain.channels.CHANNELS`."""


def on(settings: Settings) -> tuple[str, ...]:
    """Names of the channels whose settings are there, in the order of their priority for people."""
    return tuple(name for name in CHANNELS if ENTRIES[name].is_on(settings))


def open_channel(name: str, settings: Settings) -> Channel:
    """The channel of this name, on or not. Nothing connects yet. Raises KeyError when there is none."""
    module, _, of_class = ENTRIES[name].opens.partition(":")
    return cast("Channel", getattr(import_module(module), of_class)(settings))


def looks(name: str) -> tuple[Look, ...]:
    """What `gatecall check` looks at of a channel. Raises KeyError when there is none of this name."""
    module, _, of_looks = (ENTRIES[name].checks or "").partition(":")
    return cast("tuple[Look, ...]", getattr(import_module(module), of_looks)) if module else ()


def open_all(settings: Settings) -> Iterator[Channel]:
    """The channels that are on. Nothing connects yet."""
    return (open_channel(name, settings) for name in on(settings))
