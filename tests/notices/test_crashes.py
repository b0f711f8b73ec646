"""The consumer dies at each of its steps: nobody is forgotten, and nobody is told twice."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from app import crash_points
from tests.at_noon import NOON
from tests.notices.world import SNOW, Noticing, later
from tests.processes import DiedError, Line, clock_from, surroundings, until

STEPS = [step for step in crash_points.STEPS if step.startswith("M")]


@pytest.mark.parametrize("step", STEPS)
def test_a_death_at_any_step_loses_nothing_and_tells_nothing_twice(
    notices: Noticing, dying: list[str], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr("app.store.notice_audience._PERSONS_AT_ONCE", 2)
    flight = notices.flight("f1")
    people = sorted(f"p{number}" for number in range(5))
    for person in people:
        notices.books(person, flight)
    event = notices.publishes(airport="EWR")
    dying.append(step)
    with pytest.raises(DiedError):
        notices.handle(event)
    # Its offset was not committed, so it comes again.
    notices.handle(event)
    assert notices.due() == notices.due("sms") == [(person, "", SNOW) for person in people]
    notices.settle()
    notices.books("later", flight)
    notices.handle(event)
    assert notices.due() == []
    assert notices.people() == set(people)
    assert notices.db.announcements.count_documents({"people": 5, "done_at": {"$exists": True}}) == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_death_over_a_correction_tells_it_once(notices: Noticing, dying: list[str], step: str) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.handle(notices.publishes(airport="EWR"))
    notices.settle()
    event = notices.edits(message="B") if step != "M4.made" else notices.edits(message="B", airport="DEN")
    dying.append(step)
    with pytest.raises(DiedError):
        notices.handle(event)
    notices.handle(event, event)
    assert notices.due() == [("ada", SNOW, "B")]
    assert notices.db.announcements.count_documents({}) == 2


def test_what_died_is_ended_by_the_next_event_of_the_notice(notices: Noticing, dying: list[str]) -> None:
    notices.books("ada", notices.flight("f1"))
    dying.append("M3.recorded")
    with pytest.raises(DiedError):
        notices.handle(notices.publishes(airport="EWR"))
    # The topic was lost with the first event; what is read then differs in nothing.
    notices.handle(notices.reads())
    assert notices.due() == [("ada", "", SNOW)]


@pytest.mark.parametrize("step", ["M3.recorded", "M5.told", "M6.done"])
@pytest.mark.parametrize("hours", [0, 25])
def test_a_death_over_a_notice_that_vanished_leaves_nobody_believing_it(
    notices: Noticing, dying: list[str], step: str, hours: int
) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.handle(notices.publishes(airport="EWR"), notices.publishes("n2", airport="EWR"))
    notices.settle()
    for key in ("n1", "n2"):
        notices.withdraws(key)
    marker = notices.marker()
    dying.append(step)
    with pytest.raises(DiedError):
        notices.handle(marker)
    # When it comes up again, the notices may be over: then delivery tells it to nobody, with the reason on record.
    notices.rules = later(notices, hours=hours)
    notices.handle(marker, marker)
    told = [("ada", SNOW, "withdrawn")]
    assert notices.due() == (told if hours else told * 2)
    assert notices.db.announcements.count_documents(
        {"to.state": "withdrawn", "done_at": {"$exists": True}}
    ) == (1 if hours else 2)
    notices.settle()
    notices.handle(notices.marker())
    assert notices.due() == []


@pytest.mark.slow
def test_killed_processes_lose_nothing(
    notices: Noticing, database: Database[dict[str, Any]], database_uri: str, kafka: str, topic_prefix: str
) -> None:
    for person in ("ada", "bob"):
        notices.books(person, "f1")
    notices.flight("f1")
    notices.publishes(airport="EWR", expires_at=NOON.replace(hour=23))
    clock = clock_from(NOON, notices.rules.clock.origin)
    env = surroundings(database_uri, kafka, topic_prefix, **clock)
    with Line(env) as line:
        for step in ("M3.recorded", "M4.made", "M6.done"):
            line.dies("notices", step)
        last = line.start("consumers", "notices")
        database.notices.update_one({"_id": "n1"}, {"$set": {"message": "B"}})
        corrected = {"_id": "notice:n1|ada|email", "want.message": "B", "due_at": {"$exists": True}}
        until(lambda: database.conversations.find_one(corrected), "ada is to be told")
        database.notices.delete_one({"_id": "n1"})
        gone = {"_id": "notice:n1|bob|email", "want.state": "withdrawn"}
        until(lambda: database.conversations.find_one(gone), "the notice is withdrawn")
        last.terminate()
        assert last.wait(30) == 0
    assert database.conversations.count_documents({}) == 2
    assert database.announcements.count_documents({"people": 2}) == 3
