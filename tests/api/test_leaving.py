"""Export and erasure: every collection that has the person, and afterwards none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bson import DatetimeMS, ObjectId, Regex, json_util

from app.store import schema
from app.store.idempotency import IdempotentAnswers, Mine
from app.store.person_data import NOBODY, PLACES
from app.web.api import leaving
from tests.api.conftest import DAY, Asking, Site, fields_at_fault

NAME, EMAIL, PHONE = "Wilhelmina Quist", "mina.quist@example.org", "+15550107788"
WORDS = f"550 <{EMAIL}> of {NAME} ({PHONE}) is not here"


@pytest.fixture
def mina(site: Site) -> Asking:
    """A person who is in every collection, and a neighbour in the ones that matter."""
    person = site.person(name=NAME, email=EMAIL, phone=PHONE, verified={"email": EMAIL})
    fill(site, person.person, ObjectId(person.person))
    fill(site, "neighbour", "neighbour")
    site.database.users.insert_one({"_id": "neighbour", "name": "Nils", "email": "nils@example.org"})
    return person


def fill(site: Site, person: str, user_id: Any) -> None:
    """A row about the person in every collection that can have one, as the processes write them."""
    db, now = site.database, site.now()
    words = WORDS if person != "neighbour" else "550 not here"
    # Ids of these are random or hashes: they say nothing about the person.
    tag = "1" if person != "neighbour" else "neighbour"
    name = NAME if person != "neighbour" else "Nils"
    conversation = f"flight:f1|{person}|email"
    common = {"conversation": conversation, "person": person, "subject": "flight:f1", "channel": "email"}
    common |= {"order": "0001", "event_id": "e1"}
    attempt = {
        "id": f"token/{conversation}",
        "words": words,
        "provider_id": f"<p-{person}@x>",
        "address": "email:h",
    }
    db.bookings.insert_one({"_id": f"b-{person}", "user_id": user_id, "flight_id": "f1"})
    db.followings.insert_one({"_id": f"f-{person}", "user_id": user_id, "flight_id": "f1"})
    db.conversations.insert_one({"_id": conversation, **common, "status": "open"})
    db.notifications.insert_one(
        {
            "_id": f"{conversation}@0001", **common, "status": "failed", "reason": words, "title": "UA1: gate C71",
            "to": {"flight_number": "UA1", "departure_date": DAY}, "kinds": ["gate"], "attempts": [attempt],
            "again": [{"by": f"person:{person}", "why": f"{name} rang"}], "created_at": now, "changed_at": now,
        }
    )  # fmt: skip
    decision = {"_id": f"{conversation}@0001/wait.quiet", **common, "action": "wait", "decided_at": now}
    db.delivery_decisions.insert_one(decision)
    db.daily_counts.insert_one({"_id": f"{person}|{DAY}", "person": person, "keys": ["k"]})
    db.phone_codes.insert_one(
        {"_id": person, "phone": PHONE if name == NAME else "+1555010", "code": "hash", "expires_at": now}
    )
    db.suppressions.insert_one({"_id": f"email:h-{tag}", "person": person, "words": words, "since": now})
    db.alerts.insert_one({"_id": f"al-{tag}", "user_id": user_id, "name": words, "created_at": now})
    db.shares.insert_one({"_id": f"sh-{tag}", "person": person, "flights": ["f1"], "created_at": now})
    asked = {"flight": "f1", "name": name, "mailbox": words, "address": "email:h", "status": "agreed"}
    asked |= {"asked_at": now, "until": now, "ends_at": now}
    db.pickups.insert_many(
        [
            asked | {"_id": f"pu-{tag}", "link": f"l-{tag}", "person": person, "user": f"met-by-{tag}"},
            asked | {"_id": f"pm-{tag}", "link": f"m-{tag}", "person": f"who-asked-{tag}", "user": person},
        ]
    )
    db.telegram_links.insert_one({"_id": f"tl-{tag}", "person": person})
    db.inbox.insert_one({"_id": f"i-{tag}", "person": person, "conversation": conversation, "title": words})
    db.consents.insert_one({"_id": f"c-{tag}", "person": person, "what": "email", "given": True, "words": "yes",
                            "way": "page", "at": now})  # fmt: skip
    db.dead_letters.insert_one(
        {"_id": f"d-{tag}", "collection": "bookings", "document": {"user_id": user_id}}
    )
    db.api_keys.insert_one({"_id": f"gca_{person}", "hash": f"h-{person}", "name": "k", "scopes": [], "owner": person,
                            "created_by": f"person:{person}", "created_at": now})  # fmt: skip
    db.notices.insert_one({"type": "weather", "message": "Snow", "created_by": f"person:{person}"})
    db.callbacks.insert_one({"_id": f"<p-{person}@x>", "reports": [{"words": words}]})
    if person != "neighbour":
        db.sign_ins.insert_one({"_id": "s", "address": EMAIL.upper(), "nonce": "n", "wanted": "/"})


def everything(site: Site) -> str:
    """The whole database as text."""
    names = site.database.list_collection_names()
    return "\n".join(json_util.dumps(list(site.database[name].find())) for name in names).lower()


def traces(site: Site, person: str) -> list[str]:
    text = everything(site)
    return [trace for trace in (EMAIL, PHONE, NAME.lower(), person) if trace.lower() in text]


def test_every_collection_says_whether_it_has_a_person() -> None:
    named = {place.collection for place in PLACES}
    assert named | NOBODY == set(schema.COLLECTIONS)
    assert not named & NOBODY


def test_the_export_has_every_collection_and_no_secret(site: Site, mina: Asking) -> None:
    answer = mina.post("/me/export")
    assert answer.status_code == 200, answer.text
    assert set(answer.json["data"]) == {place.collection for place in PLACES}
    assert EMAIL in answer.text
    assert "neighbour" not in answer.text
    assert "nils" not in answer.text.lower()
    for secret in ('"hash"', '"nonce"', '"code"'):
        assert secret not in answer.text
    assert "attachment" in answer.headers["Content-Disposition"]


def test_an_export_is_made_now_and_then_alone(site: Site, mina: Asking) -> None:
    first = mina.post("/me/export", Idempotency_Key="k")
    repeat = mina.post("/me/export", Idempotency_Key="k")
    assert repeat.status_code == 200
    assert repeat.json["at"] == first.json["at"]
    assert repeat.json["data"] == {}, "what is kept for repeats is no copy of everything"
    assert EMAIL not in str(site.database.idempotent_answers.find_one()["answer"]["body"])
    second = mina.post("/me/export")
    assert second.status_code == 429
    assert int(second.headers["Retry-After"]) > 0
    site.moment += timedelta(minutes=2)
    assert mina.post("/me/export").status_code == 200


def test_an_erasure_leaves_no_trace_of_the_person(site: Site, mina: Asking) -> None:
    store = IdempotentAnswers(site.database, timedelta(hours=1))
    mina.post("/me/followings", {"airport": "JFK"}, Idempotency_Key="k")
    assert traces(site, mina.person) == [EMAIL, PHONE, NAME.lower(), mina.person], "the test can fail"
    answer = mina.ask("DELETE", "/me", {"confirm": "erase"})
    assert answer.status_code == 204, answer.text
    assert traces(site, mina.person) == []
    assert mina.get("/me").status_code == 401
    key = f"person:{mina.person}"
    assert isinstance(store.take(key, "POST /api/v1/me/followings", "k", b"", site.now()), Mine)


def test_an_erasure_keeps_the_audit_without_the_person(site: Site, mina: Asking) -> None:
    mina.ask("DELETE", "/me", {"confirm": "erase"})
    db = site.database
    row = db.notifications.find_one({"person": {"$regex": "^erased-"}})
    assert row["_id"] == f"flight:f1|{row['person']}|email@0001"
    assert row["conversation"] == f"flight:f1|{row['person']}|email"
    assert (row["status"], row["title"], row["order"]) == ("failed", "UA1: gate C71", "0001")
    assert row["attempts"][0]["id"] == f"token/{row['conversation']}"
    assert "550" in row["reason"]
    assert row["again"][0]["by"].startswith("person:erased-")
    assert db.suppressions.count_documents({"person": row["person"]}) == 1, "nothing is sent there again"
    assert db.consents.count_documents({"person": None}) == 1


def test_an_erasure_touches_nobody_else(site: Site, mina: Asking) -> None:
    names = [place.collection for place in PLACES if place.collection not in {"sign_ins", "sessions"}]

    def of_neighbour() -> str:
        rows = {name: list(site.database[name].find()) for name in names}
        return json_util.dumps({n: [r for r in some if "neighbour" in str(r)] for n, some in rows.items()})

    before = of_neighbour()
    assert before.count("neighbour") > 20
    mina.ask("DELETE", "/me", {"confirm": "erase"})
    assert of_neighbour() == before


@pytest.mark.parametrize("sent", [{}, {"confirm": "yes"}, {"confirm": True}, {"confirm": {"$ne": 1}}])
def test_an_erasure_is_confirmed(site: Site, ada: Asking, sent: dict[str, Any]) -> None:
    answer = ada.ask("DELETE", "/me", sent)
    assert answer.status_code == 400
    assert fields_at_fault(answer) <= {"confirm", "confirm.$ne"}
    assert site.database.users.count_documents({}) == 1


def test_while_a_message_is_on_its_way_an_erasure_waits(
    site: Site, mina: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "WAIT_S", 0.3)
    mine = {"person": mina.person}
    claim = {"claim": "t", "lease_until": site.now() + timedelta(seconds=30)}
    site.database.conversations.update_one(mine, {"$set": claim})
    answer = mina.ask("DELETE", "/me", {"confirm": "erase"})
    assert answer.status_code == 409
    assert int(answer.headers["Retry-After"]) > 0
    assert site.database.users.count_documents({"email": EMAIL}) == 1
    site.moment += timedelta(seconds=31)
    assert mina.ask("DELETE", "/me", {"confirm": "erase"}).status_code == 204
    assert traces(site, mina.person) == []


@pytest.mark.parametrize("name", ["Li", "Ed", "Mai", "Unknown", "f1"])
def test_an_erasure_leaves_the_record_readable_whatever_the_person_is_called(site: Site, name: str) -> None:
    person = site.person(name=name, email=EMAIL, phone=PHONE, verified={"email": EMAIL})
    fill(site, person.person, ObjectId(person.person))
    words = {"reason": f"550 {name} <{EMAIL}> moved"}
    site.database.notifications.update_one({"person": person.person}, {"$set": words})
    assert person.ask("DELETE", "/me", {"confirm": "erase"}).status_code == 204
    row = site.database.notifications.find_one({"person": {"$regex": "^erased-"}})
    assert row is not None
    assert (row["subject"], row["channel"], row["status"]) == ("flight:f1", "email", "failed")
    assert row["_id"] == f"flight:f1|{row['person']}|email@0001"
    assert (row["to"]["flight_number"], row["kinds"]) == ("UA1", ["gate"])
    assert row["reason"] == "550 *** <***> moved"


def test_an_export_has_what_only_mongodb_can_hold_as_well(site: Site, mina: Asking) -> None:
    odd = {"born": DatetimeMS(-62170012800000), "like": Regex("a"), "weight": float("nan")}
    site.database.bookings.update_one({"_id": f"b-{mina.person}"}, {"$set": odd})
    answer = mina.post("/me/export")
    assert answer.status_code == 200, answer.text
    (row,) = answer.json["data"]["bookings"]
    assert (row["born"], row["weight"]) == (-62170012800000, "nan")
    assert "a" in row["like"]
