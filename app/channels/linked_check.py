"""What `gatecall check` looks at of the channels that people link: Telegram's bot, webhooks, Apprise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from app.channels.findings import OK, TIMEOUT_S, WARN, Finding, Look
from app.settings import Settings

_LOCAL = "may go to this machine: right for development alone"


def _bot(settings: Settings) -> Iterator[Finding]:
    """Raises GatecallError."""
    # Its library takes most of a second to import.
    from app.channels.telegram_api import Bot

    with closing(Bot(settings)) as bot:
        name = bot.within(TIMEOUT_S).name()
    yield Finding("telegram", OK, f"Telegram knows the bot as @{name}")
    if not settings.signing_keys:
        yield Finding("telegram", WARN, "its messages have no buttons", "set SECRET_KEY")


def _webhook(settings: Settings) -> Iterator[Finding]:
    yield Finding("webhook", OK, "on, each server of a person's is looked at when it is linked")
    if settings.webhook_allow_local:
        yield Finding("webhook", WARN, _LOCAL, "unset WEBHOOK_ALLOW_LOCAL")


def _apprise(settings: Settings) -> Iterator[Finding]:
    kinds = len(settings.apprise_allowed)
    yield Finding("apprise", OK, f"services of {kinds} kind{'s' if kinds != 1 else ''} may be linked")
    if settings.apprise_allow_local:
        yield Finding("apprise", WARN, _LOCAL, "unset APPRISE_ALLOW_LOCAL")


TELEGRAM = (Look("telegram", _bot, "look at the TELEGRAM_* settings"),)
WEBHOOK = (Look("webhook", _webhook),)
APPRISE = (Look("apprise", _apprise),)
