"""What providers report about messages they accepted: written to the ledger, kept for a while when it is not
there yet.

A report may come before D4's write, or after a crash that no D4 followed. Then it is the proof that the
provider has the message, and resolves the doubt (D2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.domain.reports import Refusal, Report, State, rank
from app.store.ranks import Ranks
from app.store.second_looks import SecondLooks
from app.store.suppressions import Suppression, Suppressions

Document = dict[str, Any]

_KEEP = timedelta(days=3)
_REPORTS_KEPT = 20
_SETTLED_AT_ONCE = 500
_OF_ROW = ("subject", "person", "channel", "waited_by")
_FINAL = frozenset({State.DELIVERED, State.READ, State.UNDELIVERED})


class Fate(StrEnum):
    """What became of a report."""

    WRITTEN = "written"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Taken:
    """A report that was taken. trace: the event that its message told of, None while no row has the message."""

    fate: Fate
    trace: str | None = None


class Callbacks:
    """The collection `callbacks`, and what reports do to the ledger and to `suppressions`.

    Methods raise PyMongoError when MongoDB does not answer, and may then be repeated: a report is written once.
    """

    def __init__(self, database: Database[Document], suppressions: Suppressions) -> None:
        self._callbacks = database["callbacks"]
        self._notifications = database["notifications"]
        self._suppressions = suppressions
        self._ranks = Ranks(database)
        self._second_looks = SecondLooks(database)

    def take(self, report: Report, now: datetime) -> Taken:
        """Write one report to the ledger's row of its message; keep it when there is no such row yet."""
        row = self._write(report, now)
        if row is not None:
            return Taken(Fate.WRITTEN, row.get("event_id"))
        known = {"_id": report.provider_id, "reports": _no_such(report.state, report.code)}
        born = {"channel": report.channel, "first_at": now, "expires_at": now + _KEEP}
        if report.reference is not None:
            born["reference"] = report.reference
        push = {"$setOnInsert": born, "$push": {"reports": _kept(report, now)}}
        try:
            self._callbacks.update_one(known, push, upsert=True)
        except DuplicateKeyError:
            # The same report was kept before, or another of the message came at the same moment.
            self._callbacks.update_one(known, push)
        return Taken(Fate.KEPT)

    def settle_kept(self) -> int:
        """Write kept reports whose rows are there by now, each with the time it came; returns how many
        messages that were."""
        kept = self._callbacks.find(batch_size=_SETTLED_AT_ONCE).sort("first_at", ASCENDING)
        settled = 0
        while rows := list(islice(kept, _SETTLED_AT_ONCE)):
            settled += self._settle(rows)
        return settled

    def _settle(self, rows: Sequence[Document]) -> int:
        there = set(
            self._notifications.distinct(
                "attempts.provider_id", {"attempts.provider_id": {"$in": [row["_id"] for row in rows]}}
            )
        )
        settled = 0
        for row in rows:
            if row["_id"] not in there:
                continue
            for kept in row["reports"]:
                self._write(_report(row, kept), kept["at"])
            # one that came in between is not deleted unread
            settled += self._callbacks.delete_one(
                {"_id": row["_id"], "reports": row["reports"]}
            ).deleted_count
        return settled

    def proofs(self, references: Mapping[str, str]) -> dict[str, str]:
        """Which doubtful attempts a provider has reported about: it has their messages.

        references: conversation -> the reference that its doubtful attempt gave along. Returns conversation ->
        the provider's id.
        """
        if not references:
            return {}
        rows = self._callbacks.find({"reference": {"$in": list(references.values())}}, {"reference": 1})
        found = {row["reference"]: row["_id"] for row in rows}
        return {
            conversation: found[reference]
            for conversation, reference in references.items()
            if reference in found
        }

    def _write(self, report: Report, at: datetime) -> Document | None:
        """To the row and its attempt; the address suppressed if the report says so. The row, None without one."""
        row = self._notifications.find_one(
            {"attempts.provider_id": report.provider_id, "channel": report.channel},
            dict.fromkeys((*_OF_ROW, "attempts", "delivery", "event_id", "digest"), 1),
            sort=[("created_at", DESCENDING)],
        )
        if row is None:
            return None
        rows = [row]
        if "digest" in row:  # one mail told several, and the report is of them all
            told = {"attempts.provider_id": report.provider_id, "digest": row["digest"]}
            rows = list(self._notifications.find(told, dict.fromkeys(_OF_ROW, 1)))
        updates = [update for one in rows for update in _updates(one["_id"], report, at)]
        self._notifications.bulk_write(updates, ordered=True)
        if report.state in _FINAL:
            self._ranks.ended(rows, at)
        if report.state is State.UNDELIVERED and report.channel == "email":
            self._second_looks.instead_of_mail([(one["subject"], one["person"]) for one in rows], at)
        attempt = next(a for a in row["attempts"] if a.get("provider_id") == report.provider_id)
        arrived = row.get("delivery", {}).get("rank", -1) > rank(report.channel, report.state)
        if report.refusal is not None and "address" in attempt and not arrived:
            suppressed = Suppression(
                id=attempt["address"],
                channel=report.channel,
                reason=report.refusal,
                code=report.code,
                words=report.words,
                person=row["person"],
                since=at,
            )
            self._suppressions.add([suppressed])
        return row


def _updates(row: str, report: Report, at: datetime) -> list[UpdateOne]:
    """The history of the attempt, and how attempt and row stand: never back to what is less final."""
    entry = {"state": str(report.state), "at": at, "code": report.code, "words": report.words}
    entry = {name: value for name, value in entry.items() if value is not None}
    place = rank(report.channel, report.state)
    stands = entry | {"rank": place}
    ours = {"provider_id": report.provider_id}
    less = {"$not": {"$gte": place}}
    history = {"$each": [entry], "$slice": -_REPORTS_KEPT}
    return [
        UpdateOne(
            {
                "_id": row,
                "attempts": {"$elemMatch": ours | {"reports": _no_such(report.state, report.code)}},
            },
            {"$push": {"attempts.$.reports": history}},
        ),
        UpdateOne(
            {"_id": row, "attempts": {"$elemMatch": ours | {"delivery.rank": less}}},
            {"$set": {"attempts.$.delivery": stands}},
        ),
        UpdateOne({"_id": row, "delivery.rank": less}, {"$set": {"delivery": stands}}),
    ]


def _no_such(state: State, code: str | None) -> Document:
    same = {"state": str(state), "code": code if code is not None else {"$exists": False}}
    return {"$not": {"$elemMatch": same}}


def _kept(report: Report, at: datetime) -> Document:
    values = {
        "state": str(report.state),
        "at": at,
        "code": report.code,
        "words": report.words,
        "refusal": str(report.refusal) if report.refusal else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _report(row: Mapping[str, Any], kept: Mapping[str, Any]) -> Report:
    return Report(
        channel=row["channel"],
        provider_id=row["_id"],
        state=State(kept["state"]),
        code=kept.get("code"),
        words=kept.get("words"),
        refusal=Refusal(kept["refusal"]) if "refusal" in kept else None,
        reference=row.get("reference"),
    )
