"""Conversations as the notifier sees them: made where they are missing, and told what they should know.

What those concerned should know is decided once for a subject and written by the server into all of its
conversations (`tell`), however many they are. A command has few enough subjects to be answered in time on a
busy machine too: one that times out is repeated, and would time out again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from pymongo import UpdateMany, UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern

from app.domain.flight import NOT_FLYING, Flight, Status
from app.domain.order import Order
from app.domain.subject import Value
from app.store.duplicates import only_duplicates

COLLECTION = "conversations"
OPEN, FAILED = "open", "failed"

# Statuses whose coming or going is urgent, whatever else is news.
_ALWAYS_URGENT = (*NOT_FLYING, Status.DIVERTED)
_ROWS = 50_000
_TOLD_AT_ONCE = 20
_MADE_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Telling:
    """What all conversations about a subject should know.

    order: of the event. want: what was announced. unheard: what somebody counts as having heard of whom nothing is
    known. priority: of the news. due_at: when it may be told, system clock; cancellation_due_at: the same for those who
    are to hear that the flight is cancelled. puts_off: due_at holds even where something was due earlier. ends_at: when
    the conversation is deleted, system clock. event_id, changed_at, found_late: of the event that made the news. doubt:
    of new conversations; None but after a restore from a backup. documents: keys of the flight's documents, where it
    has others than the one that the subject is named after: who is booked on one of them is concerned, also before N4
    says that it is known. said_by: of several documents the one that says want, and the order of that: news of another
    one is no reason to tell it to who was shown this one later.
    """

    subject: str
    order: Order
    want: Value
    unheard: Value
    priority: int
    due_at: datetime
    cancellation_due_at: datetime
    puts_off: bool
    ends_at: datetime
    event_id: str | None
    changed_at: datetime | None
    found_late: bool
    doubt: str | None = None
    documents: tuple[str, ...] = ()
    said_by: tuple[str, Order] | None = None


class Start(NamedTuple):
    """A conversation that is missing. heard: what the person knows. order: of reading what they know. documents: the
    bookings and followings that concern this person, of subjects whose kind is by place. shown: key of the document
    that was read; None where nothing says when."""

    person: str
    channel: str
    heard: Value
    order: Order
    documents: tuple[str, ...] = ()
    shown: str | None = None

    def is_newer(self, telling: Telling) -> bool:
        """Whether the person knows what was read later than what would be told."""
        document, order = telling.said_by or (None, telling.order)
        return self.order >= telling.order or (self.shown == document and self.order > order)


def conversation_id(subject: str, person: str, channel: str) -> str:
    """The id of the only conversation of this person about this subject on this channel."""
    return f"{subject}|{person}|{channel}"


def restored_doubt(incarnation: int) -> str:
    """The doubt of who may have heard what the restored database does not know of. No row of the ledger has it."""
    return f"restore/{incarnation}"


class Conversations:
    """The collection `conversations`, for the notifier. Raises PyMongoError; everything may be repeated."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._conversations = database[COLLECTION]

    def of_subjects(self, subjects: Collection[str]) -> set[str]:
        """Ids of all conversations about these subjects."""
        rows = self._conversations.find({"subject": {"$in": list(subjects)}}, {"_id": 1}, batch_size=_ROWS)
        return {row["_id"] for row in rows.hint("subject_1_order_1__id_1")}

    def people(self, subject: str) -> int:
        """How many people have a conversation about the subject, on whatever channel."""
        stages: list[dict[str, Any]] = [
            {"$match": {"subject": subject}},
            {"$group": {"_id": "$person"}},
            {"$count": "n"},
        ]
        return next((int(row["n"]) for row in self._conversations.aggregate(stages, allowDiskUse=True)), 0)

    def existing(self, ids: Collection[str]) -> set[str]:
        """Which of these ids there are."""
        return {row["_id"] for row in self._conversations.find({"_id": {"$in": list(ids)}}, {"_id": 1})}

    def make(self, starts: Sequence[tuple[Start, Telling]]) -> int:
        """N3: make the missing conversations, each as `tell` would leave it; returns how many were made.

        One that somebody made meanwhile stays as it is: `tell` comes after.
        """
        alike: dict[tuple[int, int, str], dict[str, Any]] = {}
        rows = []
        for start, telling in starts:
            # Of most people nothing differs but who they are.
            kind = (id(telling), id(start.heard), start.order if start.is_newer(telling) else "")
            shared = alike.get(kind)
            if shared is None:
                shared = alike[kind] = _document(start, telling)
            id_ = conversation_id(telling.subject, start.person, start.channel)
            own: dict[str, Any] = {"_id": id_, "person": start.person, "channel": start.channel}
            own["start"] = start.order
            if start.documents:
                own["documents"] = list(start.documents)
            if start.shown is not None:
                own["shown"] = start.shown
            rows.append({**shared, **own})
        return sum(self._insert(rows[at : at + _MADE_AT_ONCE]) for at in range(0, len(rows), _MADE_AT_ONCE))

    def _insert(self, rows: Sequence[dict[str, Any]]) -> int:
        try:
            return len(self._conversations.insert_many(rows, ordered=False).inserted_ids)
        except BulkWriteError as error:
            if not only_duplicates(error):
                raise
            return int(error.details["nInserted"])

    def tell(self, tellings: Sequence[Telling], *, only: Mapping[str, Collection[str]] | None = None) -> int:
        """N3's update: every conversation about a subject whose order is smaller gets want and
        order, and is due where heard differs from want or a doubt or claim exists. Returns how many changed.

        only: ids of the conversations that are meant, by subject; None means all of them.
        """
        chunks = (tellings[at : at + _TOLD_AT_ONCE] for at in range(0, len(tellings), _TOLD_AT_ONCE))
        return sum(self._tell(chunk, only) for chunk in chunks)

    def _tell(self, tellings: Sequence[Telling], only: Mapping[str, Collection[str]] | None) -> int:
        def behind(telling: Telling) -> dict[str, Any]:
            condition = _behind(telling)
            if only is not None:
                condition["_id"] = {"$in": list(only.get(telling.subject, ()))}
            return condition

        # Nearly all are alike, and are told at the speed of a plain update; whatever it left, each by itself.
        plain = [UpdateMany(behind(t) | _settled_and_differing(t), _plain(t)) for t in tellings]
        changed = self._conversations.bulk_write(plain, ordered=False).modified_count
        if rest := self._untold(tellings, behind):
            each = [UpdateMany(behind(t), _update(t)) for t in rest]
            changed += self._conversations.bulk_write(each, ordered=False).modified_count
        return changed

    def untold(self, tellings: Sequence[Telling]) -> list[Telling]:
        """Those of which some conversation has a smaller order: what `tell` would change, asked in one read.

        The read sees what is written, whether or not a majority has it yet.
        """
        return self._untold(tellings, _behind)

    def _untold(
        self, tellings: Sequence[Telling], behind: Callable[[Telling], dict[str, Any]]
    ) -> list[Telling]:
        if not tellings:
            return []
        rows = self._conversations.with_options(read_concern=ReadConcern("local")).aggregate(
            [{"$match": {"$or": [behind(t) for t in tellings]}}, {"$group": {"_id": "$subject"}}]
        )
        names = {row["_id"] for row in rows}
        return [t for t in tellings if t.subject in names]

    def tell_late(self, tellings: Sequence[Telling]) -> int:
        """N8: the same, in two steps; returns how many did not want what they should, which should be none."""
        wrong = [
            UpdateMany(_behind(t) | {"want": {"$ne": t.want.to_document()}}, _update(t)) for t in tellings
        ]
        mended = self._conversations.bulk_write(wrong, ordered=False).modified_count if wrong else 0
        self.tell(tellings)
        return mended

    def hear(self, shown: Sequence[tuple[str, Start]]) -> int:
        """N3b: what a new booking showed, by the subject's name, to those who are settled since before it was
        shown; they start there anew. Returns how many."""
        writes = []
        for subject, start in shown:
            settled = {name: {"$exists": False} for name in ("due_at", "claim", "doubt", "fold")}
            id_ = conversation_id(subject, start.person, start.channel)
            known = _stored(start.heard)
            anew = {
                "heard": known,
                "want": known,
                "order": start.order,
                "start": start.order,
                "shown": start.shown,
            }
            writes.append(
                UpdateOne(
                    {"_id": id_, "status": OPEN, "order": {"$lt": start.order}, **settled}, {"$set": anew}
                )
            )
        return self._conversations.bulk_write(writes, ordered=False).modified_count if writes else 0

    def look_again(self, ids: Collection[str], due_at: datetime) -> int:
        """N3b: let delivery look again at those that are settled although heard differs from want, because the
        person's booking is new. Returns how many."""
        condition = {
            "_id": {"$in": list(ids)},
            "status": OPEN,
            "due_at": {"$exists": False},
            "$expr": {"$ne": ["$heard", "$want"]},
        }
        return self._conversations.update_many(condition, {"$set": {"due_at": due_at}}).modified_count


def _behind(telling: Telling) -> dict[str, Any]:
    """Which conversations are to be told: all with a smaller order, but not what they were shown to be over."""
    condition: dict[str, Any] = {"subject": telling.subject, "order": {"$lt": telling.order}}
    if telling.said_by is not None:
        document, order = telling.said_by
        condition["$nor"] = [{"shown": document, "start": {"$gt": order}}]
    return condition


def _document(start: Start, telling: Telling) -> dict[str, Any]:
    """A new conversation, as `_update` would leave it."""
    heard, want, order = start.heard, start.heard, start.order
    row = {
        "_id": conversation_id(telling.subject, start.person, start.channel),
        "subject": telling.subject,
        "person": start.person,
        "channel": start.channel,
        "status": OPEN,
        "attempts": 0,
        "priority": telling.priority,
        "ends_at": telling.ends_at,
    }
    if not start.is_newer(telling):
        want, order = telling.want, telling.order
        row |= {
            "event_id": telling.event_id,
            "changed_at": telling.changed_at,
            "found_late": telling.found_late,
        }
    row |= {"heard": _stored(heard), "want": _stored(want), "order": order}
    if telling.documents:
        row["documents"] = list(telling.documents)
    if heard != want:
        was, is_now = _status(heard), _status(want)
        row["priority"] = 0 if _is_urgent(was, is_now) else telling.priority
        cancels = is_now is Status.CANCELLED is not was
        row["due_at"] = telling.cancellation_due_at if cancels else telling.due_at
    if telling.doubt is not None:
        row |= {"doubt": telling.doubt, "due_at": row.get("due_at", telling.due_at)}
    return row


def _status(value: Value) -> Status | None:
    """A flight's; None of what is no flight: nothing about it is urgent by its state."""
    return value.status if isinstance(value, Flight) else None


def _is_urgent(heard: Status | None, want: Status | None) -> bool:
    return heard is not want and (want in _ALWAYS_URGENT or heard in NOT_FLYING)


def _settled_and_differing(telling: Telling) -> dict[str, Any]:
    """Conversations of which `_update` needs to know no more than this: nothing is due or held back, heard and
    want will differ, and all are equally urgent."""
    want = _stored(telling.want)
    heard: dict[str, Any] = {"$nin": [*map(str, NOT_FLYING)]}
    if (status := _status(telling.want)) in _ALWAYS_URGENT:
        heard = {"$exists": True, "$ne": str(status)}
    return {
        "due_at": {"$exists": False},
        "not_before": {"$exists": False},
        "status": OPEN,
        "want": {"$ne": want},
        "heard": {"$ne": want, "$type": "object"},
        "heard.status": heard,
    }


def _plain(telling: Telling) -> dict[str, Any]:
    """What `_update` comes to for `_settled_and_differing`."""
    want = _status(telling.want)
    fields = {
        "want": _stored(telling.want),
        "order": telling.order,
        "ends_at": telling.ends_at,
        "event_id": telling.event_id,
        "changed_at": telling.changed_at,
        "found_late": telling.found_late,
        "due_at": telling.cancellation_due_at if want is Status.CANCELLED else telling.due_at,
        "priority": 0 if want in _ALWAYS_URGENT else telling.priority,
    }
    # What waited for a digest is decided anew, and nothing is left of an earlier turn.
    change: dict[str, Any] = {"$set": fields, "$unset": {"fold": "", "turn": ""}}
    if telling.documents:
        change["$addToSet"] = {"documents": {"$each": list(telling.documents)}}
    return change


def _update(telling: Telling) -> list[dict[str, Any]]:
    """N3's update as a pipeline, so that the server decides for each conversation by itself."""
    want = {"$literal": _stored(telling.want)}
    changes = {"$ne": ["$want", want]}
    first = {
        "heard": {"$ifNull": ["$heard", {"$literal": _stored(telling.unheard)}]},
        "want": want,
        "order": telling.order,
        "ends_at": telling.ends_at,
        "event_id": {"$cond": [changes, telling.event_id, "$event_id"]},
        "changed_at": {"$cond": [changes, telling.changed_at, "$changed_at"]},
        "found_late": {"$cond": [changes, telling.found_late, "$found_late"]},
        "fold": "$$REMOVE",
        # What was undone while it waited for another channel begins anew.
        "turn": {"$cond": [{"$gt": ["$due_at", None]}, "$turn", "$$REMOVE"]},
        # A cancellation does not wait out the back-off of a gate.
        "not_before": {"$cond": [{"$and": [changes, _is_urgent_now(telling)]}, "$$REMOVE", "$not_before"]},
    }
    if telling.documents:
        noted = {"$ifNull": ["$documents", []]}
        first["documents"] = {"$setUnion": [noted, {"$literal": list(telling.documents)}]}
    differs = {"$ne": ["$heard", want]}
    doubt = {"$gt": ["$doubt", None]}
    is_due = {"$or": [differs, doubt, {"$gt": ["$claim", None]}]}
    # With a doubt the person may have heard of what is undone now, so that is news, too.
    revived = {"$and": [{"$or": [differs, doubt]}, {"$eq": ["$status", FAILED]}]}
    # A back-off that outlived what it held back would hold back the next news.
    is_free = {"$or": [revived, {"$not": [is_due]}]}
    second = {
        "due_at": {"$cond": [is_due, _due_at(telling), "$$REMOVE"]},
        "priority": {"$min": [{"$cond": [{"$gt": ["$due_at", None]}, "$priority", 2]}, _priority(telling)]},
        "status": {"$cond": [revived, OPEN, "$status"]},
        "not_before": {"$cond": [is_free, "$$REMOVE", "$not_before"]},
        "flapped": {"$cond": [is_due, "$flapped", "$$REMOVE"]},
    }
    return [{"$set": first}, {"$set": second}]


def _due_at(telling: Telling) -> Any:
    base: Any = telling.due_at
    if _status(telling.want) is Status.CANCELLED:
        heard_it = {"$eq": ["$heard.status", str(Status.CANCELLED)]}
        base = {"$cond": [heard_it, telling.due_at, telling.cancellation_due_at]}
    # $min leaves out what is missing: a missing due counts as later.
    return base if telling.puts_off else {"$min": ["$due_at", base]}


def _priority(telling: Telling) -> Any:
    return {"$cond": [_is_urgent_now(telling), 0, telling.priority]}


def _is_urgent_now(telling: Telling) -> Any:
    want = _status(telling.want)
    if want in _ALWAYS_URGENT:
        return {"$ne": ["$heard.status", str(want)]}
    return {"$in": ["$heard.status", [str(status) for status in NOT_FLYING]]}


@lru_cache(maxsize=4096)
def _stored(value: Value) -> dict[str, Any]:
    return value.to_document()
