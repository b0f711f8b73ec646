"""Telegram of mine: a link to the bot that works once, what is linked, and how to end it.

T1 of `consumers/telegram/linking.py`: the link is bound to whoever is signed in here, and shown by the answer that
makes it, for only its hash is kept. The bot asks in the chat whether it is the right account; user names mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from app.domain.speech import say, to_say
from app.store.telegram_accounts import CHANNEL, TelegramAccounts
from app.store.telegram_links import TelegramBots, TelegramLinks
from app.store.tries import Tries
from app.web import access
from app.web.my import frame
from app.web.my.frame import Answer
from app.web.problems import Problem
from app.web.services import services

PER_HOUR = 10
_REFUSED = {
    "blocked": to_say(
        "You have blocked the bot, so nothing comes there. Unblock it in Telegram, then link it again here."
    ),
    "gone": to_say("The chat does not exist any more, so nothing comes there. Link another one."),
}
_NO_MORE = to_say("Nothing comes there any more. Link it again.")
_ENDED = "Unlinked on the page Telegram"


@dataclass(frozen=True, slots=True)
class Standing:
    """How Telegram stands for a person. since: linked since, as the person reads times; None while it is not. refused:
    why nothing comes there; None when it does. bot: its user name, None while it is not known."""

    is_on: bool
    since: str | None
    refused: str | None
    bot: str | None


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.add_url_rule("/telegram", view_func=view, endpoint="telegram", methods=["GET"])
    blueprint.add_url_rule("/telegram/link", view_func=link, endpoint="link_telegram", methods=["POST"])
    blueprint.add_url_rule("/telegram/end", view_func=end, endpoint="unlink_telegram", methods=["POST"])


def view() -> Answer:
    """What is linked, and the button that makes a link to the bot."""
    return _page(frame.own())


def link() -> Answer:
    """A new link, which this answer alone shows. Raises Problem: 403 while Telegram is off, 429 after too many."""
    parts, user = services(), frame.own()
    bot = _bot()
    if bot is None:
        raise Problem(
            403,
            say("Telegram is off"),
            say("This system has no bot, or has not heard from it yet. E-mail works."),
        )
    if not Tries(parts.database, "telegram-link", PER_HOUR, timedelta(hours=1)).take(
        access.own(), parts.now()
    ):
        words = say("At most {number} in an hour. Wait a little.", number=PER_HOUR)
        raise Problem(429, say("Too many links"), words)
    token, until = TelegramLinks(parts.database).begin(access.own(), parts.now())
    url = f"{parts.settings.telegram_link_base_url}/{bot}?start={token}"
    return _page(user, url, until)


def end() -> Response:
    """Nothing more comes to the chat."""
    parts = services()
    TelegramAccounts(parts.database, parts.settings).unlink(access.own(), _ENDED, "page", parts.now())
    return frame.back("my.telegram", "telegram-ended")


def standing(user: Mapping[str, Any]) -> Standing:
    """How Telegram stands for the person who asks."""
    parts = services()
    accounts = TelegramAccounts(parts.database, parts.settings)
    since = accounts.since(access.own())
    refusal = accounts.refusal(access.own()) if since else None
    return Standing(
        is_on=CHANNEL in parts.settings.channels,
        since=frame.shown_moment(parts.clock.at(since), user) if since else None,
        refused=say(_REFUSED.get(refusal, _NO_MORE)) if refusal else None,
        bot=_bot(),
    )


def _bot() -> str | None:
    settings = services().settings
    return (
        TelegramBots(services().database).name(settings.telegram_bot_id) if settings.telegram_bot_id else None
    )


def _page(user: Mapping[str, Any], url: str | None = None, until: datetime | None = None) -> Answer:
    shown_until = frame.shown_time(services().clock.at(until), user) if until else None
    return frame.draw("telegram.html", standing=standing(user), url=url, until=shown_until)
