"""Numbers that said STOP, and that said START again: suppressed and lifted at once, and proven.

A message that says so has an id of its provider's. What it asked for is done once, however often, and however late,
the same message is reported: a START that comes again must not undo a STOP that came after it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo.database import Database

from app.settings import Settings
from app.store import ids
from app.store.consents import Consents
from app.store.suppressions import Suppressions

Document = dict[str, Any]

_MOST_WITH_ONE_NUMBER = 50


class OptOuts:
    """What one word by SMS does. Methods raise PyMongoError when MongoDB does not answer, and may then be repeated."""

    def __init__(self, database: Database[Document], settings: Settings) -> None:
        self._users = database["users"]
        self._consents = Consents(database)
        self._suppressions = Suppressions(database, settings)

    def stop(self, number: str, words: str, message: str, now: datetime) -> list[str]:
        """Nothing more is sent to the number (E.164). Returns the ids of those who have it."""
        if self._consents.has(_name(message)):
            return []
        persons = self._persons(number)
        self._suppressions.opt_out("sms", number, persons[0] if persons else "", now)
        self._prove(persons, number, given=False, words=words, message=message, now=now)
        return persons

    def start(self, number: str, words: str, message: str, now: datetime) -> list[str]:
        """What STOP did is undone; a number that is of no use for another reason stays so. As `stop`."""
        if self._consents.has(_name(message)):
            return []
        persons = self._persons(number)
        self._suppressions.opt_in("sms", number)
        self._prove(persons, number, given=True, words=words, message=message, now=now)
        return persons

    def is_stopped(self, number: str) -> bool:
        """Whether nothing is sent to the number, for whatever reason."""
        return self._suppressions.has("sms", number)

    def holder(self, number: str) -> Document:
        """What whoever has the number chose to be spoken to in, the oldest of several; empty when nobody has it."""
        chosen = {"language": 1, "clock": 1}
        return self._users.find_one({"phone": number}, chosen, sort=[("_id", 1)]) or {}

    def _persons(self, number: str) -> list[str]:
        rows = self._users.find({"phone": number}, {"_id": 1}).sort("_id", 1).limit(_MOST_WITH_ONE_NUMBER)
        return [ids.text(row["_id"]) for row in rows]

    def _prove(
        self, persons: list[str], number: str, *, given: bool, words: str, message: str, now: datetime
    ) -> None:
        """The row with the message's own name comes last: it says that all is done."""
        address = self._suppressions.id_of("sms", number)
        for place in reversed(range(max(1, len(persons)))):
            self._consents.record(
                persons[place] if persons else None,
                "sms",
                given,
                "sms",
                words,
                now,
                address=address,
                once=_name(message) + (f":{place}" if place else ""),
            )


def _name(message: str) -> str:
    return f"sms:{message}"
