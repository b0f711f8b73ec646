"""A process that dies between two writes leaves nobody hearing who said no, and loses no question."""

from __future__ import annotations

from typing import Any

import pytest

from app.store.own_followings import OwnFollowings
from app.store.person_data import PersonData
from app.store.pickups import Pickups
from app.store.service_messages import ServiceMessages
from tests.my.conftest import Person
from tests.pickup.conftest import PickupWeb, asked


class Death(BaseException):
    """The process ends here."""


def dies(*_args: Any, **_more: Any) -> None:
    raise Death


@pytest.fixture
def link(web: PickupWeb, maya: Person) -> str:
    """Of Ann's mail: Maya asked her. Ann is a person here."""
    web.person("ann")
    assert asked(maya, web.booked()).status_code == 303
    return web.link()


def id_of(web: PickupWeb, person: str = "p1") -> str:
    (row,) = web.stored("pickups", person=person)
    return str(row["_id"])


@pytest.mark.parametrize("after", ["no", "taken back", "erased"])
def test_who_died_while_agreeing_hears_nothing_after_it_ended(
    web: PickupWeb, link: str, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Pickups, "_set", _then_dies(Pickups._set))
        with pytest.raises(Death):
            web.answered(link, "agree")
    if after == "no":
        web.answered(link, "no")
    elif after == "taken back":
        assert Pickups(web.database).withdraw("p1", id_of(web), web.now())
    else:
        PersonData(web.database).leave_flights("p1", web.now())
    assert web.stored("followings") == []


def test_who_died_while_agreeing_agrees_with_another_click(
    web: PickupWeb, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(OwnFollowings, "add_pickup", dies)
        with pytest.raises(Death):
            web.answered(link, "agree")
    assert "Agree after all" in web.answered(link, "no").text
    web.answered(link, "agree")
    assert [row["user_id"] for row in web.stored("followings")] == ["ann"]


@pytest.mark.parametrize("way", ["no", "taken back", "erased"])
def test_an_end_that_died_is_repeated(
    web: PickupWeb, link: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    web.answered(link, "agree")
    id_ = id_of(web)

    def end() -> None:
        if way == "no":
            web.answered(link, "no")
        elif way == "taken back":
            Pickups(web.database).withdraw("p1", id_, web.now())
        else:
            PersonData(web.database).leave_flights("p1", web.now())

    with monkeypatch.context() as patch:
        patch.setattr(OwnFollowings, "end_pickup", dies)
        with pytest.raises(Death):
            end()
    end()
    assert web.stored("followings") == []


def test_who_agrees_to_another_at_the_moment_of_an_end_goes_on_hearing(
    web: PickupWeb, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(web.person("p2", name="Nils"), web.booked("p2"))
    second = web.link()
    web.answered(link, "agree")
    real, times = OwnFollowings.end_pickup, []

    def meanwhile(self: OwnFollowings, person: str, flight: str) -> Any:
        if not times:
            times.append(1)
            web.answered(second, "agree")
        return real(self, person, flight)

    monkeypatch.setattr(OwnFollowings, "end_pickup", meanwhile)
    assert Pickups(web.database).withdraw("p1", id_of(web), web.now())
    assert [row["user_id"] for row in web.stored("followings")] == ["ann"]
    assert web.heard_by("p2") == "agreed"


def test_who_agrees_while_it_is_taken_back_hears_nothing(
    web: PickupWeb, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = OwnFollowings.add_pickup

    def meanwhile(self: OwnFollowings, *given: Any) -> None:
        Pickups(web.database).withdraw("p1", id_of(web), web.now())
        real(self, *given)

    monkeypatch.setattr(OwnFollowings, "add_pickup", meanwhile)
    assert web.answered(link, "agree").status_code == 404
    assert web.stored("followings") == []


def test_a_question_whose_mail_was_never_left_is_asked_with_another_try(
    web: PickupWeb, maya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = web.booked()
    with monkeypatch.context() as patch:
        patch.setattr(ServiceMessages, "post", dies)
        with pytest.raises(Death):
            asked(maya, booking)
    assert web.mails() == []
    assert asked(maya, booking).status_code == 303
    assert len(web.mails()) == 1
    id_of(web)
    web.answered(web.link(), "agree")
    assert web.heard_by() == "agreed"
    assert asked(maya, booking).status_code == 422


def _then_dies(real: Any) -> Any:
    def set_(self: Pickups, *given: Any, **more: Any) -> None:
        real(self, *given, **more)
        raise Death

    return set_
