"""A pick-up from a flight that was deleted and inserted again: the question goes on, and so does its end."""

from __future__ import annotations

from tests.inserted_again import insert_again
from tests.my.conftest import Person, text_of
from tests.pickup.conftest import PickupWeb, asked


def shares(web: PickupWeb) -> str:
    return text_of(web.signed_in("p1", "Firefox on Linux").get("/my/shares"))


def test_who_agrees_after_it_hears_until_they_stop(web: PickupWeb, maya: Person) -> None:
    asked(maya, web.booked())
    link = web.link()
    insert_again(web.database, "f407", "f408")
    assert "Do you want to hear when UA 407 arrives?" in text_of(web.app.test_client().get(link).text)
    assert "You hear when UA 407 arrives" in text_of(web.answered(link, "agree").text)
    assert len(web.stored("followings")) == 1
    assert "Agreed" in shares(web)
    assert "UA 407, a***@example.org" in shares(web)
    web.answered(link, "no")
    assert web.stored("followings") == []
    assert "Stopped" in shares(web)


def test_who_agreed_before_it_goes_on_and_is_not_asked_again(web: PickupWeb, maya: Person) -> None:
    booking = web.booked()
    asked(maya, booking)
    web.answered(web.link(), "agree")
    insert_again(web.database, "f407", "f408")
    assert "Agreed" in shares(web)
    assert "asked this address" in asked(maya, booking).text
    assert len(web.mails()) == 1


def test_somebody_is_asked_after_it(web: PickupWeb, maya: Person) -> None:
    booking = web.booked()
    insert_again(web.database, "f407", "f408")
    assert asked(maya, booking).status_code == 303
    link = web.link()
    web.answered(link, "agree")
    web.answered(link, "no")
    assert web.stored("followings") == []
