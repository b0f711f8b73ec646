"""The language of a page: the person's choice, then the browser's cookie, then what the browser asks for, then
English; and the choice at the foot of every page."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.domain import speech
from app.web import access
from tests.my.conftest import Person, Web

GERMAN = "de-CH,de;q=0.9,en;q=0.5"


def asked(somebody: Person, path: str = "/help", language: str | None = None, **more: str) -> TestResponse:
    headers = {"Accept": "text/html"} | ({"Accept-Language": language} if language else {}) | more
    return somebody.client.get(path, headers=headers)


def language_of(answer: TestResponse) -> str:
    """Of a page, which says it twice."""
    found = re.search(r'<html lang="([^"]+)">', answer.text)
    assert found is not None
    assert answer.headers["Content-Language"] == found[1]
    return found[1]


def choose(somebody: Person, language: str, back: str = "/help", **headers: str) -> TestResponse:
    """Press a button at the foot of a page, as a browser does it."""
    page = asked(somebody, back).text
    token = re.search(r'class="languages".*?name="csrf_token" value="([^"]+)"', page, re.DOTALL)
    wanted = re.search(r'class="languages".*?name="next" value="([^"]*)"', page, re.DOTALL)
    assert wanted is not None
    form = {"language": language, "next": unescape(wanted[1])} | ({"csrf_token": token[1]} if token else {})
    return somebody.client.post("/language", data=form, headers={"Accept": "text/html"} | headers)


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        (None, "en"),
        (GERMAN, "de"),
        ("fr,ru;q=0.8,en;q=0.7", "ru"),
        ("hi-IN", "hi"),
        ("es-419,es", "es"),
        ("de-CH, en;q=0.8", "de"),
        ("de-DE,*;q=0.5", "de"),
        ("fr, *;q=0.5, de;q=0.3", "en"),
        ("de;q=0, ru-RU;q=0.5", "ru"),
        ("fr-FR,fr", "en"),
        ("en;q=0.2,de;q=0.9", "de"),
        ("*", "en"),
        ("de;q=nonsense,;;,", "en"),
    ],
)
def test_a_stranger_is_spoken_to_as_the_browser_asks(web: Web, wanted: str | None, spoken: str) -> None:
    assert language_of(asked(web.stranger(), language=wanted)) == spoken


def test_a_choice_in_the_browser_counts_before_what_it_asks_for(web: Web) -> None:
    stranger = web.stranger()
    answer = choose(stranger, "hi")
    assert (answer.status_code, answer.location) == (303, "/help")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("language=hi;")
    assert "SameSite=Lax" in cookie
    assert "HttpOnly" in cookie
    assert language_of(asked(stranger, language=GERMAN)) == "hi"


def test_a_cookie_of_nonsense_chooses_nothing(web: Web) -> None:
    stranger = web.stranger()
    stranger.client.set_cookie("language", "klingon")
    assert language_of(asked(stranger, language=GERMAN)) == "de"


def test_a_person_s_choice_counts_before_everything_and_is_kept_in_the_profile(web: Web) -> None:
    maya = web.person(language="de-AT")
    maya.client.set_cookie("language", "es")
    assert language_of(asked(maya, language="hi")) == "de"
    assert choose(maya, "ru").status_code == 303
    assert language_of(asked(maya, language="hi")) == "ru"
    assert web.stored("users")[0]["language"] == "ru"
    assert language_of(asked(maya, "/my/profile")) == "ru"


def test_a_person_s_language_that_is_not_spoken_leaves_it_to_the_browser_and_stays(web: Web) -> None:
    maya = web.person(language="fr")
    assert language_of(asked(maya, language=GERMAN)) == "de"
    assert "<option selected>fr</option>" in maya.get("/my/profile")


def test_the_profile_offers_the_languages_there_are(web: Web) -> None:
    page = web.person(language="es").get("/my/profile")
    form = page[page.index('<select class="select" id="language"') :]
    offered = re.findall(r'<option value="([a-z]+)" lang', form[: form.index("</select>")])
    assert offered == list(speech.LANGUAGES)
    assert 'value="es" lang="es" selected' in page


def test_a_person_s_clock_is_the_pages_clock(web: Web) -> None:
    web.flight()
    assert "3:45 PM" in web.person(clock=12).get("/f/UA407/2013-02-08")
    assert "15:45" in web.stranger().get("/f/UA407/2013-02-08")


def test_every_page_has_the_choice_with_each_language_in_its_own_name(web: Web) -> None:
    maya = web.person()
    for path in ("/board", "/fares", "/health", "/help", "/sign-in", "/nowhere", "/my", "/my/profile"):
        text = asked(web.stranger() if path == "/sign-in" else maya, path).text
        for language in speech.LANGUAGES.values():
            assert f'lang="{language.tag}"' in text, path
            assert f">{language.name}</button>" in text, path


def test_a_stranger_who_chooses_nothing_gets_no_cookie(web: Web) -> None:
    assert "Set-Cookie" not in asked(web.stranger()).headers


def test_a_person_s_choice_needs_the_token_of_the_session(web: Web) -> None:
    maya = web.person(language="de")
    answer = maya.client.post("/language", data={"language": "ru"}, headers={"Accept": "text/html"})
    assert answer.status_code == 403
    assert web.stored("users")[0]["language"] == "de"


def test_the_form_of_another_site_changes_nothing(web: Web) -> None:
    answer = choose(web.stranger(), "ru", **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_there_is_no_language_but_those_offered(web: Web) -> None:
    assert choose(web.stranger(), "fr").status_code == 400


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "x"],
)
def test_a_choice_leads_to_no_other_site(web: Web, elsewhere: str) -> None:
    form = {"language": "de", "next": elsewhere}
    answer = web.stranger().client.post("/language", data=form)
    assert (answer.status_code, answer.location) == (303, "/board")


def test_a_choice_leads_back_to_the_page_with_its_query(web: Web) -> None:
    for page in ("/fares?from=EWR&to=DEN", "/sign-in?next=/my/flights", "/health"):
        assert choose(web.stranger(), "de", page).location == page


def test_a_page_that_answers_a_form_names_an_address_that_can_be_asked_for(web: Web) -> None:
    maya = web.person()
    page = maya.post("/my/profile", name="", language="", time_zone="", clock="", currency="").text
    assert 'name="next" value="/my/profile"' in page
    refused = maya.client.post("/sign-out", headers={"Accept": "text/html"})
    assert refused.status_code == 403
    assert 'name="next" value=""' in refused.text


def test_pages_say_that_they_differ_by_language_and_cookie(web: Web) -> None:
    web.flight()
    for path in ("/board", "/f/UA407/2013-02-08", "/help", "/sign-in", "/nowhere", "/f/UA407/2013-02-08.ics"):
        answer = asked(web.stranger(), path)
        assert {"Accept-Language", "Cookie"} <= set(answer.vary), path


@pytest.mark.parametrize(
    "path", ["/update", "/openapi.json", "/docs", "/static/gatecall.css", "/health/live", "/api/v1/me"]
)
def test_what_programs_read_has_no_language(web: Web, path: str) -> None:
    stranger = web.stranger()
    stranger.client.set_cookie("language", "ru")
    answer = asked(stranger, path, language=GERMAN)
    answer.close()
    assert "Content-Language" not in answer.headers
    assert "Accept-Language" not in answer.headers.get("Vary", "")


def test_a_request_leaves_no_language_behind(web: Web) -> None:
    spoken = []

    @access.public
    def broken() -> Any:
        spoken.append(speech.current().language)
        raise RuntimeError("broken")

    web.app.add_url_rule("/broken", view_func=broken)
    asked(web.stranger(), language=GERMAN)
    assert speech.current() == speech.Speech()
    assert asked(web.stranger(), "/broken", language=GERMAN).status_code == 500
    assert spoken == ["de"]
    assert speech.current() == speech.Speech()
