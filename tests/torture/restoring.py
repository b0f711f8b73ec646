"""The database is restored from a copy made earlier in the run, and the operator does what the guide says."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from typing import Any

from app.domain.namespaces import WATCHED
from scripts.children import wait_until
from tests.torture.run import Document, Run
from tests.torture.stack import insist
from tests.torture.stage import command

_STOPPED = ("watcher", "notifier", "delivery")
_READY_WITHIN_S = 60.0


@dataclass(frozen=True)
class Copy:
    """A backup of everything. was: the watched collections as the oracle has them, by name and `_id`."""

    documents: dict[str, list[Document]]
    was: dict[str, dict[Any, Document]]


def restored(run: Run) -> None:
    """Copy everything; let edits go on; stop the pipeline; put the copy back; `gatecall restore`; start again."""
    run.lossy |= {"feed gap", "restored"}
    with run.alone:
        copy = copied(run)
    run.lasts(3, 8)
    put_back(run, copy)


def copied(run: Run) -> Copy:
    """A copy of everything at one moment; who calls holds `run.alone`."""
    documents = insist(lambda: _copy(run))
    was = {n.collection: _understood(run, n.collection) for n in WATCHED}
    documents |= {name: list(some.values()) for name, some in was.items()}
    run.say(f"copy made of {sum(map(len, documents.values()))} documents")
    return Copy(documents, was)


def put_back(run: Run, copy: Copy, *, notifiers_wait: bool = False) -> None:
    """Stop the pipeline, put the copy back, `gatecall restore`, start again. notifiers_wait: they are there before the
    watchers, and so handle each thing as it is published."""
    names = [name for kind in _STOPPED for name in run.processes.of(kind)]
    for name in names:
        run.processes.take_down(name)
    with run.alone:
        _put_back(run, copy.documents, copy.was)
        run.restored.append(time.time())
        run.say("database restored")
        if not command(run, "restore", "--confirm"):
            raise AssertionError("gatecall restore did not end well in time")
        run.say("gatecall restore is done")
    if notifiers_wait:
        for name in run.processes.of("notifier"):
            run.processes.bring_back(name)
        wait_until(lambda: not run.processes.unready("notifier"), timeout_s=_READY_WITHIN_S, interval_s=0.3)
        run.lasts(2, 3)
    for name in names:
        run.processes.bring_back(name)


def _copy(run: Run) -> dict[str, list[Document]]:
    """All collections at one moment."""
    database = run.database
    with database.client.start_session(snapshot=True) as session:
        names = [n for n in database.list_collection_names() if not n.startswith(("system.", "torture_"))]
        return {name: list(database[name].find(session=session)) for name in names}


def _understood(run: Run, collection: str) -> dict[Any, Document]:
    """What there is now, rubbish as it was before somebody wrote it: the oracle cannot tell what is known of that."""
    found = run.journal.current(collection)
    for key, document in found.items():
        if "spoilt" in document:
            writes = [w for w in run.journal.writes if (w.collection, w.key) == (collection, str(key))]
            good = [w.document for w in writes if w.document and "spoilt" not in w.document]
            found[key] = copy.deepcopy(good[-1])
    return found


def _put_back(run: Run, backup: dict[str, list[Document]], was: dict[str, dict[Any, Document]]) -> None:
    begun = time.time()
    now = {collection: run.journal.current(collection) for collection in was}
    for name, documents in backup.items():
        insist(lambda name=name, documents=documents: _replace(run, name, documents))  # type: ignore[misc]
    for collection, before in was.items():
        for key in now[collection].keys() - before.keys():
            run.journal.wrote(collection, key, None, begun)
        for key, document in before.items():
            if now[collection].get(key) != document:
                run.journal.wrote(collection, key, document, begun)


def _replace(run: Run, name: str, documents: list[Document]) -> None:
    run.database[name].delete_many({})
    if documents:
        run.database[name].insert_many(documents, bypass_document_validation=True)
