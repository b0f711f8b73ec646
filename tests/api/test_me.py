"""/me: who somebody is and what they choose; changed by allow-list, over nobody else's change."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.read_concern import ReadConcern

from app.domain import preferences as choices
from app.domain.channels import NAMES
from tests.api.conftest import Asking, Site, fields_at_fault


def test_a_person_reads_who_they_are(ada: Asking) -> None:
    found = ada.get("/me")
    assert found.status_code == 200
    assert found.json["id"] == ada.person
    assert found.json["email_verified"] is True
    assert found.json["phone"] is None
    assert found.json["roles"] == ["traveller"]
    assert found.headers["ETag"].startswith('"')
    assert found.headers["Cache-Control"] == "no-store"


def test_a_stranger_and_a_program_read_nobody(site: Site) -> None:
    assert site.stranger().get("/me").status_code == 401
    assert site.program("staff", "bookings:write").get("/me").status_code == 403


def test_a_person_changes_the_allowed_fields(site: Site, ada: Asking) -> None:
    sent = {
        "name": " Ada  King ",
        "language": "de-CH",
        "time_zone": "Europe/Zurich",
        "clock": 24,
        "currency": "CHF",
    }
    answer = ada.patch("/me", sent)
    assert answer.status_code == 200, answer.text
    assert answer.json | sent | {"name": "Ada King"} == answer.json
    assert answer.headers["ETag"] == ada.get("/me").headers["ETag"]
    assert site.database.users.find_one({"name": "Ada King"})["clock"] == 24
    cleared = ada.patch("/me", {"language": None, "clock": None})
    assert (cleared.json["language"], cleared.json["clock"]) == ("en", None)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"email": "eve@example.org"}, "email"),
        ({"phone": "+15550100142"}, "phone"),
        ({"roles": ["admin"]}, "roles"),
        ({"verified": {"email": "eve@example.org"}}, "verified"),
        ({"_id": "x"}, "_id"),
        ({"id": "x"}, "id"),
        ({"version": 9}, "version"),
        ({"preferences": {}}, "preferences"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "a\u0007b"}, "name"),
        ({"name": "Ada\r\nBcc: eve@example.org\u0000"}, "name"),
        ({"name": {"$ne": ""}}, "name.$ne"),
        ({"name": ["Ada"]}, "name"),
        ({"name": 7}, "name"),
        ({"$set": {"roles": ["admin"]}}, "$set"),
        ({"verified.email": "eve@example.org"}, "verified.email"),
        ({"language": "<script>"}, "language"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"clock": "24"}, "clock"),
        ({"clock": 13}, "clock"),
        ({"clock": True}, "clock"),
        ({"currency": "euro"}, "currency"),
        ({"currency": {"$gt": ""}}, "currency.$gt"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name_and_nothing_is_written(
    site: Site, ada: Asking, sent: dict[str, Any], field: str
) -> None:
    before = list(site.database.users.find())
    answer = ada.patch("/me", sent)
    assert answer.status_code == 400, answer.text
    assert field in fields_at_fault(answer)
    assert list(site.database.users.find()) == before


def test_a_body_that_is_no_object_of_json_is_refused(ada: Asking) -> None:
    tag = ada.get("/me").headers["ETag"]
    for body, media, status in (
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"x"', "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b'{"a":' * 20 + b"1" + b"}" * 20, "application/json", 400),
        (b'{"name": "' + b"x" * 70_000 + b'"}', "application/json", 413),
    ):
        headers = ada.headers | {"If-Match": tag, "Content-Type": media}
        answer = ada.client.patch("/api/v1/me", data=body, headers=headers)
        assert answer.status_code == status, (body[:20], answer.text)
        assert answer.mimetype == "application/problem+json"


def test_a_change_names_what_it_is_based_on(ada: Asking) -> None:
    missing = ada.ask("PATCH", "/me", {"name": "A"})
    assert missing.status_code == 428
    assert fields_at_fault(missing) == {"If-Match"}
    tag = ada.get("/me").headers["ETag"]
    assert ada.patch("/me", {"name": "A"}, If_Match=tag).status_code == 200
    late = ada.patch("/me", {"name": "B"}, If_Match=tag)
    assert late.status_code == 412
    assert ada.get("/me").json["name"] == "A"
    assert ada.patch("/me", {"name": "C"}, If_Match="*").status_code == 200
    assert ada.patch("/me", {"name": "D"}, If_Match='"x", W/"y"').status_code == 412


def test_a_change_by_an_import_meanwhile_is_seen(site: Site, ada: Asking) -> None:
    tag = ada.get("/me").headers["ETag"]
    site.database.users.update_one({"email": "ada@example.org"}, {"$set": {"name": "Augusta"}})
    assert ada.patch("/me", {"name": "B"}, If_Match=tag).status_code == 412


def test_a_change_without_the_token_of_forms_is_refused(ada: Asking) -> None:
    tag = ada.get("/me").headers["ETag"]
    answer = ada.client.patch("/api/v1/me", json={"name": "Eve"}, headers={"If-Match": tag})
    assert answer.status_code == 403
    assert ada.get("/me").json["name"] == "Ada Lovelace"


def test_choices_are_merged_and_null_is_the_default_again(site: Site, ada: Asking) -> None:
    first = ada.patch("/me/preferences", {"quiet": {"from": "22:00", "until": "07:00"}, "delay_min": 30})
    assert first.status_code == 200, first.text
    second = ada.patch(
        "/me/preferences", {"quiet": {"from": "23:00"}, "channels": {"email": {"gate": False}}}
    )
    assert second.json["quiet"] == {"from": "23:00", "until": "07:00"}
    assert second.json["delay_min"] == 30
    third = ada.patch("/me/preferences", {"quiet": None, "channels": {"email": {"gate": None}}})
    assert third.json["quiet"] is None
    assert third.json["channels"] == {}
    stored = site.database.users.find_one({"email": "ada@example.org"})
    assert stored["preferences"] == {"delay_min": 30}
    last = ada.patch("/me/preferences", {"delay_min": None})
    assert last.json["delay_min"] is None
    assert "preferences" not in site.database.users.find_one({"email": "ada@example.org"})


def test_every_choice_comes_back_as_it_was_sent(ada: Asking) -> None:
    sent = {
        "channels": {"sms": {"cancelled": True}},
        "delay_min": 45,
        "gate_h": 6,
        "fare_change": "25.00",
        "quiet": {"from": "22:00", "until": "07:00"},
        "urgent_passes": False,
        "urgent_h": 5,
        "digest": {"every": "weekly", "at": "18:30", "weekday": 7},
        "daily_max": 5,
        "routing": {
            "steps": [{"channel": "sms", "minutes": 5}, {"channel": "email", "minutes": None}],
            "news": ["cancelled", "gate"],
        },
        "paused_until": "2026-12-24T08:00:00.000Z",
        "stopped": ["followings"],
    }
    assert ada.patch("/me/preferences", sent).json == sent
    assert ada.get("/me/preferences").json == sent
    exported = ada.post("/me/export")
    assert exported.status_code == 200, exported.text
    steps = [{"channel": "sms", "minutes": 5}, {"channel": "email"}]
    assert [user["preferences"]["routing"]["steps"] for user in exported.json["data"]["users"]] == [steps]


def test_the_order_of_channels_is_changed_as_a_whole_list_and_groups_by_themselves(ada: Asking) -> None:
    steps = [{"channel": "sms", "minutes": 5}, {"channel": "email", "minutes": None}]
    first = ada.patch("/me/preferences", {"routing": {"steps": steps}})
    assert first.json["routing"] == {"steps": steps, "news": ["cancelled", "diverted"]}
    second = ada.patch("/me/preferences", {"routing": {"news": ["gate"]}})
    assert second.json["routing"] == {"steps": steps, "news": ["gate"]}
    assert ada.patch("/me/preferences", {"routing": None}).json["routing"] is None


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"delay_min": 1}, "delay_min"),
        ({"delay_min": "30"}, "delay_min"),
        ({"delay_min": {"$gt": 1}}, "delay_min.$gt"),
        ({"quiet": {"from": "22:00"}}, "quiet.until"),
        ({"quiet": {"from": "25:00", "until": "07:00"}}, "quiet.from"),
        ({"channels": {"pigeon": {"gate": True}}}, "channels.pigeon"),
        ({"channels": {"email": {"gate": "yes"}}}, "channels.email.gate"),
        ({"nothing": 1}, "nothing"),
        ({"nothing": None}, "nothing"),
        ({"stopped": ["everything"]}, "stopped"),
        ({"paused_until": "tomorrow"}, "paused_until"),
        ({"routing": {"news": ["gate"]}}, "routing.steps"),
        ({"routing": {"steps": [{"channel": "sms"}]}}, "routing.steps"),
        ({"routing": {"steps": [{"channel": "sms"}, {"channel": "owl"}]}}, "routing.steps.1.channel"),
        ({"routing": {"steps": [{"channel": "sms"}, {"channel": "email"}], "news": []}}, "routing.news"),
    ],
)
def test_a_choice_that_is_not_understood_is_named(
    site: Site, ada: Asking, sent: dict[str, Any], field: str
) -> None:
    answer = ada.patch("/me/preferences", sent)
    assert answer.status_code == 400, answer.text
    assert field in fields_at_fault(answer)
    assert "preferences" not in site.database.users.find_one({"email": "ada@example.org"})


def test_other_choices_look_again_at_what_waits_and_ring(site: Site, ada: Asking) -> None:
    waiting = {"_id": "c", "person": ada.person, "status": "open", "due_at": site.now().replace(year=2027)}
    site.database.conversations.insert_one(waiting)
    ada.patch("/me/preferences", {"daily_max": 3})
    assert site.database.conversations.find_one({"_id": "c"})["due_at"] == site.now()
    # A ring waits for no majority, so it is read as the primary has it.
    rung = site.database.get_collection("doorbells", read_concern=ReadConcern("local"))
    assert rung.count_documents({"rung": 1}) == len(NAMES)


def test_a_list_that_is_stopped_is_proven(site: Site, ada: Asking) -> None:
    ada.patch("/me/preferences", {"stopped": ["followings"]})
    ada.patch("/me/preferences", {"stopped": None})
    rows = list(site.database.consents.find({"person": ada.person}).sort("given", 1))
    assert [(row["what"], row["given"], row["way"]) for row in rows] == [
        ("followings", False, "api"),
        ("followings", True, "api"),
    ]


def test_a_choice_that_was_refused_is_on_record_nowhere(
    site: Site, ada: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = choices.read

    def meanwhile(merged: Any) -> Any:
        site.database.users.update_one({"email": "ada@example.org"}, {"$inc": {"version": 1}})
        return read(merged)

    monkeypatch.setattr(choices, "read", meanwhile)
    assert ada.patch("/me/preferences", {"stopped": ["followings"]}).status_code == 412
    assert site.database.consents.count_documents({}) == 0
    assert "preferences" not in site.database.users.find_one({"email": "ada@example.org"})


def test_a_repeat_of_choices_that_are_kept_looks_again(site: Site, ada: Asking) -> None:
    ada.patch("/me/preferences", {"daily_max": 3})
    waiting = {"_id": "c", "person": ada.person, "status": "open", "due_at": site.now().replace(year=2027)}
    site.database.conversations.insert_one(waiting)
    ada.patch("/me/preferences", {"daily_max": 3})
    assert site.database.conversations.find_one({"_id": "c"})["due_at"] == site.now()
