"""The people, as documents: read whole, changed field by field, and never over somebody else's change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.collation import Collation, CollationStrength
from pymongo.database import Database

from app.domain.errors import GatecallError
from app.store import ids
from app.store.client import in_transaction

Document = dict[str, Any]

COLLECTION = "users"
SAME_ADDRESS = Collation("en", strength=CollationStrength.SECONDARY)
"""Addresses that differ in the case of letters are found by one index; `same_address` says whether they are one."""

TRAVELLER, STAFF, ADMIN = "traveller", "staff", "admin"
ROLES = (TRAVELLER, STAFF, ADMIN)

_MOST_WITH_ONE_ADDRESS = 50


class ChangedMeanwhileError(GatecallError):
    """The document is not the one that was read: somebody changed or deleted it."""


def same_address(one: object, other: str) -> bool:
    """Whether two e-mail addresses reach the same mailbox: equal but for the case of ASCII letters.

    Only those: Unicode makes one letter of several (the Kelvin sign is a K), and a stranger's address would become
    somebody's own.
    """
    return isinstance(one, str) and _folded(one.strip()) == _folded(other.strip())


def roles_of(user: Mapping[str, Any]) -> frozenset[str]:
    """A person's roles that are known here; everybody is a traveller."""
    given = user.get("roles")
    listed = given if isinstance(given, list) else []
    return frozenset({TRAVELLER, *(role for role in listed if isinstance(role, str) and role in ROLES)})


class Users:
    """The collection `users`. Methods raise PyMongoError."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._users = database[COLLECTION]

    def get(self, person: str) -> Document | None:
        """The document of the person with this id as text; None when there is none."""
        return self._users.find_one({"_id": {"$in": ids.forms(person)}})

    def set_fields(
        self, person: str, changes: Mapping[str, Any], version: int, session: ClientSession | None = None
    ) -> int:
        """Change fields of the document that was read at this version; returns the new version.

        changes: values by field, dotted for a part ("verified.phone"); None removes the field. version: what
        `users.version` was, 0 when it is absent. session: of the transaction that it is a part of. Raises
        ChangedMeanwhileError when the version is another by now or the person is gone.
        """
        kept = {name: value for name, value in changes.items() if value is not None}
        gone = {name: "" for name, value in changes.items() if value is None}
        update: Document = {"$set": kept | {"version": version + 1}}
        if gone:
            update["$unset"] = gone
        as_read: Document = {"version": version} if version else {"version": {"$in": [None, 0]}}
        wanted = {"_id": {"$in": ids.forms(person)}} | as_read
        done = self._users.update_one(wanted, update, session=session)
        if done.matched_count == 0:
            raise ChangedMeanwhileError("somebody changed this person meanwhile; read again")
        return version + 1

    def by_email(self, address: str) -> list[Document]:
        """Everybody who has this address, the oldest first; several may share one."""
        return self._by_email(address, None)

    def create(
        self,
        email: str,
        name: str,
        *,
        language: str | None = None,
        time_zone: str | None = None,
    ) -> Document:
        """The person who signs up with an address that was verified just now; nobody twice.

        Of two that sign up with one address at the same moment the second gets the first's document.
        """

        def one(session: ClientSession) -> Document:
            # Both write this row, so MongoDB lets one of the two begin anew, and it finds the other's document.
            lock = {"_id": f"sign-up:{_folded(email)}"}
            self._database["sign_up_locks"].update_one(
                lock, {"$inc": {"times": 1}}, upsert=True, session=session
            )
            self._database["sign_up_locks"].delete_one(lock, session=session)
            there = self._by_email(email, session)
            if there:
                return there[0]
            user: Document = {"_id": ObjectId(), "name": name, "email": email, "verified": {"email": email}}
            user |= {"roles": [TRAVELLER], "version": 1}
            given = {"language": language, "time_zone": time_zone}
            user |= {field: value for field, value in given.items() if value}
            self._users.insert_one(user, session=session)
            return user

        return in_transaction(self._database.client, one)

    def note_verified_email(self, user: Mapping[str, Any], address: str) -> None:
        """The person has proved that this address is theirs. Whom an import made keeps no field `verified`: all of
        their addresses count as the import wrote them."""
        verified = user.get("verified")
        if not isinstance(verified, dict) or not same_address(user.get("email"), address):
            return
        if verified.get("email") != user["email"]:
            self._users.update_one(
                {"_id": user["_id"], "email": user["email"]},
                {"$set": {"verified.email": user["email"]}, "$inc": {"version": 1}},
            )

    def change_roles(
        self, person: str, change: Callable[[frozenset[str]], frozenset[str]]
    ) -> frozenset[str] | None:
        """Give or take roles; the roles afterwards, None when there is no such person."""
        while (user := self.get(person)) is not None:
            roles = change(roles_of(user)) | {TRAVELLER}
            found = self._users.find_one_and_update(
                {"_id": user["_id"], "roles": user.get("roles")},
                {"$set": {"roles": sorted(roles)}, "$inc": {"version": 1}},
                return_document=ReturnDocument.AFTER,
            )
            if found is not None:
                return roles
        return None

    def _by_email(self, address: str, session: ClientSession | None) -> list[Document]:
        rows = self._users.find({"email": address}, session=session).collation(SAME_ADDRESS).sort("_id", 1)
        return [row for row in rows.limit(_MOST_WITH_ONE_ADDRESS) if same_address(row.get("email"), address)]


def _folded(address: str) -> str:
    """ASCII letters small, everything else as it is."""
    return "".join(c.lower() if c.isascii() else c for c in address)
