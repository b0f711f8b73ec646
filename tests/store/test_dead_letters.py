"""Dead letters: kept once, counted, readable by everybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import Binary, DatetimeMS, Regex
from pymongo.database import Database

from app.store.dead_letters import DISCARDED, WAITING, DeadLetter, DeadLetters

AT = datetime(2026, 12, 1, tzinfo=UTC)
LETTER = DeadLetter("watcher", "flights", "f1", "unencodable", "gate: nan", event_id="8263", field="gate")


def test_the_same_letter_is_counted_and_waits_again(database: Database[dict[str, Any]]) -> None:
    moment = AT
    letters = DeadLetters(database, lambda: moment)
    letters.add(LETTER)
    assert letters.discard(LETTER.id, "staff:test")
    assert not letters.discard(LETTER.id, "staff:test")
    assert letters.list() == []
    assert letters.list(status=DISCARDED)[0]["expires_at"] > AT
    moment = AT + timedelta(hours=1)
    letters.add(LETTER)
    (found,) = letters.list(source="watcher")
    assert (found["count"], found["first_at"], found["last_at"]) == (2, AT, AT + timedelta(hours=1))
    assert found["_id"] == LETTER.id == letters.list()[0]["_id"]
    assert letters.count(since=AT + timedelta(minutes=1)) == 1
    assert letters.list(source="notifier") == []
    assert "expires_at" not in found
    assert letters.counts() == {("unencodable", WAITING): 1}


def test_letters_without_event_are_named_by_their_place_in_the_topic(
    database: Database[dict[str, Any]],
) -> None:
    letters = DeadLetters(database, lambda: AT)
    for offset in (1, 2):
        letters.add(replace(LETTER, source="notifier", event_id=None, topic="t", partition=0, offset=offset))
    assert {found["offset"] for found in letters.list()} == {1, 2}


def test_documents_are_kept_readable_and_only_when_small(database: Database[dict[str, Any]]) -> None:
    letters = DeadLetters(database, lambda: AT)
    odd = {
        "a": Regex("^x"),
        "b": DatetimeMS(10**15),
        "c": Binary(b"x", 4),
        "d": {"e": ["half \udc80"]},
        "f": 1,
    }
    letters.add(replace(LETTER, event_id="odd", key="half \udc80", document=odd))
    letters.add(replace(LETTER, event_id="large", document={"gate": "x" * 300_000}))
    by_event = {found["event_id"]: found for found in letters.list()}
    assert by_event["odd"]["document"]["f"] == 1
    assert by_event["odd"]["document"]["a"].startswith("Regex: ")
    assert by_event["odd"]["document"]["d"] == {"e": ["half ?"]}
    assert "document" not in by_event["large"]


def test_numbers_too_large_for_mongodb_are_kept_as_text(database: Database[dict[str, Any]]) -> None:
    letters = DeadLetters(database, lambda: AT)
    letters.add(replace(LETTER, document={"a": 2**63, "b": [-(2**63) - 1], "c": 2**63 - 1, "d": 10**5000}))
    (found,) = letters.list()
    assert found["document"]["a"] == f"int: {2**63}"
    assert found["document"]["b"] == [f"int: {-(2**63) - 1}"]
    assert found["document"]["c"] == 2**63 - 1
    assert found["document"]["d"].startswith("int: ")
