"""`Idempotency-Key`: a repeat gets the first answer, however many come at once."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from app.store.idempotency import WORK_FOR, Answer, Busy, IdempotentAnswers, Mine, OtherBody
from app.web.api import repeats
from tests.api.conftest import DAY, STAFF_KEY, Asking, Site, fields_at_fault

UA = {"flight_number": "UA1545", "departure_date": DAY}


def test_a_repeat_gets_the_first_answer(site: Site, ada: Asking) -> None:
    site.flight()
    first = ada.post("/me/bookings", UA, Idempotency_Key="k-1")
    repeat = ada.post("/me/bookings", UA, Idempotency_Key="k-1")
    assert (first.status_code, repeat.status_code) == (201, 201)
    assert repeat.data == first.data
    assert repeat.headers["Location"] == first.headers["Location"]
    assert repeat.headers["ETag"] == first.headers["ETag"]
    assert repeat.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert ada.post("/me/bookings", UA, Idempotency_Key="k-2").status_code == 200


def _at_the_desk(site: Site, asking: Asking) -> None:
    """The person signs in with the staff's key as well, which others have, too."""
    with asking.client.session_transaction() as session:
        session["staff"] = "staff:" + hashlib.sha256(STAFF_KEY.encode()).hexdigest()[:12]
        session["since"] = site.now().isoformat()
    asking.headers["X-CSRFToken"] = asking.client.get("/api/v1/me").headers["X-CSRFToken"]


def test_two_who_share_the_staffs_key_do_not_share_answers(site: Site, ada: Asking, bob: Asking) -> None:
    site.flight()
    for one in (ada, bob):
        _at_the_desk(site, one)
    first, second = (one.post("/me/bookings", UA, Idempotency_Key="1") for one in (ada, bob))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json["id"] != first.json["id"]
    assert "Idempotency-Replayed" not in second.headers
    assert ada.ask("DELETE", "/me", {"confirm": "erase"}).status_code == 204
    owned = site.database.idempotent_answers.distinct("owner")
    assert len(owned) == 1, "those of whoever left are gone"


def test_the_order_of_fields_and_blanks_make_no_other_body(site: Site, ada: Asking) -> None:
    site.flight()
    headers = ada.headers | {"Idempotency-Key": "k", "Content-Type": "application/json"}
    one = b'{"flight_number": "UA1545", "departure_date": "%s"}' % DAY.encode()
    other = b'{ "departure_date":"%s","flight_number":"UA1545" }' % DAY.encode()
    first = ada.client.post("/api/v1/me/bookings", data=one, headers=headers)
    assert ada.client.post("/api/v1/me/bookings", data=other, headers=headers).data == first.data


@pytest.mark.parametrize("depth", [8, 254, 255, 1000, 5000])
@pytest.mark.parametrize("begins", [b"", b'{"a":'])
def test_a_body_that_is_nested_deep_is_refused_as_without_a_key(
    ada: Asking, depth: int, begins: bytes
) -> None:
    body = begins + b"[" * depth + b"]" * depth + (b"}" if begins else b"")
    headers = ada.headers | {"Content-Type": "application/json"}
    for path in ("bookings", "followings", "alerts", "api-keys", "inbox/seen"):
        without = ada.client.post(f"/api/v1/me/{path}", data=body, headers=headers)
        answer = ada.client.post(f"/api/v1/me/{path}", data=body, headers=headers | {"Idempotency-Key": "k"})
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
        assert answer.json == without.json


def test_another_body_is_refused(site: Site, ada: Asking) -> None:
    site.flight()
    ada.post("/me/bookings", UA, Idempotency_Key="k")
    other = ada.post("/me/bookings", UA | {"reference": "ABC"}, Idempotency_Key="k")
    assert other.status_code == 422
    assert fields_at_fault(other) == {"Idempotency-Key"}
    assert "reference" not in site.database.bookings.find_one()


def test_fifty_at_once_get_one_answer(site: Site, ada: Asking) -> None:
    site.flight()
    answers: list[Any] = []
    together = threading.Barrier(50)

    def add() -> None:
        client = site.app.test_client()
        client._cookies = ada.client._cookies
        together.wait()
        headers = ada.headers | {"Idempotency-Key": "once"}
        while True:
            answer = client.post("/api/v1/me/bookings", json=UA, headers=headers)
            if answer.status_code != 409:  # a slow machine; "send the same again in a moment"
                answers.append(answer)
                return

    threads = [threading.Thread(target=add) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert site.database.bookings.count_documents({}) == 1


def test_an_error_of_the_sender_is_kept(site: Site, ada: Asking) -> None:
    first = ada.post("/me/bookings", UA, Idempotency_Key="k")
    assert first.status_code == 404
    site.flight()
    assert ada.post("/me/bookings", UA, Idempotency_Key="k").data == first.data
    assert ada.post("/me/bookings", UA, Idempotency_Key="other").status_code == 201


def test_an_error_of_ours_is_not_kept(site: Site, ada: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    site.flight()
    with monkeypatch.context() as patched:

        def fails(*_: Any, **__: Any) -> Any:
            raise AutoReconnect("gone for a moment")

        patched.setattr("app.store.own_bookings.OwnBookings.add", fails)
        assert ada.post("/me/bookings", UA, Idempotency_Key="k").status_code == 503
    other = ada.post("/me/bookings", UA | {"reference": "ABC"}, Idempotency_Key="k")
    assert other.status_code == 422, "something may have come of the first one"
    assert ada.post("/me/bookings", UA, Idempotency_Key="k").status_code == 201


def test_keys_of_two_persons_and_of_two_routes_have_nothing_in_common(
    site: Site, ada: Asking, bob: Asking
) -> None:
    site.flight()
    first = ada.post("/me/bookings", UA, Idempotency_Key="k")
    other = bob.post("/me/bookings", UA, Idempotency_Key="k")
    assert other.status_code == 201
    assert other.json["id"] != first.json["id"]
    assert ada.post("/me/followings", UA, Idempotency_Key="k").status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ä", "a\tb"])
def test_a_key_that_is_none_is_refused(site: Site, ada: Asking, key: str) -> None:
    site.flight()
    answer = ada.post("/me/bookings", UA, Idempotency_Key=key)
    assert answer.status_code == 400
    assert fields_at_fault(answer) == {"Idempotency-Key"}
    assert site.database.bookings.count_documents({}) == 0


def test_the_longest_key_is_one(site: Site, ada: Asking) -> None:
    site.flight()
    assert ada.post("/me/bookings", UA, Idempotency_Key="~" * 255).status_code == 201


def test_while_the_first_is_at_work_a_repeat_is_told_to_come_again(
    site: Site, ada: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "WAIT_S", 0.2)
    monkeypatch.setattr(IdempotentAnswers, "take", lambda *_: Busy())
    answer = ada.post("/me/bookings", UA, Idempotency_Key="k")
    assert answer.status_code == 409
    assert int(answer.headers["Retry-After"]) > 0


@pytest.fixture
def store(site: Site) -> IdempotentAnswers:
    return IdempotentAnswers(site.database, timedelta(hours=24))


def test_the_row_of_a_process_that_died_is_taken_over(site: Site, store: IdempotentAnswers) -> None:
    first = store.take("a", "POST /x", "k", b"{}", site.now())
    assert isinstance(first, Mine)
    assert store.take("a", "POST /x", "k", b"{}", site.now() + WORK_FOR / 2) == Busy()
    second = store.take("a", "POST /x", "k", b"{}", site.now() + WORK_FOR)
    assert isinstance(second, Mine)
    assert (first.work, first.is_again) == (second.work, not second.is_again)
    store.keep(first, Answer(500, {}, b"late"))  # it was only slow, and keeps nothing
    store.keep(second, Answer(201, {"ETag": '"x"'}, b"done"))
    assert store.take("a", "POST /x", "k", b"{}", site.now()) == Answer(201, {"ETag": '"x"'}, b"done")
    assert store.take("a", "POST /x", "k", b"other", site.now()) == OtherBody()


def test_what_failed_is_begun_again_at_once_as_the_same_work(site: Site, store: IdempotentAnswers) -> None:
    first = store.take("a", "POST /x", "k", b"{}", site.now())
    assert isinstance(first, Mine)
    store.release(first, site.now())
    assert store.take("a", "POST /x", "k", b"other", site.now()) == OtherBody()
    again = store.take("a", "POST /x", "k", b"{}", site.now())
    assert again == Mine(first.id, first.work, 2)
    store.release(first, site.now())  # it is the other's by now
    assert store.take("a", "POST /x", "k", b"{}", site.now()) == Busy()


def test_the_row_of_an_earlier_version_is_taken_over(site: Site, store: IdempotentAnswers) -> None:
    first = store.take("a", "POST /x", "k", b"{}", site.now())
    assert isinstance(first, Mine)
    site.database.idempotent_answers.update_one({}, {"$set": {"token": "0123456789abcdef"}})
    later = site.now() + WORK_FOR
    assert store.take("a", "POST /x", "k", b"{}", later) == Mine(first.id, "0123456789abcdef", 2)


def test_after_its_time_a_key_is_new(site: Site, store: IdempotentAnswers) -> None:
    first = store.take("a", "POST /x", "k", b"{}", site.now())
    assert isinstance(first, Mine)
    store.keep(first, Answer(201, {}, b"done"))
    later = store.take("a", "POST /x", "k", b"other", site.now() + timedelta(hours=24))
    assert isinstance(later, Mine)
    assert later.work != first.work
    assert not later.is_again


def test_rows_name_nobody(site: Site, ada: Asking) -> None:
    site.flight()
    ada.post("/me/bookings", UA, Idempotency_Key="k")
    row = site.database.idempotent_answers.find_one()
    assert ada.person not in str({name: value for name, value in row.items() if name != "answer"})


def test_every_post_of_the_api_takes_a_key(site: Site) -> None:
    posts: list[Callable[..., Any]] = [
        site.app.view_functions[rule.endpoint]
        for rule in site.app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and "POST" in (rule.methods or ())
    ]
    assert len(posts) >= 5
    for view in posts:
        assert hasattr(view, "__wrapped__"), view
