"""Whose chat is whose: one chat belongs to one account, and every giving and taking back is proven."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.domain import people
from app.domain.reports import Refusal
from app.domain.speech import say
from app.settings import Settings
from app.store import ids
from app.store.consents import Consents
from app.store.linked import LinkedChannels
from app.store.suppressions import Suppressions

log = structlog.get_logger()

Document = dict[str, Any]

CHANNEL = "telegram"


class TelegramAccounts:
    """The links of Telegram in `users.linked`. Methods raise PyMongoError; everything may be repeated."""

    def __init__(self, database: Database[Document], settings: Settings) -> None:
        self._users = database["users"]
        self._suppressions = Suppressions(database, settings)
        self._linked = LinkedChannels(database, self._suppressions)
        self._consents = Consents(database)

    def of_chat(self, chat: str) -> Document | None:
        """The document of the person who linked this chat; None when nobody has."""
        return self._users.find_one({"linked.telegram.address": chat})

    def link(self, person: str, chat: str, words: str, way: str, once: str, now: datetime) -> bool:
        """Link the chat to the person, in place of another of theirs; False when another person has it, or the person
        is gone. words: what they agreed to; once: a name of the act."""
        try:
            if not self._linked.link(person, CHANNEL, chat, now):
                return False
        except DuplicateKeyError:
            return False
        self._prove(person, chat, words, way, once, now, given=True)
        return True

    def unlink(self, person: str, words: str, way: str, now: datetime, *, once: str | None = None) -> bool:
        """End the person's link; False when there was none. The proof comes first: once the link is gone, nothing says
        whose it was."""
        there = self._linked.get(person, CHANNEL)
        if there is None:
            return False
        self._prove(person, str(there.get("address")), words, way, once, now, given=False)
        return self._linked.unlink(person, CHANNEL)

    def heard_from(self, chat: str) -> None:
        """Somebody wrote in a chat, pressed a button there or unblocked the bot: messages go there again."""
        addresses = self._suppressions.ids_of(CHANNEL, chat)
        own, _ = self._suppressions.concerning(CHANNEL, addresses, {})
        for found in own.values():
            if found.reason in (Refusal.BLOCKED, Refusal.GONE):
                self._suppressions.remove(found.id)

    def has_done(self, once: str) -> bool:
        """Whether the act with this name is proven."""
        return self._consents.has(once)

    def since(self, person: str) -> datetime | None:
        """Since when the person has a chat linked; None without."""
        there = self._linked.get(person, CHANNEL)
        found = there.get("since") if there else None
        return found if isinstance(found, datetime) else None

    def refusal(self, person: str) -> str | None:
        """Why nothing is sent to the person's chat ("blocked", "gone"); None when it is, or there is none."""
        there = self._linked.get(person, CHANNEL)
        if there is None:
            return None
        own, _ = self._suppressions.concerning(
            CHANNEL, self._suppressions.ids_of(CHANNEL, str(there.get("address"))), {}
        )
        return next((str(found.reason) for found in own.values()), None)

    def _prove(
        self, person: str, chat: str, words: str, way: str, once: str | None, now: datetime, *, given: bool
    ) -> None:
        address = self._suppressions.id_of(CHANNEL, chat)
        self._consents.record(person, CHANNEL, given, way, words, now, address=address, once=once)
        log.info("consent", person=person, what=CHANNEL, given=given, way=way)


def masked_account(user: Document) -> str:
    """As shown in a chat: m***@example.org, or a phone's last digits."""
    if isinstance(user.get("email"), str):
        return people.masked_email(user["email"])
    if isinstance(user.get("phone"), str):
        # Translators: an account in a question: "with the phone that ends in 42"; {ending} is "ends in 42".
        return say("with the phone that {ending}", ending=people.shown_phone(user["phone"]))
    return say("number {digits}", digits=ids.text(user["_id"])[-4:])
