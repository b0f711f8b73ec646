"""Who gets an inbox: whoever signs in, once, and not again after they switched it off."""

from __future__ import annotations

from typing import Any

from app.web import inbox
from tests.identity.conftest import ADA, Place


def stored(place: Place) -> dict[str, Any]:
    (user,) = place.database["users"].find({"email": ADA})
    return user


def test_whoever_signs_in_has_an_inbox_from_then_on(place: Place) -> None:
    place.signed_in()
    user = stored(place)
    first = user["linked"]["inbox"]
    assert first["address"] == str(user["_id"])
    place.pass_time(hours=1)
    place.signed_in()
    assert stored(place)["linked"]["inbox"] == first


def test_whoever_signs_up_has_one_too(place: Place) -> None:
    browser = place.browser()
    browser.ask(ADA)
    link = place.link()
    assert browser.post(link, token_of=link, name="Ada Lovelace").status_code == 303
    user = stored(place)
    assert user["linked"]["inbox"]["address"] == str(user["_id"])


def test_who_has_no_account_with_us_has_none(place: Place) -> None:
    place.database["users"].insert_one({"_id": "passenger", "name": "Zed", "email": "zed@example.org"})
    place.signed_in()
    (passenger,) = place.database["users"].find({"_id": "passenger"})
    assert "linked" not in passenger


def test_whoever_switched_it_off_has_none_after_the_next_sign_in(place: Place) -> None:
    place.signed_in()
    parts = place.app.extensions["gatecall"]
    inbox.switch_off(parts, str(stored(place)["_id"]))
    place.pass_time(hours=1)
    place.signed_in()
    user = stored(place)
    assert user["linked"]["inbox"]["stopped"]["reason"] == inbox.STOPPED_BY_CHOICE
    assert not inbox.is_on(parts, user)
    inbox.switch_on(parts, str(user["_id"]))
    assert inbox.is_on(parts, stored(place))
