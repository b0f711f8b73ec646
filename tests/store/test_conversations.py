"""Conversations: the update that the server makes is the one that new conversations are born with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.write_concern import WriteConcern

from app.domain.flight import Flight, Status, parse
from app.domain.order import NEVER, Order, of_event
from app.store.conversations import Conversations, Start, Telling, conversation_id
from tests.domain.test_flight import WRITTEN

NOW = datetime(2030, 1, 1, tzinfo=UTC)
PLAIN = parse(WRITTEN)


def at(time: int) -> Order:
    return of_event(0, (time, 1), "82AB")


def telling(want: Flight, time: int, **more: Any) -> Telling:
    values: dict[str, Any] = {
        "unheard": PLAIN,
        "priority": 1,
        "due_at": NOW + timedelta(seconds=2),
        "cancellation_due_at": NOW,
        "puts_off": want.status is Status.REMOVED,
        "ends_at": NOW + timedelta(days=30),
        "event_id": f"event-{time}",
        "changed_at": NOW,
        "found_late": False,
    }
    return Telling("flight:f1", at(time), want, **(values | more))


@pytest.fixture
def row(database: Database[dict[str, Any]]) -> Any:
    """The only conversation, read anew at each call."""

    def read() -> dict[str, Any]:
        found = database.conversations.find_one()
        assert found is not None
        return found

    return read


@pytest.fixture
def conversations(database: Database[dict[str, Any]]) -> Conversations:
    store = Conversations(database)
    assert store.make([(Start("ada", "email", PLAIN, NEVER), telling(PLAIN, 1))]) == 1
    return store


def test_a_new_conversation_that_knows_everything_is_settled(conversations: Conversations, row: Any) -> None:
    found = row()
    assert found["_id"] == conversation_id("flight:f1", "ada", "email") == "flight:f1|ada|email"
    assert (found["heard"], found["order"], found["status"]) == (found["want"], at(1), "open")
    assert "due_at" not in found


def test_one_that_is_there_stays_as_it_is(conversations: Conversations, row: Any) -> None:
    before = row()
    other = replace(PLAIN, gate="B2")
    starts = [
        (Start("ada", "email", other, NEVER), telling(other, 5)),
        (Start("bob", "email", other, at(9)), telling(PLAIN, 5)),
    ]
    assert conversations.make(starts) == 1
    assert row() == before
    assert conversations.existing(["flight:f1|bob|email", "x"]) == {"flight:f1|bob|email"}


def test_an_older_order_changes_nothing(conversations: Conversations, row: Any) -> None:
    conversations.tell([telling(replace(PLAIN, gate="B2"), 5)])
    before = row()
    assert conversations.tell([telling(PLAIN, 4), telling(PLAIN, 5)]) == 0
    assert row() == before


def test_the_earlier_due_time_stands_and_a_deletion_puts_off(conversations: Conversations, row: Any) -> None:
    conversations.tell([telling(replace(PLAIN, gate="B2"), 2)])
    conversations.tell([telling(replace(PLAIN, gate="C3"), 3, due_at=NOW + timedelta(seconds=9))])
    assert row()["due_at"] == NOW + timedelta(seconds=2)
    conversations.tell([telling(PLAIN.removed(), 4, due_at=NOW + timedelta(seconds=60))])
    assert (row()["due_at"], row()["priority"]) == (NOW + timedelta(seconds=60), 0)
    conversations.tell([telling(replace(PLAIN, gate="C3"), 5, due_at=NOW + timedelta(seconds=9))])
    assert row()["due_at"] == NOW + timedelta(seconds=9)


def test_waiting_for_another_channel_goes_on_while_it_lasts_and_begins_anew_after_it(
    conversations: Conversations, row: Any, database: Database[dict[str, Any]]
) -> None:
    turn = {"since": NOW, "after": ["sms"]}
    b2, c3 = replace(PLAIN, gate="B2"), replace(PLAIN, gate="C3")
    conversations.tell([telling(b2, 2)])
    database.conversations.update_one({}, {"$set": {"turn": turn}})
    conversations.tell([telling(c3, 3)])
    assert row()["turn"] == turn
    for time, again in ((4, b2), (6, replace(PLAIN, status=Status.CANCELLED))):
        conversations.tell([telling(PLAIN, time)])
        assert "due_at" not in row()
        database.conversations.update_one({}, {"$set": {"turn": turn}})
        conversations.tell([telling(again, time + 1)])
        assert "due_at" in row()
        assert "turn" not in row()
    database.conversations.update_one({}, {"$unset": {"due_at": ""}, "$set": {"turn": turn, "heard": None}})
    conversations.tell([telling(b2, 9)])
    assert "turn" not in row(), "nor where the server decides for each by itself"


def test_a_cancellation_is_due_at_once_for_those_who_did_not_hear_of_it(
    conversations: Conversations, row: Any
) -> None:
    cancelled = replace(PLAIN, status=Status.CANCELLED)
    conversations.tell([telling(cancelled, 2)])
    assert (row()["due_at"], row()["priority"]) == (NOW, 0)
    conversations.tell([telling(PLAIN, 3)])
    assert "due_at" not in row()


def test_a_claim_or_a_doubt_keeps_it_due(
    conversations: Conversations, row: Any, database: Database[dict[str, Any]]
) -> None:
    for field in ("claim", "doubt"):
        database.conversations.update_one({}, {"$set": {field: "x", "order": ""}, "$unset": {"due_at": ""}})
        conversations.tell([telling(PLAIN, 2)])
        assert "due_at" in row(), field
        database.conversations.update_one({}, {"$unset": {field: ""}})


def test_a_cancellation_does_not_wait_out_the_back_off_of_other_news(
    conversations: Conversations, row: Any, database: Database[dict[str, Any]]
) -> None:
    later = NOW + timedelta(hours=1)
    conversations.tell([telling(replace(PLAIN, gate="B2"), 2)])
    database.conversations.update_one({}, {"$set": {"not_before": later}})
    conversations.tell([telling(replace(PLAIN, gate="B3"), 3)])
    assert row()["not_before"] == later
    conversations.tell([telling(replace(PLAIN, gate="B3", status=Status.CANCELLED), 4)])
    assert "not_before" not in row()
    assert row()["priority"] == 0


def test_what_nobody_noted_as_heard_is_filled_in(
    conversations: Conversations, row: Any, database: Database[dict[str, Any]]
) -> None:
    database.conversations.update_one({}, {"$set": {"heard": None, "want": None}})
    conversations.tell([telling(replace(PLAIN, gate="B2"), 2, unheard=PLAIN)])
    assert row()["heard"] == PLAIN.to_document()
    assert "due_at" in row()


def test_only_the_conversations_that_are_meant_are_told(conversations: Conversations, row: Any) -> None:
    other = telling(replace(PLAIN, gate="B2"), 2)
    assert conversations.tell([other], only={"flight:f1": ["flight:f1|bob|email"]}) == 0
    assert conversations.tell([other], only={}) == 0
    assert conversations.tell([other], only={"flight:f1": ["flight:f1|ada|email"]}) == 1


def test_text_that_looks_like_an_expression_stays_text(conversations: Conversations, row: Any) -> None:
    want = replace(PLAIN, status_reason="$heard.status")
    conversations.tell([telling(want, 2)])
    assert row()["want"]["status_reason"] == "$heard.status"


flights = st.builds(
    lambda **fields: replace(PLAIN, **fields),
    status=st.sampled_from(list(Status)),
    gate=st.sampled_from([None, "A1"]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(heard=flights, want=flights, start=st.integers(0, 4))
def test_made_late_or_made_early_and_told_is_the_same(
    database: Database[dict[str, Any]], heard: Flight, want: Flight, start: int
) -> None:
    store = Conversations(database)
    database.conversations.delete_many({})
    told = telling(want, 2)
    early = Start("early", "email", heard, at(start))
    silent = replace(told, order=NEVER)
    store.make([(early, silent)])
    store.tell([told])
    store.make([(early._replace(person="late"), told)])
    rows = {
        row["person"]: {
            k: v
            for k, v in row.items()
            if k not in ("_id", "person", "priority") or ("due_at" in row and k == "priority")
        }
        for row in database.conversations.find()
    }
    if start < 2 and heard == want:  # whose event it was is noted only where want moved
        for one in rows.values():
            one.update(event_id=None, changed_at=None, found_late=None)
    assert rows["early"] == rows["late"]


def test_a_new_conversation_that_no_majority_confirmed_is_not_taken_for_made(
    database: Database[dict[str, Any]],
) -> None:
    unconfirmed = database.with_options(write_concern=WriteConcern(w=50, wtimeout=50))
    with pytest.raises(PyMongoError):
        Conversations(unconfirmed).make([(Start("ada", "email", PLAIN, NEVER), telling(PLAIN, 1))])
