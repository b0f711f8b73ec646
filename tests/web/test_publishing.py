"""POST /update: who may publish, what is refused, and that a repeat publishes nothing twice."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from werkzeug.test import TestResponse

from app.domain.clock import DomainClock
from app.settings import Settings
from app.store import notices
from app.store.idempotency import owner_of
from tests.processes import DiedError
from tests.web.conftest import STAFF_KEY, Site

NOTICE = {"type": "disruption", "message": "Snow at Newark: check your flight."}


@pytest.fixture
def staff(settings: Settings, prepared: Database[dict[str, Any]]) -> Site:
    site = Site(settings, prepared)
    site.begin()
    return site


def post(site: Site, body: Any, **headers: str) -> TestResponse:
    sent = {"Authorization": f"Bearer {STAFF_KEY}", "Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return site.app.test_client().post("/update", data=data, headers=sent)


def stored(site: Site) -> list[dict[str, Any]]:
    return list(site.app.extensions["gatecall"].database.notices.find())


def test_a_notice_is_stored_and_accepted(staff: Site) -> None:
    body = NOTICE | {"airport": "ewr", "flight": "ua 0407", "expires_at": "2099-01-01T00:00:00+01:00"}
    answer = post(staff, body)
    assert answer.status_code == 202
    (notice,) = stored(staff)
    told = {"id": notice["_id"], "message": NOTICE["message"], "audience": 0}
    assert answer.json == {"status": "accepted"} | told
    assert (notice["airport"], notice["flight"], notice["type"]) == ("EWR", "UA407", "disruption")
    assert notice["expires_at"].isoformat() == "2098-12-31T23:00:00+00:00"
    assert notice["created_by"].startswith("staff:")
    assert STAFF_KEY not in str(notice)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, {"type", "message"}),
        ({"type": "info"}, {"message"}),
        (NOTICE | {"mesage": "x", "colour": "red"}, {"mesage", "colour"}),
        (NOTICE | {"message": {"$ne": None}}, {"message"}),
        (NOTICE | {"type": {"$gt": ""}}, {"type"}),
        (NOTICE | {"$where": "1"}, {"$where"}),
        (NOTICE | {"_id": "mine", "created_by": "me"}, {"_id", "created_by"}),
        (NOTICE | {"message": 5}, {"message"}),
        (NOTICE | {"message": None}, {"message"}),
        (NOTICE | {"message": ["a"]}, {"message"}),
        (NOTICE | {"message": ""}, {"message"}),
        (NOTICE | {"message": " \r\n\t"}, {"message"}),
        (NOTICE | {"message": "a" * 501}, {"message"}),
        (NOTICE | {"message": "a\x00b"}, {"message"}),
        (NOTICE | {"message": "a\u202eb"}, {"message"}),
        (NOTICE | {"type": "two words"}, {"type"}),
        (NOTICE | {"type": "x" * 33}, {"type"}),
        (NOTICE | {"type": "info\n"} | {"message": "x", "airport": 7}, {"airport"}),
        (NOTICE | {"airport": "QQQ"}, {"airport"}),
        (NOTICE | {"airport": ["EWR"]}, {"airport"}),
        (NOTICE | {"flight": "not a flight"}, {"flight"}),
        (NOTICE | {"expires_at": "tomorrow"}, {"expires_at"}),
        (NOTICE | {"expires_at": "2099-01-01T00:00:00"}, {"expires_at"}),
        (NOTICE | {"expires_at": 4070908800}, {"expires_at"}),
        (NOTICE | {"expires_at": "2001-01-01T00:00:00Z"}, {"expires_at"}),
        ({"type": 1, "message": 2, "airport": 3, "foo": 4}, {"type", "message", "airport", "foo"}),
    ],
)
def test_every_field_at_fault_is_named_and_nothing_stored(staff: Site, body: Any, names: set[str]) -> None:
    answer = post(staff, body)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert {error["field"] for error in answer.json["errors"]} == names
    assert stored(staff) == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b"null", b"5", b"\xff\xfe", b"[" * 5000, b"NaN"]
)
def test_what_is_no_json_object_is_refused(staff: Site, body: bytes) -> None:
    answer = post(staff, body)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_line_breaks_become_spaces(staff: Site) -> None:
    assert (
        post(staff, NOTICE | {"message": "Snow.\r\nBcc: x@example.org"}).json["message"]
        == "Snow. Bcc: x@example.org"
    )


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_other_media_types_are_415(staff: Site, media_type: str) -> None:
    answer = post(staff, NOTICE, Content_Type=media_type)
    assert answer.status_code == 415
    assert answer.content_type == "application/problem+json"


def test_a_large_body_is_413(staff: Site) -> None:
    answer = post(staff, NOTICE | {"message": "a" * 100_000})
    assert answer.status_code == 413
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {STAFF_KEY}", STAFF_KEY]
)
def test_without_the_staff_key_it_is_401(staff: Site, authorization: str) -> None:
    answer = post(staff, NOTICE, Authorization=authorization)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert stored(staff) == []


def test_with_no_key_configured_it_is_403_and_says_how_to_make_one(staff: Site, settings: Settings) -> None:
    closed = Site(
        settings.model_copy(update={"staff_key_hashes": ()}), staff.app.extensions["gatecall"].database
    )
    answer = post(closed, NOTICE)
    assert answer.status_code == 403
    assert "gatecall staff-key" in answer.json["detail"]


def test_any_of_several_keys_is_good(staff: Site, settings: Settings) -> None:
    hashes = ("0" * 64, *settings.staff_key_hashes)
    both = Site(
        settings.model_copy(update={"staff_key_hashes": hashes}), staff.app.extensions["gatecall"].database
    )
    assert post(both, NOTICE).status_code == 202


def test_a_repeat_with_the_same_key_and_body_gets_the_first_answer(staff: Site) -> None:
    first = post(staff, NOTICE, Idempotency_Key="k-1")
    again = post(staff, dict(reversed(NOTICE.items())), Idempotency_Key="k-1")
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert len(stored(staff)) == 1


def test_a_repeat_after_a_restart_gets_the_first_answer(staff: Site, settings: Settings) -> None:
    first = post(staff, NOTICE, Idempotency_Key="k-1")
    restarted = Site(settings, staff.app.extensions["gatecall"].database)
    assert post(restarted, NOTICE, Idempotency_Key="k-1").json == first.json


def test_a_repeat_after_the_notice_was_withdrawn_gets_the_first_answer_and_publishes_nothing(
    staff: Site,
) -> None:
    first = post(staff, NOTICE | {"airport": "EWR"}, Idempotency_Key="k-1")
    notices.withdraw(staff.app.extensions["gatecall"].database, first.json["id"])
    again = post(staff, NOTICE | {"airport": "EWR"}, Idempotency_Key="k-1")
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert post(staff, NOTICE, Idempotency_Key="k-1").status_code == 422
    assert stored(staff) == []


def test_a_repeat_after_the_notice_expired_gets_the_first_answer(staff: Site) -> None:
    body = NOTICE | {"expires_at": "2026-11-01T13:00:00Z"}
    shown = [datetime(2026, 11, 1, 12, tzinfo=UTC)]
    services = staff.app.extensions["gatecall"]
    clock = DomainClock(shown[0], shown[0], system=lambda: shown[0])
    staff.app.extensions["gatecall"] = replace(services, clock=clock)
    first = post(staff, body, Idempotency_Key="k-1")
    shown[0] += timedelta(hours=1)
    again = post(staff, body, Idempotency_Key="k-1")
    assert (again.status_code, again.json) == (first.status_code, first.json) == (202, first.json)
    assert post(staff, body, Idempotency_Key="k-2").status_code == 400
    assert post(staff, body).status_code == 400


@pytest.mark.parametrize("collection", ["idempotent_answers", "notices"])
@pytest.mark.parametrize("is_written", [False, True])
def test_a_death_at_either_write_leaves_neither(
    staff: Site, monkeypatch: pytest.MonkeyPatch, collection: str, is_written: bool
) -> None:
    insert_one, deaths = Collection.insert_one, [collection]

    def dying(self: Collection[Any], *values: Any, **options: Any) -> Any:
        is_last = self.name in deaths
        done = insert_one(self, *values, **options) if is_written or not is_last else None
        if is_last:
            deaths.clear()
            raise DiedError
        return done

    monkeypatch.setattr(Collection, "insert_one", dying)
    with pytest.raises(DiedError):
        post(staff, NOTICE, Idempotency_Key="k-1")
    assert stored(staff) == []
    first = post(staff, NOTICE, Idempotency_Key="k-1")
    assert first.status_code == 202
    assert [row["_id"] for row in stored(staff)] == [first.json["id"]]


def test_a_repeat_while_a_dead_process_holds_the_key_is_told_to_come_again(
    staff: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.notices._STORED_WITHIN_S", 1.0)
    database = staff.app.extensions["gatecall"].database
    post(staff, NOTICE, Idempotency_Key="k-1")
    kept = database.idempotent_answers.find_one_and_delete({})
    database.notices.delete_many({})
    with database.client.start_session() as dead:
        dead.start_transaction()
        database.idempotent_answers.insert_one(kept, session=dead)
        answer = post(staff, NOTICE, Idempotency_Key="k-1")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        dead.abort_transaction()
    assert post(staff, NOTICE, Idempotency_Key="k-1").status_code == 202
    assert len(stored(staff)) == 1


def test_a_key_is_kept_for_its_time_without_a_name_and_as_long_as_the_notice_stands(
    staff: Site, settings: Settings
) -> None:
    answers = staff.app.extensions["gatecall"].database.idempotent_answers
    first = post(staff, NOTICE, Idempotency_Key="k-1")
    (notice,), (kept,) = stored(staff), answers.find()
    assert kept["owner"] == owner_of(notice["created_by"])
    assert kept["expires_at"] - staff.moment == timedelta(hours=settings.idempotency_keep_h)
    assert notice["created_by"] not in str(kept)
    answers.delete_many({})
    assert post(staff, NOTICE, Idempotency_Key="k-1").json == first.json
    assert len(stored(staff)) == 1


def test_concurrent_repeats_publish_one_notice_and_all_get_its_answer(staff: Site) -> None:
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(post(staff, NOTICE, Idempotency_Key="k-2")))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(stored(staff)) == 1


def test_the_same_key_with_another_body_is_422(staff: Site) -> None:
    post(staff, NOTICE, Idempotency_Key="k-3")
    answer = post(staff, NOTICE | {"message": "Other."}, Idempotency_Key="k-3")
    assert answer.status_code == 422
    assert len(stored(staff)) == 1


@pytest.mark.parametrize("key", ["", "a" * 256, "with space", "ü"])
def test_a_bad_idempotency_key_is_refused_by_name(staff: Site, key: str) -> None:
    answer = post(staff, NOTICE, Idempotency_Key=key)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["field"] == "Idempotency-Key"


def test_without_a_key_each_post_is_a_notice(staff: Site) -> None:
    assert post(staff, NOTICE).json["id"] != post(staff, NOTICE).json["id"]


def test_without_the_database_it_is_503_and_says_when_to_repeat(settings: Settings) -> None:
    with MongoClient[dict[str, Any]]("mongodb://127.0.0.1:9/", serverSelectionTimeoutMS=200) as nowhere:
        site = Site(settings, nowhere["gone"])
        answer = post(site, NOTICE, Idempotency_Key="k-4")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert answer.content_type == "application/problem+json"
