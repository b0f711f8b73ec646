"""Everything that is held about one person: where it is, all of it as JSON, and its end.

`PLACES` says for every collection with a person in it what an erasure does; a test holds it against the schema.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bson import DatetimeMS
from bson.timestamp import Timestamp
from pymongo.database import Database

from app.domain.alert import PREFIX
from app.domain.fields import rfc3339
from app.domain.people import masked_words
from app.store import ids
from app.store.consents import Consents
from app.store.idempotency import owner_of
from app.store.pickups import Pickups
from app.store.users import SAME_ADDRESS

Document = dict[str, Any]


class End(StrEnum):
    """What an erasure does with the rows. DELETED. KEPT: they stay as proof, about a pseudonym."""

    DELETED = "deleted"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Place:
    """A collection. field: what says whose a row is. hidden: what of a row is no knowledge about the person but a
    lock: hashes of secrets."""

    collection: str
    field: str
    end: End
    hidden: tuple[str, ...] = ()


PLACES = (
    Place("bookings", "user_id", End.DELETED),
    Place("followings", "user_id", End.DELETED),
    Place("alerts", "user_id", End.DELETED, ("keys", "taken_by")),
    Place("shares", "person", End.DELETED, ("_id",)),
    Place("pickups", "person", End.DELETED, ("link", "sealed", "address", "user")),
    Place("pickups", "user", End.DELETED, ("link", "sealed", "address", "person", "name")),
    Place("conversations", "person", End.DELETED),
    Place("delivery_decisions", "person", End.DELETED),
    Place("daily_counts", "person", End.DELETED),
    Place("phone_codes", "_id", End.DELETED, ("code",)),
    Place("sign_ins", "address", End.DELETED, ("_id", "nonce")),
    Place("telegram_links", "person", End.DELETED, ("_id",)),
    Place("inbox", "person", End.DELETED),
    Place("notifications", "person", End.KEPT),
    Place("suppressions", "person", End.KEPT),
    Place("consents", "person", End.KEPT),
    Place("dead_letters", "document.user_id", End.KEPT),
    Place("api_keys", "owner", End.DELETED, ("hash",)),
    Place("sessions", "person", End.DELETED, ("_id",)),
    Place("users", "_id", End.DELETED),
)
"""In the order of an erasure: who is signed in and who they are go last, so that it can be begun again."""

NOBODY = frozenset(
    (
        *(
            "flights",
            "prices",
            "notices",
            "known",
            "announcements",
            "airport_days",
            "event_decisions",
            "why_links",
            "doorbells",
            "telegram_bots",
        ),
        *(
            "suspects",
            "tries",
            "resume_tokens",
            "leases",
            "schema_steps",
            "provider_state",
            "callbacks",
            "gaps",
        ),
        *("samples", "read_requests", "sign_up_locks", "service_messages", "idempotent_answers"),
        *("rate_counters", "rate_windows"),
    )
)
"""Collections without a person in them, or with sealed or hashed ones that end within days; erasure takes what is
found of them by other rows: reports of providers, kept answers, announcements of the person's fare alerts."""


_PROVIDERS_WORDS = frozenset({"words", "reason", "why"})
_PEOPLES_WORDS = frozenset({"title", "name"})
"""Fields of the ledger's rows with free text; other strings are names of ours, which hold nobody's."""


class PersonData:
    """All collections, for one person. Methods raise PyMongoError; everything may be repeated."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    def everything(self, person: str) -> dict[str, list[Any]]:
        """Rows by collection as JSON values; collections without any are missing."""
        user = self._user(person)
        found: dict[str, list[Any]] = {}
        for place in PLACES:
            rows = [
                _json({name: value for name, value in row.items() if name not in place.hidden})
                for row in self._rows(place, person, user)
            ]
            if rows:
                found.setdefault(place.collection, []).extend(rows)
        if said := [_json(row) for row in self._database.announcements.find(self._of_alerts(person))]:
            found["announcements"] = said
        return found

    def is_being_told(self, person: str, now: datetime) -> bool:
        """Whether a message to the person is on its way at this moment. now: system clock."""
        claimed = {"person": person, "claim": {"$exists": True}, "lease_until": {"$gt": now}}
        return self._database.conversations.find_one(claimed, {"_id": 1}) is not None

    def leave_flights(self, person: str, now: datetime) -> None:
        """End bookings, followings and pick-ups, so that nothing new is told. now: system clock."""
        Pickups(self._database).forget(person, now)
        for name in ("bookings", "followings"):
            self._database[name].delete_many({"user_id": {"$in": ids.forms(person)}})

    def erase(self, person: str, now: datetime) -> str:
        """Delete what is the person's, and take the person out of what stays; returns the pseudonym in their place."""
        user = self._user(person)
        pseudonym = f"erased-{secrets.token_hex(8)}"
        known = [str(user[name]) for name in ("email", "phone", "name") if user.get(name)]
        self._forget_reports(person)
        self._database.announcements.delete_many(self._of_alerts(person))
        Pickups(self._database).forget(person, now)
        for place in PLACES:
            if place.end is End.DELETED:
                self._delete(place, person, user)
            else:
                self._without[place.collection](self, person, pseudonym, known, now)
        self._as_staff(person, pseudonym)
        self._database.idempotent_answers.delete_many({"owner": owner_of(f"person:{person}")})
        # What a delivery or a notifier that had begun before wrote meanwhile.
        for name in ("conversations", "inbox"):
            self._database[name].delete_many({"person": person})
        self._ledger(person, pseudonym, known, now)
        return pseudonym

    def _user(self, person: str) -> Document:
        return self._database.users.find_one({"_id": {"$in": ids.forms(person)}}) or {}

    def _rows(self, place: Place, person: str, user: Document) -> Iterator[Document]:
        wanted, options = self._wanted(place, person, user)
        return iter(self._database[place.collection].find(wanted, **options))

    def _delete(self, place: Place, person: str, user: Document) -> None:
        wanted, options = self._wanted(place, person, user)
        self._database[place.collection].delete_many(wanted, **options)

    @staticmethod
    def _wanted(place: Place, person: str, user: Document) -> tuple[Document, Document]:
        if place.field == "address":
            return {"address": str(user.get("email") or "")}, {"collation": SAME_ADDRESS}
        return {place.field: {"$in": ids.forms(person)}}, {}

    def _forget_reports(self, person: str) -> None:
        """What providers reported about the person's messages, by the names that they gave them."""
        named = self._database.notifications.distinct("attempts.provider_id", {"person": person})
        self._database.callbacks.delete_many({"_id": {"$in": named}})

    def _of_alerts(self, person: str) -> Document:
        """The announcements of the person's fare alerts, also of those that they deleted: each names what they want."""
        mine = {"user_id": {"$in": ids.forms(person)}}
        subjects = {f"{PREFIX}:{row['_id']}" for row in self._database.alerts.find(mine, {"_id": 1})}
        of_alert = {"person": person, "subject": {"$regex": f"^{PREFIX}:"}}
        for name in ("conversations", "notifications"):
            subjects |= set(self._database[name].distinct("subject", of_alert))
        return {"subject": {"$in": sorted(subjects)}}

    def _ledger(self, person: str, pseudonym: str, known: Sequence[str], _now: datetime) -> None:
        """Rows of the ledger name their person in their ids: each is written anew, then the old one goes."""
        rows = self._database.notifications
        for row in rows.find({"person": person}):
            old = row["conversation"]
            new = f"{row['subject']}|{pseudonym}|{row['channel']}"
            kept = _scrubbed(row, old, new, known)
            kept["person"] = pseudonym
            for attempt in kept.get("attempts", ()):
                attempt.pop("provider_id", None)
                attempt.pop("address", None)
            rows.replace_one({"_id": kept["_id"]}, kept, upsert=True)
            rows.delete_one({"_id": row["_id"]})

    def _suppressions(self, person: str, pseudonym: str, known: Sequence[str], _now: datetime) -> None:
        """An address that nothing is sent to stays so; it is there as a keyed hash alone."""
        rows = self._database.suppressions
        for row in rows.find({"person": person}):
            words = row.get("words")
            changes = {"person": pseudonym} | ({"words": _masked(words, known)} if words else {})
            rows.update_one({"_id": row["_id"]}, {"$set": changes})

    def _consents(self, person: str, _pseudonym: str, _known: Sequence[str], now: datetime) -> None:
        Consents(self._database).forget(person, now)

    def _letters(self, person: str, pseudonym: str, _known: Sequence[str], _now: datetime) -> None:
        wanted = {"document.user_id": {"$in": ids.forms(person)}}
        self._database.dead_letters.update_many(wanted, {"$set": {"document.user_id": pseudonym}})

    def _as_staff(self, person: str, pseudonym: str) -> None:
        """Where a person with a role did something, the pseudonym did."""
        label, other = f"person:{person}", f"person:{pseudonym}"
        for name in ("api_keys", "notices"):
            self._database[name].update_many({"created_by": label}, {"$set": {"created_by": other}})
        for name, field in (("notifications", "again"), ("dead_letters", "history")):
            self._database[name].update_many(
                {f"{field}.by": label},
                {"$set": {f"{field}.$[one].by": other}},
                array_filters=[{"one.by": label}],
            )

    _without: Mapping[str, Callable[..., None]] = {
        "notifications": _ledger,
        "suppressions": _suppressions,
        "consents": _consents,
        "dead_letters": _letters,
    }


def _masked(text: str, known: Sequence[str]) -> str:
    """Without the person's name and addresses, where they stand as words of their own: a name may be two letters."""
    for one in known:
        text = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", "***", text, flags=re.IGNORECASE)
    return text


def _scrubbed(value: Any, old: str, new: str, known: Sequence[str], field: str = "") -> Any:
    """A row of the ledger about another conversation; what people and providers wrote is without the person, and every
    other address in providers' words is masked."""
    if isinstance(value, str):
        renamed = value.replace(old, new)
        if field in _PROVIDERS_WORDS:
            return masked_words(_masked(renamed, known))
        return _masked(renamed, known) if field in _PEOPLES_WORDS else renamed
    if isinstance(value, dict):
        return {name: _scrubbed(inner, old, new, known, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_scrubbed(one, old, new, known, field) for one in value]
    return value


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Timestamp):
        return [value.time, value.inc]
    if isinstance(value, bytes):
        return None
    if isinstance(value, DatetimeMS):  # a date that Python cannot hold
        return int(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)
