"""What every answer of the web process keeps to: who reads it, where it leads, what it never says."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from app.domain import namespaces
from app.settings import Settings
from app.web.headers import PAGE_POLICY
from app.web.stopping import one_click
from tests.stopping.conftest import KEY, PUBLIC, TOKEN, Web

NAME = "<script>alert(1)</script>\"'&{{7*7}}"
FOREIGN = "https://evil.example"
PAGES = (
    "/board",
    "/help",
    "/fares",
    "/health",
    "/staff/sign-in",
    "/unsubscribe/x",
    "/preferences/x",
    "/why/x",
    "/no",
)
PROBES = (
    "/health/live",
    "/health/ready",
    "/metrics",
    "/openapi.json",
    "/update",
    "/board",
    "/health",
    "/api/v1/x",
)


def test_pages_load_nothing_from_elsewhere_and_run_no_script_of_their_lines(web: Web) -> None:
    assert "unsafe" not in PAGE_POLICY
    for path in PAGES:
        answer = web.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy, path
        assert "unsafe-eval" not in policy, path
        assert "default-src 'self'" in policy, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text), path


def test_every_cookie_is_out_of_reach_of_scripts_and_of_other_sites(web: Web) -> None:
    for path in (*PAGES, "/sign-in"):
        for cookie in web.client.get(path, base_url=PUBLIC, headers={"Accept": "text/html"}).headers.getlist(
            "Set-Cookie"
        ):
            assert cookie.startswith("__Host-"), cookie
            assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; ")), cookie
            assert "SameSite=Lax" in cookie or "SameSite=Strict" in cookie, cookie


@pytest.mark.parametrize(
    "path", ["/update", "/board", "/staff/sign-in", "/unsubscribe/x", "/my", "/api/v1/me"]
)
def test_pages_of_other_origins_read_nothing_that_is_not_said(web: Web, path: str) -> None:
    answer = web.client.get(path, headers={"Origin": FOREIGN})
    allowed = answer.headers.get("Access-Control-Allow-Origin")
    assert allowed is None or (allowed not in {"*", FOREIGN})
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "wanted",
    [
        FOREIGN,
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "\t//evil",
    ],
)
@pytest.mark.parametrize("door", ["/staff/sign-in", "/sign-in"])
def test_no_sign_in_leads_to_another_site(web: Web, door: str, wanted: str) -> None:
    answer = web.client.get(door, query_string={"next": wanted}, headers={"Accept": "text/html"})
    assert "evil" not in (answer.headers.get("Location") or "")
    assert not re.search(r'(?:href|action)="[^"]*(?:evil|javascript)', answer.text)
    for value in re.findall(r'name="next" value="([^"]*)"', answer.text):
        assert "evil" not in value
        assert "javascript" not in value


def test_a_request_of_another_host_changes_no_address_in_the_answer(web: Web) -> None:
    for path in PAGES:
        answer = web.client.get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert "evil.example" not in answer.text, path


def test_a_name_with_markup_is_text_on_every_page_that_a_link_opens(web: Web) -> None:
    web.person(name=NAME, time_zone="Europe/Berlin", email=f"{'a<b>' * 2}@example.org")
    assert web.links is not None
    address = web.stored()["email"]
    for url in (
        web.links.unsubscribe("p1", "bookings", address),
        web.links.preferences("p1", address, web.now()),
    ):
        text = web.get(url).text
        assert "<script>alert" not in text
        assert "a<b>" not in text


def secrets_of(settings: Settings) -> list[str]:
    found = [KEY, TOKEN]
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if hasattr(value, "get_secret_value"):
            found.append(value.get_secret_value())
    return found


def test_no_answer_and_no_log_line_says_a_secret_or_a_persons_address(web: Web) -> None:
    web.person(name="Nadia Seeded")
    private = [*secrets_of(web.settings), "p1@example.org", "5550100001", "Nadia"]
    with capture_logs() as logs:
        texts = [web.client.get(path).text for path in PROBES]
        assert web.links is not None
        url = web.links.unsubscribe("p1", "bookings", "p1@example.org")
        texts += [web.get(url).text, web.post(url, List__Unsubscribe="One-Click").text]
        texts.append(web.post("/staff/sign-in", key="wrong").text)
    assert len(logs) >= 2
    for text in (*texts, json.dumps(logs, default=str)):
        assert not [value for value in private if value in text]
    assert url.rpartition("/")[2] not in json.dumps(logs, default=str), "a link is a key"


def test_a_fault_of_ours_says_a_reference_and_nothing_of_its_inside(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError(f"mongodb://u:{KEY}@host p1@example.org")

    monkeypatch.setattr(one_click, "holder_of_unsubscribe", broken)
    answer = web.get("/unsubscribe/x")
    assert answer.status_code == 500
    assert KEY not in answer.text
    assert "p1@example.org" not in answer.text


def test_settings_that_are_shown_hide_what_is_secret(web: Web) -> None:
    shown = repr(web.settings) + str(web.settings) + web.settings.model_dump_json()
    assert not [value for value in secrets_of(web.settings) if value in shown]


def test_nothing_about_people_is_in_a_topic() -> None:
    private = {"email", "phone", "name", "reference", "passengers", "preferences", "seats"}
    for namespace in namespaces.WATCHED:
        if namespace.collection in {"users"}:
            pytest.fail("people's documents are never watched")
        assert not private & set(namespace.fields), namespace.collection


def test_the_feed_is_open_for_flights_alone() -> None:
    from app.web.wsgi import PUBLIC as OPEN

    assert {one.collection for one in OPEN} == {"flights", "prices", "notices"}


@pytest.mark.parametrize("value", [{"$ne": ""}, ["a"], {"$gt": ""}, {"a.b": 1}, 1, True])
def test_an_operator_where_text_belongs_is_refused_and_writes_nothing(web: Web, value: Any) -> None:
    headers = {"Authorization": "Bearer none", "Content-Type": "application/json"}
    body = orjson.dumps({"flight_number": value, "email": value, "key": value})
    for rule in web.app.url_map.iter_rules():
        if not ({"POST", "PATCH", "PUT"} & (rule.methods or set())) or rule.arguments:
            continue
        answer = web.client.post(rule.rule, data=body, headers=headers)
        assert 400 <= answer.status_code < 500, (rule.rule, answer.status_code)
    names = [name for name in web.database.list_collection_names() if not name.startswith("system.")]
    kept = {name: web.database[name].count_documents({}) for name in names}
    assert not {
        name: count for name, count in kept.items() if count and name not in {"tries", "suppressions"}
    }
