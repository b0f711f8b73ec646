"""/me/notifications, /me/sessions, /me/api-keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import DAY, Asking, Site, fields_at_fault


def row(site: Site, person: str, number: int, *, silent: bool = False, minutes: int = 0) -> None:
    """Something that was decided about a person."""
    order = f"{number:04}"
    at = site.now() - timedelta(minutes=minutes)
    conversation = f"flight:f1|{person}|email"
    common: dict[str, Any] = {
        "conversation": conversation, "person": person, "subject": "flight:f1", "channel": "email", "order": order,
        "event_id": f"e{number}", "kinds": ["gate"],
    }  # fmt: skip
    if silent:
        decided = {
            "action": "wait",
            "reason": "quiet_hours",
            "until": at + timedelta(hours=8),
            "decided_at": at,
        }
        decided["_id"] = f"{conversation}@{order}/wait.quiet_hours"
        site.database.delivery_decisions.insert_one(common | decided)
    else:
        flight = {"flight_number": "UA1545", "departure_date": DAY}
        sent = {"_id": f"{conversation}@{order}", "status": "sent", "title": f"Gate {number}", "to": flight}
        site.database.notifications.insert_one(
            common | sent | {"created_at": at, "changed_at": at, "attempts": []}
        )


def test_the_history_has_what_was_sent_and_what_is_held(site: Site, ada: Asking, bob: Asking) -> None:
    row(site, ada.person, 1, minutes=2)
    row(site, ada.person, 2, silent=True, minutes=1)
    row(site, bob.person, 3)
    found = ada.get("/me/notifications").json
    assert [(one["status"], one["title"], one["change"]) for one in found["notifications"]] == [
        ("wait", None, "e2"),
        ("sent", "Gate 1", "e1"),
    ]
    held, sent = found["notifications"]
    assert held["reason"] == "quiet_hours"
    assert held["until"] == "2026-11-21T19:59:00.000Z"
    assert (sent["flight"], sent["departure_date"], sent["until"]) == ("UA1545", DAY, None)


def test_pages_have_each_once_while_more_is_decided(site: Site, ada: Asking) -> None:
    for number in range(12):
        row(site, ada.person, number, silent=number % 3 == 0, minutes=number // 4)  # four at each time
    found: list[str] = []
    path = "/me/notifications?limit=5"
    while True:
        answer = ada.get(path).json
        found += [one["id"] for one in answer["notifications"]]
        row(site, ada.person, 100 + len(found))
        if answer["next"] is None:
            break
        path = f"/me/notifications?limit=5&cursor={answer['next']}"
    assert len(found) == len(set(found)) == 12


def test_one_comes_with_why(site: Site, ada: Asking, bob: Asking) -> None:
    row(site, ada.person, 1)
    event = {
        "_id": "e1", "key": "f1", "subject": "flight:f1", "order": "0001", "outcome": "news",
        "changes": [{"field": "gate", "from": "C70", "to": "C71"}], "changed_at": site.now(), "decided_at": site.now(),
    }  # fmt: skip
    site.database.event_decisions.insert_one(event)
    id_ = ada.get("/me/notifications").json["notifications"][0]["id"]
    found = ada.get(f"/me/notifications/{id_}")
    assert found.status_code == 200, found.text
    assert found.json["why"]["changes"] == [{"field": "gate", "from": "C70", "to": "C71"}]
    assert found.json["why"]["person"] == ada.person
    assert found.json["why"]["people"] == {}
    assert bob.get(f"/me/notifications/{id_}").status_code == 404
    for wrong in ("x", "ä", "AAAA", "%00"):
        assert ada.get(f"/me/notifications/{wrong}").status_code == 404


def test_without_its_change_one_comes_without_why(site: Site, ada: Asking) -> None:
    row(site, ada.person, 1)
    id_ = ada.get("/me/notifications").json["notifications"][0]["id"]
    assert ada.get(f"/me/notifications/{id_}").json["why"] is None


def test_browsers_are_listed_and_signed_out(site: Site, ada: Asking, bob: Asking) -> None:
    user = site.database.users.find_one({"email": "ada@example.org"})
    other = site.signed_in(user)
    found = ada.get("/me/sessions").json["sessions"]
    assert sorted(one["present"] for one in found) == [False, True]
    there = next(one["id"] for one in found if not one["present"])
    assert bob.delete(f"/me/sessions/{there}").status_code == 404
    assert other.get("/me").status_code == 200
    assert ada.delete(f"/me/sessions/{there}").status_code == 204
    assert other.get("/me").status_code == 401
    assert ada.delete(f"/me/sessions/{there}").status_code == 404
    assert ada.delete("/me/sessions").status_code == 204
    assert ada.get("/me").status_code == 401
    assert bob.get("/me").status_code == 200


def test_a_key_is_shown_once_and_kept_as_a_hash(site: Site, ada: Asking) -> None:
    made = ada.post("/me/api-keys", {"name": "Calendar", "scopes": ["feed:read"]}, Idempotency_Key="k")
    assert made.status_code == 201, made.text
    key = made.json["key"]
    repeat = ada.post("/me/api-keys", {"name": "Calendar", "scopes": ["feed:read"]}, Idempotency_Key="k")
    assert repeat.json == made.json | {"key": None}
    for name in site.database.list_collection_names():
        assert key not in str(list(site.database[name].find())), name
    listed = ada.get("/me/api-keys").json["api_keys"]
    assert [one["id"] for one in listed] == [made.json["id"]]
    assert "key" not in listed[0]


def test_a_key_ends_when_it_is_revoked(site: Site, ada: Asking, bob: Asking) -> None:
    made = ada.post("/me/api-keys", {"name": "Calendar", "scopes": ["feed:read"]}).json
    assert bob.delete(f"/me/api-keys/{made['id']}").status_code == 404
    assert bob.get("/me/api-keys").json == {"api_keys": []}
    assert ada.delete(f"/me/api-keys/{made['id']}").status_code == 204
    assert ada.delete(f"/me/api-keys/{made['id']}").status_code == 404
    assert ada.get("/me/api-keys").json["api_keys"][0]["revoked_at"] is not None


def test_nobody_gives_what_they_may_not_do(site: Site, ada: Asking) -> None:
    for scope in ("staff", "flights:write", "bookings:write", "notices:write"):
        answer = ada.post("/me/api-keys", {"name": "k", "scopes": ["feed:read", scope]})
        assert answer.status_code == 403
        assert scope in answer.json["detail"]
    assert site.database.api_keys.count_documents({}) == 0
    admin = site.person(name="Root", roles=["admin"])
    assert admin.post("/me/api-keys", {"name": "k", "scopes": ["flights:write"]}).status_code == 201


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": "k", "scopes": []}, "scopes"),
        ({"name": "k", "scopes": "feed:read"}, "scopes"),
        ({"name": "k", "scopes": [{"$ne": 1}]}, "scopes.$ne"),
        ({"name": "k", "scopes": ["everything"]}, "scopes"),
        ({"name": "", "scopes": ["feed:read"]}, "name"),
        ({"name": "k", "scopes": ["feed:read"], "owner": "x"}, "owner"),
        ({"name": "k", "scopes": ["feed:read"], "hash": "x"}, "hash"),
    ],
)
def test_a_key_that_is_not_understood_is_not_made(
    site: Site, ada: Asking, sent: dict[str, Any], field: str
) -> None:
    answer = ada.post("/me/api-keys", sent)
    assert answer.status_code == 400
    assert field in fields_at_fault(answer)
    assert site.database.api_keys.count_documents({}) == 0
