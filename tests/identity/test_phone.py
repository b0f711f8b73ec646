"""A phone is somebody's when they sent back what was sent there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.store.phone_codes import PhoneCodes, Verdict
from app.web.sign_in.lasting import phone_code_lasts
from tests.identity.conftest import ADA, KEY, Browser, Place

NUMBER = "+1 555 010 4217"


def code_of(place: Place) -> str:
    message = place.mail("sms")
    assert message is not None, "no text was written"
    assert message.address == "+15550104217"
    return message.details["code"]


def user(place: Place) -> dict[str, object]:
    found = place.database["users"].find_one({"email": ADA})
    assert found is not None
    return found


def ask(browser: Browser, number: str = NUMBER) -> int:
    return browser.post("/my/phone", token_of="/my/phone", phone=number).status_code


def enter(browser: Browser, code: str) -> tuple[int, str]:
    answer = browser.post("/my/phone/code", token_of="/my/phone", code=code)
    return answer.status_code, answer.text


def test_the_right_code_makes_the_number_the_persons_and_verified(place: Place) -> None:
    browser = place.signed_in()
    assert ask(browser) == 303
    assert "phone" not in user(place)
    assert "ends in 42 17" in browser.get("/my/phone/code").text
    code = code_of(place)
    assert enter(browser, f" {code[:3]} {code[3:]} ")[0] == 303
    assert user(place)["phone"] == "+15550104217"
    assert user(place)["verified"] == {"email": ADA, "phone": "+15550104217"}
    assert user(place)["version"] == 1
    assert enter(browser, code)[0] == 410, "a code works once"


def test_whom_an_import_made_keeps_the_address_they_signed_in_with(place: Place) -> None:
    place.database["users"].insert_one({"name": "Ada", "email": ADA})
    browser = place.signed_in()
    assert "verified" not in user(place)
    ask(browser)
    enter(browser, code_of(place))
    assert user(place)["verified"] == {"email": ADA, "phone": "+15550104217"}


def test_five_tries_and_no_more(place: Place) -> None:
    browser = place.signed_in()
    ask(browser)
    code = code_of(place)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for left in (4, 3, 2, 1):
        status, text = enter(browser, wrong)
        assert status == 400
        assert f"{left} {'try' if left == 1 else 'tries'} left" in text
    assert enter(browser, "12345")[0] == 400, "what is no code costs no try"
    assert enter(browser, wrong)[0] == 410
    assert enter(browser, code)[0] == 410, "the right one comes too late"
    assert "phone" not in user(place)


def test_guessing_by_many_at_once_has_five_tries_together(place: Place) -> None:
    codes = PhoneCodes(place.database, KEY, phone_code_lasts(place.settings))
    code = codes.begin("p1", "+15550104217", place.moment)
    guesses = [f"{(int(code) + n) % 10**6:06d}" for n in range(1, 41)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda guess: codes.try_code("p1", guess, place.moment).verdict, guesses))
    assert found.count(Verdict.WRONG) == 4
    assert found.count(Verdict.OVER) == 36
    assert codes.try_code("p1", code, place.moment).verdict is Verdict.OVER


def test_a_code_ends_with_its_minutes_and_with_the_next_one(place: Place) -> None:
    browser = place.signed_in()
    ask(browser)
    first = code_of(place)
    place.pass_time(seconds=61)
    ask(browser)
    second = code_of(place)
    if first != second:
        assert enter(browser, first)[0] == 400
    place.pass_time(minutes=10)
    assert enter(browser, second)[0] == 410


def test_another_code_waits_a_minute_and_there_are_five_an_hour(place: Place) -> None:
    browser = place.signed_in()
    assert ask(browser) == 303
    assert ask(browser) == 429
    for _ in range(4):
        place.pass_time(seconds=61)
        assert ask(browser) == 303
    place.pass_time(seconds=61)
    assert ask(browser) == 429
    other = place.signed_in("bob@example.org")
    assert ask(other) == 429, "the number has its own limit"
    assert place.database["service_messages"].count_documents({"channel": "sms"}) == 5


def test_the_code_is_in_no_row_and_cannot_be_worked_out_without_the_key(place: Place) -> None:
    codes = PhoneCodes(place.database, KEY, phone_code_lasts(place.settings))
    code = codes.begin("p1", "+15550104217", place.moment)
    assert code not in repr(place.database["phone_codes"].find_one())
    other = PhoneCodes(place.database, "n" * 40, phone_code_lasts(place.settings))
    assert other.try_code("p1", code, place.moment).verdict is Verdict.WRONG


def test_what_is_no_number_is_said_at_the_field(place: Place) -> None:
    browser = place.signed_in()
    for wrong in ("", "555", "abc", "+1 555\r\nBcc: x"):
        assert ask(browser, wrong) == 400
    assert place.mail("sms") is None


@pytest.mark.parametrize("status", ["open", "failed"])
def test_what_no_phone_took_may_be_told_by_the_new_one(place: Place, status: str) -> None:
    browser = place.signed_in()
    person = str(user(place)["_id"])
    skipped = {
        "person": person,
        "channel": "sms",
        "status": status,
        "heard": {"gate": "A1"},
        "want": {"gate": "B2"},
    }
    place.database["conversations"].insert_one(skipped | {"_id": f"flight:f1|{person}|sms"})
    ask(browser)
    assert enter(browser, code_of(place))[0] == 303
    stored = place.database["conversations"].find_one({})
    assert stored is not None
    assert ("due_at" in stored, stored["status"]) == (True, "open")
