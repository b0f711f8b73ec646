"""Sign-in links, codes and test messages in words; in the language of the block around."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.domain import browser_names, channels, gsm, speech
from app.domain.speech import say, to_say
from app.domain.wording_shapes import Highlight, Message


@dataclass(frozen=True, slots=True)
class _Stop:
    """Why a channel's link was stopped. Sentences of each text, with the host of its address and without."""

    note: str
    opening: str
    opening_at: str
    sms: str
    sms_at: str


_STOPS: Final[Mapping[str, _Stop]] = {
    "gone": _Stop(
        note=to_say("Because it answered that it is gone."),
        opening=to_say("Nothing more is sent to your {channel}, because it answered that it is gone."),
        opening_at=to_say(
            "Nothing more is sent to your {channel} at {host}, because it answered that it is gone."
        ),
        sms=to_say("Gatecall: your {channel} was stopped, because it answered that it is gone."),
        sms_at=to_say("Gatecall: your {channel} at {host} was stopped, because it answered that it is gone."),
    ),
    "failing": _Stop(
        note=to_say("Because it has taken no message for days."),
        opening=to_say("Nothing more is sent to your {channel}, because it has taken no message for days."),
        opening_at=to_say(
            "Nothing more is sent to your {channel} at {host}, because it has taken no message for days."
        ),
        sms=to_say("Gatecall: your {channel} was stopped, because it has taken no message for days."),
        sms_at=to_say(
            "Gatecall: your {channel} at {host} was stopped, because it has taken no message for days."
        ),
    ),
}


def sign_in(link: str, minutes: int, browser: str) -> Message:
    """The mail with the sign-in link. minutes: how long it works. browser: which one asked, "" when not known."""
    lasts = speech.minutes(minutes)
    asked = ((say("Asked for by"), browser_names.in_words(browser)),) if browser else ()
    return Message(
        subject=say("Your sign-in link for Gatecall"),
        headline=say("Sign in to Gatecall"),
        preheader=say("Works once, within {time}, in the browser that asked for it.", time=lasts),
        opening=say("Sign in to Gatecall with this link. It works once, within {time}.", time=lasts),
        highlight=Highlight(
            *(say("Works once, within {time}", time=lasts), None, say("Your sign-in link"), None, "plain")
        ),
        facts=asked,
        advice=(
            say("Open it on the device, and in the browser, where you asked for it."),
            say("Nobody from Gatecall ever asks you for this link."),
        ),
        link=(say("Sign in"), link),
        footer=(
            say("You get this mail because somebody, most likely you, entered this address to sign in."),
            say("If that was not you, do nothing: without this mail nobody gets in."),
        ),
        sms=gsm.written(say("Sign in to Gatecall: {link}", link=link)),
    )


def phone_code(code: str, minutes: int, public_url: str) -> Message:
    """The text with the code for a phone number; one part, in the alphabet of its language."""
    lasts = speech.minutes(minutes)
    text = say(
        "{code} is your Gatecall code. It works for {time}. Give it to nobody. Not you? Do nothing.",
        code=code,
        time=lasts,
    )
    return _short(
        *(say("Your code for Gatecall"), say("Your code is {code}.", code=code), code),
        *(say("It works for {time}.", time=lasts), text, public_url),
    )


def test_message(channel: str, public_url: str) -> Message:
    """What a person sends to themselves to see whether messages arrive. channel: its name."""
    way = channels.trials(channel)
    # Translators: {messages} is "mails", "text messages", "webhooks" or the like.
    text = say(
        "Test from Gatecall: {messages} reach you here. News about your flights will look like this.",
        messages=way,
    )
    return _short(
        say("Test from Gatecall"),
        say("This is a test: {messages} from Gatecall reach you here.", messages=way),
        say("It arrived"),
        say("News about your flights comes the same way."),
        text,
        public_url,
    )


def link_stopped(channel: str, host: str, reason: str, words: str, public_url: str) -> Message:
    """The mail to whom a channel's link was stopped. host: of the address, "" without; reason: "gone" or "failing".

    words: of the last answer, "" without.
    """
    what, stop = channels.by(channel), _STOPS["gone" if reason == "gone" else "failing"]
    named = {"channel": what, "host": host}
    if host:
        nothing = say("Nothing more is sent to your {channel} at {host}.", **named)
        label = say("Your {channel} at {host}", **named)
    else:
        nothing = say("Nothing more is sent to your {channel}.", **named)
        label = say("Your {channel}", **named)
    return Message(
        subject=say("Your {channel} was stopped", channel=what),
        headline=say("Your {channel} was stopped", channel=what),
        preheader=nothing,
        opening=say(stop.opening_at if host else stop.opening, **named),
        highlight=Highlight(label, None, say("Stopped"), say(stop.note), "bad"),
        facts=((say("Its last answer"), words[:200]),) if words else (),
        advice=(
            say(
                "Your other channels go on as before. To use it again, link it again on the page of your {channel}.",
                channel=what,
            ),
        ),
        link=(say("Your {channel}", channel=what), f"{public_url}/my/{channel}"),
        footer=(say("You get this mail because you linked it on your page."),),
        sms=gsm.written(say(stop.sms_at if host else stop.sms, **named)),
    )


def _short(subject: str, opening: str, new: str, note: str, sms: str, public_url: str) -> Message:
    return Message(
        subject=subject,
        headline=subject,
        preheader=note,
        opening=opening,
        highlight=Highlight("Gatecall", None, new, note, "plain"),
        facts=(),
        advice=(),
        link=(say("Open Gatecall"), public_url),
        footer=(
            say("You get this because you asked for it on your page."),
            say("If that was not you, do nothing."),
        ),
        sms=gsm.written(sms),
    )
