"""Followings of flights and of airports."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from app.store.audience import Audience
from app.store.own_followings import AIRPORT
from tests.api.conftest import DAY, Asking, Site, fields_at_fault

UA = {"flight_number": "UA1545", "departure_date": DAY}


def test_a_flight_is_followed_muted_and_left(site: Site, ada: Asking) -> None:
    flight = site.flight()
    made = ada.post("/me/followings", UA)
    assert made.status_code == 201, made.text
    assert made.json["flight"]["id"] == str(flight["_id"])
    assert ada.post("/me/followings", UA).status_code == 200
    path = f"/me/followings/{made.json['id']}"
    muted = ada.patch(path, {"muted": True})
    assert muted.json["muted"] is True
    assert ada.get("/me/followings").json["followings"] == [muted.json]
    assert ada.patch(path, {"muted": False}, If_Match=made.headers["ETag"]).status_code == 412
    assert ada.delete(path).status_code == 428
    assert ada.delete(path, If_Match=muted.headers["ETag"]).status_code == 204
    assert ada.get(path).status_code == 404


def test_an_airport_is_followed_by_its_name(site: Site, ada: Asking) -> None:
    made = ada.post("/me/followings", {"airport": "Newark"})
    assert made.status_code == 201, made.text
    assert (made.json["airport"], made.json["airport_name"], made.json["flight"]) == (
        "EWR",
        "Newark Liberty",
        None,
    )
    assert ada.post("/me/followings", {"airport": "EWR"}).json["id"] == made.json["id"]
    assert ada.post("/me/followings", {"airport": "JFK"}).status_code == 201
    assert len(ada.get("/me/followings").json["followings"]) == 2
    assert ada.patch(f"/me/followings/{made.json['id']}", {"muted": True}).json["muted"] is True


def test_a_following_of_an_airport_is_of_no_flight(site: Site, ada: Asking) -> None:
    made = ada.post("/me/followings", {"airport": "EWR"})
    flight = site.flight()
    audience = Audience(site.database)
    assert audience.of_flights([str(flight["_id"])]) == {}
    places = audience.of_followings([made.json["id"]])
    assert {place.flight for place in places} == {f"{AIRPORT}EWR"}


def test_of_many_changes_based_on_one_state_one_is_made(site: Site, ada: Asking) -> None:
    site.flight()
    made = ada.post("/me/followings", UA)
    path, tag = f"/api/v1/me/followings/{made.json['id']}", made.headers["ETag"]
    answers: list[Any] = []

    def mute() -> None:
        client = site.app.test_client()
        client._cookies = ada.client._cookies
        answers.append(client.patch(path, json={"muted": True}, headers=ada.headers | {"If-Match": tag}))

    threads = [threading.Thread(target=mute) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 11
    assert site.database.followings.find_one()["version"] == 2


def test_another_persons_following_does_not_exist(site: Site, ada: Asking, bob: Asking) -> None:
    path = f"/me/followings/{ada.post('/me/followings', {'airport': 'EWR'}).json['id']}"
    for answer in (
        bob.get(path),
        bob.patch(path, {"muted": True}, If_Match="*"),
        bob.delete(path, If_Match="*"),
    ):
        assert answer.status_code == 404
    assert site.database.followings.count_documents({"muted": {"$exists": False}}) == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "body"),
        (UA | {"airport": "EWR"}, "body"),
        ({"airport": "Newrak"}, "airport"),
        ({"airport": {"$ne": ""}}, "airport.$ne"),
        ({"airport": ["EWR"]}, "airport"),
        ({"flight_number": "UA1545"}, "departure_date"),
        (UA | {"muted": True}, "muted"),
        (UA | {"flight_id": "x"}, "flight_id"),
    ],
)
def test_what_is_not_understood_is_named_and_nothing_is_written(
    site: Site, ada: Asking, sent: dict[str, Any], field: str
) -> None:
    site.flight()
    answer = ada.post("/me/followings", sent)
    assert answer.status_code == 400, answer.text
    assert field in fields_at_fault(answer)
    assert site.database.followings.count_documents({}) == 0


@pytest.mark.parametrize("sent", [{"muted": "yes"}, {"muted": None}, {"muted": 1}, {"muted": {"$ne": 1}}, {}])
def test_muted_is_true_or_false(ada: Asking, sent: dict[str, Any]) -> None:
    made = ada.post("/me/followings", {"airport": "EWR"})
    assert ada.patch(f"/me/followings/{made.json['id']}", sent).status_code == 400
