"""Numbered steps: each taken once, under a lease; an older program refuses a schema it cannot live with."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from pymongo.database import Database

from app.domain.errors import SetupError
from app.store import schema_steps
from app.store.leases import Leases
from app.store.schema_steps import Step
from tests.servers import ROOT

Docs = Database[dict[str, Any]]


def step(number: int, done: list[int], **more: Any) -> Step:
    return Step(number, f"note {number}", lambda database, say, alive: done.append(number), **more)


def test_each_step_is_taken_once_in_order_and_recorded(database: Docs) -> None:
    done: list[int] = []
    steps = [step(1, done), step(2, done)]
    said: list[str] = []
    assert schema_steps.bring_up_to_date(database, said.append, steps=steps) == [1, 2]
    assert schema_steps.bring_up_to_date(database, said.append, steps=steps) == []
    assert schema_steps.bring_up_to_date(database, said.append, steps=[*steps, step(3, done)]) == [3]
    assert done == [1, 2, 3]
    assert said == ["Step 1 (1 of 2): note 1", "Step 2 (2 of 2): note 2", "Step 3 (1 of 1): note 3"]
    rows = list(database.schema_steps.find().sort("_id", 1))
    assert [row["_id"] for row in rows] == [1, 2, 3]
    assert all(row["taken_at"] and row["took_s"] >= 0 for row in rows)
    assert database.leases.count_documents({}) == 0


def test_a_step_that_fails_is_taken_again_and_those_after_it_wait(database: Docs) -> None:
    done: list[int] = []

    def fail(database: Docs, say: Any, alive: Any) -> None:
        done.append(0)
        raise RuntimeError("cut off")

    steps = [step(1, done), Step(2, "fails", fail), step(3, done)]
    with pytest.raises(RuntimeError):
        schema_steps.bring_up_to_date(database, print, steps=steps)
    assert done == [1, 0]
    steps[1] = step(2, done)
    assert schema_steps.bring_up_to_date(database, print, steps=steps) == [2, 3]


def test_the_first_step_drops_the_indexes_that_were_replaced(database: Docs) -> None:
    database.conversations.create_index(
        [("channel", 1), ("priority", 1), ("due_at", 1)],
        partialFilterExpression={"due_at": {"$exists": True}},
    )
    database.bookings.create_index("flight_id")
    assert schema_steps.bring_up_to_date(database, print) == [s.number for s in schema_steps.STEPS]
    assert "channel_1_priority_1_due_at_1" not in database.conversations.index_information()
    assert "flight_id_1" not in database.bookings.index_information()
    assert "flight_id_1_user_id_1_status_1" in database.bookings.index_information()


def test_what_is_missing_is_said_to_a_process_that_starts_and_not_to_who_mends_it(
    database: Docs, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [step(1, [])]
    schema_steps.refuse_newer(database, steps=steps)
    assert "older than this program" in capsys.readouterr().out
    schema_steps.bring_up_to_date(database, print, steps=steps)
    assert "older than this program" not in capsys.readouterr().out


def test_two_do_not_change_the_schema_at_the_same_time(database: Docs) -> None:
    other = Leases(database, "elsewhere/1")
    assert other.take(schema_steps.LEASE, 30)
    with pytest.raises(SetupError, match="elsewhere/1 changes the schema now"):
        schema_steps.bring_up_to_date(database, print)
    assert database.schema_steps.count_documents({}) == 0


def test_who_lost_the_lease_in_a_long_step_takes_no_further(database: Docs) -> None:
    done: list[int] = []

    def long(database: Docs, say: Any, alive: Any) -> None:
        database.leases.update_one({"_id": schema_steps.LEASE}, {"$set": {"holder": "elsewhere/1"}})
        alive()

    with pytest.raises(SetupError):
        schema_steps.bring_up_to_date(database, print, steps=[Step(1, "long", long), step(2, done)])
    assert done == []
    assert database.schema_steps.count_documents({}) == 0


def test_an_older_program_refuses_what_it_cannot_live_with_and_nothing_else(database: Docs) -> None:
    done: list[int] = []
    older = [step(1, done)]
    newer = [*older, step(2, done)]
    schema_steps.bring_up_to_date(database, print, steps=newer)
    schema_steps.refuse_newer(database, steps=older)  # step 2 asks for nothing
    schema_steps.bring_up_to_date(database, print, steps=[*newer, replace(step(3, done), least=3)])
    for steps in (older, newer):
        with pytest.raises(SetupError, match=r"newer than this program[\s\S]*3 \(note 3\)"):
            schema_steps.refuse_newer(database, steps=steps)
        with pytest.raises(SetupError, match="newer"):
            schema_steps.bring_up_to_date(database, print, steps=steps)


@pytest.mark.parametrize("command", [["watch"], ["consume", "notifier"], ["consume", "delivery"], ["web"]])
def test_every_process_refuses_a_newer_schema_with_status_2(
    database: Docs, database_uri: str, kafka: str, topic_prefix: str, command: list[str]
) -> None:
    database.schema_steps.insert_one({"_id": 9999, "words": "turn all around", "least": 9999})
    env = os.environ | {"MONGODB_URI": database_uri, "KAFKA_BOOTSTRAP_SERVERS": kafka}
    env |= {"KAFKA_TOPIC_PREFIX": topic_prefix, "HEALTH_PORT": "0", "PORT": "18799"}
    ended = subprocess.run(
        [sys.executable, "-m", "app", *command],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    assert "newer than this program" in ended.stderr
    assert "9999 (turn all around)" in ended.stderr
    assert "Traceback" not in ended.stderr
