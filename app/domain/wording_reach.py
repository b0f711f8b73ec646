"""What a person is told, once, about a channel that does not reach them any more: by the other channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from app.domain import channels, gsm
from app.domain.reports import Refusal
from app.domain.speech import say, to_say
from app.domain.wording_shapes import Message

_WHY: Final[Mapping[Refusal, str]] = {
    Refusal.BOUNCED: to_say("We could not reach you by {channel}: your mailbox does not take our messages."),
    Refusal.OPTED_OUT: to_say("We could not reach you by {channel}: you have stopped our messages."),
    Refusal.COMPLAINED: to_say("We could not reach you by {channel}: our messages were marked as spam."),
    Refusal.NOT_MOBILE: to_say(
        "We could not reach you by {channel}: your number does not take text messages."
    ),
    Refusal.BLOCKED: to_say("We could not reach you by {channel}: you have blocked our bot."),
    Refusal.GONE: to_say(
        "We could not reach you by {channel}: the chat that you linked does not exist any more."
    ),
}
_MEND: Final[Mapping[Refusal, str]] = {
    Refusal.BOUNCED: to_say("Change the address with whoever holds your booking."),
    Refusal.OPTED_OUT: to_say(
        "Answer START to one of our text messages to get them again, and tell us that you did."
    ),
    Refusal.COMPLAINED: to_say("Tell us when you want them again."),
    Refusal.NOT_MOBILE: to_say("Change the number with whoever holds your booking."),
    Refusal.BLOCKED: to_say("Unblock it, then link it again in your profile."),
    Refusal.GONE: to_say("Link another one in your profile."),
}


def with_unreached(message: Message, channel: str, refusal: Refusal) -> Message:
    """The message, saying that the person could not be reached by the other channel, and what mends it; in the language
    of the block around.

    channel: the one that does not reach them ("email", "sms"). In SMS a short sentence, in the message's alphabet.
    """
    said = say(_WHY[refusal], channel=channels.by(channel))
    return replace(
        message, advice=(*message.advice, said, say(_MEND[refusal])), sms=f"{message.sms} {gsm.written(said)}"
    )
