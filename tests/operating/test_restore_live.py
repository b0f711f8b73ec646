"""MongoDB restored from an older copy under a running system: nothing false, differences once, marked."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from app.store import schema
from app.store.resume_tokens import ResumeTokens
from tests.operating.conftest import Pipeline, eventually

pytestmark = [pytest.mark.timeout(500), pytest.mark.slow]

Docs = Database[dict[str, Any]]


def dump(database: Docs) -> dict[str, list[dict[str, Any]]]:
    """A backup: every document of every collection."""
    names = [n for n in database.list_collection_names() if not n.startswith("system.")]
    return {name: list(database[name].find()) for name in names}


def put_back(database: Docs, backup: dict[str, list[dict[str, Any]]]) -> None:
    """As a restore does it: collections dropped, made and filled."""
    for name in [n for n in database.list_collection_names() if not n.startswith("system.")]:
        database[name].drop()
    schema.ensure(database)
    for name, documents in backup.items():
        if documents:
            database[name].insert_many(documents, bypass_document_validation=True)


def test_after_a_restore_nobody_is_told_what_is_not_so_and_the_difference_once(pipeline: Pipeline) -> None:
    pipeline.flights(3)
    pipeline.start("watchers", "notifier", "delivery")
    pipeline.all_begin("A0", 0, 1, 2)
    pipeline.gate("B7", 0, 1)
    pipeline.all_told("B7", 0, 1)
    pipeline.quiet()
    backup = dump(pipeline.database)

    pipeline.gate("C72", 0)  # heard by p0, and then it never happened
    pipeline.all_told("C72", 0)
    pipeline.quiet()
    pipeline.stop("notifier")
    pipeline.gate("D13", 0, 2)  # published, and never looked at
    pipeline.flight(3)
    _published(pipeline, "D13", 2)
    refused = pipeline.command("restore", "--confirm")
    assert refused.returncode == 2
    assert "watcher:flights is held by" in refused.stderr
    pipeline.stop("watchers", "delivery")
    told_before = len(pipeline.mails())
    put_back(pipeline.database, backup)

    looked = pipeline.command("restore")
    assert looked.returncode == 0, looked.stderr
    assert "of incarnation 1" in looked.stdout
    done = pipeline.command("restore", "--confirm")
    assert done.returncode == 0, done.stderr
    assert "Incarnation 2 begins" in done.stdout
    assert "2 flights changed after the backup" in done.stdout
    pipeline.start("watchers", "notifier")
    pipeline.all_know("B7", 0, 1)
    pipeline.start("delivery")

    pipeline.gate("E5", 1)  # life goes on
    pipeline.all_told("E5", 1)
    pipeline.quiet()
    new = pipeline.mails()[told_before:]
    assert all("C72" not in mail.text and "D13" not in mail.text for mail in new), [m.text for m in new]
    to_p0 = [mail.text for mail in new if mail.recipient == "p0@example.org"]
    assert len(to_p0) == 1, to_p0
    assert "B7" in to_p0[0]
    assert "was" not in to_p0[0].splitlines()[0]
    assert len([mail for mail in new if mail.recipient == "p1@example.org"]) == 1
    assert [mail.recipient for mail in new].count("p3@example.org") == 0
    pipeline.gate("F9", 0)
    pipeline.all_told("F9", 0)
    assert "C72" not in pipeline.of(0)[-1]
    assert "B7" in pipeline.of(0)[-1]


def _published(pipeline: Pipeline, gate: str, number: int) -> None:
    """Wait until the watcher has stored a position after the edit, so that it is in the topic."""
    tokens = ResumeTokens(pipeline.database)
    with pipeline.database.client.start_session() as session:
        pipeline.database.flights.find_one({"_id": f"f{number}", "gate": gate}, session=session)
        time = session.operation_time
    assert time is not None

    def stored() -> bool:
        found = tokens.load("flights")
        token = found.position.token if found else None
        return token is not None and token["_data"][2:18] >= f"{time.time:08X}{time.inc:08X}"

    eventually(stored, f"{gate} published")
