"""A link by mail signs in: once, in time, in the browser that asked, and whoever has the address."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from bson import ObjectId

from consumers.delivery.service_messages import ServiceSender
from tests.identity.conftest import ADA, KEY, Browser, Place
from tests.providers import Mailbox

PERSON = "gatecall-person"


def is_in(browser: Browser) -> bool:
    """By a page that is for persons alone."""
    return browser.get("/my/phone").status_code == 200


def sessions(place: Place) -> int:
    return place.database["sessions"].count_documents({})


def test_from_the_form_through_a_real_mail_to_a_session(
    mail_place: Place, by_mail: ServiceSender, mailbox: Mailbox
) -> None:
    mail_place.database["users"].insert_one({"_id": "p1", "name": "Ada", "email": ADA, "verified": {}})
    browser = mail_place.browser()
    assert browser.get("/my/phone").location == "/sign-in?next=/my/phone"
    asked = browser.ask(next="/my/phone")
    assert asked.location == "/sign-in/sent"
    assert ADA in browser.get(asked.location).text
    assert by_mail.send_next()
    body = mailbox.mails[0].message.get_body(("plain",))
    assert body is not None
    found = re.search(r"http://localhost:8080(/sign-in/\S+)", body.get_content())
    assert found
    page = browser.get(found[1])
    assert page.status_code == 200
    assert "Sign in as Ada" in page.text
    answer = browser.post(found[1], token_of=found[1])
    assert (answer.status_code, answer.location) == (303, "/my/phone")
    assert is_in(browser)
    user = mail_place.database["users"].find_one({"_id": "p1"})
    assert user is not None
    assert user["verified"]["email"] == ADA
    again = browser.get(found[1])
    assert again.status_code == 410
    assert "used up" in again.text


def test_following_the_link_changes_nothing(place: Place) -> None:
    browser = place.browser()
    browser.ask()
    link = place.link()
    for _ in range(3):
        assert place.browser().get(link).status_code == 403, "a scanner"
        assert browser.get(link).status_code == 200
        assert browser.client.head(link, headers=browser.headers).status_code == 200
    assert sessions(place) == 0
    assert place.database["users"].count_documents({}) == 0


def test_another_browser_is_refused_and_told_why(place: Place) -> None:
    browser = place.browser()
    browser.ask()
    link = place.link()
    other = place.browser()
    other.ask("eve@example.org")
    shown = other.get(link)
    assert shown.status_code == 403
    assert "another browser" in shown.text
    assert other.post(link, name="Eve").status_code == 403
    assert sessions(place) == 0
    assert browser.post(link, token_of=link, name="Ada").status_code == 303, "it still works where it belongs"


def test_a_link_ends_with_its_minutes(place: Place) -> None:
    browser = place.browser()
    browser.ask()
    link = place.link()
    token = browser.token(link)
    place.pass_time(minutes=15)
    assert browser.get(link).status_code == 410
    assert "too old" in browser.get(link).text
    late = browser.post(link, token_of=None, csrf_token=token, name="Ada")
    assert late.status_code == 410
    assert sessions(place) == 0


def test_fifty_at_once_make_one_session(place: Place) -> None:
    place.database["users"].insert_one({"name": "Ada", "email": ADA})
    browser = place.browser()
    browser.ask()
    link = place.link()
    token = browser.token(link)
    cookies = [browser.client.get_cookie(name) for name in ("gatecall", "gatecall-door")]

    def press(_: int) -> int:
        one = place.browser()
        for cookie in cookies:
            assert cookie is not None
            one.client.set_cookie(cookie.key, cookie.value)
        return one.post(link, token_of=None, csrf_token=token).status_code

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(press, range(50)))
    assert sorted(answers) == [303] + [410] * 49
    assert sessions(place) == 1


def test_the_answer_is_the_same_whether_the_address_is_known_or_not(place: Place) -> None:
    place.database["users"].insert_one({"name": "Ada", "email": ADA})
    commands: dict[str, int] = {}
    seen = []
    for address in (ADA, "eve@example.org"):
        browser = place.browser()
        answer = browser.ask(address)
        page = browser.get(answer.location).text.replace(address, "X")
        seen.append((answer.status_code, answer.location, re.sub(r'value="[^"]*"', "", page)))
        commands[address] = place.database["service_messages"].count_documents({})
    assert seen[0] == seen[1]
    assert list(commands.values()) == [1, 2], "each has a mail written"


def test_who_was_not_known_becomes_a_person_with_a_verified_address(place: Place) -> None:
    browser = place.browser()
    browser.ask("new@example.org")
    link = place.link()
    assert "Your name" in browser.get(link).text
    assert browser.post(link, token_of=link).status_code == 400, "without a name the link is not used up"
    browser.headers["Accept-Language"] = "de-CH,de;q=0.9,en;q=0.5"
    made = browser.post(link, token_of=link, name=" New\r\nPerson ", time_zone="Europe/Zurich")
    assert made.status_code == 303
    user = place.database["users"].find_one()
    assert user is not None
    assert user["name"] == "New Person"
    assert user["verified"] == {"email": "new@example.org"}
    assert (user["language"], user["time_zone"], user["roles"]) == ("de-CH", "Europe/Zurich", ["traveller"])
    assert is_in(browser)


def test_two_links_of_a_new_address_make_one_person(place: Place) -> None:
    ready = []
    for _ in range(4):
        browser = place.browser()
        browser.ask("new@example.org")
        link = place.link()
        ready.append((browser, link, browser.token(link)))
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda r: r[0].post(r[1], token_of=None, csrf_token=r[2], name="New").status_code, ready)
        )
    assert answers == [303] * 4
    assert place.database["users"].count_documents({}) == 1
    assert sessions(place) == 4


def test_several_people_with_one_address_choose(place: Place) -> None:
    ids = [ObjectId(), ObjectId()]
    place.database["users"].insert_many(
        [{"_id": ids[0], "name": "Ada", "email": ADA}, {"_id": ids[1], "name": "Bob", "email": ADA.upper()}]
    )
    stranger = place.database["users"].insert_one({"name": "Eve", "email": "eve@example.org"}).inserted_id
    browser = place.browser()
    browser.ask()
    link = place.link()
    assert all(name in browser.get(link).text for name in ("Ada", "Bob"))
    assert browser.post(link, token_of=link).status_code == 400
    assert browser.post(link, token_of=link, person=str(stranger)).status_code == 400
    assert browser.post(link, token_of=link, person=str(ids[1])).status_code == 303
    session = place.database["sessions"].find_one()
    assert session is not None
    assert session["person"] == str(ids[1])


@pytest.mark.parametrize("lookalike", ["\u212aate@example.org", "k\u00e1te@example.org"])
def test_an_address_that_only_looks_alike_is_somebody_elses(place: Place, lookalike: str) -> None:
    from app.store.users import Users

    place.database["users"].insert_one({"name": "Kate", "email": "kate@example.org"})
    assert Users(place.database).by_email(lookalike) == []
    assert len(Users(place.database).by_email("KATE@Example.org")) == 1


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/%09/evil.example\t",
        "\\\\evil",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=1",
        "/sign-out",
        "/board?next=https://evil.example\n",
    ],
)
def test_nobody_is_sent_elsewhere(place: Place, elsewhere: str) -> None:
    browser = place.browser()
    browser.ask(next=elsewhere)
    link = place.link()
    assert browser.post(link, token_of=link, name="Ada").location == "/board"


def test_who_a_client_is_is_believed_of_trusted_proxies_alone(place: Place) -> None:
    def ask(place: Place, number: int) -> int:
        browser = place.browser()
        browser.headers = browser.headers | {"X-Forwarded-For": f"192.0.2.{number}"}
        return browser.ask(f"p{number}@example.org").status_code

    behind = Place(place.database, place.settings.model_copy(update={"trusted_proxies": 1}))
    assert {ask(behind, number) for number in range(21)} == {303}
    assert [ask(place, number) for number in range(30, 51)] == [303] * 20 + [429]


def test_another_link_has_to_wait_a_minute_and_the_page_says_how_long(place: Place) -> None:
    browser = place.browser()
    browser.ask()
    assert "possible in 1:00" in browser.get("/sign-in/sent").text
    place.pass_time(seconds=18)
    shown = browser.ask()
    assert shown.status_code == 200
    assert "possible in 0:42" in shown.text
    assert place.database["service_messages"].count_documents({}) == 1
    place.pass_time(seconds=43)
    assert browser.ask().status_code == 303
    assert place.database["service_messages"].count_documents({}) == 2
    first, second = place.link(), place.link()
    assert browser.post(first, token_of=first, name="Ada").status_code == 303, "an earlier mail works, too"
    assert first != second


@pytest.mark.parametrize("wrong", ["", "ada", "ada@", "a b@example.org", "a@example.org\r\nBcc: e@x.org"])
def test_what_is_no_address_is_said_at_the_field_and_kept(place: Place, wrong: str) -> None:
    answer = place.browser().ask(wrong)
    assert answer.status_code == 400
    assert "Enter an e-mail address such as" in answer.text
    assert html.escape(wrong.strip()).split("\r")[0] in answer.text
    assert place.database["service_messages"].count_documents({}) == 0


def test_the_session_of_before_is_never_taken_over(place: Place) -> None:
    browser = place.browser()
    browser.client.set_cookie(PERSON, "planted-by-somebody-else")
    browser.ask()
    before = browser.client.get_cookie("gatecall")
    link = place.link()
    token = browser.token(link)
    assert browser.post(link, token_of=None, csrf_token=token, name="Ada").status_code == 303
    cookie, after = browser.client.get_cookie(PERSON), browser.client.get_cookie("gatecall")
    assert cookie is not None
    assert cookie.value != "planted-by-somebody-else"
    assert before is not None
    assert after is None or after.value != before.value
    assert browser.post("/sign-out", token_of=None, csrf_token=token).status_code == 403, "forms begin anew"


def test_the_cookie_is_out_of_reach_and_https_alone_behind_https(place: Place) -> None:
    from tests.identity.conftest import settings_for

    uri = place.settings.mongodb_uri.get_secret_value()
    secure = Place(
        place.database,
        settings_for("unused", "unused", mongodb_uri=uri, public_url="https://gatecall.example"),
    )
    browser = secure.browser()
    answers = []
    base = "https://gatecall.example"
    page = browser.client.get("/sign-in", headers=browser.headers, base_url=base)
    answers.append(page)
    token = re.search(r'csrf_token" value="([^"]+)"', page.text)
    assert token
    form = {"csrf_token": token[1], "email": ADA}
    answers.append(browser.client.post("/sign-in", data=form, headers=browser.headers, base_url=base))
    link = secure.link()
    page = browser.client.get(link, headers=browser.headers, base_url=base)
    token = re.search(r'csrf_token" value="([^"]+)"', page.text)
    assert token
    form = {"csrf_token": token[1], "name": "Ada"}
    answers.append(browser.client.post(link, data=form, headers=browser.headers, base_url=base))
    cookies = [line for answer in answers for line in answer.headers.getlist("Set-Cookie")]
    assert any(line.startswith("__Host-gatecall-person=") for line in cookies)
    for line in cookies:
        assert line.startswith("__Host-")
        for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert part in line
        assert "Domain" not in line


def test_the_token_is_in_no_row_and_pages_are_kept_nowhere(place: Place) -> None:
    browser = place.browser()
    browser.ask()
    link = place.link()
    assert link.rpartition("/")[2] not in repr(list(place.database["sign_ins"].find()))
    for address in ("/sign-in", link):
        headers = browser.get(address).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Robots-Tag"] == "noindex"
        assert headers["Referrer-Policy"] == "same-origin"


def test_without_a_form_token_nothing_is_sent_and_nobody_signed_in(place: Place) -> None:
    browser = place.browser()
    assert browser.post("/sign-in", token_of=None, email=ADA).status_code == 403
    assert place.database["service_messages"].count_documents({}) == 0
    browser.ask()
    link = place.link()
    assert browser.post(link, token_of=None, name="Ada").status_code == 403
    assert sessions(place) == 0
    assert len(KEY) >= 32
