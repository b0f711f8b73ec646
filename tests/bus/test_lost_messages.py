"""Kafka deleted what a consumer had not read: the watcher is asked for all of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from app.domain.errors import TransientError
from app.store.resume_tokens import Position, ResumeTokens
from consumers.topic_consumer import ask_anew

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def now() -> datetime:
    return NOW


def test_the_collection_is_asked_for_until_a_snapshot_of_it_begins(
    database: Database[dict[str, Any]],
) -> None:
    tokens = ResumeTokens(database)
    for collection in ("flights", "followings"):
        tokens.save(collection, Position(start_at=(1, 1)), "topic", NOW, 1)
    ask_anew(database, "flights", now)
    stored = {name: tokens.load(name) for name in ("flights", "followings")}
    assert {name: one.asked for name, one in stored.items() if one} == {"flights": True, "followings": False}


def test_what_mongodb_does_not_take_is_no_reason_to_go_on() -> None:
    with (
        MongoClient[dict[str, Any]]("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=100) as client,
        pytest.raises(TransientError, match="MongoDB"),
    ):
        ask_anew(client["nowhere"], "flights", now)
