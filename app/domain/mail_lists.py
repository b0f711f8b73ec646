"""The two lists of mail: news that belongs to a booking, and news that somebody asked for.

The first is transactional, the second is subscribed to. They have a List-Id, a sender and a stop of their own, so
that who stops one still gets the other.
"""

from __future__ import annotations

from enum import StrEnum

from app.domain.news import Role


class MailList(StrEnum):
    """A list of mail, in the word that `users.preferences.stopped` and List-Id have."""

    BOOKINGS = "bookings"
    FOLLOWINGS = "followings"


_ABOUT = {MailList.BOOKINGS: "your bookings", MailList.FOLLOWINGS: "flights and airports you follow"}


def list_of(role: Role) -> MailList:
    """The list that a mail to somebody with this role belongs to."""
    return MailList.BOOKINGS if role is Role.TRAVELLER else MailList.FOLLOWINGS


def about(mail_list: MailList) -> str:
    """What its mails are about, to go after "e-mails about": "your bookings"."""
    return _ABOUT[mail_list]
