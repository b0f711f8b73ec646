"""A command that cannot reach MongoDB or Kafka says which, and the setting to look at, and ends with status 2."""

from __future__ import annotations

import logging

import pytest
from click.testing import CliRunner, Result

from app.__main__ import main
from app.bus import clients
from app.store import client as mongo
from tests.providers import free_port

OF_MONGODB = [
    ["schema"],
    ["reconcile"],
    ["restore"],
    ["dead-letters", "list"],
    ["dead-letters", "replay", "--all"],
    ["suppressions", "list"],
    ["suppressions", "remove", "ada@example.org"],
    ["why", "--event", "e1"],
    ["why", "--flight", "UA407", "--date", "2013-02-08"],
]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that are not there are not waited for, and Kafka's client keeps its own words to itself."""
    monkeypatch.setitem(mongo.connect.__kwdefaults__, "timeout_s", 0.3)
    monkeypatch.setattr(clients, "_BOOTSTRAP_TIMEOUT_S", 0.3)
    monkeypatch.setattr(logging.getLogger("kafka"), "disabled", True)


def run(command: list[str], **environment: str) -> Result:
    return CliRunner().invoke(main, command, env=environment)


@pytest.mark.parametrize("command", OF_MONGODB, ids=" ".join)
def test_without_mongodb_a_command_says_so(command: list[str], kafka: str, topic_prefix: str) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    done = run(
        command,
        MONGODB_URI=f"mongodb://ada:secret@{nobody}/gatecall?replicaSet=rs0",
        KAFKA_BOOTSTRAP_SERVERS=kafka,
        KAFKA_TOPIC_PREFIX=topic_prefix,
    )
    assert done.exit_code == 2, done.output
    said = done.stderr.strip().splitlines()
    assert f"MongoDB is not reachable: {nobody}" in done.stderr
    assert "MONGODB_URI" in said[-1]
    assert len(said) <= 3, "a sentence, no traceback"
    assert "secret" not in done.output


@pytest.mark.parametrize("command", [["topics"], ["restore"]], ids=" ".join)
def test_without_kafka_a_command_says_so(command: list[str], database_uri: str) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    done = run(command, MONGODB_URI=database_uri, KAFKA_BOOTSTRAP_SERVERS=nobody)
    assert done.exit_code == 2, done.output
    assert f"Kafka is not reachable: {nobody}" in done.stderr
    assert "KAFKA_BOOTSTRAP_SERVERS" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.output


def test_a_command_that_mongodb_refuses_says_what_it_says(database_uri: str) -> None:
    unknown = database_uri.replace("mongodb://", "mongodb://nobody:secret@", 1)
    done = run(["why", "--event", "e1"], MONGODB_URI=unknown, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9")
    assert done.exit_code == 2, done.output
    assert "MongoDB refuses" in done.stderr
    assert "MONGODB_URI" in done.stderr
    assert "secret" not in done.output
