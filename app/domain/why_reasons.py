"""Why nothing was said, or not at once: title and words of each reason's code, as a traveller reads them.

The texts are to be said. Those of "not_wanted" depend on who is concerned: `why_nouns.not_told`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.domain import channels
from app.domain.channels import NAMES
from app.domain.routing import HEARD_ELSEWHERE, WAITS
from app.domain.speech import say, to_say
from app.domain.timing import Reason

_IN_TURN = (
    to_say("Another channel comes first: {channel}"),
    to_say("It comes here as well where it was not delivered or seen there in time."),
)

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "nothing_new": (
        to_say("There was nothing to tell"),
        to_say("What was heard last and what is true now are the same."),
    ),
    "below_threshold": (
        to_say("It is too little for a message"),
        to_say("The change is smaller than the step for messages."),
    ),
    "not_wanted": (to_say("News of this kind is not wanted"), ""),
    "booking_gone": (
        to_say("Nobody to tell any more"),
        to_say("The booking is cancelled or gone, and nothing is followed."),
    ),
    "nothing_known": (
        to_say("Nothing certain was known"),
        to_say("The flight's last change could not be understood."),
    ),
    "first_known": (
        to_say("It was the first thing known of the flight"),
        to_say("There was nothing heard before to compare it with."),
    ),
    "departed": (
        to_say("It had left by then"),
        to_say("News about departure is no use once the flight has left."),
    ),
    "day_too_early": (
        to_say("It was held until the day before"),
        to_say("What is known of an airport's day earlier than that changes again."),
    ),
    "fare_gone": (
        to_say("The fare was gone by then"),
        to_say("It was no longer what the alert asks for, so nobody was told."),
    ),
    "past": (to_say("It was over by then"), to_say("The news came too late to be of use.")),
    "expired": (
        to_say("It had expired by then"),
        to_say("What it said was of use until then, and no longer."),
    ),
    "withdrawn": (
        to_say("It was withdrawn before it was told"),
        to_say("Nobody is told the end of what they never heard."),
    ),
    "gate_too_early": (
        to_say("It was held until nearer to departure"),
        to_say("A gate so long before departure changes again."),
    ),
    "no_address": (
        to_say("There is no address for this channel"),
        to_say("Nothing can be sent without one."),
    ),
    "not_linked": (
        to_say("The channel is not linked any more"),
        to_say("Whoever ends a link hears nothing on it. Linked again, it begins with what is true then."),
    ),
    "endpoint_rests": (
        to_say("It waited for the address"),
        to_say(
            "What was sent there before was not taken, so it rests for a while. What is of use then is sent."
        ),
    ),
    "no_person": (
        to_say("The person is not known any more"),
        to_say("There is a booking, but no person with this id."),
    ),
    "suppressed_bounced": (
        to_say("The mailbox does not take our messages"),
        to_say("A mail to it came back for good. The person is told so by another channel."),
    ),
    "suppressed_opted_out": (
        to_say("The person stopped our texts"),
        to_say("They answered STOP; START brings them back."),
    ),
    "suppressed_complained": (
        to_say("The person marked our mails as spam"),
        to_say("So no more are sent there."),
    ),
    "suppressed_not_mobile": (
        to_say("The number does not take texts"),
        to_say("It is not that of a mobile phone."),
    ),
    "suppressed_blocked": (
        to_say("The person blocked our bot"),
        to_say("Unblocking it and linking it again brings it back."),
    ),
    "suppressed_gone": (
        to_say("The chat does not exist any more"),
        to_say("The account behind it was deleted or closed."),
    ),
    "unverified_address": (
        to_say("The address has not been proved to be the person's"),
        to_say("Nothing but the proof itself is sent there."),
    ),
    "muted": (to_say("It is followed in silence"), to_say("The following is muted.")),
    "stopped": (
        to_say("Mails of this kind were stopped"),
        to_say("By a click on the link in one of them, or in the choices."),
    ),
    "paused": (to_say("A pause"), to_say("Only what is urgent comes during a pause.")),
    "quiet_hours": (to_say("Quiet hours"), to_say("Only what is urgent comes during quiet hours.")),
    "digest": (to_say("It waits for the digest"), to_say("What is not urgent comes in one message.")),
    "daily_maximum": (
        to_say("The daily maximum was reached"),
        to_say("What is not urgent and comes after that waits for a digest."),
    ),
    "flapping": (
        to_say("It was changing again and again"),
        to_say("After some messages about the same within an hour, one follows when it has settled."),
    ),
    "provider_down": (
        to_say("It waited for its provider"),
        to_say("An earlier message may have arrived there, so no other provider is given this one."),
    ),
    HEARD_ELSEWHERE: (
        to_say("Another channel had told it"),
        to_say("It was delivered or seen there, so it was not needed here."),
    ),
    **{f"{WAITS}{name}": _IN_TURN for name in NAMES},
}

_FIRST = to_say("another channel that comes first ({channel})")
_UNSETTLED = to_say("changes that did not settle")

HELD: Final[Mapping[str, tuple[str, str]]] = {
    Reason.PAUSED: (to_say("your pause"), to_say("the person's pause")),
    Reason.QUIET_HOURS: (to_say("your quiet hours"), to_say("the person's quiet hours")),
    Reason.DIGEST: (to_say("your digest"), to_say("the person's digest")),
    Reason.DAILY_MAXIMUM: (to_say("your daily maximum"), to_say("the person's daily maximum")),
    Reason.FLAPPING: (_UNSETTLED, _UNSETTLED),
    **{f"{WAITS}{name}": (_FIRST, _FIRST) for name in NAMES},
}
"""What holds a message for its person's sake, as the person and as others read it; goes after "Held until 07:00: "."""


def title(code: str) -> str:
    """The title of a reason's code in the language of the block; of one without words, its code."""
    found = REASONS.get(code)
    return _with_channel(code, found[0]) if found else code.replace("_", " ")


def held_by(code: str, *, you: bool) -> str:
    """What holds a message. code: one of HELD. you: the reader is the person."""
    return _with_channel(code, HELD[code][not you])


def _with_channel(code: str, text: str) -> str:
    """The text with the channel that the code says is waited for."""
    if not code.startswith(WAITS):
        return say(text)
    return say(text, channel=channels.title(code.removeprefix(WAITS)))
