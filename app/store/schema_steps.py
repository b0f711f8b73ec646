"""Changes of what is stored, as numbered steps; each is taken once, in order, and may be repeated.

`schema.ensure` makes what is missing. What it cannot do - drop what is no longer used, rewrite documents - is a
step. The collection `schema_steps` holds those that were taken. A program refuses to run where a step was taken
that it neither knows nor can live with.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from pymongo.database import Database
from pymongo.errors import OperationFailure

from app.domain.clock import Now, system_now
from app.domain.errors import SetupError
from app.store import schema
from app.store.leases import Leases

log = structlog.get_logger()

Document = dict[str, Any]
Report = Callable[[str], None]
"""Told of progress, a sentence each."""
Alive = Callable[[], None]
"""To be called at least every ten seconds of a long step; raises SetupError when another runs the steps by now."""

COLLECTION = "schema_steps"
LEASE = "schema"
_LEASE_S = 60.0

# Server error codes (MongoDB source, error_codes.yml).
_NO_SUCH_COLLECTION = 26
_NO_SUCH_INDEX = 27


@dataclass(frozen=True, slots=True)
class Step:
    """number: from 1, without gaps. words: what it does. take: does it; safe to repeat.

    least: the newest step that a program must know to run after it; 0 where every older program can.
    """

    number: int
    words: str
    take: Callable[[Database[Document], Report, Alive], None]
    least: int = 0


def _drop_replaced_indexes(database: Database[Document], report: Report, alive: Alive) -> None:
    for collection, index in (
        ("conversations", "channel_1_priority_1_due_at_1"),
        ("conversations", "subject_1_order_1"),
        ("bookings", "flight_id_1"),
        ("followings", "flight_id_1"),
    ):
        alive()
        try:
            database[collection].drop_index(index)
        except OperationFailure as error:
            if error.code not in (_NO_SUCH_COLLECTION, _NO_SUCH_INDEX):
                raise
        else:
            report(f"  index {index} of {collection} dropped")


STEPS: tuple[Step, ...] = (Step(1, "drop indexes that longer ones have replaced", _drop_replaced_indexes),)


def bring_up_to_date(
    database: Database[Document], report: Report, *, steps: Sequence[Step] = STEPS, now: Now = system_now
) -> list[int]:
    """What is missing first, then the steps that were not taken, under a lease; returns the numbers taken now.

    Raises SetupError when another runs the steps, or the schema is newer than this program; PyMongoError when
    MongoDB does not answer.
    """
    lacking(database, steps)
    leases = Leases(database, f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}")

    def alive() -> None:
        if not leases.take(LEASE, _LEASE_S):
            raise SetupError(
                f"{leases.held_by(LEASE) or 'another'} changes the schema now; wait for it, then start again"
            )

    alive()
    try:
        schema.ensure(database)
        alive()
        taken: set[int] = {row["_id"] for row in database[COLLECTION].find({}, {"_id": 1})}
        missing = [step for step in steps if step.number not in taken]
        for place, step in enumerate(missing, 1):
            report(f"Step {step.number} ({place} of {len(missing)}): {step.words}")
            began = time.monotonic()
            step.take(database, report, alive)
            alive()
            _record(database, step, now, time.monotonic() - began)
        return [step.number for step in missing]
    finally:
        leases.release(LEASE)


def refuse_newer(database: Database[Document], *, steps: Sequence[Step] = STEPS) -> None:
    """For every process that starts. Raises SetupError when the schema is too new for this program.

    A schema that is too old is only logged: what is missing there costs speed, and `gatecall check` says so.
    """
    if missing := lacking(database, steps):
        log.warning("the schema is older than this program: run `gatecall schema`", steps=missing)


def lacking(database: Database[Document], steps: Sequence[Step] = STEPS) -> list[int]:
    """Numbers of the steps that were not taken. Raises SetupError as `refuse_newer` does."""
    newest = steps[-1].number if steps else 0
    taken = {int(row["_id"]): row for row in database[COLLECTION].find()}
    beyond = [row for number, row in sorted(taken.items()) if number > newest]
    refused = [row for row in beyond if int(row.get("least", row["_id"]) or 0) > newest]
    if refused:
        told = "; ".join(f"{row['_id']} ({row.get('words', 'of unknown kind')})" for row in refused)
        raise SetupError(
            f"The schema of {database.name} is newer than this program, which knows steps up to {newest}.\n"
            f"Taken since: {told}.\n"
            "Start the newer version of Gatecall."
        )
    return [step.number for step in steps if step.number not in taken]


def _record(database: Database[Document], step: Step, now: Now, took_s: float) -> None:
    value = {"words": step.words, "least": step.least, "taken_at": now(), "took_s": round(took_s, 3)}
    database[COLLECTION].replace_one({"_id": step.number}, value, upsert=True)
