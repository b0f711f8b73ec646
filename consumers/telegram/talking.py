"""One update after the other: who says it, what they mean, what is done and answered.

Nothing personal is said in a group. A chat may say so much in a minute; /stop is always heard. What was said long ago,
while nobody listened, is done, but questions of then are not answered any more: a long stop is followed by no storm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pymongo.database import Database

from app.channels.telegram import message_id
from app.channels.telegram_buttons import Buttons, Press
from app.domain import flight_request, timing
from app.domain import wording_bot as words
from app.domain.clock import Now
from app.domain.people import speaking_as_chosen
from app.domain.reports import Refusal, Report, State
from app.domain.speech import say, speaking
from app.settings import Settings
from app.store import ids
from app.store.callbacks import Callbacks
from app.store.suppressions import Suppression, Suppressions
from app.store.telegram_accounts import CHANNEL, TelegramAccounts
from app.store.tries import Tries
from consumers.telegram.answers import Answers
from consumers.telegram.following import Following
from consumers.telegram.linking import Linking
from consumers.telegram.pausing import Pausing
from consumers.telegram.updates import Back, Left, Pressed, Said, Update

Document = dict[str, Any]

PER_MINUTE = 20
OLD = timedelta(minutes=10)
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Talk:
    """What a conversation with people needs. clock: the domain's; now: the system's."""

    settings: Settings
    database: Database[Document]
    accounts: TelegramAccounts
    linking: Linking
    following: Following
    pausing: Pausing
    buttons: Buttons
    answers: Answers
    clock: Now
    now: Now

    def handle(self, number: int, update: Update) -> str:
        """Deal with one update; what it was, for the metric. Handled again it does the same. number: its own.

        It is answered in the language that the person chose; where nobody chose, in that of their Telegram. Raises
        PyMongoError, and TransientError when Telegram takes no answer now.
        """
        if isinstance(update, Left):
            self._left(update.chat)
            return "left"
        if isinstance(update, Back):
            self.accounts.heard_from(update.chat)
            return "back"
        with speaking(update.language), speaking_as_chosen(self.accounts.of_chat(update.chat) or {}):
            return self._heard(number, update)

    def _heard(self, number: int, update: Said | Pressed) -> str:
        stops = isinstance(update, Said) and _command(update.text)[0] == "/stop"
        if not update.is_private:
            return self._in_group(update)
        self.accounts.heard_from(update.chat)
        if not stops and not self._may_talk(update.chat):
            return "too_many"
        if isinstance(update, Pressed):
            return self._pressed(update)
        return self._said(number, update)

    def _said(self, number: int, said: Said) -> str:
        command, rest = _command(said.text)
        is_old = self.now() - said.at > OLD
        if command == "/stop":
            self.linking.stop(said.chat, f"{self.settings.telegram_bot_id}:{number}")
            return "stop"
        if command == "/start" and rest:
            self.linking.start(said.chat, rest)
            return "start"
        person = self.accounts.of_chat(said.chat)
        if person is None:
            return self._unless(
                is_old, "stranger", said.chat, lambda: words.welcome(self._page("/my/profile"))
            )
        if command == "/list":
            if not is_old:
                self.following.tell(said.chat, person)
            return "list"
        zone = timing.zone_of(person.get("time_zone"), "")
        asked = flight_request.understood(said.text, self.clock().astimezone(zone).date())
        if asked is not None:
            self.following.follow(said.chat, person, asked)
            return "follow"
        if command in ("/start", "/help"):
            return self._unless(is_old, "help", said.chat, lambda: say(words.HELP))
        return self._unless(is_old, "not_understood", said.chat, lambda: words.not_understood(said.text))

    def _unless(self, is_old: bool, what: str, chat: str, text: Callable[[], str]) -> str:
        if not is_old:
            self.answers.say(chat, text())
        return what

    def _pressed(self, pressed: Pressed) -> str:
        if self.linking.answer(pressed):
            return "button"
        user = self.accounts.of_chat(pressed.chat)
        person = ids.text(user["_id"]) if user else None
        found = self.buttons.meant(pressed.data, self._own(person)) if person else None
        if person is None or found is None:
            self.answers.acknowledge(pressed.press, say(words.NOT_YOURS))
            return "not_theirs"
        press, what = found
        if press is Press.SEEN:
            self._seen(pressed)
            self.answers.acknowledge(pressed.press, say(words.SEEN))
            return "seen"
        self.answers.acknowledge(pressed.press)
        if press is Press.STOP:
            self.following.stop(pressed.chat, person, what)
        elif press in (Press.PAUSE, Press.RESUME):
            self.pausing.pause(pressed.chat, person, what, paused=press is Press.PAUSE)
            return "alert"
        else:
            self.following.mute(pressed.chat, person, what, muted=press is Press.MUTE)
        return "button"

    def _own(self, person: str) -> list[str]:
        """What a button of this person may be about: conversations here, what they follow, and their fare alerts."""
        rows = self.database.conversations.find({"person": person, "channel": CHANNEL}, {"_id": 1})
        return [
            *(row["_id"] for row in rows),
            *self.following.candidates(person),
            *self.pausing.candidates(person),
        ]

    def _seen(self, pressed: Pressed) -> None:
        """The ledger learns that the message was read, as from a provider's report."""
        if pressed.message is None:
            return
        name = message_id(self.settings, pressed.chat, pressed.message)
        suppressions = Suppressions(self.database, self.settings)
        Callbacks(self.database, suppressions).take(Report(CHANNEL, name, State.READ), self.now())

    def _left(self, chat: str) -> None:
        """Whoever blocks the bot hears of it by another channel, as if a message had been refused."""
        user = self.accounts.of_chat(chat)
        if user is None:
            return
        store = Suppressions(self.database, self.settings)
        words_ = "the bot was blocked"
        found = Suppression(
            store.id_of(CHANNEL, chat),
            CHANNEL,
            Refusal.BLOCKED,
            None,
            words_,
            ids.text(user["_id"]),
            self.now(),
        )
        store.add([found])

    def _in_group(self, update: Said | Pressed) -> str:
        asked = isinstance(update, Said) and update.text.startswith("/")
        if asked and Tries(self.database, "telegram-group", 1, _HOUR).take(update.chat, self.now()):
            self.answers.say(update.chat, say(words.GROUP))
        return "group"

    def _may_talk(self, chat: str) -> bool:
        now = self.now()
        if Tries(self.database, "telegram-chat", PER_MINUTE, _MINUTE).take(chat, now):
            return True
        if Tries(self.database, "telegram-much", 1, _MINUTE).take(chat, now):
            self.answers.say(chat, say(words.TOO_MANY))
        return False

    def _page(self, path: str) -> str:
        return f"{self.settings.public_url}{path}"


def _command(text: str) -> tuple[str, str]:
    """The command in a text and what follows it; "" for none. A command may name the bot: /stop@name."""
    first, _, rest = text.strip().partition(" ")
    return (first.partition("@")[0].casefold(), rest.strip()) if first.startswith("/") else ("", text)
