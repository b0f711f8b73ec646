"""Links to the bot that were asked for: found by the hash of what the link holds, opened in one chat, used once.

Who opens a link is asked in their chat whether it is the account that they mean; only the chat that opened it last may
say yes. A row outlives its link for a day, so that one that was used can say so.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

Document = dict[str, Any]

COLLECTION = "telegram_links"
WORKS_FOR = timedelta(minutes=15)
_BYTES = (
    24  # 32 characters; the parameter of a deep link may have 64 (https://core.telegram.org/bots/features)
)
_LONGEST = 64
_REMEMBERED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AskedLink:
    """One link. id: of its row. chat: where it was opened, None while it was not. used: somebody said yes, or no."""

    id: str
    person: str
    works_until: datetime
    chat: str | None
    used: bool

    def works(self, now: datetime) -> bool:
        """Whether it can still be used. now: system clock."""
        return not self.used and now < self.works_until


class TelegramLinks:
    """The collection `telegram_links`. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._rows = database[COLLECTION]

    def begin(self, person: str, now: datetime) -> tuple[str, datetime]:
        """A new link for the person: the secret in it, which is kept nowhere else, and until when it works. Earlier
        ones count no more."""
        self._rows.delete_many({"person": person, "used_at": {"$exists": False}})
        token = secrets.token_urlsafe(_BYTES)
        until = now + WORKS_FOR
        row = {"_id": _hash(token), "person": person, "created_at": now, "works_until": until}
        self._rows.insert_one(row | {"expires_at": until + _REMEMBERED})
        return token, until

    def waiting(self, person: str, now: datetime) -> AskedLink | None:
        """The person's link that can still be used; None without."""
        row = self._rows.find_one(
            {"person": person, "used_at": {"$exists": False}, "works_until": {"$gt": now}}
        )
        return _link(row) if row else None

    def open(self, token: str, chat: str, now: datetime) -> AskedLink | None:
        """The link as it stands once this chat has opened it; None when it never was one, or too long ago."""
        if not token or len(token) > _LONGEST:
            return None
        open_still = {"_id": _hash(token), "used_at": {"$exists": False}, "works_until": {"$gt": now}}
        self._rows.update_one(open_still, {"$set": {"chat": chat, "opened_at": now}})
        row = self._rows.find_one({"_id": _hash(token)})
        return _link(row) if row else None

    def opened_in(self, chat: str) -> list[AskedLink]:
        """Links that this chat opened last, used or not, the latest first."""
        rows = self._rows.find({"chat": chat}).sort("opened_at", DESCENDING)
        return [_link(row) for row in rows.limit(20)]

    def use(self, link: AskedLink, now: datetime) -> None:
        """It is used up; safe to repeat."""
        self._rows.update_one({"_id": link.id, "used_at": {"$exists": False}}, {"$set": {"used_at": now}})


class TelegramBots:
    """The collection `telegram_bots`: what is kept of each bot, by its number. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["telegram_bots"]

    def name(self, bot: str) -> str | None:
        """The bot's user name, None while nobody has asked it."""
        row = self._rows.find_one({"_id": bot}, {"name": 1})
        return str(row["name"]) if row and row.get("name") else None

    def keep_name(self, bot: str, name: str) -> None:
        """What the bot said it is called."""
        self._rows.update_one({"_id": bot}, {"$set": {"name": name}}, upsert=True)

    def dealt_with(self, bot: str, server: str | None) -> int | None:
        """The number of the last update that is dealt with; None before the first. server: the address of the Bot API,
        None for Telegram's own; each has numbers of its own."""
        row = self._rows.find_one({"_id": _queue(bot, server)}, {"update": 1})
        return int(row["update"]) if row and "update" in row else None

    def keep_dealt_with(self, bot: str, server: str | None, update: int, after: int | None) -> bool:
        """This update is dealt with, too; after: what was kept, as read. False when that holds no more: somebody else
        keeps the numbers now. update may be below after: Telegram begins anew somewhere after a quiet week."""
        as_read: Document = {"$exists": False} if after is None else {"$eq": after}
        try:
            done = self._rows.update_one(
                {"_id": _queue(bot, server), "update": as_read},
                {"$set": {"update": update}},
                upsert=after is None,
            )
        except DuplicateKeyError:  # there is a number by now
            return False
        return done.matched_count == 1 or done.upserted_id is not None


def _queue(bot: str, server: str | None) -> str:
    """What a bot's updates at a server are called: an address may hold a password."""
    return bot if server is None else f"{bot} {_hash(server)[:16]}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _link(row: Document) -> AskedLink:
    return AskedLink(
        str(row["_id"]), str(row["person"]), row["works_until"], row.get("chat"), "used_at" in row
    )
