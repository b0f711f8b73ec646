"""What a person is told, once, about a channel that does not reach them any more: by the other channel."""

from __future__ import annotations

from dataclasses import replace

from app.domain import channels
from app.domain.reports import Refusal
from app.domain.wording_shapes import Message

_WHY = {
    Refusal.BOUNCED: "your mailbox does not take our messages",
    Refusal.OPTED_OUT: "you have stopped our messages",
    Refusal.COMPLAINED: "our messages were marked as spam",
    Refusal.NOT_MOBILE: "your number does not take text messages",
    Refusal.BLOCKED: "you have blocked our bot",
    Refusal.GONE: "the chat that you linked does not exist any more",
}
_MEND = {
    Refusal.BOUNCED: "Change the address with whoever holds your booking.",
    Refusal.OPTED_OUT: "Answer START to one of our text messages to get them again, and tell us that you did.",
    Refusal.COMPLAINED: "Tell us when you want them again.",
    Refusal.NOT_MOBILE: "Change the number with whoever holds your booking.",
    Refusal.BLOCKED: "Unblock it, then link it again in your profile.",
    Refusal.GONE: "Link another one in your profile.",
}


def with_unreached(message: Message, channel: str, refusal: Refusal) -> Message:
    """The message, saying that the person could not be reached by the other channel, and what mends it.

    channel: the one that does not reach them ("email", "sms"). In SMS a short sentence, in the GSM alphabet.
    """
    said = f"We could not reach you by {channels.said(channel).by}: {_WHY[refusal]}."
    return replace(message, advice=(*message.advice, said, _MEND[refusal]), sms=f"{message.sms} {said}")
