"""Sign-in links, codes and test messages in words."""

from __future__ import annotations

from app.domain import channels
from app.domain.wording_shapes import Highlight, Message


def sign_in(link: str, minutes: int, browser: str) -> Message:
    """The mail with the sign-in link. minutes: how long it works. browser: which one asked, "" when not known."""
    lasts = _minutes(minutes)
    asked = (("Asked for by", browser),) if browser else ()
    return Message(
        subject="Your sign-in link for Gatecall",
        headline="Sign in to Gatecall",
        preheader=f"Works once, within {lasts}, in the browser that asked for it.",
        opening=f"Sign in to Gatecall with this link. It works once, within {lasts}.",
        highlight=Highlight(f"Works once, within {lasts}", None, "Your sign-in link", None, "plain"),
        facts=asked,
        advice=(
            "Open it on the device, and in the browser, where you asked for it.",
            "Nobody from Gatecall ever asks you for this link.",
        ),
        link=("Sign in", link),
        footer=(
            "You get this mail because somebody, most likely you, entered this address to sign in.",
            "If that was not you, do nothing: without this mail nobody gets in.",
        ),
        sms=f"Sign in to Gatecall: {link}",
    )


def phone_code(code: str, minutes: int, public_url: str) -> Message:
    """The text with the code for a phone number; one part of GSM-7."""
    lasts = _minutes(minutes)
    text = f"{code} is your Gatecall code. It works for {lasts}. Give it to nobody. Not you? Do nothing."
    return _short(
        "Your code for Gatecall", f"Your code is {code}.", code, f"It works for {lasts}.", text, public_url
    )


def test_message(channel: str, public_url: str) -> Message:
    """What a person sends to themselves to see whether messages arrive. channel: its name."""
    way = channels.said(channel).trials
    text = f"Test from Gatecall: {way} reach you here. News about your flights will look like this."
    return _short(
        "Test from Gatecall",
        f"This is a test: {way} from Gatecall reach you here.",
        "It arrived",
        "News about your flights comes the same way.",
        text,
        public_url,
    )


def link_stopped(channel: str, host: str, reason: str, words: str, public_url: str) -> Message:
    """The mail to whom a channel's link was stopped. host: of the address, "" without; reason: "gone" or "failing".

    words: of the last answer, "" without.
    """
    what = channels.said(channel).by
    where = f"your {what} at {host}" if host else f"your {what}"
    said = "it answered that it is gone" if reason == "gone" else "it has taken no message for days"
    return Message(
        subject=f"Your {what} was stopped",
        headline=f"Your {what} was stopped",
        preheader=f"Nothing more is sent to {where}.",
        opening=f"Nothing more is sent to {where}, because {said}.",
        highlight=Highlight(f"{where[:1].upper()}{where[1:]}", None, "Stopped", f"Because {said}.", "bad"),
        facts=(("Its last answer", words[:200]),) if words else (),
        advice=(
            f"Your other channels go on as before. To use it again, link it again on the page of your {what}.",
        ),
        link=(f"Your {what}", f"{public_url}/my/{channel}"),
        footer=("You get this mail because you linked it on your page.",),
        sms=f"Gatecall: {where} was stopped, because {said}.",
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
        link=("Open Gatecall", public_url),
        footer=("You get this because you asked for it on your page.", "If that was not you, do nothing."),
        sms=sms,
    )


def _minutes(number: int) -> str:
    return "1 minute" if number == 1 else f"{number} minutes"
