"""What Twilio's errors mean for the message: now, later or never.

Codes: Twilio's "Error and Warning Dictionary", a page each (https://www.twilio.com/docs/api/errors/21610 and so
on), all of it in https://www.twilio.com/docs/api/errors/twilio-error-codes.json. Twilio adds more exact codes now
and then, which replace general ones (its changelog of 10 July 2024), so what is not listed is judged by its HTTP
status. HTTP statuses: "Twilio's
request and response" (www.twilio.com/docs/usage/twilios-response): a 5xx other than 503 does not say whether
the message was created, so its outcome is unknown.
"""

from __future__ import annotations

from datetime import datetime

from app.channels.base import AddressRefusedError, ChannelDownError
from app.channels.retry_after import retry_after_s
from app.domain.errors import GatecallError, PermanentError, TransientError, UnknownOutcomeError
from app.domain.reports import Refusal, State

# Ours to mend, or Twilio is asking for a pause: no message would pass.
CHANNEL_DOWN = {
    10001: "the account is suspended",
    20003: "the account or its token is refused",
    20005: "the account is not active",
    20404: "there is no such account or resource",
    20429: "too many requests",
    20503: "the service is not available",
    21212: "the number that sends is invalid",
    21601: "the number that sends is not ours",
    21603: "no number that sends was given",
    21606: "the number that sends cannot send SMS",
    21611: "the queue of the number that sends is full (ten hours' worth)",
    21659: "the number that sends is not ours",
    21660: "the number that sends is not this account's",
    21661: "the number that sends cannot send SMS",
    21701: "there is no such messaging service",
    21703: "the messaging service has no numbers",
    21705: "the messaging service's SID is no SID",
    21730: "Twilio maintains its systems",
    63038: "the account's daily limit is reached",
}
# Of a short code they also say that the number is in another country than the short code.
_PERHAPS_THE_COUNTRY = frozenset({21606, 21659})
LATER = {
    14107: "more than 30 messages to one number in 30 s",
    30001: "the queue of the number that sends is full",
}
NEVER = {
    21211: "the number is invalid",
    21265: "the number is a short code",
    21266: "the number is the one that sends",
    21408: "the account may not send to this country",
    21602: "the text is empty",
    21604: "no number was given",
    21608: "a trial account may not send to this number",
    21610: "the person has opted out (STOP)",
    21612: "there is no route to the number",
    21614: "the number is not a mobile number",
    21617: "the text is too long",
    21635: "the number is a landline",
}


# The number will take no text of ours, whatever it says.
REFUSED = {
    21610: Refusal.OPTED_OUT,
    21614: Refusal.NOT_MOBILE,
    21635: Refusal.NOT_MOBILE,
}

# "Message Status" of the Message resource (www.twilio.com/docs/messaging/api/message-resource).
STATES = {
    "accepted": State.QUEUED,
    "scheduled": State.QUEUED,
    "queued": State.QUEUED,
    "sending": State.SENDING,
    "sent": State.SENT,
    "partially_delivered": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.READ,
    "undelivered": State.UNDELIVERED,
    "failed": State.UNDELIVERED,
    "canceled": State.UNDELIVERED,
}


def refusal_of(code: int | None) -> Refusal | None:
    """What an error code of a message says of its number: why it is of no more use, None when it still is."""
    return REFUSED.get(code) if code is not None else None


def meaning_of(
    status: int,
    code: int,
    words: str,
    retry_after: str | None,
    now: datetime,
    *,
    short_code: bool = False,
) -> GatecallError:
    """The error for an answer that is not 2xx.

    code: Twilio's, or the HTTP status when it sent none. retry_after: the header as it came. now: aware UTC.
    short_code: whether the sender is one, which reaches one country alone.
    """
    text = f"HTTP {status}, Twilio {code}: {' '.join(words.split())[:200]}"
    wait_s = retry_after_s(retry_after, now)
    if short_code and code in _PERHAPS_THE_COUNTRY:
        return PermanentError(text)
    if code in REFUSED:
        return AddressRefusedError(text, REFUSED[code], str(code))
    if code in NEVER:
        return PermanentError(text)
    if code in LATER:
        return TransientError(text, retry_after_s=wait_s)
    if code in CHANNEL_DOWN or status in {401, 403, 404, 429, 503}:
        return ChannelDownError(text, retry_after_s=wait_s)
    if status in {408, 425}:
        return TransientError(text, retry_after_s=wait_s)
    if 400 <= status <= 499:
        return PermanentError(text)
    if 500 <= status <= 599:
        return UnknownOutcomeError(text)
    return ChannelDownError(text)  # a redirect: TWILIO_API_BASE_URL leads elsewhere
