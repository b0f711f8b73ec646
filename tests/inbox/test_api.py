"""/api/v1/me/inbox: what was told on a person's pages, and what of it they have seen."""

from __future__ import annotations

from typing import Any

from app.store.inbox import MOST_COUNTED
from tests.inbox.entries import entry, fill
from tests.my.conftest import NOW, Person, Web

PATH = "/api/v1/me/inbox"


def read(person: Person, query: str = "") -> Any:
    answer = person.client.get(f"{PATH}{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


def mark(person: Person, sent: Any) -> Any:
    token = person.client.get("/api/v1/me").headers["X-CSRFToken"]
    return person.client.post(f"{PATH}/seen", json=sent, headers={"X-CSRFToken": token})


def test_a_page_of_the_inbox_has_every_field_newest_first(web: Web, maya: Person) -> None:
    (first,) = fill(web, 1, seen_at=NOW, unseen=False)
    (second,) = fill(web, 2)
    found = read(maya)
    assert [one["id"] for one in found["entries"]] == [second, first]
    assert (found["unseen"], found["next"]) == (1, None)
    newest = found["entries"][0]
    assert newest == {
        "id": second,
        "at": "2013-02-08T18:04:00.000Z",
        "subject": "flight:f407",
        "kind": "flight",
        "tone": "change",
        "title": "UA 407 now leaves from gate C2",
        "lines": ["New gate: C2.", "It was C70."],
        "url": "/f/UA407/2013-02-08",
        "why": "/why/token-2",
        "seen_at": None,
        "latest": True,
    }
    assert found["entries"][1]["seen_at"] == "2013-02-08T19:42:00.000Z"
    assert found["entries"][1]["latest"] is False


def test_pages_follow_each_other_also_where_times_are_equal(web: Web, maya: Person) -> None:
    rows = [entry(number, at=NOW) for number in range(7)]
    web.database["inbox"].insert_many(rows)
    seen: list[str] = []
    query = "?limit=3"
    for _ in range(3):
        found = read(maya, query)
        seen += [one["id"] for one in found["entries"]]
        query = f"?limit=3&cursor={found['next']}"
    assert seen == sorted((row["_id"] for row in rows), reverse=True)
    assert found["next"] is None


def test_entries_that_are_named_are_marked_and_no_others(web: Web, maya: Person) -> None:
    ids = fill(web, 1, 2, 3)
    (foreign,) = fill(web, 4, person="p2")
    answer = mark(maya, {"entries": [ids[0], foreign, "none"]})
    assert answer.json == {"seen": 1, "unseen": 2}
    assert mark(maya, {"entries": [ids[0]]}).json == {"seen": 0, "unseen": 2}
    assert "seen_at" not in web.stored("inbox", _id=foreign)[0]
    assert mark(maya, {"entries": None}).json == {"seen": 2, "unseen": 0}
    assert mark(maya, {}).json == {"seen": 0, "unseen": 0}


def test_all_are_those_up_to_the_entry_that_was_read(web: Web, maya: Person) -> None:
    first, second, third = fill(web, 1, 2, 3)
    (foreign,) = fill(web, 9, person="p2")
    assert mark(maya, {"until": second}).json == {"seen": 2, "unseen": 1}
    assert [row["_id"] for row in web.stored("inbox") if "seen_at" in row] == [first, second]
    assert mark(maya, {"until": "none"}).json == {"seen": 0, "unseen": 1}
    assert mark(maya, {"until": foreign}).json == {"seen": 0, "unseen": 1}
    assert mark(maya, {"entries": [third], "until": first}).json == {"seen": 0, "unseen": 1}


def test_of_more_than_are_counted_all_stand_in_the_ledger_as_read(web: Web, maya: Person) -> None:
    rows = []
    for number, id_ in enumerate(fill(web, *range(1, MOST_COUNTED + 21))):
        row = {
            "_id": f"flight:f407|p1|inbox@{number}",
            "conversation": "flight:f407|p1|inbox",
            "person": "p1",
        }
        row |= {"subject": "flight:f407", "channel": "inbox", "event_id": f"e{number}", "created_at": NOW}
        rows.append(row | {"attempts": [{"id": "a", "provider_id": id_}]})
    web.database["notifications"].insert_many(rows)
    assert mark(maya, {}).json == {"seen": MOST_COUNTED + 20, "unseen": 0}
    states = [row.get("delivery", {}).get("state") for row in web.stored("notifications")]
    assert states == ["read"] * (MOST_COUNTED + 20)


def test_what_is_marked_stands_in_the_ledger_as_read(web: Web, maya: Person) -> None:
    (id_,) = fill(web, 1)
    row = {"_id": "flight:f407|p1|inbox@1", "conversation": "flight:f407|p1|inbox", "person": "p1"}
    row |= {"subject": "flight:f407", "channel": "inbox", "event_id": "e1", "created_at": NOW}
    web.database["notifications"].insert_one(row | {"attempts": [{"id": "a", "provider_id": id_}]})
    mark(maya, {"entries": [id_]})
    (found,) = web.stored("notifications")
    assert found["delivery"]["state"] == "read"


def test_what_is_wrong_is_named_and_who_is_nobody_is_refused(web: Web, maya: Person) -> None:
    assert maya.client.get(f"{PATH}?cursor=x").status_code == 400
    assert maya.client.get(f"{PATH}?limit=0").status_code == 400
    assert mark(maya, {"entries": "all"}).status_code == 400
    assert mark(maya, {"ids": []}).status_code == 400
    assert mark(maya, {"entries": ["x"] * 201}).status_code == 400
    assert maya.client.post(f"{PATH}/seen", json={}).status_code == 403
    stranger = web.stranger().client
    assert stranger.get(PATH).status_code == 401
    assert stranger.post(f"{PATH}/seen", json={}).status_code == 401
