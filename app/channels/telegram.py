"""Telegram by its Bot API: one living message for each conversation, edited when things change.

An edit makes no sound. What people must hear of (`app/domain/sounds.py`) goes as a short new message, too, in answer to
the living one. The edit comes first: it may be repeated, so what became of the short message is what became of it all.
"""

from __future__ import annotations

import hmac

from app.channels import telegram_rendering as rendering
from app.channels.base import AddressDownError, Parcel, Receipt
from app.channels.linked import LinkedChannel
from app.channels.telegram_api import Bot
from app.channels.telegram_buttons import Buttons
from app.channels.telegram_errors import MessageGoneError
from app.channels.telegram_rests import ChatRests
from app.domain.wording import Message
from app.settings import Settings


class TelegramSender:
    """Hands messages over, one request at a time, on a connection of its own. rests: of all senders together."""

    def __init__(self, settings: Settings, rests: ChatRests) -> None:
        self._bot = Bot(settings)
        self._settings = settings
        self._rests = rests

    def send(self, parcel: Parcel, deadline_s: float) -> Receipt:
        """Hand the message over within deadline_s seconds in all; the errors are those of `Sender.send`. Into a chat
        that was told to wait nothing is sent (AddressDownError).

        The receipt names the living message: the one that was edited, else the new one.
        """
        self._rests.check(parcel.address)
        self._bot.within(deadline_s)
        try:
            return self._sent(parcel)
        except AddressDownError as error:
            self._rests.begin(parcel.address, error)
            raise

    def _sent(self, parcel: Parcel) -> Receipt:
        chat = parcel.address
        text = parcel.text
        if parcel.why is not None:
            text = rendering.with_why(text, parcel.why.text, parcel.why.words)
        living = self._number(chat, parcel.living)
        if living is not None:
            try:
                edited = self._bot.edit(chat, living, text, [parcel.buttons] if parcel.buttons else ())
            except MessageGoneError:
                living = None
            else:
                words = "edited" if edited else "says so already"
                if parcel.sounds:
                    short = self._bot.send(chat, rendering.as_short(parcel.message), reply_to=living)
                    words = f"{words}, told by message {short}"
                return Receipt(self._id(chat, living), words)
        silent = not parcel.sounds
        made = self._bot.send(chat, text, [parcel.buttons] if parcel.buttons else (), silent=silent)
        return Receipt(self._id(chat, made), "sent without a sound" if silent else "sent")

    def abort(self) -> None:
        """End a hand-over under way, from another thread."""
        self._bot.abort()

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        self._bot.close()

    def _id(self, chat: str, message: int) -> str:
        return message_id(self._settings, chat, message)

    def _number(self, chat: str, id_: str | None) -> int | None:
        """The message's number, when it is in this chat and of this bot."""
        number = (id_ or "").rpartition(".")[2]
        if id_ is None or not number.isdecimal() or self._id(chat, int(number)) != id_:
            return None
        return int(number)


class TelegramChannel(LinkedChannel):
    """The channel "telegram": one living message a conversation, with its buttons."""

    name = "telegram"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._buttons = Buttons(settings.signing_keys)
        self._rests = ChatRests()

    def text(self, message: Message) -> str:
        """In Telegram's HTML."""
        return rendering.as_telegram(message)

    def buttons(self, conversation: str) -> tuple[tuple[str, str], ...]:
        """None without SECRET_KEY."""
        return self._buttons.of_conversation(conversation)

    def open(self) -> TelegramSender:
        """A sender with a connection of its own, made when first used."""
        return TelegramSender(self._settings, self._rests)


def message_id(settings: Settings, chat: str, message: int) -> str:
    """What the ledger calls a message: numbers are those of one chat, whose own number is nobody's business."""
    token = settings.telegram_bot_token
    key = token.get_secret_value().encode() if token else b""
    return f"{hmac.digest(key, chat.encode(), 'sha256').hex()[:12]}.{message}"
