"""The calendar file of a flight's page."""

from __future__ import annotations

from typing import Any

from icalendar import Calendar

from app.domain.order import of_event
from tests.pages.conftest import UA407, World

FILE = "/f/UA407/2013-02-08.ics"


def known(world: World, key: Any, subject: str, seconds: int) -> None:
    order = of_event(0, (seconds, 1), "82")
    world.database.known.insert_one({"_id": str(key), "subject": subject, "order": order, "state": "present"})


def event_of(world: World, path: str = FILE) -> Any:
    answer = world.client.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    (event,) = Calendar.from_ical(answer.data).walk("VEVENT")
    return event


def test_page_leads_to_a_file_that_a_calendar_opens(world: World) -> None:
    world.flight()
    page = world.get("/f/UA407/2013-02-08")
    assert 'href="/f/UA407/2013-02-08.ics?from=EWR"' in page
    answer = world.client.get(FILE)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="UA407-2013-02-08.ics"'
    assert event_of(world)["SUMMARY"] == "UA 407 Newark EWR to Denver DEN"


def test_the_latest_of_a_flights_documents_counts_and_the_entry_stays_the_same(world: World) -> None:
    document = world.flight()
    known(world, document["_id"], "flight:first", 1_800_000_000)
    before = event_of(world)
    known(world, "another", "flight:first", 1_800_000_900)
    after = event_of(world)
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] == before["SEQUENCE"] + 900


def test_cancelled_flight_is_taken_out(world: World) -> None:
    world.flight(status="cancelled")
    assert "Take it out of your calendar" in world.get("/f/UA407/2013-02-08")
    assert b"METHOD:CANCEL" in world.client.get(FILE).data


def test_no_flight_and_several_flights_are_not_found(world: World) -> None:
    assert world.client.get(FILE).status_code == 404
    world.flight()
    world.flight(origin="JFK")
    assert world.client.get(FILE).status_code == 404
    assert event_of(world, f"{FILE}?from=jfk")["SUMMARY"].startswith(
        f"{UA407['flight_number'][:2]} 407 New York"
    )
