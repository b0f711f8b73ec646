"""What people agreed to and what they took back: when, by which way, and in the words that they saw.

A row is never changed. Addresses, also of computers, are kept as keyed hashes alone (`Suppressions.id_of`), so that a
row proves what its person says and tells nobody else anything. Rows are kept as long as their person is; when the
person is erased, theirs lose the person and end some years later.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import DESCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

Document = dict[str, Any]

COLLECTION = "consents"
KEPT_WITHOUT_PERSON = timedelta(days=3 * 365)
"""How long it may have to be proven that somebody who is erased, or was never known, had agreed or said stop."""
_LONGEST_WORDS = 2000


@dataclass(frozen=True, slots=True)
class Consent:
    """One giving (given) or taking back. person: None when nobody is known by the address, or they were erased.

    what: "email", "sms", or a list of mail. way: "sign_up", "phone_code", "one_click", "page", "sms" and their like.
    words: the text that was shown or sent. address, client: keyed hashes, None when not known.
    """

    person: str | None
    what: str
    given: bool
    way: str
    words: str
    at: datetime
    address: str | None = None
    client: str | None = None


class Consents:
    """The collection `consents`. Methods raise PyMongoError when MongoDB does not answer."""

    def __init__(self, database: Database[Document]) -> None:
        self._consents = database[COLLECTION]

    def record(
        self,
        person: str | None,
        what: str,
        given: bool,
        way: str,
        words: str,
        now: datetime,
        *,
        address: str | None = None,
        client: str | None = None,
        once: str | None = None,
        for_ever: bool = False,
        session: ClientSession | None = None,
    ) -> None:
        """Keep one giving or taking back, as in `Consent`; now: system clock.

        once: a name of the act (a provider's id of a message): its repeats keep nothing more. for_ever: it stays
        also without a person. session: of the transaction that it is a part of, for an act without a name.
        """
        row: Document = {
            "_id": once or secrets.token_hex(12),
            "person": person,
            "what": what,
            "given": given,
            "way": way,
            "words": words[:_LONGEST_WORDS],
            "at": now,
            "address": address,
            "client": client,
        }
        if person is None and not for_ever:
            row["expires_at"] = now + KEPT_WITHOUT_PERSON
        try:
            kept = {name: value for name, value in row.items() if value is not None}
            self._consents.insert_one(kept, session=session)
        except DuplicateKeyError:
            pass  # the same act, told once more

    def has(self, once: str) -> bool:
        """Whether the act with this name is kept."""
        return self._consents.find_one({"_id": once}, {"_id": 1}) is not None

    def of_person(self, person: str, limit: int = 1000) -> list[Consent]:
        """What the person gave and took back, latest first."""
        rows = self._consents.find({"person": person}).sort("at", DESCENDING).limit(limit)
        return [_consent(row) for row in rows]

    def forget(self, person: str, now: datetime) -> int:
        """Take the person, and the computers they used, out of their rows; returns how many. Safe to repeat."""
        done = self._consents.update_many(
            {"person": person},
            {
                "$unset": {"person": "", "client": ""},
                "$set": {"expires_at": now + KEPT_WITHOUT_PERSON},
            },
        )
        return done.modified_count


def _consent(row: Mapping[str, Any]) -> Consent:
    return Consent(
        person=row.get("person"),
        what=row["what"],
        given=row["given"],
        way=row["way"],
        words=row["words"],
        at=row["at"],
        address=row.get("address"),
        client=row.get("client"),
    )
