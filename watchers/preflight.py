"""Before a watcher starts: may it do what it has to? Every answer ends with the command that mends it."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database
from pymongo.errors import OperationFailure

from app.domain.errors import SetupError
from app.domain.namespaces import WATCHED
from app.store import dead_letters, gaps, leases, read_requests, resume_tokens
from app.store.client import check_replica_set
from app.store.resume_tokens import Position
from watchers.stream import UNAUTHORIZED, pipeline

_OWN = (
    resume_tokens.COLLECTION,
    leases.COLLECTION,
    dead_letters.COLLECTION,
    gaps.COLLECTION,
    read_requests.COLLECTION,
)


def check(database: Database[dict[str, Any]]) -> None:
    """Try every kind of access once, without changing anything.

    Raises SetupError naming all that is refused and the command that grants it; PyMongoError when no server
    answers.
    """
    check_replica_set(database.client)
    refused = [words for collection in WATCHED if (words := _cannot_watch(database, collection.collection))]
    refused += [words for name in _OWN if (words := _cannot_write(database, name))]
    if refused:
        raise SetupError("\n".join([*refused, "Grant it with, in mongosh:", _grant(database)]))


def _cannot_watch(database: Database[dict[str, Any]], collection: str) -> str | None:
    namespace = next(n for n in WATCHED if n.collection == collection)
    command = {
        "aggregate": collection,
        "pipeline": pipeline(namespace, Position()),
        "cursor": {"batchSize": 0},
        "readConcern": {"level": "majority"},
    }
    try:
        with database.client.start_session() as session:
            cursor = database.command(command, session=session)["cursor"]["id"]
            database.command({"killCursors": collection, "cursors": [cursor]}, session=session)
    except OperationFailure as error:
        if error.code != UNAUTHORIZED:
            raise SetupError(f"The changes of {collection} cannot be watched: {error}\n{_MANUAL}") from error
        return f"MongoDB does not allow this user to find and changeStream on {database.name}.{collection}."
    return None


def _cannot_write(database: Database[dict[str, Any]], collection: str) -> str | None:
    nothing = {"_id": "preflight: matches nothing"}
    try:
        database[collection].update_one(nothing, {"$set": {"checked": True}})
        database[collection].find_one(nothing)
    except OperationFailure as error:
        if error.code != UNAUTHORIZED:
            raise
        return f"MongoDB does not allow this user to read and write {database.name}.{collection}."
    return None


def _grant(database: Database[dict[str, Any]]) -> str:
    return f'use admin; db.grantRolesToUser("USER", [{{role: "readWrite", db: "{database.name}"}}])'


_MANUAL = "Look at the server's log; `gatecall check` says whether it is a replica set."
