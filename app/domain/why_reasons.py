"""Why nothing was said, or not at once: title and words of each reason's code, as a traveller reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.domain.channels import NAMES
from app.domain.routing import HEARD_ELSEWHERE, WAITS
from app.domain.timing import Reason

_IN_TURN = (
    "Another channel comes first",
    "It comes here as well where it was not delivered or seen there in time.",
)

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "nothing_new": ("There was nothing to tell", "What was heard last and what is true now are the same."),
    "below_threshold": (
        "It is too little for a message",
        "The change is smaller than the step for messages.",
    ),
    "not_wanted": ("News of this kind is not wanted", "Those who {concerned} are not told of it."),
    "booking_gone": (
        "Nobody to tell any more",
        "The booking is cancelled or gone, and nothing is followed.",
    ),
    "nothing_known": ("Nothing certain was known", "The flight's last change could not be understood."),
    "first_known": (
        "It was the first thing known of the flight",
        "There was nothing heard before to compare it with.",
    ),
    "departed": ("It had left by then", "News about departure is no use once the flight has left."),
    "day_too_early": (
        "It was held until the day before",
        "What is known of an airport's day earlier than that changes again.",
    ),
    "fare_gone": (
        "The fare was gone by then",
        "It was no longer what the alert asks for, so nobody was told.",
    ),
    "past": ("It was over by then", "The news came too late to be of use."),
    "expired": ("It had expired by then", "What it said was of use until then, and no longer."),
    "withdrawn": ("It was withdrawn before it was told", "Nobody is told the end of what they never heard."),
    "gate_too_early": (
        "It was held until nearer to departure",
        "A gate so long before departure changes again.",
    ),
    "no_address": ("There is no address for this channel", "Nothing can be sent without one."),
    "not_linked": (
        "The channel is not linked any more",
        "Whoever ends a link hears nothing on it. Linked again, it begins with what is true then.",
    ),
    "endpoint_rests": (
        "It waited for the address",
        "What was sent there before was not taken, so it rests for a while. What is of use then is sent.",
    ),
    "no_person": ("The person is not known any more", "There is a booking, but no person with this id."),
    "suppressed_bounced": (
        "The mailbox does not take our messages",
        "A mail to it came back for good. The person is told so by another channel.",
    ),
    "suppressed_opted_out": ("The person stopped our texts", "They answered STOP; START brings them back."),
    "suppressed_complained": ("The person marked our mails as spam", "So no more are sent there."),
    "suppressed_not_mobile": ("The number does not take texts", "It is not that of a mobile phone."),
    "suppressed_blocked": (
        "The person blocked our bot",
        "Unblocking it and linking it again brings it back.",
    ),
    "suppressed_gone": ("The chat does not exist any more", "The account behind it was deleted or closed."),
    "unverified_address": (
        "The address has not been proved to be the person's",
        "Nothing but the proof itself is sent there.",
    ),
    "muted": ("It is followed in silence", "The following is muted."),
    "stopped": (
        "Mails of this kind were stopped",
        "By a click on the link in one of them, or in the choices.",
    ),
    "paused": ("A pause", "Only what is urgent comes during a pause."),
    "quiet_hours": ("Quiet hours", "Only what is urgent comes during quiet hours."),
    "digest": ("It waits for the digest", "What is not urgent comes in one message."),
    "daily_maximum": (
        "The daily maximum was reached",
        "What is not urgent and comes after that waits for a digest.",
    ),
    "flapping": (
        "It was changing again and again",
        "After some messages about the same within an hour, one follows when it has settled.",
    ),
    "provider_down": (
        "It waited for its provider",
        "An earlier message may have arrived there, so no other provider is given this one.",
    ),
    HEARD_ELSEWHERE: (
        "Another channel had told it",
        "It was delivered or seen there, so it was not needed here.",
    ),
    **{f"{WAITS}{name}": _IN_TURN for name in NAMES},
}

HELD: Final[Mapping[str, str]] = {
    Reason.PAUSED: "{whose} pause",
    Reason.QUIET_HOURS: "{whose} quiet hours",
    Reason.DIGEST: "{whose} digest",
    Reason.DAILY_MAXIMUM: "{whose} daily maximum",
    Reason.FLAPPING: "changes that did not settle",
    **{f"{WAITS}{name}": "another channel, which comes first" for name in NAMES},
}
"""What holds a message for its person's sake; {whose}: "your", or whose it is."""
