"""Nothing for staff is open to anybody else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from app.web.staff import session
from tests.staff.conftest import KEY, OTHER_KEY, Desk, hash_of, settings_for


def test_every_page_for_staff_is_closed_to_everybody_else(desk: Desk) -> None:
    rules = [rule for rule in desk.app.url_map.iter_rules() if rule.rule.startswith("/staff")]
    closed = [rule for rule in rules if rule.endpoint != session.SIGN_IN]
    assert len(closed) >= 2
    token = desk.token()
    for rule in closed:
        assert rule.endpoint.startswith("staff."), f"{rule} is outside of the guarded blueprint"
        address = re.sub(r"<[^>]+>", "x", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = desk.client.open(address, method=method, data={"csrf_token": token})
            assert answer.status_code == (303 if method == "GET" else 403), (method, address)
            if method == "GET":
                assert answer.location.startswith("/staff/sign-in")


def test_who_has_the_key_comes_in_and_goes_where_they_wanted(desk: Desk) -> None:
    asked = desk.client.get("/staff/?a=1")
    assert asked.location == "/staff/sign-in?next=/staff/?a%3D1"
    answer = desk.sign_in(next="/staff/?a=1")
    assert (answer.status_code, answer.location) == (303, "/staff/?a=1")
    assert desk.is_in()


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/staff//evil.example/../", "/staff\\@evil", "/board"],
)
def test_nobody_is_sent_elsewhere_by_signing_in(desk: Desk, elsewhere: str) -> None:
    assert desk.sign_in(next=elsewhere).location == "/staff/"


def test_a_wrong_key_is_refused_in_words_and_tries_are_limited(desk: Desk) -> None:
    for _ in range(10):
        answer = desk.sign_in("gck_wrong")
        assert answer.status_code == 401
        assert "not a staff key" in answer.text
    answer = desk.sign_in("gck_wrong")
    assert answer.status_code == 429
    assert "too many tries" in answer.text
    desk.pass_time(minutes=11)
    assert desk.sign_in("gck_wrong").status_code == 401


def test_wrong_keys_of_others_behind_the_same_proxy_lock_nobody_out(desk: Desk) -> None:
    for _ in range(12):
        desk.sign_in("gck_wrong")
    assert desk.sign_in().status_code == 303
    assert desk.is_in()


def test_the_right_key_enters_without_mongodb(mongo_uri: str) -> None:
    nobody: MongoClient[dict[str, Any]] = MongoClient(
        "127.0.0.1:1", serverSelectionTimeoutMS=50, tz_aware=True
    )
    with nobody:
        desk = Desk(nobody["gone"], settings_for(mongo_uri))
        assert desk.sign_in().status_code == 303
        assert "MongoDB does not answer" in desk.get("/staff/ops")
        for address in ("/staff/notifications", "/staff/dead-letters", "/staff/why?event=e"):
            assert "database did not answer" in desk.get(address, 503)
        desk.client = desk.app.test_client()
        assert desk.sign_in("gck_wrong").status_code == 503, "a try that cannot be counted is not allowed"


def test_a_form_without_the_token_of_its_session_changes_nothing(desk: Desk) -> None:
    assert desk.post("/staff/sign-in", token_of=None, key=KEY).status_code == 403
    foreign = desk.app.test_client().get("/staff/sign-in").text
    token = re.search(r'csrf_token" value="([^"]+)', foreign)
    assert token
    desk.token()  # a session of its own
    assert desk.client.post("/staff/sign-in", data={"key": KEY, "csrf_token": token[1]}).status_code == 403
    desk.sign_in()
    assert desk.post("/staff/sign-out", token_of=None).status_code == 403
    assert desk.is_in()


def test_a_form_that_is_refused_says_why_and_what_to_do(staff: Desk) -> None:
    refused = staff.post("/staff/sign-out", token_of=None)
    assert refused.status_code == 403
    assert "This form is of another session or too old, and nothing was changed." in refused.text
    staff.client = staff.app.test_client()
    ended = staff.post("/staff/sign-out", token_of=None)
    assert ended.status_code == 403
    assert "Your session has ended, and nothing was changed. Sign in and do it again." in ended.text
    assert 'href="/staff/sign-in">Sign in</a>' in ended.text


def test_signing_out_ends_the_session(staff: Desk) -> None:
    assert staff.post("/staff/sign-out").status_code == 303
    assert not staff.is_in()


def test_a_session_ends_after_its_hours(staff: Desk) -> None:
    staff.pass_time(hours=11, minutes=59)
    assert staff.is_in()
    staff.pass_time(minutes=1)
    assert not staff.is_in()


def test_taking_a_key_out_of_the_settings_ends_its_sessions(
    prepared: Database[dict[str, Any]], mongo_uri: str
) -> None:
    before = Desk(prepared, settings_for(mongo_uri))
    assert before.sign_in(OTHER_KEY).status_code == 303
    cookie = before.client.get_cookie("gatecall")
    assert cookie is not None
    after = Desk(prepared, settings_for(mongo_uri, staff_key_hashes=hash_of(KEY)))
    after.client.set_cookie("gatecall", cookie.value)
    assert not after.is_in()
    same = Desk(prepared, settings_for(mongo_uri))
    same.client.set_cookie("gatecall", cookie.value)
    assert same.is_in()


def test_a_session_signed_with_another_secret_counts_for_nothing(
    staff: Desk, prepared: Database[dict[str, Any]], mongo_uri: str
) -> None:
    cookie = staff.client.get_cookie("gatecall")
    assert cookie is not None
    other = Desk(prepared, settings_for(mongo_uri, secret_key="t" * 32))
    other.client.set_cookie("gatecall", cookie.value)
    assert not other.is_in()


def test_the_cookie_is_out_of_reach_and_holds_no_key(staff: Desk) -> None:
    staff.client = staff.app.test_client()
    header = staff.sign_in().headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Secure" not in header  # plain http: a browser would not send it back
    assert KEY not in header
    assert hash_of(KEY) not in header


def test_behind_https_the_cookie_travels_over_https_alone(
    prepared: Database[dict[str, Any]], mongo_uri: str
) -> None:
    desk = Desk(prepared, settings_for(mongo_uri, public_url="https://gatecall.example"))
    header = desk.client.get("/staff/sign-in").headers["Set-Cookie"]
    assert header.startswith("__Host-gatecall=")
    assert "Secure" in header
    assert "Path=/" in header
    assert "Domain" not in header


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"secret_key": None}, "SECRET_KEY"),
        ({"secret_key": "short"}, "SECRET_KEY"),
        ({"staff_key_hashes": ""}, "STAFF_KEY_HASHES"),
    ],
)
def test_without_secret_or_keys_nobody_comes_in_and_the_page_says_what_to_set(
    prepared: Database[dict[str, Any]], mongo_uri: str, missing: dict[str, Any], words: str
) -> None:
    desk = Desk(prepared, settings_for(mongo_uri, **missing))
    assert words in desk.get("/staff/sign-in", 403)
    assert desk.client.post("/staff/sign-in", data={"key": KEY}).status_code == 403
    assert not desk.is_in()


def test_pages_for_staff_are_kept_nowhere(staff: Desk) -> None:
    for address in ("/staff/sign-in", "/staff/"):
        headers = staff.client.get(address).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Robots-Tag"] == "noindex"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
