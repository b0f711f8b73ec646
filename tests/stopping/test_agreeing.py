"""Who signs up, and who proves a phone, has agreed: with the words that stood beside the button."""

from __future__ import annotations

from app.store.suppressions import Suppressions
from app.web import choosing
from tests.identity.conftest import ADA, Place, place

__all__ = ["place"]


def test_a_sign_up_is_proven_with_the_words_of_its_page(place: Place) -> None:
    browser = place.browser()
    browser.ask(ADA)
    link = place.link()
    assert choosing.SIGN_UP_WORDS in browser.get(link).text
    assert browser.post(link, token_of=link, name="Ada").status_code == 303
    (row,) = place.database["consents"].find()
    assert (row["what"], row["given"], row["way"]) == ("email", True, "sign_up")
    assert row["words"] == choosing.SIGN_UP_WORDS
    assert row["at"] == place.moment
    assert row["address"] == Suppressions(place.database, place.settings).id_of("email", ADA)
    assert ADA not in str(row)


def test_signing_in_again_agrees_to_nothing_new(place: Place) -> None:
    place.signed_in()
    assert place.database["consents"].count_documents({}) == 0


def test_a_phone_that_was_proven_is_agreed_to(place: Place) -> None:
    browser = place.signed_in()
    assert choosing.PHONE_WORDS in browser.get("/my/phone").text
    browser.post("/my/phone", token_of="/my/phone", phone="+1 555 010 4217")
    message = place.mail("sms")
    assert message is not None
    browser.post("/my/phone/code", token_of="/my/phone", code=message.details["code"])
    (row,) = place.database["consents"].find()
    assert (row["what"], row["given"], row["way"]) == ("sms", True, "phone_code")
    assert row["address"] == Suppressions(place.database, place.settings).id_of("sms", "+15550104217")
