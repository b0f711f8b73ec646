"""What the bot says in a chat, in Telegram's HTML: every value escaped. News about flights is worded elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from app.domain.speech import say

HELP = (
    "Send a flight such as <code>UA 407</code> to follow it, or a number and a date: <code>UA 407 9 Feb</code>.\n"
    "/list shows what you follow, /stop ends everything here."
)
LINKED = (
    "<b>Linked.</b> You hear from us here from now on.\n"
    "Send a flight such as <code>UA 407</code> to follow it, /list to see what you follow, /stop to end."
)
AGREED = "News about flights that this account books or follows comes to this chat. Send /stop to end it."
"""What is kept with the consent: it stands above the button that agrees."""
NOT_LINKED_BY_CHOICE = (
    "<b>Not linked.</b> Nothing comes here. If you did not ask for this link, delete this chat."
)
USED = "This link is used up. A link works once: ask for a new one in your profile."
EXPIRED = "This link is too old. It works for 15 minutes: ask for a new one in your profile."
UNKNOWN_LINK = "This link is not one of ours. Ask for a new one in your profile."
STOPPED = "<b>Stopped.</b> Nothing comes here any more. Your e-mail and SMS go on as before."
NOT_LINKED = "This chat is linked with no account."
GROUP = "This bot writes to one person at a time, never to groups. Open a private chat with it."
TOO_MANY = "That were many messages in a minute. Wait a minute, then go on."
SEEN = "Noted: you have seen it."
NOT_YOURS = "This button is not for this chat, or it is too old."
YES, NO, UNDO, STOP = "Yes, link it", "No", "Undo", "Stop this flight"


def welcome(profile: str) -> str:
    """To somebody who writes without having linked. profile: the address of their profile page."""
    return (
        f"{NOT_LINKED} Open your profile, choose \u201cLink Telegram\u201d, and follow the link from there:\n"
        f'<a href="{escape(profile)}">{escape(profile)}</a>'
    )


def confirm(account: str, *, replaces: bool) -> str:
    """Whether this is the account that is meant. account: masked. replaces: another chat is linked to it now."""
    also = " It takes the place of the chat that is linked now." if replaces else ""
    return f"Link this chat with the Gatecall account <b>{escape(account)}</b>?\n{AGREED}{also}"


def taken(account: str) -> str:
    """The chat is linked with another account. account: that one, masked."""
    return (
        f"This chat is linked with another account, <b>{escape(account)}</b>, and a chat belongs to one account alone. "
        "Send /stop here to end that link, then open the new one again."
    )


def not_understood(text: str) -> str:
    """What was written names no flight."""
    shown = text if len(text) <= 100 else f"{text[:97]}..."
    return (
        f"I did not find a flight in &quot;{escape(shown)}&quot;.\n"
        "Send its number, such as <code>UA 407</code>, or a number and a date: <code>UA 407 9 Feb</code>."
    )


def no_such_flight(number: str, days: Sequence[str]) -> str:
    """number: as people write it. days: on which it flies, near the one that was asked for; none when it is unknown."""
    if not days:
        return f"No flight <b>{escape(number)}</b> is known. Look at the number on the booking: airline and digits."
    known = ", ".join(f"<code>{escape(number)} {escape(day)}</code>" for day in days)
    return f"<b>{escape(number)}</b> does not fly then. Near it: {known}."


def which_origin(number: str, day: str, origins: Sequence[str]) -> str:
    """The number leaves from several airports on that day."""
    ways = ", ".join(f"<code>{escape(number)} {escape(day)} {escape(one)}</code>" for one in origins)
    return f"<b>{escape(number)}</b> leaves from several airports that day. Send one of {ways}."


def followed(name: str, detail: str, *, is_new: bool) -> str:
    """name: "UA 407 to Denver"; detail: when it leaves, and how it stands."""
    first = "You follow" if is_new else "You follow already:"
    return f"{first} <b>{escape(name)}</b>.\n{escape(detail)}"


def listed(lines: Sequence[tuple[str, str]], more: int) -> str:
    """What somebody follows and has booked. lines: name and detail of each; more: how many are left out."""
    if not lines:
        return f"You follow nothing, and no booking of yours is ahead.\n{HELP}"
    rows = "\n".join(f"<b>{escape(name)}</b>, {escape(detail)}" for name, detail in lines)
    return f"{rows}\nand {more} more" if more else rows


def stopped_flight(name: str) -> str:
    """A following is muted."""
    return f"You hear no more of <b>{escape(name)}</b>."


def again(name: str) -> str:
    """A following is not muted any more."""
    return f"You hear of <b>{escape(name)}</b> again."


def booked(name: str, page: str) -> str:
    """News about a booking is not stopped by a button. page: of the person's choices."""
    return (
        f"You hold a booking on <b>{escape(name)}</b>, so its news goes on. What you hear is your choice:\n"
        f'<a href="{escape(page)}">What you hear</a>'
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
