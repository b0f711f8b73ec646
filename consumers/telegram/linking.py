"""Linking a chat with an account, and ending that.

T1 a person asks for a link on their page (`app/web/my/telegram.py`); T2 somebody opens it: the bot asks whether this is
the account, and notes the chat; T3 the button in that chat links: first the account, then the proof, then the link is
used up. Who dies in between does T2 or T3 again, with the same end. T4 /stop is proven, then ends the link.
"""

from __future__ import annotations

from typing import Any

from app import crash_points
from app.channels.telegram_buttons import Buttons, Press
from app.domain import wording_bot as words
from app.domain.clock import Now
from app.domain.people import speaking_as_chosen
from app.domain.speech import say
from app.store import ids
from app.store.telegram_accounts import TelegramAccounts, masked_account
from app.store.telegram_links import AskedLink, TelegramLinks
from app.store.users import Users
from consumers.telegram.answers import Answers
from consumers.telegram.updates import Pressed

Document = dict[str, Any]

WAY = "telegram"


class Linking:
    """What /start and /stop do. Methods raise PyMongoError, and TransientError when the answer cannot be given now."""

    def __init__(
        self,
        users: Users,
        links: TelegramLinks,
        accounts: TelegramAccounts,
        buttons: Buttons,
        answers: Answers,
        now: Now,
    ) -> None:
        self._users = users
        self._links = links
        self._accounts = accounts
        self._buttons = buttons
        self._answers = answers
        self._now = now

    def start(self, chat: str, token: str) -> None:
        """T2: the link that was opened, and the question whether it is the right account."""
        now = self._now()
        link = self._links.open(token, chat, now)
        crash_points.reached("T2.opened")
        person = self._users.get(link.person) if link else None
        if link is None or person is None:
            self._answers.say(chat, say(words.UNKNOWN_LINK))
            return
        with speaking_as_chosen(person):
            self._ask(chat, link, person)

    def _ask(self, chat: str, link: AskedLink, person: Document) -> None:
        now = self._now()
        if not link.works(now):
            self._answers.say(chat, say(words.USED if link.used else words.EXPIRED))
        elif (other := self._other(chat, link)) is not None:
            self._answers.say(chat, words.taken(other))
        else:
            replaces = self._accounts.since(link.person) is not None and self._owner(chat) != link.person
            buttons = [
                [
                    (say(words.YES), self._buttons.data(Press.LINK, _name(link, chat))),
                    (say(words.NO), self._buttons.data(Press.REFUSE, _name(link, chat))),
                ]
            ]
            text = words.confirm(masked_account(person), replaces=replaces)
            self._answers.say(chat, text, buttons)

    def answer(self, pressed: Pressed) -> bool:
        """T3: what was said to the question; False when the button is none of ours."""
        links = {_name(link, pressed.chat): link for link in self._links.opened_in(pressed.chat)}
        found = self._buttons.meant(pressed.data, links)
        if found is None or found[0] not in (Press.LINK, Press.REFUSE):
            return False
        press, link, now = found[0], links[found[1]], self._now()
        with speaking_as_chosen(self._users.get(link.person) or {}):
            if press is Press.REFUSE:
                self._links.use(link, now)
                linked = self._is_linked(link, pressed.chat)
                text = say(words.LINKED if linked else words.NOT_LINKED_BY_CHOICE)
            else:
                text = self._linked(link, pressed.chat)
            self._answers.acknowledge(pressed.press)
            self._answers.change(pressed.chat, pressed.message, text)
        return True

    def stop(self, chat: str, at: str) -> None:
        """/stop: nothing more comes here. at: a name of the message that says so."""
        owner, once = self._owner(chat), f"telegram:stop:{at}"
        if owner is not None:
            self._accounts.unlink(owner, "/stop", WAY, self._now(), once=once)
            crash_points.reached("T4.unlinked")
        done = owner is not None or self._accounts.has_done(once)
        self._answers.say(chat, say(words.STOPPED if done else words.NOT_LINKED))

    def _linked(self, link: AskedLink, chat: str) -> str:
        """The account is linked, the link used up; what is to be said then."""
        now = self._now()
        is_linked = self._is_linked(link, chat) and self._accounts.refusal(link.person) is None
        if is_linked and link.used:
            return say(words.LINKED)
        # Linked by a link that is not used up: it may have been this one, and the proof may be missing.
        if not is_linked and not link.works(now):
            return say(words.USED if link.used else words.EXPIRED)
        if (other := self._other(chat, link)) is not None:
            return words.taken(other)
        agreed = say(words.AGREED)  # as the person saw it
        if not self._accounts.link(link.person, chat, agreed, WAY, f"telegram:link:{link.id}", now):
            return words.taken(other) if (other := self._other(chat, link)) else say(words.UNKNOWN_LINK)
        crash_points.reached("T3.linked")
        self._links.use(link, now)
        return say(words.LINKED)

    def _is_linked(self, link: AskedLink, chat: str) -> bool:
        return self._owner(chat) == link.person

    def _owner(self, chat: str) -> str | None:
        found = self._accounts.of_chat(chat)
        return ids.text(found["_id"]) if found else None

    def _other(self, chat: str, link: AskedLink) -> str | None:
        """The account that has this chat, masked; None when it is nobody's, or the link's own."""
        found = self._accounts.of_chat(chat)
        return masked_account(found) if found and ids.text(found["_id"]) != link.person else None


def _name(link: AskedLink, chat: str) -> str:
    return f"{link.id}|{chat}"
