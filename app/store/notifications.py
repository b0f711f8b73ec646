"""The ledger: one row for each notification, with what it said and every attempt to hand it over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from app.domain import subjects
from app.domain.news import Kind
from app.domain.subject import Value
from app.store.claim_records import Grounds
from app.store.duplicates import only_duplicates

Document = dict[str, Any]
_ATTEMPTS_KEPT = 50


class Outcome(StrEnum):
    """How one attempt ended."""

    ACCEPTED = "accepted"
    LATER = "later"
    NEVER = "never"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """How a notification stands."""

    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    RETRYING = "retrying"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to hand a notification over; times are aware UTC of the system clock.

    doubtful: an earlier one may have arrived, so this may have been a repeat. address: the id of where it went
    (`Suppressions.id_of`), never the address itself. provider: its name when it was not the channel's first.
    """

    id: str
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    provider_id: str | None = None
    words: str | None = None
    doubtful: bool = False
    address: str | None = None
    provider: str | None = None

    def to_document(self) -> Document:
        """As stored: without what is None, and doubtful only where it is so."""
        values: Document = {
            "id": self.id,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "outcome": str(self.outcome),
            "provider_id": self.provider_id,
            "words": self.words,
            "doubtful": self.doubtful or None,
            "address": self.address,
            "provider": self.provider,
        }
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written about one notification; its id is conversation @ order.

    from_, to: what it was told against, and what it said. reason: why it failed or was skipped. title: what
    the message said in a line. attempt: None when it was never tried. grounds: what the decision rested on, None where
    nothing was to be handed over. digest: the id of the mail that told it among others, None where it went alone.
    """

    conversation: str
    person: str
    subject: str
    channel: str
    order: str
    event_id: str
    kinds: tuple[Kind, ...]
    from_: Value | None
    to: Value
    status: Status
    reason: str | None
    title: str | None
    changed_at: datetime | None
    due_at: datetime
    attempt: Attempt | None = None
    grounds: Grounds | None = None
    digest: str | None = None

    @property
    def id(self) -> str:
        """The row's id."""
        return f"{self.conversation}@{self.order}"


class Ledger:
    """The collection `notifications`. Methods raise PyMongoError when MongoDB does not answer, and may then
    be repeated: an attempt is written once."""

    def __init__(self, database: Database[Document], keep: timedelta) -> None:
        self._notifications = database["notifications"]
        self._keep = keep

    def record(self, entries: Sequence[Entry], now: datetime) -> None:
        """D4, first write: each row gets its attempt once. A row that says "sent" goes on saying so."""
        rows = [self._row(entry, now) for entry in entries]
        if not rows:
            return
        try:
            self._notifications.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            if not only_duplicates(error):
                raise
            known = [entries[failure["index"]] for failure in error.details["writeErrors"]]
            self._notifications.bulk_write([_amendment(entry) for entry in known], ordered=True)

    def found(self, entry: Entry, now: datetime) -> None:
        """An attempt whose outcome was unknown, or never written, turns out to be accepted."""
        attempt = entry.attempt
        assert attempt is not None, "what was found is an attempt"
        known = {"_id": entry.id, "attempts": {"$elemMatch": {"id": attempt.id, "outcome": Outcome.UNKNOWN}}}
        fields = attempt.to_document()
        values = {
            f"attempts.$.{name}": fields[name]
            for name in ("outcome", "provider_id", "words")
            if name in fields
        }
        done = self._notifications.update_one(
            known,
            {
                "$set": values | {"status": str(Status.SENT), "sent_at": attempt.started_at},
                "$unset": {"reason": ""},
            },
        )
        if done.matched_count == 0:
            self.record([entry], now)

    def accepted(self, doubts: Mapping[str, str]) -> dict[str, Value]:
        """Which doubtful attempts the ledger has as accepted, and what they said.

        doubts: conversation -> the attempt in doubt. Returns conversation -> the row's `to`.
        """
        if not doubts:
            return {}
        rows = self._notifications.find(
            {
                "conversation": {"$in": list(doubts)},
                "attempts": {
                    "$elemMatch": {"id": {"$in": list(doubts.values())}, "outcome": str(Outcome.ACCEPTED)}
                },
            },
            {"conversation": 1, "subject": 1, "to": 1},
        )
        return {row["conversation"]: subjects.of(row["subject"]).parse(row["to"]) for row in rows}

    def refused(self, doubts: Mapping[str, str]) -> set[str]:
        """Which conversations' doubtful attempts the ledger has as refused, for now or for good: their providers do not
        have these messages.

        doubts: conversation -> the attempt in doubt.
        """
        if not doubts:
            return set()
        outcomes = {"$in": [str(Outcome.LATER), str(Outcome.NEVER)]}
        attempts = {"$elemMatch": {"id": {"$in": list(doubts.values())}, "outcome": outcomes}}
        rows = self._notifications.find(
            {"conversation": {"$in": list(doubts)}, "attempts": attempts}, {"conversation": 1}
        )
        return {row["conversation"] for row in rows}

    def provider_ids(self, conversation: str) -> frozenset[str]:
        """The providers' ids of all messages that the conversation has on record."""
        rows = self._notifications.find({"conversation": conversation}, {"attempts.provider_id": 1})
        return frozenset(a["provider_id"] for row in rows for a in row["attempts"] if "provider_id" in a)

    def last_accepted(self, addresses: Mapping[str, str]) -> dict[str, str]:
        """The provider's id of each conversation's last message that was accepted at this address; those without are
        missing. addresses: conversation -> the id of the address."""
        found: dict[str, tuple[datetime, str]] = {}
        rows = self._notifications.find(
            {"conversation": {"$in": list(addresses)}, "status": str(Status.SENT)},
            {"conversation": 1, "attempts": 1},
        )
        for row in rows if addresses else ():
            for one in row["attempts"]:
                is_ours = one.get("address") == addresses[row["conversation"]] and "provider_id" in one
                if is_ours and one["outcome"] == str(Outcome.ACCEPTED):
                    last = (one["ended_at"], one["provider_id"])
                    found[row["conversation"]] = max(found.get(row["conversation"], last), last)
        return {conversation: provider_id for conversation, (_, provider_id) in found.items()}

    def _row(self, entry: Entry, now: datetime) -> Document:
        attempt = entry.attempt
        values: Document = {
            "_id": entry.id,
            "conversation": entry.conversation,
            "person": entry.person,
            "subject": entry.subject,
            "channel": entry.channel,
            "order": entry.order,
            "event_id": entry.event_id,
            "kinds": [str(kind) for kind in entry.kinds],
            "from": entry.from_.to_document() if entry.from_ else None,
            "to": entry.to.to_document(),
            "status": str(entry.status),
            "reason": entry.reason,
            "title": entry.title,
            "changed_at": entry.changed_at,
            "due_at": entry.due_at,
            "sent_at": attempt.ended_at if attempt and entry.status is Status.SENT else None,
            "attempts": [attempt.to_document()] if attempt else [],
            "role": str(entry.grounds.role) if entry.grounds else None,
            "decided_at": entry.grounds.decided_at if entry.grounds else None,
            "digest": entry.digest,
            "waited_by": (list(entry.grounds.waited_by) or None) if entry.grounds else None,
            "created_at": now,
            "expires_at": now + self._keep,
        }
        optional = {"reason", "title", "sent_at", "changed_at", "role", "decided_at", "digest", "waited_by"}
        return {name: value for name, value in values.items() if value is not None or name not in optional}


def _amendment(entry: Entry) -> UpdateOne:
    """What a row that exists learns from a further attempt, unless it has that attempt already."""
    sent = entry.status is Status.SENT
    attempt = entry.attempt
    already_sent = {"$eq": ["$status", str(Status.SENT)]}
    update: Document = {
        "status": {"$cond": [already_sent, "$status", str(entry.status)]},
        "reason": {"$cond": [already_sent, "$reason", _or_remove(entry.reason)]},
    }
    if entry.title is not None:
        update["title"] = {"$cond": [already_sent, "$title", {"$literal": entry.title}]}
    if sent:
        update["from"] = {"$cond": [already_sent, "$from", _literal(entry.from_)]}
        update["kinds"] = {"$cond": [already_sent, "$kinds", [str(kind) for kind in entry.kinds]]}
    if entry.grounds is not None and entry.grounds.waited_by:
        update["waited_by"] = list(entry.grounds.waited_by)
    if entry.digest is not None:
        update["digest"] = {"$cond": [already_sent, "$digest", entry.digest]}
    if attempt is not None:
        update["attempts"] = {
            "$slice": [
                {"$concatArrays": ["$attempts", [{"$literal": attempt.to_document()}]]},
                -_ATTEMPTS_KEPT,
            ]
        }
        if sent:
            update["sent_at"] = {"$ifNull": ["$sent_at", attempt.ended_at]}
    fresh = {"_id": entry.id} | ({"attempts.id": {"$ne": attempt.id}} if attempt else {})
    return UpdateOne(fresh, [{"$set": update}])


def _literal(value: Value | None) -> Document:
    return {"$literal": value.to_document() if value else None}


def _or_remove(value: str | None) -> Any:
    return "$$REMOVE" if value is None else {"$literal": value}
