"""One write after the other, each tried until it is known to be committed, and then in the journal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

Document = dict[str, Any]

_GIVE_UP_S = 240.0
SHOWN = (
    *(
        "flight_number",
        "airline",
        "origin",
        "destination",
        "departure_date",
        "departure_time",
        "status",
        "gate",
    ),
    *("estimated_departure_date", "estimated_departure_time", "edit"),
)
"""What a booking page shows of a flight, and which write it saw."""


class Journal(Protocol):
    """Where committed writes are kept."""

    writes: list[Any]

    def wrote(self, collection: str, key: Any, document: Document | None, begun: float | None = None) -> None:
        """One more write."""


class Writer:
    """Writes with a number each; a number that is there says that the write is. For one thread.

    stop ends no try: half a write helps nobody. Raises RuntimeError when MongoDB is away for minutes.
    """

    def __init__(self, database: Database[Document], journal: Journal, stop: threading.Event) -> None:
        # Majority both ways: what is read is what stays.
        self._database = database.client.get_database(
            database.name,
            write_concern=WriteConcern("majority", wtimeout=10_000),
            read_concern=ReadConcern("majority"),
        )
        self._journal = journal
        self._edit = max((w.document or {}).get("edit", 0) for w in journal.writes) if journal.writes else 0
        # Its transaction numbers make the server refuse a try that arrives after a later write.
        self._session: ClientSession = database.client.start_session()

    def insert(self, collection: str, document: Document) -> None:
        """A new document."""
        new = document | {"edit": self._number()}
        target = self._database[collection]

        def attempt() -> bool:
            try:
                target.insert_one(dict(new), bypass_document_validation=True, session=self._session)
            except DuplicateKeyError:
                return self._has(collection, new["_id"], new["edit"])
            return True

        self._until(attempt, collection, new["_id"], new)

    def update(self, collection: str, document: Document, change: Document) -> None:
        """These fields of the document, as it is by the journal, get these values; None takes one away."""
        edit = self._number()
        new = _changed(document, change) | {"edit": edit}
        old = {"_id": document["_id"], "edit": document["edit"]}
        target = self._database[collection]

        def attempt() -> bool:
            done = target.update_one(
                old, _update(change, edit), bypass_document_validation=True, session=self._session
            )
            return done.matched_count == 1 or self._has(collection, document["_id"], edit)

        self._until(attempt, collection, document["_id"], new)

    def delete(self, collection: str, document: Document) -> None:
        """The document goes."""
        target = self._database[collection]
        wanted = {"_id": document["_id"]}

        def attempt() -> bool:
            done = target.delete_one(wanted, session=self._session)
            return done.deleted_count == 1 or target.find_one(wanted, session=self._session) is None

        self._until(attempt, collection, document["_id"], None)

    def transaction(self, changes: Sequence[tuple[Document, Sequence[Document]]]) -> None:
        """All changes of each of these flights, one write each, in one transaction."""
        steps, written = [], list[tuple[Any, Document]]()
        for flight, some in changes:
            last = flight
            for change in some:
                old, last = last, _changed(last, change) | {"edit": self._number()}
                steps.append(({"_id": flight["_id"], "edit": old["edit"]}, _update(change, last["edit"])))
                written.append((flight["_id"], last))
        target = self._database["flights"]

        def body(session: ClientSession) -> bool:
            for found, update in steps:
                if not target.update_one(found, update, session=session).matched_count:
                    session.abort_transaction()
                    return False
            return True

        def attempt() -> bool:
            done = self._session.with_transaction(
                body, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
            )
            return bool(done) or self._has("flights", written[-1][0], written[-1][1]["edit"])

        begun = time.time()
        self._try(attempt, f"flights {', '.join(str(flight['_id']) for flight, _ in changes)}")
        for key, document in written:
            self._journal.wrote("flights", key, document, begun)

    def shown(self, flight: Document) -> Document | None:
        """What a booking page shows of a flight, with the cluster's time of reading it; None when it is gone, or
        when MongoDB does not answer."""
        try:
            with self._database.client.start_session(causal_consistency=False) as session:
                found = self._database["flights"].find_one({"_id": flight["_id"]}, session=session)
                read_at = session.operation_time
        except PyMongoError:
            return None
        if found is None or found["edit"] != flight["edit"] or read_at is None:
            return None
        return {"cluster_time": read_at, "flight": {name: found[name] for name in SHOWN if name in found}}

    def _until(
        self, attempt: Callable[[], bool], collection: str, key: Any, document: Document | None
    ) -> None:
        begun = time.time()
        self._try(attempt, f"{collection} {key}")
        self._journal.wrote(collection, key, document, begun)

    def _try(self, attempt: Callable[[], bool], what: str) -> None:
        give_up_at = time.monotonic() + _GIVE_UP_S
        while True:
            try:
                if attempt():
                    return
            except PyMongoError as error:
                why = repr(error)
            else:
                why = "the document is not as the journal has it"
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"{what} cannot be written: {why}")
            time.sleep(0.1)

    def _has(self, collection: str, key: Any, edit: int) -> bool:
        wanted = {"_id": key, "edit": edit}
        return self._database[collection].find_one(wanted, session=self._session) is not None

    def _number(self) -> int:
        self._edit += 1
        return self._edit


def _changed(document: Document, change: Document) -> Document:
    return {name: value for name, value in (document | change).items() if value is not None}


def _update(change: Document, edit: int) -> Document:
    update: Document = {"$set": {k: v for k, v in change.items() if v is not None} | {"edit": edit}}
    if gone := {k: "" for k, v in change.items() if v is None}:
        update["$unset"] = gone
    return update
