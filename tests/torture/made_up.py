"""A made-up run for the tests of the verdict: one flight, one person with a phone, and what they were told."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from tests.torture import verdict
from tests.torture.evidence import Evidence
from tests.torture.journal import Journal
from tests.torture.polling import Polled
from tests.torture.providers import Accepted

Document = dict[str, Any]

PUBLISHED: Document = {
    "_id": "f1",
    "flight_number": "ZQ101",
    "origin": "PHX",
    "destination": "HNL",
    "departure_date": "2026-11-22",
    "departure_time": "10:00",
    "status": "scheduled",
    "gate": "A1",
}
LATE = {"status": "delayed", "estimated_departure_time": "10:30", "estimated_departure_date": "2026-11-22"}
HEAD = "Gatecall: ZQ 101 to Honolulu"
SAY_LATE = f"{HEAD} leaves Sun 22 Nov 10:30 MST, 30 min late (was 10:00). Gate A1."
SAY_NOW_LATE = f"{HEAD} now leaves Sun 22 Nov 10:30 MST, 30 min late. Gate A1."
SAY_ON_TIME = f"{HEAD} leaves Sun 22 Nov 10:00 MST, on time, 30 min earlier than last told. Gate A1."
SAY_CANCELLED = f"{HEAD}, Sun 22 Nov 10:00 MST, is cancelled. Do not go to the airport."


class Run:
    """A made-up run about one flight and one person with a phone. It is clean when nothing more is done."""

    def __init__(self, database: Database[Document]) -> None:
        self.database = database
        self.journal = Journal()
        self.accepted: list[Accepted] = []
        self.updates: list[Document] = []
        self.began = time.time() - 100
        self.edit = 0
        self.gaps: list[float] = []
        self.lossy: set[str] = set()
        self.flight: Document = {}
        self.more: Document = {"faults": [], "deaths": [], "unready": [], "refused": {}}
        self.wrote("users", {"_id": "person", "phone": "+15550101000"})
        self.becomes(PUBLISHED)
        shown = {"flight": {k: v for k, v in self.flight.items() if k != "_id"}}
        booking = {"_id": "b1", "user_id": "person", "flight_id": "f1", "status": "confirmed", "seen": shown}
        self.wrote("bookings", booking)
        self.conversation = {
            "_id": "flight:f1|person|sms",
            "subject": "flight:f1",
            "person": "person",
            "channel": "sms",
            "status": "open",
            "order": "1",
        }
        mail = {
            "_id": "flight:f1|person|email",
            "channel": "email",
            "status": "failed",
            "reason": "no address",
        }
        database["conversations"].insert_many([self.conversation, self.conversation | mail])

    def wrote(self, collection: str, document: Document) -> None:
        self.edit += 1
        self.journal.wrote(collection, document["_id"], document | {"edit": self.edit}, self.now())

    def becomes(self, change: Document) -> None:
        """An edit of the flight; the feed shows it."""
        self.flight = self.flight | change
        self.wrote("flights", self.flight)
        self.flight["edit"] = self.edit
        now = {k: v for k, v in self.flight.items() if k not in ("_id", "edit")}
        self.updates.append(
            {"id": f"u{self.edit}", "type": "flight", "subject": {"id": "f1"}, "now": now, "changes": []}
        )

    def now(self) -> float:
        return self.began + self.edit + 2 * len(self.accepted)

    def told(self, text: str, *, doubtful: bool = False, row: bool = True) -> None:
        """The provider took a message, and the ledger has it (row)."""
        sid = f"SM{len(self.accepted)}"
        at = self.now() + 1
        self.accepted.append(Accepted(at, "sms", "+15550101000", text, sid, answer_lost=not row))
        if row:
            ended = datetime.fromtimestamp(at, UTC)
            attempt = {"provider_id": sid, "outcome": "accepted", "ended_at": ended}
            self.row("sent", attempts=[attempt | ({"doubtful": True} if doubtful else {})])

    def row(self, status: str, **more: Any) -> None:
        """A row of the ledger."""
        number = self.database["notifications"].count_documents({})
        base = {"_id": f"{self.conversation['_id']}@{number}", "conversation": self.conversation["_id"]}
        self.database["notifications"].insert_one(
            {"order": "1", "status": status, "attempts": []} | base | more
        )

    def problems(self) -> list[str]:
        """The verdict's."""
        evidence = Evidence(
            journal=self.journal,
            accepted=self.accepted,
            database=self.database,
            polls=[Polled("poller", updates=list(self.updates), gaps=list(self.gaps))],
            settings={},
            lossy=self.lossy,
            **self.more,
        )
        self.report = verdict.judge(evidence)
        return self.report.problems
