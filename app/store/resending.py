"""Sending a notification again, because staff ask for it: by the conversation it belongs to, never past it.

The conversation is made due, and delivery claims it like any other: one claim, one ledger, one way to the
provider. Where the person counts as told already, a doubt is noted, so that the message says how the flight stands
"now". Who asked, when and why is noted in the notification in the same transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from pymongo.client_session import ClientSession
from pymongo.database import Database

from app.domain import preferences, subjects
from app.domain.errors import PermanentError
from app.domain.news import Action, Role, Rules
from app.domain.people import Person
from app.domain.reports import State
from app.store.claim_records import AGAIN
from app.store.client import in_transaction
from app.store.conversations import FAILED, OPEN
from app.store.doorbells import Doorbells
from app.store.notifications import Status
from app.store.people import People
from app.store.suppressions import Suppressions

Document = dict[str, Any]

_HISTORY = 20
_URGENT = 0
_READ_TIMEOUT_MS = 5_000


class Addressing(Protocol):
    """What is needed of a channel."""

    def address(self, person: Person) -> str:
        """Where the person is reached. Raises PermanentError without a usable address."""
        ...


class Why(StrEnum):
    """Why a notification is not sent again."""

    NO_NOTIFICATION = "there is no such notification"
    ENDED = "its conversation has ended, long after the flight"
    CHANNEL_OFF = "its channel is switched off"
    NO_PERSON = "the person is not known any more"
    NO_ADDRESS = "the person has no usable address for this channel"
    SUPPRESSED = "the person's address on this channel is of no use any more: the provider said so"
    NOT_CONCERNED = "the person neither holds a booking on it nor follows it"
    UNDER_WAY = "it is waiting to be sent, or just being sent"
    NOTHING_KNOWN = "nothing is known of the flight that could be told"
    OVER = "it is over, or the flight has left: nothing about it is worth a message any more"
    MOVED = "the flight changed at this moment; look again"
    SENT = "it was sent already"
    TOLD = "the person knows already how the flight stands, by another message"
    NOT_WANTED = "what differs is too little, too early or of no interest for this person"


FORCEABLE = frozenset({Why.SENT, Why.TOLD, Why.NOT_WANTED})
"""Reasons that staff can overrule: the person is then told how the flight stands now."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A notification and what stands behind it. conversation, person, role: None when there is none (any more).

    why_not: why sending it again is pointless; None when it is not. must_repeat: the person counts as told, so only
    a doubt makes delivery speak.
    """

    row: Document
    conversation: Document | None
    person: Person | None
    role: Role | None
    why_not: Why | None
    must_repeat: bool


class Resending:
    """Looks at notifications and sends them again.

    channels: those that are on, by name. rules: as delivery has them.
    """

    def __init__(
        self,
        database: Database[Document],
        channels: Mapping[str, Addressing],
        rules: Rules,
        suppressions: Suppressions,
    ) -> None:
        self._database = database
        self._channels = channels
        self._rules = rules
        self._suppressions = suppressions

    def look(self, row_id: str, domain_now: datetime) -> Looked | None:
        """The notification with all that decides whether it can be sent again; None when there is none.

        domain_now: the clock of the airports. Raises PyMongoError.
        """
        row = self._database["notifications"].find_one({"_id": row_id})
        if row is None:
            return None
        conversation = self._database["conversations"].find_one({"_id": row["conversation"]})
        people = People(self._database)
        person = people.by_id([row["person"]]).get(row["person"])
        pair = (row["person"], row["subject"])
        by_place = subjects.of(row["subject"]).is_by_place
        own = [(pair, (conversation or {}).get("documents", ()))] if by_place else []
        role = people.roles([pair], own=own).get(pair)
        why, must_repeat = self._judge(row, conversation, person, role, domain_now)
        return Looked(row, conversation, person, role, why, must_repeat)

    def send(
        self, row_id: str, by: str, words: str, now: datetime, domain_now: datetime, *, force: bool
    ) -> Why | None:
        """Make the conversation due and note who asked, both or neither. None, or why it was not done.

        words: why, in the words of whoever asks. force: overrule what FORCEABLE names. Raises PyMongoError.
        """
        looked = self.look(row_id, domain_now)
        if looked is None:
            return Why.NO_NOTIFICATION
        if looked.why_not is not None and not (force and looked.why_not in FORCEABLE):
            return looked.why_not
        conversation = looked.conversation
        assert conversation is not None, "a conversation that has ended is a reason"
        entry = {"at": now, "by": by, "why": words, "forced": force and looked.why_not is not None}

        def both(session: ClientSession) -> bool:
            return self._make_due(conversation, looked.must_repeat, now, session) and self._note(
                row_id, entry, session, anew=is_undelivered(looked.row)
            )

        if not in_transaction(self._database.client, both):
            return Why.MOVED
        Doorbells(self._database).ring([looked.row["channel"]])
        return None

    def _make_due(self, as_read: Document, must_repeat: bool, now: datetime, session: ClientSession) -> bool:
        """On the condition that nothing has moved since it was read; False otherwise."""
        unmoved = {
            "_id": as_read["_id"],
            "order": as_read.get("order"),
            "heard": as_read.get("heard"),
            "status": as_read.get("status"),
            "doubt": as_read.get("doubt", {"$exists": False}),
            "due_at": {"$exists": False},
            "fold": {"$exists": False},
            "claim": {"$exists": False},
        }
        values: Document = {"status": OPEN, "due_at": now, "attempts": 0, "priority": _URGENT}
        gone = dict.fromkeys(("not_before", "reason", "skipped"), "")
        if must_repeat and "doubt" not in as_read:
            values["doubt"] = f"{AGAIN}{secrets.token_hex(8)}"
            gone["doubt_note"] = ""
        change = {"$set": values, "$unset": gone}
        done = self._database["conversations"].update_one(unmoved, change, session=session)
        return done.matched_count == 1

    def _note(self, row_id: str, entry: Document, session: ClientSession, *, anew: bool) -> bool:
        change: Document = {"$push": {"again": {"$each": [entry], "$slice": -_HISTORY}}}
        if anew:  # the attempt keeps what its provider reported; the row waits for the next one's report
            change["$unset"] = {"delivery": ""}
        done = self._database["notifications"].update_one({"_id": row_id}, change, session=session)
        return done.matched_count == 1

    def _judge(
        self,
        row: Document,
        conversation: Document | None,
        person: Person | None,
        role: Role | None,
        domain_now: datetime,
    ) -> tuple[Why | None, bool]:
        """Why not, and whether only a doubt makes delivery speak."""
        if conversation is None:
            return Why.ENDED, False
        if person is None:
            return Why.NO_PERSON, False
        unreached = self._unreached(row["channel"], person)
        if unreached is not None:
            return unreached, False
        if role is None:
            return Why.NOT_CONCERNED, False
        if any(name in conversation for name in ("due_at", "fold", "claim")):
            return Why.UNDER_WAY, False
        if not conversation.get("want"):
            return Why.NOTHING_KNOWN, False
        kind = subjects.of(row["subject"])
        want = kind.parse(conversation["want"])
        heard = kind.parse(conversation["heard"]) if conversation.get("heard") else want
        rules = preferences.rules(person.preferences, row["channel"], self._rules)
        decision = kind.decide(heard, want, role, rules, domain_now)
        if "doubt" not in conversation and decision.action is Action.TELL:
            return (Why.SENT if _has_arrived(row) else None), False
        # With a doubt delivery tells these, if they are still of use.
        if not kind.timely(decision.kinds or kind.of_state(want), want, domain_now):
            return Why.OVER, True
        if is_undelivered(row) and not self._was_told_later(row):
            return None, True
        return self._told(row, conversation, heard == want), True

    def _was_told_later(self, row: Document) -> bool:
        """Whether a later message of the same conversation was sent and did not come back."""
        later = {"conversation": row["conversation"], "order": {"$gt": row["order"]}}
        arrived = {"status": str(Status.SENT), "delivery.state": {"$ne": str(State.UNDELIVERED)}}
        return self._database["notifications"].find_one(later | arrived, {"_id": 1}) is not None

    def _unreached(self, name: str, person: Person) -> Why | None:
        """Why the person cannot be reached on a channel; None when nothing speaks against it."""
        channel = self._channels.get(name)
        if channel is None:
            return Why.CHANNEL_OFF
        try:
            forms = self._suppressions.ids_of(name, channel.address(person))
        except PermanentError:
            return Why.NO_ADDRESS
        suppressed, _ = self._suppressions.concerning(name, forms, {})
        return Why.SUPPRESSED if suppressed else None

    @staticmethod
    def _told(row: Document, conversation: Document, knows: bool) -> Why | None:
        if _has_arrived(row):
            return Why.SENT
        if conversation.get("doubt") or conversation.get("status") == FAILED:
            return None  # nobody knows whether it arrived, or it did not
        return Why.TOLD if knows else Why.NOT_WANTED


def is_undelivered(row: Mapping[str, Any]) -> bool:
    """Whether a provider took the message and reported later that it did not arrive."""
    return row["status"] == Status.SENT and (row.get("delivery") or {}).get("state") == State.UNDELIVERED


def _has_arrived(row: Mapping[str, Any]) -> bool:
    return row["status"] == Status.SENT and not is_undelivered(row)


TROUBLED, UNDELIVERED = "troubled", str(State.UNDELIVERED)
"""What `query` takes besides the states of the ledger: all that nobody was told by; what came back."""


def query(
    *,
    status: str | None = None,
    person: str | None = None,
    channel: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Document:
    """Which notifications are meant, as MongoDB takes it; None stands for all. since, until: of `created_at`.

    status: one of the ledger, TROUBLED or UNDELIVERED. What came back counts as undelivered, not as sent.
    """
    plain = {"person": person, "channel": channel}
    wanted: Document = {name: value for name, value in plain.items() if value is not None}
    wanted |= _of_status(status) if status is not None else {}
    when = {name: m for name, m in (("$gte", since), ("$lt", until)) if m is not None}
    return wanted | ({"created_at": when} if when else {})


def _of_status(status: str) -> Document:
    came_back = {"delivery.state": UNDELIVERED}
    if status == UNDELIVERED:
        return came_back
    if status == TROUBLED:
        troubled = (Status.FAILED, Status.SKIPPED, Status.UNKNOWN)
        return {"$or": [*({"status": str(one)} for one in troubled), came_back]}
    if status == Status.SENT:
        return {"status": status, "delivery.state": {"$ne": UNDELIVERED}}
    return {"status": status}


def find(
    database: Database[Document], wanted: Mapping[str, Any], about: str | None, *, skip: int, limit: int
) -> list[Document]:
    """Notifications that are meant, the latest first.

    about: a subject, or a flight number ("UA407") of which all days are meant; None stands for all.
    """
    conditions = dict(wanted)
    if about is not None:
        subjects = [about] if ":" in about else _subjects(database, about)
        conditions["subject"] = {"$in": subjects}
    # All are kept equally long, so both orders are the same; each has an index.
    latest_first = "created_at" if "person" in conditions else "expires_at"
    # Each alternative has an index of its own; asked for together, MongoDB would read through all that was sent.
    found: dict[str, Document] = {}
    for alternative in conditions.pop("$or", [{}]):
        rows = database["notifications"].find(conditions | alternative).sort(latest_first, -1)
        found |= {row["_id"]: row for row in rows.limit(skip + limit).max_time_ms(_READ_TIMEOUT_MS)}
    return sorted(found.values(), key=lambda row: row[latest_first], reverse=True)[skip : skip + limit]


def _subjects(database: Database[Document], flight_number: str) -> list[str]:
    """Subjects of a flight number, through the index of identities ("UA407|EWR|2026-12-01")."""
    number = "".join(flight_number.split()).upper()
    between = {"$gte": f"{number}|", "$lt": f"{number}}}"}  # "}" comes after "|"
    rows = database["known"].find({"identity": between}, {"subject": 1})
    return sorted({row["subject"] for row in rows if row.get("subject")})
