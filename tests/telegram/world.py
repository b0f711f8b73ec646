"""A small world for the bot: a person, a flight, the look-alike of Telegram, and the process's parts at hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

from app.channels.telegram_api import Bot
from app.runtime import StopFlag
from app.settings import Settings
from app.store import schema
from app.store.telegram_links import TelegramBots, TelegramLinks
from consumers.telegram.process import polling_of, talk_of
from tests.telegram.fake import BadTelegram

CHAT, OTHER = 7001, 7002
DAY = (datetime.now(UTC) + timedelta(days=2)).date()


class BotWorld:
    """Documents and the bot. `listen` deals with what was said; `said` are the bot's messages in a chat."""

    def __init__(self, database: Database[dict[str, Any]], settings: Settings, telegram: BadTelegram) -> None:
        self.database, self.settings, self.telegram = database, settings, telegram
        database["users"].create_indexes(list(schema.COLLECTIONS["users"].indexes))
        self.links = TelegramLinks(database)
        self.stop = StopFlag()
        self.bot, self.speaker = Bot(settings), Bot(settings)
        self.polling = polling_of(settings, database, self.bot, self.stop)
        self.talk = talk_of(settings, database, self.speaker, self.stop, self.polling)
        self.bots = TelegramBots(database)
        for number in (1, 2):
            self.database["users"].insert_one(
                {"_id": f"p{number}", "name": f"P {number}", "email": f"p{number}@example.org"}
            )

    def flight(self, number: str = "UA407", **changes: Any) -> str:
        """A flight in two days; its id."""
        document = {
            "_id": f"{number}-{changes.get('origin', 'EWR')}",
            "flight_number": number,
            "airline": number[:2],
            "origin": "EWR",
            "destination": "DEN",
            "departure_date": DAY.isoformat(),
            "departure_time": "14:45",
            "status": "scheduled",
            "gate": "C94",
        }
        self.database["flights"].insert_one(document | changes)
        return str(document["_id"])

    def asked(self, person: str = "p1") -> str:
        """A link that the person asked for: what it holds."""
        return self.links.begin(person, self.talk.now())[0]

    def link(self, chat: int = CHAT, person: str = "p1") -> None:
        """The whole way: asked for, opened, agreed to."""
        self.telegram.write(chat, f"/start {self.asked(person)}")
        self.listen()
        self.press(chat, "Yes, link it")

    def write(self, text: str, chat: int = CHAT) -> str:
        """Somebody writes; what the bot's newest message says then."""
        self.telegram.write(chat, text)
        self.listen()
        return self.said(chat)[-1] if self.said(chat) else ""

    def press(self, chat: int, words: str) -> None:
        """Somebody presses the newest button with these words, and the bot deals with it."""
        self.telegram.press(chat, self.data(chat, words), self.under(chat, words))
        self.listen()

    def data(self, chat: int, words: str) -> str:
        """What the newest button with these words sends back."""
        return next(
            data
            for one in reversed(self.telegram.chat(chat).messages)
            for row in one.buttons
            for says, data in row
            if says == words
        )

    def under(self, chat: int, words: str) -> int:
        """The message that the newest button with these words stands under."""
        return next(
            one.id
            for one in reversed(self.telegram.chat(chat).messages)
            if any(says == words for row in one.buttons for says, _ in row)
        )

    def listen(self) -> None:
        """Deal with all that was said."""
        while (self.kept() or 0) != self.telegram.last_update:
            self.polling.turn(self.talk.handle)

    def kept(self) -> int | None:
        """The number of the last update that is dealt with, at this server."""
        return self.bots.dealt_with(self.settings.telegram_bot_id, self.settings.telegram_api_base_url)

    def said(self, chat: int = CHAT) -> list[str]:
        """The bot's messages in a chat, as they read now."""
        return self.telegram.texts(chat)

    def linked(self, person: str = "p1") -> str | None:
        """The chat of a person, None without."""
        user = self.database["users"].find_one({"_id": person}) or {}
        found = user.get("linked", {}).get("telegram", {}).get("address")
        return str(found) if found else None

    def consents(self, person: str = "p1") -> list[tuple[bool, str]]:
        """What was given and taken back, in order: given, way."""
        rows = self.database["consents"].find({"person": person, "what": "telegram"}).sort("at", 1)
        return [(row["given"], row["way"]) for row in rows]

    def close(self) -> None:
        """Give the connections back."""
        self.bot.close()
        self.speaker.close()
