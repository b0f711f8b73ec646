"""Whom a notice reaches, and what is told of it: the consumer on a real MongoDB, given events by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.bus.consumer import Received
from app.domain.clock import system_now
from app.domain.errors import BadEventError
from app.domain.events import Op
from app.domain.order import incarnation_of
from app.store.conversations import Start, Telling
from app.store.restored import RestoredConversations
from tests.notices.world import SNOW, Noticing, at, later


def test_an_airports_notice_reaches_travellers_and_followers_each_once(notices: Noticing) -> None:
    leaves, lands = notices.flight("f1"), notices.flight("f2", "UA5", origin="DEN", destination="EWR")
    notices.books("traveller", leaves)
    notices.books("lander", lands)
    notices.books("both", leaves)
    notices.books("both", lands)
    notices.follows("both", "airport:EWR")
    notices.follows("follower", "airport:EWR")
    notices.follows("elsewhere", "airport:DEN")
    notices.follows("flights_follower", leaves)
    notices.books("cancelled", leaves, status="cancelled")
    notices.handle(notices.publishes(airport="EWR"))
    reached = ["both", "follower", "lander", "traveller"]
    assert notices.due() == [(person, "", SNOW) for person in reached]
    assert notices.due("sms") == notices.due()
    assert set(notices.conversation("both")["documents"]) == {leaves, lands, "airport:EWR"}
    row = notices.db.announcements.find_one({"subject": "notice:n1"})
    assert row is not None
    assert (row["people"], row["kinds"]) == (4, ["notice"])


def test_an_airports_notice_is_for_flights_until_it_expires(notices: Noticing) -> None:
    tomorrow = {"departure_date": "2013-02-09", "arrival_date": "2013-02-09"}
    for person, fields in {
        "gone": {"departure_time": "09:00", "arrival_time": "11:30"},
        "lands_here": {
            "origin": "DEN",
            "destination": "EWR",
            "departure_time": "06:00",
            "arrival_time": "13:00",
        },
        "landed": {"origin": "DEN", "destination": "EWR", "departure_time": "01:00", "arrival_time": "06:30"},
        "today": {},
        "tomorrow": tomorrow,
        "late": {"departure_time": "09:00", "estimated_departure_time": "15:00"},
    }.items():
        notices.books(
            person, notices.flight(f"f-{person}", f"UA{notices.db.flights.count_documents({}) + 1}", **fields)
        )
    notices.handle(notices.publishes(airport="EWR", expires_at=at(hours=8)))
    assert notices.people() == {"today", "lands_here", "late"}


def test_a_flights_notice_reaches_its_days_that_are_not_over(notices: Noticing) -> None:
    def on(day: str, key: str, **fields: str) -> str:
        return notices.flight(key, departure_date=day, arrival_date=day, **fields)

    for person, flight in {
        "yesterday": on("2013-02-07", "f0"),
        "today": on("2013-02-08", "f1"),
        "in_march": on("2013-03-01", "f2"),
        "another": notices.flight("f3", "UA408"),
    }.items():
        notices.books(person, flight)
    notices.follows("follower", "f1")
    notices.follows("airports_follower", "airport:EWR")
    notices.handle(notices.publishes(flight="ua 407"))
    assert notices.people() == {"today", "in_march", "follower"}
    assert notices.conversation("today")["want"]["local_to"] == "EWR"


def test_a_flight_and_an_airport_mean_the_flight_there(notices: Noticing) -> None:
    notices.books("here", notices.flight("f1"))
    notices.books("next_leg", notices.flight("f2", origin="DEN", destination="LAX"))
    notices.follows("airports_follower", "airport:EWR")
    notices.handle(notices.publishes(flight="UA407", airport="EWR"))
    assert notices.people() == {"here"}


def test_who_is_booked_on_a_document_that_was_made_again_is_reached(notices: Noticing) -> None:
    notices.flight("new")
    for key in ("old", "new"):
        row = {"_id": key, "subject": "flight:old", "identity": "x", "order": "1", "state": "present"}
        notices.db.known.insert_one(row)
    notices.books("ada", "old")
    notices.handle(notices.publishes(flight="UA407"))
    assert notices.conversation("ada")["documents"] == ["old"]


def test_a_notice_for_all_is_told_to_nobody_with_the_reason_on_record(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    event = notices.publishes()
    notices.handle(event, event)
    assert notices.people() == set()
    (row,) = notices.db.event_decisions.find()
    assert (row["outcome"], row["subject"]) == ("for_all", "notice:n1")


def test_a_notice_that_expired_before_it_was_dealt_with_is_told_to_nobody(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.handle(notices.publishes(airport="EWR", expires_at=at(hours=-1)))
    notices.handle(notices.publishes("old", airport="EWR", created_at=system_now() - timedelta(hours=25)))
    assert notices.people() == set()
    assert [row["outcome"] for row in notices.db.event_decisions.find()] == ["expired", "expired"]
    assert notices.db.announcements.count_documents({}) == 0
    # Given more time, it is news.
    notices.handle(notices.edits(expires_at=at(hours=9)))
    assert notices.due() == [("ada", "", SNOW)]


def test_no_notice_is_told_longer_than_the_longest_time(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.handle(notices.publishes(airport="EWR", expires_at=at(days=300)))
    until = notices.conversation("ada")["want"]["expires_at"]
    assert until.startswith("2013-02-22T17:0")


def test_a_repeated_event_reaches_nobody_who_booked_since(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    event = notices.publishes(airport="EWR")
    notices.handle(event)
    notices.settle()
    notices.books("bob", "f1")
    notices.handle(event, notices.reads())
    assert notices.due() == []
    assert notices.people() == {"ada"}


def test_an_edited_sentence_is_told_to_those_who_heard_and_to_nobody_else(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.handle(notices.publishes(airport="EWR"))
    notices.settle()
    notices.books("bob", "f1")
    notices.handle(notices.edits(message="The runways are clear."))
    assert notices.due() == [("ada", SNOW, "The runways are clear.")]
    notices.settle()
    notices.handle(notices.edits(expires_at=at(hours=3)))
    # Delivery settles it: another time of expiry is no news.
    assert notices.due() == [("ada", "The runways are clear.", "The runways are clear.")]


def test_a_notice_that_is_about_another_place_reaches_those_there(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.books("bob", notices.flight("f2", "B61", origin="JFK", destination="BOS"))
    notices.handle(notices.publishes(airport="EWR"))
    notices.settle()
    notices.handle(notices.edits(airport="JFK"))
    assert notices.due() == [("ada", SNOW, SNOW), ("bob", "", SNOW)]
    assert notices.conversation("ada")["want"]["airport"] == "JFK"


def test_a_notice_that_was_ended_early_is_told_to_nobody_more(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.handle(notices.publishes(airport="EWR"))
    ended = notices.edits(expires_at=at(hours=-1))
    notices.handle(ended, ended)
    want = notices.conversation("ada")["want"]
    assert want["expires_at"] == at(hours=-1).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    notices.handle(notices.edits(expires_at=at(hours=-2)))
    assert [row["outcome"] for row in notices.db.event_decisions.find()] == ["expired"]


def test_a_withdrawn_notice_is_wanted_withdrawn_and_only_until_it_expires(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.handle(notices.publishes(airport="EWR"), notices.publishes("n2", airport="EWR"))
    notices.settle()
    notices.handle(notices.withdraws())
    assert notices.due() == [("ada", SNOW, "withdrawn")]
    notices.settle()
    notices.rules = later(notices, hours=25)
    notices.handle(notices.withdraws("n2"))
    assert notices.due() == []


def test_a_notice_that_nobody_knew_may_vanish(notices: Noticing) -> None:
    notices.publishes(airport="EWR")
    notices.handle(notices.withdraws())
    assert notices.people() == set()
    assert [row["outcome"] for row in notices.db.event_decisions.find()] == ["gone_unseen"]


def test_a_marker_finds_notices_that_were_deleted_unseen(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.handle(notices.publishes(airport="EWR"), notices.publishes("n2", airport="EWR"))
    notices.settle()
    late = notices.withdraws("n2")
    marker = notices.marker()
    notices.handle(marker, marker)
    assert notices.due() == [("ada", SNOW, "withdrawn")]
    notices.handle(late)
    assert notices.conversation("ada", "n2")["want"]["state"] == "withdrawn"
    assert notices.conversation("ada")["want"]["state"] == "given"


def test_what_cannot_be_understood_is_a_dead_letter_and_its_replay_is_told(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.handle(
        notices.publishes(airport="New York"),
        Received("notices.changes", 0, 99, "n9", BadEventError("not_json", "no JSON")),
        notices.publishes("n2", airport="EWR"),
    )
    assert notices.due() == [("ada", "", SNOW)]
    letters = list(notices.db.dead_letters.find().sort("reason", 1))
    assert [(row["source"], row["collection"], row["reason"]) for row in letters] == [
        ("notices", "notices", "bad_field"),
        ("notices", "notices", "not_json"),
    ]
    assert letters[0]["field"] == "airport"
    notices.edits(airport="EWR")
    notices.handle(notices.reads())
    assert notices.conversation("ada", "n1")["want"]["message"] == SNOW


def test_late_events_and_those_of_another_past_change_nothing(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    first = notices.publishes(airport="EWR")
    notices.handle(notices.edits(message="B"), first)
    assert notices.due() == [("ada", "", "B")]
    notices.incarnation = 2
    row = notices.db.notices.find_one({"_id": "n1"})
    notices.handle(notices.event("n1", Op.UPDATE, row, (row or {}) | {"message": "C"}, incarnation=1))
    assert notices.due() == [("ada", "", "B")]


def test_after_a_restore_nobody_hears_again_and_what_was_begun_is_ended(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.handle(notices.publishes(airport="EWR"))
    notices.settle()
    notices.db.announcements.update_one({}, {"$unset": {"done_at": "", "people": ""}})
    notices.books("bob", "f1")
    list(RestoredConversations(notices.db).raise_all(2, frozenset(), system_now()))
    notices.incarnation = 2
    notices.handle(notices.reads())
    assert notices.due() == [("bob", "", SNOW)]
    assert incarnation_of(notices.conversation("bob")["order"]) == 2
    notices.settle()
    notices.handle(notices.edits(message="B"))
    assert {person for person, _, _ in notices.due()} == {"ada", "bob"}


def test_a_notice_first_seen_after_a_restore_starts_in_doubt(notices: Noticing) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.publishes(airport="EWR")
    notices.incarnation = 2
    notices.handle(notices.reads())
    assert notices.conversation("ada")["doubt"] == "restore/2"


@pytest.mark.parametrize(("type_", "priority"), [("urgent", 0), ("disruption", 2)])
def test_an_urgent_notice_goes_before_others(notices: Noticing, type_: str, priority: int) -> None:
    notices.books("ada", notices.flight("f1"))
    notices.handle(notices.publishes(airport="EWR", type=type_))
    assert notices.conversation("ada")["priority"] == priority


def test_the_people_of_thousands_of_places_are_made_in_portions(
    notices: Noticing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.notice_audience._PERSONS_AT_ONCE", 7)
    monkeypatch.setattr("app.store.notice_audience._FLIGHTS_AT_ONCE", 2)
    for number in range(5):
        notices.flight(f"f{number}", f"UA{number + 1}")
        for person in range(20):
            notices.books(f"p{number * 15 + person:02}", f"f{number}")
    sizes: list[int] = []
    make = notices.stores.conversations.make

    def counted(starts: list[tuple[Start, Telling]]) -> int:
        sizes.append(len(starts))
        return make(starts)

    monkeypatch.setattr(notices.stores.conversations, "make", counted)
    notices.handle(notices.publishes(airport="EWR"))
    assert max(sizes) == 14
    assert notices.people() == {f"p{number:02}" for number in range(80)}
    assert notices.db.conversations.count_documents({}) == 160
    assert notices.db.announcements.find_one({})["people"] == 80  # type: ignore[index]
