"""The calendar that programs ask for by a person's own link."""

from __future__ import annotations

from typing import Any

import pytest
from icalendar import Calendar

from app.channels.links import LinkError, Links
from app.domain.speech import say, speaking
from tests.inserted_again import delete, insert_again
from tests.stopping.conftest import KEY, Web

FLIGHT = {
    "flight_number": "UA407", "airline": "UA", "origin": "EWR", "destination": "DEN", "departure_date": "2026-11-02",
    "departure_time": "14:45", "arrival_time": "17:05", "status": "scheduled",
}  # fmt: skip


def booked(web: Web, key: str, person: str = "p1", status: str = "confirmed", **fields: Any) -> None:
    document = {"_id": key} | FLIGHT | fields
    web.database["flights"].insert_one(document, bypass_document_validation=True)
    web.database["bookings"].insert_one({"user_id": person, "flight_id": key, "status": status})


def names(web: Web, link: str) -> list[str]:
    answer = web.get(link)
    assert answer.status_code == 200, answer.data
    assert answer.headers["Cache-Control"] == "no-store"
    return [str(event["SUMMARY"]).split(" N")[0] for event in Calendar.from_ical(answer.data).walk("VEVENT")]


def test_it_has_the_persons_bookings_and_nobody_elses_and_follows_them(web: Web) -> None:
    web.person()
    web.person(2)
    link = web.links.calendar("p1", "p1@example.org")
    assert names(web, link) == []
    booked(web, "f2", flight_number="UA2", departure_date="2026-11-03")
    booked(web, "f1")
    booked(web, "f3", flight_number="UA3", status="cancelled")
    booked(web, "f4", flight_number="UA4", person="p2")
    booked(web, "f5", flight_number="UA5", departure_date="2026-07-01")
    booked(web, "f6", flight_number="UA6", departure_time="25:99")
    assert names(web, link) == ["UA 407", "UA 2"], "no ended booking, nobody else's, no old one, no rubbish"
    web.database["flights"].update_one({"_id": "f1"}, {"$set": {"status": "cancelled"}})
    assert names(web, link)[0] == "Cancelled: UA 407"


def test_no_number_of_old_and_ended_bookings_leaves_out_what_is_to_come(web: Web) -> None:
    web.person()
    days = [f"2025-{month:02}-{day:02}" for month in range(1, 9) for day in range(1, 29)]
    old = [FLIGHT | {"_id": f"a{day}", "departure_date": day} for day in days]
    web.database["flights"].insert_many(old, bypass_document_validation=True)
    booked(web, "f1")
    rows = [{"_id": f"a{one['_id']}", "flight_id": one["_id"], "status": "confirmed"} for one in old]
    rows += [{"_id": f"b{number}", "flight_id": "f1", "status": "cancelled"} for number in range(201)]
    web.database["bookings"].insert_many([row | {"user_id": "p1"} for row in rows])
    booked(web, "z1", flight_number="UA2", departure_date="2026-11-03")
    assert names(web, web.links.calendar("p1", "p1@example.org")) == ["UA 407", "UA 2"]


def test_it_is_in_the_language_that_its_person_chose_whatever_the_program_asks_for(web: Web) -> None:
    web.person()
    web.database["users"].update_one({"_id": "p1"}, {"$set": {"language": "de"}})
    booked(web, "f1")
    link = web.links.calendar("p1", "p1@example.org")
    with speaking("de"):
        named = say("My flights")
    assert named != "My flights"
    assert f"X-WR-CALNAME:{named}" in web.get(link).text


def test_link_ends_with_the_address_and_is_good_for_nothing_else(web: Web) -> None:
    web.person()
    link = web.links.calendar("p1", "p1@example.org")
    token = link.rpartition("/")[2].removesuffix(".ics")
    for purpose in ("unsubscribe", "preferences"):
        assert web.get(f"/{purpose}/{token}").status_code == 404
    other = web.links.unsubscribe("p1", "bookings", "p1@example.org").rpartition("/")[2]
    assert web.get(f"/calendar/{other}.ics").status_code == 404
    assert web.get(link.replace(".ics", "x.ics")).status_code == 404
    web.database["users"].update_one({"_id": "p1"}, {"$set": {"email": "new@example.org"}})
    assert web.get(link).status_code == 410


def test_link_works_with_an_earlier_key_and_not_with_another(web: Web) -> None:
    old = Links("https://x.example", ["an earlier key, long enough to sign with"], 7).calendar(
        "p1", "a@example.org"
    )
    token = old.rpartition("/")[2].removesuffix(".ics")
    after = Links("https://x.example", [KEY, "an earlier key, long enough to sign with"], 7)
    assert after.is_for(after.read_calendar(token), "a@example.org")
    with pytest.raises(LinkError):
        web.links.read_calendar(token)


def test_a_flight_that_was_deleted_and_inserted_again_keeps_its_entry(web: Web) -> None:
    web.person()
    link = web.links.calendar("p1", "p1@example.org")
    booked(web, "f1")
    (before,) = Calendar.from_ical(web.get(link).data).walk("VEVENT")
    insert_again(web.database, "f1", "f2", "f3", gate="C71")
    (entry,) = Calendar.from_ical(web.get(link).data).walk("VEVENT")
    assert entry["UID"] == before["UID"]
    assert "gate C71" in entry["LOCATION"]
    assert entry["URL"].endswith("/f/UA407/2026-11-02")
    web.database["bookings"].insert_one({"user_id": "p1", "flight_id": "f3", "status": "confirmed"})
    assert names(web, link) == ["UA 407"], "a new booking of it makes no second entry"
    web.database["bookings"].delete_one({"flight_id": "f3"})
    delete(web.database, "f3")
    assert names(web, link) == []
