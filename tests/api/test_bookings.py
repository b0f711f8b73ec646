"""Bookings that a person adds, and those that an import brought."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from bson import ObjectId
from bson.timestamp import Timestamp

from tests.api.conftest import DAY, Asking, Site, fields_at_fault

UA = {"flight_number": "ua 1545", "departure_date": DAY}


def test_a_booking_is_added_read_and_cancelled(site: Site, ada: Asking) -> None:
    site.flight()
    made = ada.post("/me/bookings", UA | {"reference": "k7q2md"})
    assert made.status_code == 201, made.text
    assert made.json["reference"] == "K7Q2MD"
    assert made.json["flight"]["gate"] == "C70"
    assert made.headers["Location"] == f"/api/v1/me/bookings/{made.json['id']}"
    read = ada.get(f"/me/bookings/{made.json['id']}")
    assert read.json == made.json
    listed = ada.get("/me/bookings").json
    assert listed == {"bookings": [made.json], "next": None}
    path = f"/me/bookings/{made.json['id']}"
    assert ada.delete(path).status_code == 428
    assert ada.delete(path, If_Match='"x"').status_code == 412
    ended = ada.delete(path, If_Match=read.headers["ETag"])
    assert (ended.status_code, ended.json["status"], ended.json["held"]) == (200, "cancelled", False)
    assert site.database.bookings.count_documents({"status": "cancelled"}) == 1


def test_what_was_shown_is_kept_with_the_time_of_the_read(site: Site, ada: Asking) -> None:
    flight = site.flight()
    before = site.database.command("ping")["operationTime"]
    ada.post("/me/bookings", UA)
    after = site.database.command("ping")["operationTime"]
    seen = site.database.bookings.find_one()["seen"]
    assert isinstance(seen["cluster_time"], Timestamp)
    assert before <= seen["cluster_time"] <= after
    assert seen["flight"] == {name: value for name, value in flight.items() if name != "_id"}


def test_the_same_booking_twice_is_one_and_a_cancelled_one_comes_back(site: Site, ada: Asking) -> None:
    site.flight()
    first = ada.post("/me/bookings", UA)
    again = ada.post("/me/bookings", UA)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json["id"] == first.json["id"]
    ada.delete(f"/me/bookings/{first.json['id']}", If_Match="*")
    back = ada.post("/me/bookings", UA)
    assert (back.json["id"], back.json["status"]) == (first.json["id"], "confirmed")
    assert site.database.bookings.count_documents({}) == 1


def test_many_at_one_moment_are_one_booking(site: Site, ada: Asking) -> None:
    site.flight()
    answers: list[Any] = []

    def add() -> None:
        client = site.app.test_client()
        client._cookies = ada.client._cookies  # the same browser, many requests
        answers.append(client.post("/api/v1/me/bookings", json=UA, headers=ada.headers))

    threads = [threading.Thread(target=add) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert site.database.bookings.count_documents({}) == 1


def test_an_imported_booking_is_seen_and_is_the_airlines_to_cancel(site: Site, ada: Asking) -> None:
    flight = site.flight()
    site.database.bookings.insert_one({"_id": 7, "user_id": ObjectId(ada.person), "flight_id": flight["_id"]})
    listed = ada.get("/me/bookings").json["bookings"]
    assert [(one["id"], one["added_by"], one["held"]) for one in listed] == [("7", "import", True)]
    refused = ada.delete("/me/bookings/7", If_Match="*")
    assert refused.status_code == 403
    assert "airline" in refused.json["detail"]
    assert ada.post("/me/bookings", UA).json["id"] == "7", "the person has it already"
    assert site.database.bookings.count_documents({}) == 1


def test_another_persons_booking_does_not_exist(site: Site, ada: Asking, bob: Asking) -> None:
    site.flight()
    path = f"/me/bookings/{ada.post('/me/bookings', UA).json['id']}"
    assert bob.get(path).status_code == 404
    assert bob.delete(path, If_Match="*").status_code == 404
    assert bob.get("/me/bookings").json["bookings"] == []
    assert bob.get(path).json == bob.get("/me/bookings/nothing").json
    assert site.database.bookings.count_documents({"status": "confirmed"}) == 1


def test_a_number_that_leaves_from_several_airports_needs_its_origin(site: Site, ada: Asking) -> None:
    site.flight(origin="EWR")
    site.flight(origin="DEN")
    asked = ada.post("/me/bookings", UA)
    assert asked.status_code == 400
    assert fields_at_fault(asked) == {"origin"}
    assert "DEN, EWR" in asked.json["detail"]
    made = ada.post("/me/bookings", UA | {"origin": "Newark"})
    assert made.json["flight"]["origin"] == "EWR"
    wrong = ada.post("/me/bookings", UA | {"origin": "JFK"})
    assert wrong.status_code == 404
    assert "DEN, EWR" in wrong.json["detail"]


def test_an_unknown_flight_says_what_is_near(site: Site, ada: Asking) -> None:
    site.flight(departure_date="2026-12-03")
    other_day = ada.post("/me/bookings", UA)
    assert other_day.status_code == 404
    assert "2026-12-03" in other_day.json["detail"]
    assert ada.post("/me/bookings", UA | {"flight_number": "ZZ9"}).status_code == 404


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"flight_number": {"$ne": None}, "departure_date": DAY}, "flight_number.$ne"),
        ({"flight_number": ["UA1545"], "departure_date": DAY}, "flight_number"),
        ({"flight_number": "UA1545", "departure_date": {"$gt": ""}}, "departure_date.$gt"),
        ({"flight_number": "UA1545"}, "departure_date"),
        ({"flight_number": "UA1545", "departure_date": "2026-13-01"}, "departure_date"),
        ({"flight_number": "nonsense", "departure_date": DAY}, "flight_number"),
        (UA | {"origin": "Newrak"}, "origin"),
        (UA | {"origin": "Moscow"}, "origin"),
        (UA | {"user_id": "somebody"}, "user_id"),
        (UA | {"status": "confirmed"}, "status"),
        (UA | {"seen": {}}, "seen"),
        (UA | {"reference": "<b>"}, "reference"),
        (UA | {"reference": {"$where": "1"}}, "reference.$where"),
    ],
)
def test_what_is_not_understood_is_named_and_nothing_is_written(
    site: Site, ada: Asking, sent: dict[str, Any], field: str
) -> None:
    site.flight()
    answer = ada.post("/me/bookings", sent)
    assert answer.status_code == 400, answer.text
    assert field in fields_at_fault(answer)
    assert site.database.bookings.count_documents({}) == 0


def test_a_wrong_name_names_the_nearest(site: Site, ada: Asking) -> None:
    answer = ada.post("/me/bookings", UA | {"origin": "Moscwo"})
    assert "Moscow (DME, SVO, VKO)" in answer.json["detail"]


def test_pages_have_every_booking_once_while_others_are_added(site: Site, ada: Asking) -> None:
    rows = [
        {"_id": f"b{n:02}", "user_id": ObjectId(ada.person), "flight_id": f"f{n}"} for n in range(0, 20, 2)
    ]
    site.database.bookings.insert_many(rows)
    found: list[str] = []
    path = "/me/bookings?limit=3"
    for page in range(20):
        answer = ada.get(path).json
        found += [one["id"] for one in answer["bookings"]]
        added = {"_id": f"a{page:02}", "user_id": ObjectId(ada.person), "flight_id": f"g{page}"}
        site.database.bookings.insert_one(added)  # before what was read
        if answer["next"] is None:
            break
        path = f"/me/bookings?limit=3&cursor={answer['next']}"
    assert found == [row["_id"] for row in rows]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=-1",
        "limit=0000201",
        "limit=1&limit=2",
        "cursor=x",
        "cursor=W10",
        "other=1",
    ],
)
def test_a_page_that_cannot_be_is_refused(ada: Asking, query: str) -> None:
    answer = ada.get(f"/me/bookings?{query}")
    assert answer.status_code == 400
    assert fields_at_fault(answer) == {query.partition("=")[0]}


def test_what_an_import_wrote_badly_is_shown_as_far_as_it_is_understood(site: Site, ada: Asking) -> None:
    person = ObjectId(ada.person)
    site.database.bookings.insert_one(
        {"_id": "odd", "user_id": person, "flight_id": 7, "reference": 12, "booked_at": "yesterday"}
    )
    site.database.followings.insert_one({"_id": "odd", "user_id": person, "flight_id": 7, "airport": 5})
    booking = ada.get("/me/bookings/odd").json
    assert (booking["reference"], booking["booked_at"], booking["flight"]) == (None, None, None)
    assert ada.get("/me/followings/odd").json["airport"] is None
