from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.domain.flight import parse
from app.domain.news import Kind
from app.domain.order import of_event
from app.store.announcements import Announcement, Announcements
from tests.pages.conftest import NOW, UA407, World
from tests.pages.test_board import text_of

NIGHT: dict[str, Any] = {
    "flight_number": "UA1071",
    "destination": "BQN",
    "departure_time": "20:35",
    "arrival_date": "2013-02-09",
    "arrival_time": "01:26",
    "gate": "C103",
}


def test_both_ends_have_their_own_clock_and_the_next_day_is_named(world: World) -> None:
    world.flight(**NIGHT, estimated_departure_time="20:59", status="boarding")
    said = text_of(world.get("/f/UA1071/2013-02-08"))
    assert "UA 1071, Newark to Aguadilla" in said
    assert "Boarding at gate C103 . It leaves 24 minutes late, at 20:59 EST ." in said
    assert "Fri 8 Feb, EST (UTC−5)" in said
    assert "Sat 9 Feb, AST (UTC−4)" in said
    assert "+1 day" in said
    assert "1 hour ahead" in said
    assert "3 h 51 min" in said


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "On time at gate C94 . It leaves at 14:45 EST ."),
        ({"gate": None}, "On time It leaves at 14:45 EST ."),
        ({"status": "delayed"}, "Delayed at gate C94 . The new time is not yet known. It was to leave at 14:45 EST ."),
        ({"status": "departed", "estimated_departure_time": "14:50"},
         "Departed at 14:50 EST , 5 minutes late. It lands at 17:10 MST ."),
        ({"status": "landed", "estimated_arrival_time": "17:01", "belt": "5"},
         "Landed at 17:01 MST . Bags on belt 5 ."),
        ({"status": "diverted", "diverted_to": "ABQ"}, "Diverted to Albuquerque . When it goes on is not yet known"),
        ({"status": "cancelled"}, "Cancelled It was to leave at 14:45 EST from gate C94 ."),
        ({"departure_time": "13:00"}, "Whether it left is not yet known."),
    ],
)  # fmt: skip
def test_the_answer_comes_in_a_sentence(world: World, fields: dict[str, Any], words: str) -> None:
    world.flight(**fields)
    assert words in text_of(world.get("/f/UA407/2013-02-08"))


def test_a_cancelled_flight_says_why_and_what_to_do(world: World) -> None:
    world.flight(status="cancelled", status_reason="winter storm")
    page = world.get("/f/UA407/2013-02-08")
    said = text_of(page)
    assert "Winter storm." in said
    assert "ask United, not the airport" in said
    assert "Other flights to DEN" in said


def announce(world: World, document: dict[str, Any], n: int, kinds: tuple[Kind, ...], **fields: Any) -> str:
    """An announcement from the document as published to these fields; returns its event's id."""
    Announcements(world.database).record(
        [
            Announcement(
                subject=f"flight:{document['_id']}",
                order=of_event(0, (n, 1), "ab"),
                event_id=f"e{n}",
                kinds=kinds,
                before=parse(UA407),
                after=parse(UA407 | fields),
                changed_at=NOW - timedelta(minutes=60 - n),
                found_late=False,
            )
        ]
    )
    return f"e{n}"


def tell_people(
    world: World, document: dict[str, Any], event_id: str, people: int, channel: str, after_s: float
) -> None:
    subject = f"flight:{document['_id']}"
    world.database.notifications.insert_many(
        {
            "_id": f"{subject}|secret-person-{n}|{channel}@{event_id}",
            "conversation": f"{subject}|secret-person-{n}|{channel}",
            "person": f"secret-person-{n}",
            "subject": subject,
            "channel": channel,
            "event_id": event_id,
            "status": "sent",
            "title": "hello maya@example.org",
            "changed_at": NOW,
            "sent_at": NOW + timedelta(seconds=after_s + n),
            "created_at": NOW,
        }
        for n in range(people)
    )


def test_the_log_counts_people_and_names_none(world: World) -> None:
    document = world.flight()
    event_id = announce(world, document, 1, (Kind.GATE,), gate="C71")
    tell_people(world, document, event_id, 12, "email", 2.0)
    tell_people(world, document, event_id, 7, "sms", 3.0)
    page = world.get("/f/UA407/2013-02-08")
    said = text_of(page)
    assert "New gate was C94 now C71" in said
    assert "13:43 EST" in said
    assert "Told 12 people: 12 e-mails, 7 SMS. The first after 2.0 s, the last after 13 s." in said
    assert "secret-person" not in page
    assert "example.org" not in page


def test_few_people_are_not_counted_out(world: World) -> None:
    document = world.flight()
    event_id = announce(world, document, 1, (Kind.CANCELLED,), status="cancelled")
    tell_people(world, document, event_id, 2, "email", 2.0)
    assert "Told fewer than 5 people." in world.get("/f/UA407/2013-02-08")


PRIVATE = ("no_address", "no_person", "suppressed_opted_out", "suppressed_bounced", "suppressed_complained",
           "suppressed_not_mobile", "booking_gone", "not_wanted", "unsubscribed")  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "words"), [("departed", ": it had left by then"), *((r, "") for r in PRIVATE)]
)
def test_why_nobody_was_told_says_nothing_about_a_person(world: World, reason: str, words: str) -> None:
    document = world.flight()
    event_id = announce(world, document, 1, (Kind.GATE,), gate="C71")
    tell_people(world, document, event_id, 1, "sms", 2.0)
    world.database.notifications.update_many({}, {"$set": {"status": "skipped", "reason": reason}})
    assert f"Nobody was sent a message{words}." in world.get("/f/UA407/2013-02-08")


def test_the_log_says_another_route_and_what_was_taken_back(world: World) -> None:
    document = world.flight()
    announce(world, document, 1, (Kind.REROUTED,), destination="COS")
    announce(world, document, 2, (Kind.LANDED,), status="departed")
    announce(world, document, 3, (Kind.DIVERTED,), status="departed")
    announce(world, document, 4, (Kind.DEPARTED,))
    said = text_of(world.get("/f/UA407/2013-02-08"))
    assert "New route or number was UA 407, EWR to DEN now UA 407, EWR to COS" in said
    assert "Not landed yet" in said
    assert "No longer diverted" in said
    assert "Not left yet" in said


@pytest.mark.parametrize("day", ["%00", "soon", "2013-02-30"])
def test_what_is_no_day_is_not_found(world: World, day: str) -> None:
    world.flight()
    for address in (f"/f/UA407/{day}", f"/f/UA407/{day}.ics"):
        assert world.client.get(address).status_code == 404, address


def test_the_log_is_newest_first(world: World) -> None:
    document = world.flight()
    announce(world, document, 1, (Kind.GATE,), gate="C71")
    announce(world, document, 2, (Kind.DELAYED,), estimated_departure_time="15:13")
    said = text_of(world.get("/f/UA407/2013-02-08"))
    assert said.index("Delayed was 14:45 now 15:13") < said.index("New gate was C94 now C71")
    assert "No message of its own was sent." in said


def test_the_log_of_a_flight_entered_again_is_the_log_of_the_old_one(world: World) -> None:
    old = world.flight()
    announce(world, old, 1, (Kind.GATE,), gate="C71")
    world.database.flights.delete_one({"_id": old["_id"]})
    new = world.flight(_id="entered again")
    world.database.known.insert_one({"_id": str(new["_id"]), "subject": f"flight:{old['_id']}"})
    assert "New gate" in world.get("/f/UA407/2013-02-08")


def test_one_number_from_two_airports_lets_the_reader_pick(world: World) -> None:
    world.flight()
    world.flight(origin="JFK")
    page = world.get("/f/UA407/2013-02-08")
    assert "Which UA 407?" in page
    assert "/f/UA407/2013-02-08?from=JFK" in page
    assert "UA 407, New York to Denver" in world.get("/f/UA407/2013-02-08?from=JFK")


def test_a_number_alone_goes_to_the_next_flight(world: World) -> None:
    for day in ("2013-02-07", "2013-02-08", "2013-02-09"):
        world.flight(departure_date=day, arrival_date=day)
    assert world.client.get("/f/UA407").headers["Location"] == "/f/UA407/2013-02-08"
    world.pass_time(days=30)
    assert world.client.get("/f/UA407").headers["Location"] == "/f/UA407/2013-02-09", "else the last one"


@pytest.mark.parametrize("written", ["ua407", "UA 407", "UA0407"])
def test_a_number_is_found_however_it_is_written(world: World, written: str) -> None:
    world.flight()
    answer = world.client.get(f"/f/{written}/2013-02-08")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/f/UA407/2013-02-08")


@pytest.mark.parametrize("written", ["UA0407", "Ua407", "ua407", "UA 407", "ua 0407"])
def test_a_flight_is_found_however_the_admin_wrote_its_number(world: World, written: str) -> None:
    world.flight(flight_number=written)
    assert "UA 407, Newark to Denver" in world.get("/f/UA407/2013-02-08")
    assert world.client.get("/f/UA407").headers["Location"] == "/f/UA407/2013-02-08"


@pytest.mark.parametrize("written", [" UA407 ", "U A 4 07"])
def test_what_the_notifier_understood_is_found_under_what_it_understood(world: World, written: str) -> None:
    document = world.flight(flight_number=written)
    identity = "UA407|EWR|2013-02-08"
    world.database.known.insert_one({"_id": str(document["_id"]), "identity": identity, "state": "present"})
    assert "UA 407, Newark to Denver" in world.get("/f/UA407/2013-02-08")
    assert world.client.get("/f/UA407").headers["Location"] == "/f/UA407/2013-02-08"
    world.edit(document, flight_number=" UA408 ")
    world.get("/f/UA407/2013-02-08", 404)


def test_the_next_flight_is_found_among_thousands_of_the_same_number(world: World) -> None:
    days = [NOW.date() + timedelta(days=n) for n in range(-300, 300)]
    for origin in ("EWR", "JFK"):
        flights = [
            UA407 | {"origin": origin, "departure_date": f"{day}", "arrival_date": None} for day in days
        ]
        world.database.flights.insert_many(flights)
    assert world.client.get("/f/UA407").headers["Location"] == "/f/UA407/2013-02-08"
    world.pass_time(days=400)
    assert world.client.get("/f/UA407").headers["Location"] == f"/f/UA407/{days[-1]}"
    said = text_of(world.get("/f/UA407/2020-01-01", 404))
    assert "UA 407 is known for 14 April 2012 to 4 December 2013" in said


def test_a_flight_that_is_not_known_says_when_it_is(world: World) -> None:
    world.flight()
    page = world.get("/f/UA407/2013-03-09", 404)
    assert "No UA 407 on 9 March 2013" in page
    assert "UA 407 is known for 8 February 2013 only." in page
    assert "No ZZ 9" in world.get("/f/ZZ9", 404)
    assert "That is not a flight number" in world.get("/f/!!", 404)
