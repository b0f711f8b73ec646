"""How many sign-in links are sent: no mailbox is bombed, and no stranger keeps a person out."""

from __future__ import annotations

from http.cookies import SimpleCookie

from itsdangerous import URLSafeSerializer
from werkzeug.test import TestResponse

from tests.identity.conftest import ADA, Browser, Place

KNOWN = "gatecall-known"
TOO_MANY = "Too many links"


def ask_from(place: Place, client: int, email: str = ADA, browser: Browser | None = None) -> TestResponse:
    """Ask for a link from a client's address; in a new browser, unless one is given."""
    browser = browser or place.browser()
    token = browser.token("/sign-in")
    return browser.client.post(
        "/sign-in",
        data={"email": email, "csrf_token": token},
        headers=browser.headers,
        environ_overrides={"REMOTE_ADDR": f"192.0.2.{client}"},
    )


def mails(place: Place) -> int:
    return place.database["service_messages"].count_documents({})


def known(browser: Browser) -> str:
    cookie = browser.client.get_cookie(KNOWN)
    assert cookie is not None
    return cookie.value


def test_a_client_asks_for_few_links_to_one_address_and_for_some_more_to_others(place: Place) -> None:
    for number in range(7):
        answer = place.browser().ask()
        assert answer.status_code == (303 if number < 5 else 429), number
    assert TOO_MANY in place.browser().ask().text
    assert mails(place) == 5
    for number in range(12):
        assert place.browser().ask(f"p{number}@example.org").status_code == 303
    assert place.browser().ask("p99@example.org").status_code == 429
    place.pass_time(hours=1, seconds=1)
    assert place.browser().ask().status_code == 303


def test_one_stranger_does_not_keep_a_person_out(place: Place) -> None:
    for _ in range(19):
        ask_from(place, 1)
    assert ask_from(place, 1).status_code == 429
    assert ask_from(place, 2).status_code == 303
    assert mails(place) == 6


def test_many_strangers_together_do_not_bomb_a_mailbox(place: Place) -> None:
    answers = [ask_from(place, client) for client in range(1, 9) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [303] * 15 + [429] * 17
    assert mails(place) == 15


def test_a_browser_that_signed_in_before_has_links_that_no_stranger_uses_up(place: Place) -> None:
    own = place.signed_in()
    assert own.post("/sign-out", token_of="/my/phone").status_code == 303
    place.pass_time(minutes=2)
    for client in range(1, 9):
        for _ in range(4):
            ask_from(place, client)
    assert ask_from(place, 9).status_code == 429
    answers = []
    for _ in range(6):
        answers.append(ask_from(place, 1, browser=own).status_code)
        place.pass_time(seconds=61)
    assert answers == [303] * 5 + [429]


def test_the_budget_of_a_browser_is_for_its_own_addresses_alone(place: Place) -> None:
    own = place.signed_in()
    own.post("/sign-out", token_of="/my/phone")
    for client in range(1, 9):
        for _ in range(2):
            ask_from(place, client, "bob@example.org")
    assert ask_from(place, 9, "bob@example.org", browser=own).status_code == 429


def test_nobody_is_told_whether_anybody_has_the_address(place: Place) -> None:
    place.database["users"].insert_one({"_id": "p1", "name": "Ada", "email": ADA, "verified": {"email": ADA}})
    seen = []
    for email in (ADA, "nobody@example.org"):
        answers = [ask_from(place, 3 if email == ADA else 4, email) for _ in range(7)]
        pages = [answer.text.replace(email, "").split("<main")[-1] for answer in answers]
        names = [set(SimpleCookie("; ".join(a.headers.getlist("Set-Cookie")))) for a in answers]
        seen.append([(a.status_code, a.location, len(page)) for a, page in zip(answers, pages, strict=True)])
        assert all(KNOWN not in some for some in names)
    assert seen[0] == seen[1]


def test_the_cookie_names_no_address_and_a_forged_one_counts_for_nothing(place: Place) -> None:
    own = place.signed_in()
    value = known(own)
    assert ADA not in value
    loose = URLSafeSerializer("another key, long enough to sign with").loads_unsafe(value)[1]
    assert isinstance(loose, list)
    assert "ada" not in str(loose)
    for _ in range(5):
        ask_from(place, 1)
    forged = URLSafeSerializer("another key, long enough to sign with", salt="gatecall known browser")
    for worth in (value[:-2] + "xx", forged.dumps(loose), "nonsense", "", "a" * 2000):
        browser = place.browser()
        browser.client.set_cookie(KNOWN, worth)
        assert ask_from(place, 1, browser=browser).status_code == 429, worth


def test_a_browser_stays_known_when_the_key_is_changed(place: Place) -> None:
    own = place.signed_in()
    changed = place.settings.model_copy(
        update={
            "secret_key": type(place.settings.secret_key)("n" * 40),
            "secret_key_fallbacks": place.settings.secret_key,
        }
    )
    later = Place(place.database, changed)
    for _ in range(5):
        ask_from(later, 1)
    browser = later.browser()
    browser.client.set_cookie(KNOWN, known(own))
    assert ask_from(later, 1, browser=browser).status_code == 303
