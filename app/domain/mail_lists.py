"""The lists of mail: news that belongs to a booking, and news that somebody asked for or agreed to: by following, by
an alert, by picking somebody up.

The first is transactional, the others are subscribed to. Each has a List-Id and a stop of its own, so that who stops
one still gets the others.
"""

from __future__ import annotations

from enum import StrEnum

from app.domain.news import Role
from app.domain.speech import say, to_say


class MailList(StrEnum):
    """A list of mail, in the word that `users.preferences.stopped` and List-Id have."""

    BOOKINGS = "bookings"
    FOLLOWINGS = "followings"
    ALERTS = "alerts"
    PICKUPS = "pickups"


# Translators: what mails are about, to go after "e-mails about".
_ABOUT = {
    MailList.BOOKINGS: to_say("your bookings"),
    MailList.FOLLOWINGS: to_say("flights and airports you follow"),
    MailList.ALERTS: to_say("your fare alerts"),
    MailList.PICKUPS: to_say("people you pick up"),
}
_STOP = {
    MailList.BOOKINGS: to_say("Stop e-mails about your bookings"),
    MailList.FOLLOWINGS: to_say("Stop e-mails about flights and airports you follow"),
    MailList.ALERTS: to_say("Stop e-mails about your fare alerts"),
    MailList.PICKUPS: to_say("Stop e-mails about people you pick up"),
}
_OF_ROLES = {
    Role.TRAVELLER: MailList.BOOKINGS,
    Role.FOLLOWER: MailList.FOLLOWINGS,
    Role.ALERT: MailList.ALERTS,
    Role.PICKUP: MailList.PICKUPS,
}


def list_of(role: Role) -> MailList:
    """The list that a mail to somebody with this role belongs to."""
    return _OF_ROLES[role]


def about(mail_list: MailList) -> str:
    """What its mails are about, to go after "e-mails about": "your bookings"."""
    return say(_ABOUT[mail_list])


def stopping(mail_list: MailList) -> str:
    """The words of the link that stops the list: "Stop e-mails about your bookings"."""
    return say(_STOP[mail_list])
