"""Fare alerts as the person sees them whose they are: made, read, changed and deleted; never over another change.

Whatever a person writes makes the alert due at once, and asks for it: a consumer that has read it under what was
wanted before keeps nothing (F4), and reads it again (F6).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from app.domain import alert as alerts_of
from app.domain import alert_fields, alert_rules
from app.domain.alert import Alert
from app.domain.alert_state import AlertState
from app.domain.errors import BadEventError, GatecallError
from app.store import ids
from app.store.client import in_transaction
from app.store.users import ChangedMeanwhileError

log = structlog.get_logger()

Document = dict[str, Any]

COLLECTION = "alerts"
ACTIVE, ENDED = "active", "ended"
_ID_BYTES = 12


class TooManyAlertsError(GatecallError):
    """The person has as many alerts as one may have. most: that many."""

    def __init__(self, most: int) -> None:
        super().__init__(f"a person has at most {most} alerts; delete or end one first")
        self.most = most


@dataclass(frozen=True, slots=True)
class OwnAlert:
    """An alert, and how it stands. is_ended: its days are over. state: what was found when its fares were read last
    (`cheapest`: the fare now; `done`: it was to tell once, and did). is_read: they were read. is_due: they are to be
    read, because it or one of them changed just now. ends_at: when an ended one is deleted, system clock."""

    alert: Alert
    is_ended: bool
    state: AlertState
    is_read: bool
    is_due: bool
    ends_at: datetime | None

    @property
    def version(self) -> int:
        """What a change of it must name."""
        return self.alert.version


class Alerts:
    """The collection `alerts`, for those whose they are. Methods raise PyMongoError; one that names an alert of
    somebody else finds none."""

    def __init__(self, database: Database[Document]) -> None:
        self._client = database.client
        self._alerts = database[COLLECTION]
        self._locks = database["sign_up_locks"]

    def page(self, person: str, after: str | None = None, limit: int = 1_000) -> list[OwnAlert]:
        """Alerts of a person, sorted by id: those after this id, at most `limit`. The ended ones too."""
        wanted: Document = {"user_id": {"$in": ids.forms(person)}}
        if after is not None:
            wanted["_id"] = {"$gt": after}
        rows = self._alerts.find(wanted).sort("_id", 1).limit(limit)
        return [own for row in rows if (own := _understood(row)) is not None]

    def get(self, person: str, alert: str) -> OwnAlert | None:
        """One of a person; None when there is none, or it is somebody else's."""
        row = self._alerts.find_one(_own(person, alert))
        return _understood(row) if row else None

    def create(
        self, person: str, alert: Alert, now: datetime, *, most: int, work: str | None = None
    ) -> OwnAlert:
        """A new one, from what `alert.read` made; it gets its id, its person and version 1, and is read at once.

        now: system clock. work: names the work of making it, in every try the same: the alert of an earlier try is the
        answer. Raises TooManyAlertsError where the person has `most` that have not ended.
        """
        made = replace(alert, id=work or secrets.token_hex(_ID_BYTES), person=person, version=1)
        row = made.to_document() | _asked_fields(made, now) | {"status": ACTIVE, "asks": 1}

        def one(session: ClientSession) -> Document:
            self._lock(person, session)
            there = self._alerts.find_one(_own(person, made.id), session=session)
            if there is not None:
                return there
            if self._alerts.count_documents(_active(person), session=session) >= most:
                raise TooManyAlertsError(most)
            self._alerts.insert_one(row, session=session)
            return row

        return _read(in_transaction(self._client, one))

    def change(self, person: str, alert: Alert, version: int, now: datetime, *, most: int) -> OwnAlert:
        """What the person wants of it now; one that is over begins again where it asks for something else. alert: with
        its id. version: of what was read. now: system clock.

        Raises ChangedMeanwhileError when its version is another by now, or it is gone; TooManyAlertsError where it
        would begin again, and the person has `most` others that have not ended.
        """
        changed = replace(alert, person=person, version=version + 1)

        def one(session: ClientSession) -> OwnAlert:
            self._lock(person, session)
            row = self._alerts.find_one(_own(person, alert.id), session=session)
            begins = row is not None and _begins_again(row, changed)
            if begins and self._alerts.count_documents(_active(person), session=session) >= most:
                raise TooManyAlertsError(most)
            return self._write(person, changed, version, now, begins=begins, session=session)

        return in_transaction(self._client, one)

    def pause(self, person: str, alert: str, paused: bool, version: int, now: datetime) -> OwnAlert:
        """Say nothing from now on, or speak again. Raises ChangedMeanwhileError as `change`, and when it has
        ended: nothing begins it again but a change."""
        found = self.get(person, alert)
        if found is None or found.version != version:
            raise ChangedMeanwhileError("somebody changed this alert meanwhile; read again")
        changed = replace(found.alert, paused=paused, version=version + 1)
        return self._write(person, changed, version, now, {"status": ACTIVE})

    def delete(self, person: str, alert: str, version: int | None = None) -> bool:
        """End it for good; False when there is none. version: only if it is still this one, else raises
        ChangedMeanwhileError."""
        wanted = _own(person, alert)
        as_read = wanted if version is None else wanted | {"version": version}
        if self._alerts.delete_one(as_read).deleted_count:
            return True
        if version is not None and self._alerts.find_one(wanted, {"_id": 1}):
            raise ChangedMeanwhileError("somebody changed this alert meanwhile; read again")
        return False

    def _lock(self, person: str, session: ClientSession) -> None:
        """Two of a person's at one moment both write this row, so MongoDB lets one of them begin anew, and count."""
        lock = {"_id": f"alerts:{person}"}
        self._locks.update_one(lock, {"$inc": {"times": 1}}, upsert=True, session=session)
        self._locks.delete_one(lock, session=session)

    def _write(
        self,
        person: str,
        alert: Alert,
        version: int,
        now: datetime,
        as_read: Document | None = None,
        *,
        begins: bool = False,
        session: ClientSession | None = None,
    ) -> OwnAlert:
        """begins: it is counted from now on, and not only when it is read."""
        chosen = alert.to_document()
        kept = {name: value for name, value in chosen.items() if name not in {"_id", "created_at"}}
        gone = {name: "" for name in (*alert_fields.READERS, "ends_at", "next_at") if name not in kept}
        kept |= _asked_fields(alert, now) | {"status": ACTIVE} | ({"state.done": False} if begins else {})
        found = self._alerts.find_one_and_update(
            _own(person, alert.id) | {"version": version} | (as_read or {}),
            {"$set": kept, "$unset": gone, "$inc": {"asks": 1}},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        if found is None:
            raise ChangedMeanwhileError("somebody changed this alert meanwhile; read again")
        return _read(found)


def _asked_fields(alert: Alert, now: datetime) -> Document:
    return {"keys": list(alert.keys()), "due_at": now, "asked_at": now}


def _own(person: str, alert: str) -> Document:
    return {"_id": alert, "user_id": {"$in": ids.forms(person)}}


def _active(person: str) -> Document:
    """Those that may still tell something."""
    return {"user_id": {"$in": ids.forms(person)}, "status": ACTIVE, "state.done": {"$ne": True}}


def _begins_again(row: Document, changed: Alert) -> bool:
    """Whether the change makes one that is over, or told once, tell something again."""
    state = row.get("state")
    is_over = state is not None and (row["status"] == ENDED or state["done"])
    return is_over and alert_rules.begins_anew(changed, AlertState.from_document(state))


def _read(row: Mapping[str, Any]) -> OwnAlert:
    return OwnAlert(
        alert=alerts_of.parse(row),
        is_ended=row.get("status") == ENDED,
        state=AlertState.from_document(row.get("state")),
        is_read="order" in row,
        is_due="due_at" in row,
        ends_at=row.get("ends_at"),
    )


def _understood(row: Mapping[str, Any]) -> OwnAlert | None:
    try:
        return _read(row)
    except BadEventError as error:
        log.error("an alert cannot be understood", alert=str(row["_id"]), field=error.field)
        return None
