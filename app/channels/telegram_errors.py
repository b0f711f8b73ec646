"""What errors of Telegram's Bot API mean for the message: now, later or never.

Shape of an error: https://core.telegram.org/bots/api#making-requests ("error_code", whose "contents are subject to
change", and a description for people) and #responseparameters (retry_after, migrate_to_chat_id). The descriptions are
those of the server's source, `telegram-bot-api/Client.cpp` of https://github.com/tdlib/telegram-bot-api, and of what
bots met (https://github.com/TelegramBotAPI/errors). They are compared without regard to case, by a part that has not
changed in years; what is not listed is judged by its code.
"""

from __future__ import annotations

from app.channels.base import AddressDownError, AddressRefusedError, ChannelDownError
from app.domain.errors import GatecallError, PermanentError, TransientError, UnknownOutcomeError
from app.domain.reports import Refusal

# The chat will take no message of ours, whatever it says.
REFUSED = {
    "bot was blocked by the user": Refusal.BLOCKED,
    "bot was kicked": Refusal.BLOCKED,
    "user is deactivated": Refusal.GONE,
    "input_user_deactivated": Refusal.GONE,
    "chat not found": Refusal.GONE,
    "user not found": Refusal.GONE,
    "peer_id_invalid": Refusal.GONE,
    "bot can't initiate conversation": Refusal.GONE,
    "bots can't send messages to bots": Refusal.GONE,
    # A group became a supergroup (migrate_to_chat_id). Nothing of a person's goes to a group, whatever its number.
    "group chat was upgraded": Refusal.GONE,
}
# The message that was to be edited is not there any more, or may not be edited: a new one is sent.
NOT_THERE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
)
NOT_MODIFIED = "message is not modified"
TOO_OLD = "query is too old"
_LONGEST_WAIT_S = 86_400.0
_UNSAID_S = 30.0
"""So long a chat waits that was told to, but not for how long."""


class MessageGoneError(PermanentError):
    """The message that was to be edited is not there any more, or is not editable any more."""


class NotModifiedError(PermanentError):
    """The message says what it was to say already."""


class PressTooOldError(PermanentError):
    """A button was pressed so long ago that Telegram takes no answer to it."""


def meaning_of(
    code: int,
    description: str,
    *,
    retry_after_s: float | None = None,
    migrated: bool = False,
    repeatable: bool = False,
    whole_bot: bool = False,
) -> GatecallError:
    """The error for an answer that is not "ok".

    code: `error_code`. retry_after_s, migrated: of `parameters`. repeatable: doing it twice changes nothing (an edit),
    so an unknown outcome is none. whole_bot: other chats were told to wait as well, so it is not this one alone.
    """
    text = f"Telegram {code}: {' '.join(description.split())[:200]}"
    said = description.casefold()
    wait_s = None if retry_after_s is None else min(max(float(retry_after_s), 0.0), _LONGEST_WAIT_S)
    if code == 429:
        if whole_bot:
            return ChannelDownError(text, retry_after_s=wait_s)
        return AddressDownError(text, retry_after_s=_UNSAID_S if wait_s is None else wait_s)
    if code in (401, 404):  # the token is refused; to a token that cannot be one "Not Found" is said
        return ChannelDownError(text)
    if code in (400, 403):
        return _refusal(text, said, migrated=migrated, code=code)
    if code == 409:  # another process asks for updates
        return TransientError(text)
    if 500 <= code <= 599:
        return TransientError(text) if repeatable else UnknownOutcomeError(text)
    if 300 <= code <= 399:
        return ChannelDownError(text)  # TELEGRAM_API_BASE_URL leads elsewhere
    return PermanentError(text)


def _refusal(text: str, said: str, *, migrated: bool, code: int) -> GatecallError:
    """What a "Bad Request" or a "Forbidden" says."""
    if NOT_MODIFIED in said:
        return NotModifiedError(text)
    if any(words in said for words in NOT_THERE):
        return MessageGoneError(text)
    if TOO_OLD in said:
        return PressTooOldError(text)
    refusal = next((why for words, why in REFUSED.items() if words in said), None)
    if migrated or (refusal is None and code == 403):
        refusal = refusal or Refusal.GONE
    return AddressRefusedError(text, refusal, str(code)) if refusal else PermanentError(text)
