"""Conversations as delivery sees them: claimed, noted, settled. Every query of the delivery side is here.

All of it stays correct when a lease runs out in the middle and another worker goes on: each write says on
which claim it rests, and changes nothing when that is no longer ours, except `report_late`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateMany, UpdateOne
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from app.domain.news import Kind
from app.domain.subject import Value
from app.store.claim_records import LATE, Claimed, Noted, Quiet

Document = dict[str, Any]

_PRIORITIES = (0, 1, 2)  # those of app.domain.news.priority
_TELLINGS = 10  # messages that are remembered in a conversation: what says that news flaps
_NO_LONGER = dict.fromkeys(("claim", "lease_until"), "")
_SETTLES = _NO_LONGER | dict.fromkeys(
    ("due_at", "not_before", "reason", "skipped", "doubt", "doubt_note", "fold", "turn", "flapped"), ""
)


class Claims:
    """The conversations of one channel.

    database: writes wait for a majority. Every method raises PyMongoError when MongoDB does not answer, and
    may then be repeated.
    """

    def __init__(self, database: Database[Document], channel: str) -> None:
        self._conversations = database["conversations"]
        self._unconfirmed = database.get_collection(
            "conversations", read_concern=ReadConcern("local"), write_concern=WriteConcern(w=1)
        )
        self._channel = channel

    def claim(
        self,
        token: str,
        now: datetime,
        lease: timedelta,
        *,
        limit: int,
        workers: int = 1,
        alone: int = 1,
    ) -> tuple[list[Claimed], bool]:
        """D1: claim due conversations that are unclaimed or whose lease ran out, the most urgent first.

        limit: most that are taken; workers: among how many what is due is shared, so that many due ones do
        not all wait for one sender; alone: so many are not worth sharing. Returns those that are ours, ordered
        by (priority, due_at), and whether some were left for others.

        The claim does not wait for a majority, and what it reads may be as young. Every later write asks for the
        claim at the primary and waits for a majority: a claim that a failover took back, or what it had read,
        passes none of them, so nothing is handed over.
        """
        due = {"channel": self._channel, "due_at": {"$lte": now}, "status": "open", **free(now)}
        found = self._unconfirmed.find(due, {"_id": 1}).sort([("priority", 1), ("due_at", 1)])
        ids = [row["_id"] for row in found.limit(limit * workers)]
        share = min(limit, max(alone, -(-len(ids) // workers)))
        ids, left = ids[:share], len(ids) > share
        if not ids:
            return [], False
        self._unconfirmed.update_many(
            {**due, "_id": {"$in": ids}}, {"$set": {"claim": token, "lease_until": now + lease}}
        )
        place = {id_: index for index, id_ in enumerate(ids)}
        ours = self._unconfirmed.find({"_id": {"$in": ids}, "claim": token})
        return [Claimed.from_document(row) for row in sorted(ours, key=lambda row: place[row["_id"]])], left

    def release(self, token: str, ids: Iterable[str]) -> None:
        """D1: give back claims that are still ours; the conversations stay due."""
        self._conversations.update_many(
            {"_id": {"$in": list(ids)}, "claim": token}, {"$unset": dict(_NO_LONGER)}
        )

    def next_due(self, now: datetime) -> datetime | None:
        """The earliest moment after now at which something may be claimed; None when nothing waits."""
        open_ = {"channel": self._channel, "status": "open"}
        held: list[Document] = [
            {"$match": {**open_, "due_at": {"$lte": now}, "not_before": {"$gt": now}}},
            {"$sort": {"not_before": 1}},
            {"$limit": 1},
            {"$project": {"_id": 0, "at": "$not_before"}},
        ]
        later: list[list[Document]] = [
            [
                {"$match": {**open_, "priority": priority, "due_at": {"$gt": now}}},
                {"$sort": {"due_at": 1}},
                {"$limit": 1},
                {"$project": {"_id": 0, "at": "$due_at"}},
            ]
            for priority in _PRIORITIES
        ]
        unions = [{"$unionWith": {"coll": self._conversations.name, "pipeline": one}} for one in later]
        earliest = {"$group": {"_id": None, "at": {"$min": "$at"}}}
        found = self._conversations.aggregate([*held, *unions, earliest])
        return next((row["at"] for row in found), None)

    def backlog(self, now: datetime, *, at_most: int) -> tuple[int, datetime | None]:
        """How many are due (counted up to at_most), and since when the oldest is."""
        due = {"channel": self._channel, "due_at": {"$lte": now}, "status": "open"}
        count = self._conversations.count_documents(due, limit=at_most)
        oldest = [
            row["due_at"]
            for priority in _PRIORITIES
            if (
                row := self._conversations.find_one(
                    {**due, "priority": priority}, {"due_at": 1}, sort=[("due_at", 1)]
                )
            )
        ]
        return count, min(oldest, default=None)

    def settle(self, token: str, quiet: Sequence[Quiet], now: datetime) -> None:
        """D2 without a message: one update each (at least one), where the claim is ours.

        heard as resolved; doubt replaced only if it is as read; settled, or moved to its due_at, only if
        order has not moved (else it is due at once, for the next claim).
        """
        updates = [
            UpdateOne({"_id": q.conversation.id, "claim": token}, [{"$set": _quiet(q, now)}]) for q in quiet
        ]
        self._conversations.bulk_write(updates, ordered=False)

    def note(self, token: str, group: Sequence[Noted]) -> set[str]:
        """D3: immediately before hand-over, where the claim is ours and doubt is as read: heard as resolved,
        doubt = the attempt's id.

        Returns the ids of those that may be sent. The claims of the others are released.
        """
        updates = [
            UpdateOne(
                {"_id": n.conversation.id, "claim": token, "doubt": _as_read(n.conversation.doubt)},
                {
                    "$set": {
                        "heard": n.heard.to_document(),
                        "doubt": n.note.attempt,
                        "doubt_note": n.note.to_document(),
                    }
                },
            )
            for n in group
        ]
        ids = [n.conversation.id for n in group]
        if not ids or self._conversations.bulk_write(updates, ordered=False).matched_count == len(ids):
            return set(ids)
        attempts = [n.note.attempt for n in group]
        noted = {
            row["_id"]
            for row in self._conversations.find(
                {"_id": {"$in": ids}, "claim": token, "doubt": {"$in": attempts}}, {"_id": 1}
            )
        }
        self.release(token, set(ids) - noted)
        return noted

    def accepted(self, token: str, group: Sequence[Noted]) -> set[str]:
        """D4 for what the provider took, after the ledger has it: heard = what was sent, doubt cleared if it
        is ours, settled only if order has not moved meanwhile, else due again.

        Returns the ids whose claim was lost meanwhile: D4' is for them. Safe to repeat.
        """
        by_want: dict[tuple[str, Value, tuple[Kind, ...]], list[Noted]] = {}
        for noted in group:
            by_want.setdefault((noted.note.order, noted.note.to, noted.note.kinds), []).append(noted)
        updates = [
            UpdateMany(
                {
                    "_id": {"$in": [n.conversation.id for n in alike]},
                    "claim": token,
                    "order": order,
                    "doubt": {"$in": [n.note.attempt for n in alike]},
                },
                {
                    "$set": {"heard": alike[0].note.to.to_document(), "attempts": 0, "told_by": token},
                    "$unset": dict(_SETTLES),
                    "$push": {"tellings": {"$each": [_telling(alike[0])], "$slice": -_TELLINGS}},
                },
            )
            for (order, _, _), alike in by_want.items()
        ]
        if not updates or self._conversations.bulk_write(updates, ordered=False).matched_count == len(group):
            return set()
        return {n.conversation.id for n in group if not self._accepted_aside(token, n)}

    def _accepted_aside(self, token: str, noted: Noted) -> bool:
        """One that `accepted` may not have settled: order or doubt moved, or it is not ours. False: not
        ours."""
        base = {"_id": noted.conversation.id}
        if self._is_written(token, noted.conversation):
            return True
        ours = {"$eq": ["$doubt", {"$literal": noted.note.attempt}]}
        update = {
            "heard": {"$literal": noted.note.to.to_document()},
            "attempts": 0,
            "told_by": token,
            "tellings": {"$slice": [_with_telling(noted), -_TELLINGS]},
            "doubt": {"$cond": [ours, "$$REMOVE", "$doubt"]},
            "doubt_note": {"$cond": [ours, "$$REMOVE", "$doubt_note"]},
            "due_at": {"$ifNull": ["$due_at", "$$NOW"]},
            "not_before": "$$REMOVE",
            "reason": "$$REMOVE",
            "fold": "$$REMOVE",
            "turn": "$$REMOVE",
            "flapped": "$$REMOVE",
            "claim": "$$REMOVE",
            "lease_until": "$$REMOVE",
        }
        done = self._conversations.update_one({**base, "claim": token}, [{"$set": update}])
        return done.matched_count == 1 or self._is_gone(noted)

    def unsent(self, token: str, group: Iterable[Noted]) -> None:
        """Give back what was noted but never handed over: the previous doubt restored, the claim released."""
        updates = [
            UpdateOne(
                {"_id": n.conversation.id, "claim": token},
                [{"$set": _restored_doubt(n) | {"claim": "$$REMOVE", "lease_until": "$$REMOVE"}}],
            )
            for n in group
        ]
        if updates:
            self._conversations.bulk_write(updates, ordered=False)

    def again(
        self,
        token: str,
        noted: Noted,
        not_before: datetime,
        reason: str,
        *,
        unknown: bool,
        counts: bool = True,
    ) -> bool:
        """D4 for later and unknown: due again after a pause. Later restores the previous doubt; unknown
        leaves ours.

        counts: whether it is one of the tries after which a message is failed. False when the claim was lost.
        """
        moved = {"$ne": ["$order", noted.conversation.order]}
        # a further change that came during the back-off has tries of its own
        so_far = {"$cond": [{"$eq": ["$tried", noted.conversation.order]}, "$attempts", 0]}
        tried = {"$add": [so_far, int(counts)]}
        update = ({} if unknown else _restored_doubt(noted)) | {
            "attempts": {"$cond": [moved, 0, tried]},
            "tried": noted.conversation.order,
            # nor does that change wait out the back-off
            "not_before": {"$cond": [moved, "$$REMOVE", not_before]},
            "reason": {"$literal": reason},
            # what was in a digest is tried again in one
            "due_at": {"$cond": [{"$gt": ["$fold", None]}, "$due_at", {"$ifNull": ["$due_at", "$$NOW"]}]},
            "told_by": token,
            "claim": "$$REMOVE",
            "lease_until": "$$REMOVE",
        }
        done = self._conversations.update_one(
            {"_id": noted.conversation.id, "claim": token}, [{"$set": update}]
        )
        return done.matched_count == 1 or self._is_written(token, noted.conversation)

    def failed(
        self, token: str, conversation: Claimed, reason: str, noted: Noted | None, *, unknown: bool = False
    ) -> bool:
        """D4 for never: failed, with the previous doubt restored; due again if order has moved meanwhile,
        because that change would have revived it. noted: None when it never came to D3. False when the claim
        was lost.
        """
        moved = {"$ne": ["$order", conversation.order]}
        update = ({} if noted is None or unknown else _restored_doubt(noted)) | {
            "status": {"$cond": [moved, "open", "failed"]},
            "due_at": {"$cond": [moved, {"$ifNull": ["$due_at", "$$NOW"]}, "$$REMOVE"]},
            "attempts": 0,  # a change that revives it starts anew
            "fold": "$$REMOVE",
            "turn": "$$REMOVE",
            "not_before": "$$REMOVE",
            "reason": {"$literal": reason},
            "told_by": token,
            "claim": "$$REMOVE",
            "lease_until": "$$REMOVE",
        }
        done = self._conversations.update_one({"_id": conversation.id, "claim": token}, [{"$set": update}])
        return done.matched_count == 1 or self._is_written(token, conversation)

    def report_late(self, noted: Noted) -> None:
        """D4': the claim was lost and the answer was accepted or unknown. Set due, and open if the other
        failed it meanwhile: a doubt must be told. Unless the doubt is still ours, doubt = 'late/' + our
        attempt's id, which no ledger row resolves; leave the other's claim alone.
        """
        ours = {"$eq": ["$doubt", {"$literal": noted.note.attempt}]}
        late = f"{LATE}{noted.note.attempt}"
        note = noted.note.to_document() | {"attempt": late}
        update = {
            "status": "open",
            "due_at": {"$min": ["$due_at", "$$NOW"]},
            "fold": "$$REMOVE",
            "doubt": {"$cond": [ours, "$doubt", {"$literal": late}]},
            "doubt_note": {"$cond": [ours, "$doubt_note", {"$literal": note}]},
        }
        self._conversations.update_one({"_id": noted.conversation.id}, [{"$set": update}])

    def _is_written(self, token: str, conversation: Claimed) -> bool:
        """Whether our D4 is there already: told_by says so, and no claim was lost. A write whose confirmation
        failed is repeated."""
        ours = {"_id": conversation.id, "told_by": token}
        return self._conversations.find_one(ours, {"_id": 1}) is not None

    def _is_gone(self, noted: Noted) -> bool:
        """Whether the conversation has ended (TTL): nothing is left to report to."""
        return self._conversations.find_one({"_id": noted.conversation.id}, {"_id": 1}) is None


def free(now: datetime) -> Document:
    """The condition that nobody has the conversation claimed, and no back-off holds it."""
    # "not later than now" holds for those without the field, too
    return {"lease_until": {"$not": {"$gt": now}}, "not_before": {"$not": {"$gt": now}}}


def _telling(noted: Noted) -> Document:
    """What is remembered of a message in its conversation. at: system clock."""
    note = noted.note
    return {"at": note.started_at, "kinds": list(note.kinds), "order": note.order}


def _with_telling(noted: Noted) -> Document:
    return {"$concatArrays": [{"$ifNull": ["$tellings", []]}, [{"$literal": _telling(noted)}]]}


def _as_read(doubt: str | None) -> Any:
    return {"$exists": False} if doubt is None else doubt


def _quiet(quiet: Quiet, now: datetime) -> Document:
    read = quiet.conversation.doubt
    as_read = {"$eq": [{"$ifNull": ["$doubt", None]}, {"$literal": read}]}
    stays = {"$eq": ["$order", quiet.conversation.order]}
    # a doubt that came in between is a reason to look again at once, and so are other choices of the person's
    chose = quiet.conversation.looked_at
    same_choices = {"$eq": [{"$ifNull": ["$looked_at", None]}, {"$literal": chose}]}
    done = {"$and": [stays, as_read, same_choices]}
    keeps_note = as_read if quiet.doubt is not None else False
    waiting = quiet.waiting
    turn = {"since": waiting.since, "after": list(waiting.after)} if waiting else None
    return {
        "heard": {"$literal": quiet.heard.to_document() if quiet.heard else None},
        "doubt": {"$cond": [as_read, _or_remove(quiet.doubt), "$doubt"]},
        "doubt_note": {"$cond": [{"$or": [keeps_note, {"$not": [as_read]}]}, "$doubt_note", "$$REMOVE"]},
        "due_at": {"$cond": [done, _or_remove(quiet.due_at), {"$ifNull": ["$due_at", now]}]},
        "fold": {"$cond": [done, _or_remove(quiet.fold), "$$REMOVE"]},
        "turn": _or_remove(turn),
        "flapped": {"$literal": True} if quiet.flapped else {"$cond": [done, "$$REMOVE", "$flapped"]},
        "not_before": "$$REMOVE",
        "attempts": 0,
        "reason": {"$literal": quiet.reason},
        "skipped": {"$literal": list(quiet.skipped)} if quiet.skipped else "$$REMOVE",
        "claim": "$$REMOVE",
        "lease_until": "$$REMOVE",
    }


def _restored_doubt(noted: Noted) -> Document:
    ours = {"$eq": ["$doubt", {"$literal": noted.note.attempt}]}
    note = noted.previous_note.to_document() if noted.previous_note else None
    return {
        "doubt": {"$cond": [ours, _or_remove(noted.previous), "$doubt"]},
        "doubt_note": {"$cond": [ours, _or_remove(note), "$doubt_note"]},
    }


def _or_remove(value: Any) -> Any:
    return "$$REMOVE" if value is None else {"$literal": value}
