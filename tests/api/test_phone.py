"""/me/phone: the same rules as the pages, by the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.store.service_messages import ServiceMessages
from app.web import choosing
from tests.api.conftest import Asking, Site, fields_at_fault

NUMBER = "+1 555 010 4217"


@pytest.fixture
def texting(site_with: Callable[..., Site]) -> Site:
    """A site that sends texts."""
    twilio = {"twilio_account_sid": "AC1", "twilio_auth_token": SecretStr("t"), "twilio_from": "+15550100100"}
    return site_with(**twilio)


@pytest.fixture
def ada(texting: Site) -> Asking:
    return texting.person(email="ada@example.org", verified={"email": "ada@example.org"})


def code_of(site: Site) -> str:
    """The digits in the text that waits, taken out."""
    messages = ServiceMessages(site.database, site.settings.signing_keys)
    found = messages.claim("sms", "test", site.moment, timedelta(minutes=1))
    assert found is not None, "no text was written"
    messages.done(found.id, "test")
    assert found.address == "+15550104217"
    return found.details["code"]


def other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_number_is_the_persons_when_the_code_comes_back(texting: Site, ada: Asking) -> None:
    sent = ada.post("/me/phone", {"phone": NUMBER})
    assert sent.status_code == 202, sent.text
    assert sent.json["phone"] == "+15550104217"
    assert sent.json["consent"] == choosing.PHONE_WORDS
    assert ada.get("/me").json["phone"] is None
    code = code_of(texting)
    assert code not in sent.text
    etag = ada.get("/me").headers["ETag"]
    confirmed = ada.post("/me/phone/confirm", {"code": code})
    assert confirmed.status_code == 200, confirmed.text
    assert (confirmed.json["phone"], confirmed.json["phone_verified"]) == ("+15550104217", True)
    assert confirmed.headers["ETag"] == ada.get("/me").headers["ETag"] != etag
    assert ada.post("/me/phone/confirm", {"code": code}).status_code == 410, "a code works once"
    assert texting.database.consents.find_one({"way": "phone_code"})["words"] == choosing.PHONE_WORDS


def test_five_tries_together_with_the_pages(texting: Site, ada: Asking) -> None:
    ada.post("/me/phone", {"phone": NUMBER})
    code = code_of(texting)
    for left in (4, 3, 2):
        wrong = ada.post("/me/phone/confirm", {"code": other(code)})
        assert wrong.status_code == 400
        assert fields_at_fault(wrong) == {"code"}
        assert f"tries left: {left}" in wrong.json["detail"]
    page = ada.client.post("/my/phone/code", data={"code": other(code)}, headers=ada.headers)
    assert page.status_code == 400
    assert ada.post("/me/phone/confirm", {"code": other(code)}).status_code == 410
    assert ada.post("/me/phone/confirm", {"code": code}).status_code == 410
    assert ada.get("/me").json["phone"] is None


def test_what_cannot_be_a_code_costs_no_try(texting: Site, ada: Asking) -> None:
    ada.post("/me/phone", {"phone": NUMBER})
    code = code_of(texting)
    for _ in range(6):
        assert ada.post("/me/phone/confirm", {"code": "12345"}).status_code == 400
    assert ada.post("/me/phone/confirm", {"code": f"{code[:3]} {code[3:]}"}).status_code == 200


def test_one_code_a_minute_and_five_an_hour(texting: Site, ada: Asking) -> None:
    for _ in range(5):
        assert ada.post("/me/phone", {"phone": NUMBER}).status_code == 202
        too_soon = ada.post("/me/phone", {"phone": NUMBER})
        assert too_soon.status_code == 429
        assert 0 < int(too_soon.headers["Retry-After"]) <= 60
        texting.moment += timedelta(seconds=61)
    refused = ada.post("/me/phone", {"phone": NUMBER})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) == 3600


def test_a_repeat_sends_one_text_and_not_now_is_not_kept(texting: Site, ada: Asking) -> None:
    first = ada.post("/me/phone", {"phone": NUMBER}, Idempotency_Key="k-1")
    again = ada.post("/me/phone", {"phone": NUMBER}, Idempotency_Key="k-1")
    assert (first.status_code, again.data) == (202, first.data)
    assert texting.database.service_messages.count_documents({}) == 1
    assert ada.post("/me/phone", {"phone": NUMBER}, Idempotency_Key="k-2").status_code == 429
    texting.moment += timedelta(seconds=61)
    assert ada.post("/me/phone", {"phone": NUMBER}, Idempotency_Key="k-2").status_code == 202


@pytest.mark.parametrize("number", ["", "12", "Ada", "0" * 41])
def test_what_is_no_number_is_named(texting: Site, ada: Asking, number: str) -> None:
    answer = ada.post("/me/phone", {"phone": number})
    assert answer.status_code == 400
    assert fields_at_fault(answer) == {"phone"}
    assert texting.database.service_messages.count_documents({}) == 0


def test_it_is_for_the_person_alone_and_for_systems_that_send_texts(site: Site, texting: Site) -> None:
    for asker, status in ((texting.stranger(), 401), (texting.program("staff"), 403), (site.person(), 403)):
        assert asker.post("/me/phone", {"phone": NUMBER}).status_code == status
    for asker, status in ((texting.stranger(), 401), (texting.program("staff"), 403)):
        assert asker.post("/me/phone/confirm", {"code": "123456"}).status_code == status


def test_another_persons_code_is_nothing(texting: Site, ada: Asking) -> None:
    ada.post("/me/phone", {"phone": NUMBER})
    bob = texting.person(name="Bob")
    assert bob.post("/me/phone/confirm", {"code": code_of(texting)}).status_code == 410
    assert bob.get("/me").json["phone"] is None
