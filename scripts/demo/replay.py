"""Carries out the plan against MongoDB when the demo's clock says so, one save at a time, as admins do.

Several writers work side by side; all that concerns one flight is done by the same one, in order.
"""

from __future__ import annotations

import queue
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from app.domain.clock import DomainClock
from scripts.demo.fares import FareEdit
from scripts.demo.load import booking_document, following_document, read_flights
from scripts.demo.local_http import request
from scripts.demo.people import Move
from scripts.demo.story import Edit, Identity

Document = dict[str, Any]
WRITERS = 8


@dataclass(frozen=True, slots=True)
class Notice:
    """What staff tell everybody, through POST /update."""

    at: datetime
    message: str
    airport: str


Step = Edit | FareEdit | Move | Notice


class ReplayError(Exception):
    """A save did not do what it should have done."""


class Replay:
    """Runs the steps. `written` counts saves by kind, `failures` says what went wrong, `late_s` how far
    the latest save was behind the clock."""

    def __init__(
        self, database: Database[Document], clock: DomainClock, web_port: int, staff_key: str
    ) -> None:
        self.written: Counter[str] = Counter()
        self.failures: list[str] = []
        self.late_s = 0.0
        self._database = database
        self._clock = clock
        self._web_port = web_port
        self._staff_key = staff_key
        self._lock = threading.Lock()

    def run(self, steps: Sequence[Step], stop: threading.Event, told: Callable[[int], None]) -> None:
        """Carry out the steps, which are in order of time; returns when the last one is written, or on `stop`.

        told: hears how many steps have been begun.
        """
        queues: list[queue.Queue[Step | None]] = [queue.Queue() for _ in range(WRITERS)]
        writers = [threading.Thread(target=self._write, args=(mine,), daemon=True) for mine in queues]
        for writer in writers:
            writer.start()
        for number, step in enumerate(steps, start=1):
            wait_s = (self._clock.system_time_of(step.at) - datetime.now(UTC)).total_seconds()
            if wait_s > 0 and stop.wait(wait_s):
                break
            queues[zlib.crc32(_lane(step)) % WRITERS].put(step)
            told(number)
            if stop.is_set():
                break
        for mine in queues:
            mine.put(None)
        for writer in writers:
            while writer.is_alive() and not stop.is_set():
                writer.join(0.2)

    def _write(self, steps: queue.Queue[Step | None]) -> None:
        while (step := steps.get()) is not None:
            try:
                kind = self._do(step)
            except (PyMongoError, ReplayError, OSError) as error:
                with self._lock:
                    self.failures.append(f"{type(step).__name__} at {step.at}: {error}")
            else:
                late_s = (datetime.now(UTC) - self._clock.system_time_of(step.at)).total_seconds()
                with self._lock:
                    self.written[kind] += 1
                    self.late_s = max(self.late_s, late_s)

    def _do(self, step: Step) -> str:
        match step:
            case Edit():
                return self._edit(step)
            case FareEdit():
                values = {"amount": step.amount, "seen_at": datetime.now(UTC)}
                self._require(
                    self._database["prices"].update_one({"_id": step.id}, {"$set": values}).matched_count
                )
                return "fare"
            case Move():
                return self._move(step)
            case Notice():
                self._post(step)
                return "notice"

    def _edit(self, edit: Edit) -> str:
        flights, query = self._database["flights"], _query(edit.identity)
        now = datetime.now(UTC)
        if edit.after is None:
            self._require(flights.delete_one(query).deleted_count)
        elif edit.before is None:
            flights.insert_one({**edit.after, "updated_at": now})  # as an admin inserts: with a new _id
        elif not edit.visible:
            # Either a field of the admin's own, or the same value again, which MongoDB does not even log.
            values = {"note": edit.note, "updated_at": now} if edit.note else {"status": edit.after["status"]}
            self._require(flights.update_one(query, {"$set": values}).matched_count)
        else:
            new = {name: value for name, value in edit.after.items() if edit.before.get(name) != value}
            gone = dict.fromkeys(edit.before.keys() - edit.after.keys(), "")
            update: Document = {"$set": {**new, "updated_at": now}}
            if gone:
                update["$unset"] = gone
            self._require(flights.update_one(query, update).matched_count)
        return edit.what

    def _move(self, move: Move) -> str:
        if move.what in ("withdraw", "remove"):
            assert move.booking is not None
            bookings, query = self._database["bookings"], {"_id": move.booking.id}
            if move.what == "remove":
                self._require(bookings.delete_one(query).deleted_count)
            else:
                self._require(bookings.update_one(query, {"$set": {"status": "cancelled"}}).matched_count)
            return "booking withdrawn"
        identity = move.booking.flight if move.booking else move.following.flight if move.following else None
        assert identity is not None
        found, read_at = read_flights(self._database, _query(identity))
        self._require(len(found))
        ((flight, shown),) = found.items()
        if move.booking is not None:
            self._database["bookings"].insert_one(booking_document(move.booking, flight, shown, read_at))
            return "booking made"
        assert move.following is not None
        self._database["followings"].insert_one(following_document(move.following, flight))
        return "following"

    def _post(self, notice: Notice) -> None:
        body = {"type": "weather", "message": notice.message, "airport": notice.airport}
        headers = {
            "Authorization": f"Bearer {self._staff_key}",
            "Idempotency-Key": f"demo-{int(notice.at.timestamp())}",
        }
        status, answer = request(self._web_port, "/update", body=body, headers=headers)
        if status != 202:
            raise ReplayError(f"POST /update was answered with {status}, not 202: {answer[:300]!r}")

    @staticmethod
    def _require(count: int) -> None:
        if count != 1:
            raise ReplayError(f"{count} documents matched, not 1")


def _lane(step: Step) -> bytes:
    """What the order of steps matters for: the flight, or the offer."""
    match step:
        case Edit():
            return "|".join(step.identity).encode()
        case FareEdit():
            return step.id.binary
        case Move():
            subject = step.booking or step.following
            assert subject is not None
            return "|".join(subject.flight).encode()
        case Notice():
            return b"notice"


def _query(identity: Identity) -> dict[str, str]:
    flight_number, origin, day = identity
    return {"flight_number": flight_number, "origin": origin, "departure_date": day}
