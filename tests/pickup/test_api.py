"""/api/v1/me/pickups: the same for programs of one's own pages."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.my.conftest import Person
from tests.pickup.conftest import ANN, PickupWeb

PATH = "/api/v1/me/pickups"


class Api:
    """Somebody's session, with the token that changes need."""

    def __init__(self, person: Person) -> None:
        self.client = person.client
        self.headers = {"X-CSRFToken": self.client.get("/api/v1/me").headers["X-CSRFToken"]}

    def post(self, sent: dict[str, Any], **headers: str) -> TestResponse:
        return self.client.post(PATH, json=sent, headers=self.headers | headers)

    def delete(self, id_: str) -> TestResponse:
        return self.client.delete(f"{PATH}/{id_}", headers=self.headers)


@pytest.fixture
def api(maya: Person) -> Api:
    return Api(maya)


def test_somebody_is_asked_listed_and_taken_back(web: PickupWeb, api: Api) -> None:
    made = api.post({"booking": web.booked(), "name": "Ann", "email": ANN})
    assert made.status_code == 201, made.text
    row = made.json
    assert row is not None
    assert (row["name"], row["mailbox"], row["state"]) == ("Ann", "a***@example.org", "asked")
    assert row["flight"]["flight_number"] == "UA407"
    assert ANN not in made.text
    assert api.client.get(PATH).json == {"pickups": [row]}
    web.answered(web.link(), "agree")
    (agreed,) = api.client.get(PATH).json["pickups"]  # type: ignore[index]
    assert agreed["state"] == "agreed"
    other = Api(web.person("p2"))
    assert other.client.get(PATH).json == {"pickups": []}
    assert other.delete(row["id"]).status_code == 404
    assert api.delete(row["id"]).status_code == 204
    assert api.delete(row["id"]).status_code == 404
    assert web.stored("followings") == []


def test_a_repeat_with_its_key_asks_once(web: PickupWeb, api: Api) -> None:
    sent = {"booking": web.booked(), "name": "Ann", "email": ANN}
    first, again = (api.post(sent, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert api.post(sent).status_code == 409
    assert len(web.mails()) == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": "Ann", "email": ANN}, "booking"),
        ({"booking": {"$ne": ""}, "name": "Ann", "email": ANN}, "booking"),
        ({"booking": "b-p1-f407", "name": "", "email": ANN}, "name"),
        ({"booking": "b-p1-f407", "name": "Ann\r\nBcc: x@y.example", "email": ANN, "role": "x"}, "role"),
        ({"booking": "b-p1-f407", "name": "Ann", "email": f"{ANN}, b@example.org"}, "email"),
        ({"booking": "b-p1-f407", "name": "Ann", "email": f"{ANN}\r\nBcc: b@example.org"}, "email"),
    ],
)
def test_what_is_not_understood_is_named_and_nobody_is_asked(
    web: PickupWeb, api: Api, sent: dict[str, Any], field: str
) -> None:
    web.booked()
    answer = api.post(sent)
    assert answer.status_code == 400
    assert field in {fault["field"].partition(".")[0] for fault in answer.json["errors"]}  # type: ignore[index]
    assert web.stored("pickups") == []
    assert web.stored("service_messages") == []


def test_no_program_and_no_stranger_asks_anybody(web: PickupWeb, api: Api) -> None:
    sent = {"booking": web.booked(), "name": "Ann", "email": ANN}
    stranger = web.app.test_client()
    assert stranger.get(PATH).status_code == 401
    assert stranger.post(PATH, json=sent).status_code == 401
    assert api.client.post(PATH, json=sent).status_code == 403, "without the token"
    assert web.stored("pickups") == []
