"""Whether the question to somebody who could pick up may go to an address at all.

Delivery asks, at the last moment: whoever asked learns nothing of the address by it, neither from the answer nor from
its time.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from pymongo.database import Database

from app.domain.mail_lists import MailList
from app.store.consents import Consents
from app.store.pickups import Pickups, State
from app.store.suppressions import Suppressions
from app.store.users import Users

Document = dict[str, Any]

WHAT = "pickup_questions"
"""What is taken back in `consents` by who wants never to be asked again."""


class PickupQuestions:
    """Reads `pickups`, `consents`, `suppressions` and `users`. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document], suppressions: Suppressions) -> None:
        self._pickups = Pickups(database)
        self._consents = Consents(database)
        self._users = Users(database)
        self._suppressions = suppressions

    def may_go(self, id_: str, address: str, now: datetime) -> bool:
        """Whether the question with this id still waits for its answer, and its address may be asked: it takes mail,
        and nobody there wants never to be asked or stopped the list. now: system clock."""
        pickup = self._pickups.get(id_)
        if pickup is None or pickup.state_at(now) is not State.ASKED:
            return False
        addresses = self._suppressions.ids_of("email", address)
        if any(self._consents.has(_once(one)) for one in addresses):
            return False
        if self._suppressions.concerning("email", set(addresses), {})[0]:
            return False
        return not any(_stopped(user) for user in self._users.by_email(address))

    def never_again(self, addresses: Collection[str], words: str, client: str | None, now: datetime) -> None:
        """No question goes to this address any more. addresses: its keyed hashes. words: what was shown."""
        for one in addresses:
            self._consents.record(
                *(None, WHAT, False, "page", words, now),
                address=one,
                client=client,
                once=_once(one),
                for_ever=True,
            )


def _once(address: str) -> str:
    return f"{WHAT}/{address}"


def _stopped(user: Document) -> bool:
    chosen = user.get("preferences")
    stopped = chosen.get("stopped") if isinstance(chosen, dict) else None
    return isinstance(stopped, list) and str(MailList.PICKUPS) in stopped
