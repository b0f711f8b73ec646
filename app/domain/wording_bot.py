"""What the bot says in a chat, in Telegram's HTML: every value escaped. News about flights is worded elsewhere.

The constants are to be said; the functions say, in the language of the block around.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from app.domain.speech import plural, say, to_say

HELP = to_say(
    "Send a flight such as <code>UA 407</code> to follow it, or a number and a date: <code>UA 407 9 Feb</code>.\n"
    "/list shows what you follow, /stop ends everything here."
)
LINKED = to_say(
    "<b>Linked.</b> You hear from us here from now on.\n"
    "Send a flight such as <code>UA 407</code> to follow it, /list to see what you follow, /stop to end."
)
AGREED = to_say(
    "News about flights that this account books or follows comes to this chat. Send /stop to end it."
)
"""What is kept with the consent: it stands above the button that agrees."""
NOT_LINKED_BY_CHOICE = to_say(
    "<b>Not linked.</b> Nothing comes here. If you did not ask for this link, delete this chat."
)
USED = to_say("This link is used up. A link works once: ask for a new one in your profile.")
EXPIRED = to_say("This link is too old. It works for 15 minutes: ask for a new one in your profile.")
UNKNOWN_LINK = to_say("This link is not one of ours. Ask for a new one in your profile.")
STOPPED = to_say("<b>Stopped.</b> Nothing comes here any more. Your e-mail and SMS go on as before.")
NOT_LINKED = to_say("This chat is linked with no account.")
GROUP = to_say("This bot writes to one person at a time, never to groups. Open a private chat with it.")
TOO_MANY = to_say("That were many messages in a minute. Wait a minute, then go on.")
SEEN = to_say("Noted: you have seen it.")
NOT_YOURS = to_say("This button is not for this chat, or it is too old.")
YES, NO = to_say("Yes, link it"), to_say("No")
UNDO, STOP = to_say("Undo"), to_say("Stop this flight")


def welcome(profile: str) -> str:
    """To somebody who writes without having linked. profile: the address of their profile page."""
    page = f'<a href="{escape(profile)}">{escape(profile)}</a>'
    return say(
        "This chat is linked with no account. Open your profile, choose “Link Telegram”, and follow the link "
        "from there:\n{page}",
        page=page,
    )


def confirm(account: str, *, replaces: bool) -> str:
    """Whether this is the account that is meant. account: masked. replaces: another chat is linked to it now."""
    asked = say("Link this chat with the Gatecall account <b>{account}</b>?", account=escape(account))
    also = " " + say("It takes the place of the chat that is linked now.") if replaces else ""
    return f"{asked}\n{say(AGREED)}{also}"


def taken(account: str) -> str:
    """The chat is linked with another account. account: that one, masked."""
    return say(
        "This chat is linked with another account, <b>{account}</b>, and a chat belongs to one account alone. "
        "Send /stop here to end that link, then open the new one again.",
        account=escape(account),
    )


def not_understood(text: str) -> str:
    """What was written names no flight."""
    shown = text if len(text) <= 100 else f"{text[:97]}..."
    return say(
        "I did not find a flight in &quot;{text}&quot;.\n"
        "Send its number, such as <code>UA 407</code>, or a number and a date: <code>UA 407 9 Feb</code>.",
        text=escape(shown),
    )


def no_such_flight(number: str, days: Sequence[str]) -> str:
    """number: as people write it. days: on which it flies, near the one that was asked for; none when it is unknown."""
    if not days:
        return say(
            "No flight <b>{flight}</b> is known. Look at the number on the booking: airline and digits.",
            flight=escape(number),
        )
    known = ", ".join(f"<code>{escape(number)} {escape(day)}</code>" for day in days)
    return say("<b>{flight}</b> does not fly then. Near it: {flights}.", flight=escape(number), flights=known)


def which_origin(number: str, day: str, origins: Sequence[str]) -> str:
    """The number leaves from several airports on that day."""
    ways = ", ".join(f"<code>{escape(number)} {escape(day)} {escape(one)}</code>" for one in origins)
    return say(
        "<b>{flight}</b> leaves from several airports that day. Send one of {flights}.",
        flight=escape(number),
        flights=ways,
    )


def name(number: str, city: str) -> str:
    """A flight as an answer names it: "UA 407 to Denver"."""
    return say("{flight} to {destination}", flight=number, destination=city)


def followed(name: str, detail: str, *, is_new: bool) -> str:
    """name: "UA 407 to Denver"; detail: when it leaves, and how it stands."""
    if is_new:
        first = say("You follow <b>{flight}</b>.", flight=escape(name))
    else:
        first = say("You follow already: <b>{flight}</b>.", flight=escape(name))
    return f"{first}\n{escape(detail)}"


def listed(lines: Sequence[tuple[str, str]], more: int) -> str:
    """What somebody follows and has booked. lines: name and detail of each; more: how many are left out."""
    if not lines:
        nothing = say("You follow nothing, and no booking of yours is ahead.")
        return f"{nothing}\n{say(HELP)}"
    rows = "\n".join(f"<b>{escape(name)}</b>, {escape(detail)}" for name, detail in lines)
    # Translators: below a list: how many are left out.
    left_out = plural("and {number} more", "and {number} more", more)
    return f"{rows}\n{left_out}" if more else rows


def stopped_flight(name: str | None) -> str:
    """A following is muted. name: None where it is not known any more."""
    if name is None:
        return say("You hear no more of it.")
    return say("You hear no more of <b>{flight}</b>.", flight=escape(name))


def again(name: str | None) -> str:
    """A following is not muted any more. name: None where it is not known any more."""
    if name is None:
        return say("You hear of it again.")
    return say("You hear of <b>{flight}</b> again.", flight=escape(name))


def booked(name: str | None, page: str) -> str:
    """News about a booking is not stopped by a button. page: of the person's choices. name: None where it is not known
    any more."""
    shown = escape(say("What you hear"))
    link = f'<a href="{escape(page)}">{shown}</a>'
    if name is None:
        return say(
            "You hold a booking on it, so its news goes on. What you hear is your choice:\n{link}", link=link
        )
    return say(
        "You hold a booking on <b>{flight}</b>, so its news goes on. What you hear is your choice:\n{link}",
        flight=escape(name),
        link=link,
    )


def paused(alert: str) -> str:
    """A fare alert is paused. alert: what it is called."""
    return say("<b>{alert}</b> is paused. Until you resume it, you hear nothing of it.", alert=escape(alert))


def resumed(alert: str) -> str:
    """A fare alert is not paused any more."""
    return say("<b>{alert}</b> goes on. You hear of it again.", alert=escape(alert))


def alert_ended(alert: str) -> str:
    """The days of a fare alert are over, or it told once and was to tell no more."""
    return say("<b>{alert}</b> has ended, so there is nothing to pause.", alert=escape(alert))
