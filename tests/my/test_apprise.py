"""A person's Apprise service on their pages: linked once a test has arrived, its address shown to nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.channels.apprise_address import AddressSeal
from app.web.my import apprise
from tests.channels.receiver import Receiver, receiver_server
from tests.my.conftest import Person, Web
from tests.web_process import KEY, Docs, settings_of

PAGE = "/my/apprise"
TOPIC = "my-secret-topic-9f2c"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_server() as found:
        yield found


@pytest.fixture
def served(prepared: Docs, mongo_uri: str) -> Web:
    more = {"apprise_schemas": "ntfy,ntfys", "apprise_allow_local": True}
    return Web(prepared, settings_of(mongo_uri, prepared, **more))


@pytest.fixture
def ada(served: Web) -> Person:
    return served.person("ada")


def url_of(receiver: Receiver) -> str:
    return f"ntfy://{receiver.url.partition('://')[2]}/{TOPIC}"


def test_a_service_is_linked_once_a_test_has_arrived_and_its_address_is_sealed(
    served: Web, ada: Person, receiver: Receiver
) -> None:
    answer = ada.post(f"{PAGE}/link", page=PAGE, url=url_of(receiver))
    assert answer.status_code == 303, answer.text[:600]
    assert len(receiver.posts) == 1
    assert b"This is a test" in receiver.posts[0].raw
    [user] = served.stored("users", _id="ada")
    link = user["linked"]["apprise"]
    assert AddressSeal((KEY,)).opened(link["sealed"]) == url_of(receiver)
    assert link["label"] == "ntfy at 127.0.0.1"
    assert TOPIC not in str({name: value for name, value in link.items() if name != "sealed"})
    [consent] = served.stored("consents", person="ada")
    assert (consent["what"], consent["given"], consent["way"]) == ("apprise", True, "apprise")
    for path in (PAGE, f"{PAGE}?done=apprise-linked", "/my/profile", "/my/preferences"):
        page = ada.answer(path).text
        assert TOPIC not in page
    assert "ntfy at 127.0.0.1" in ada.answer(PAGE).text


def test_without_a_test_that_arrives_nothing_is_linked_and_the_old_one_stays(
    served: Web, ada: Person, receiver: Receiver
) -> None:
    ada.post(f"{PAGE}/link", page=PAGE, url=url_of(receiver))
    before = served.stored("users", _id="ada")
    receiver.once.append((403, {}))
    refused = ada.post(f"{PAGE}/link", page=PAGE, url=url_of(receiver) + "-other")
    assert refused.status_code == 422
    assert "nothing was linked" in refused.text
    assert TOPIC not in refused.text
    assert served.stored("users", _id="ada") == before


@pytest.mark.parametrize(
    "url", ["", "gotify://example.org/AbC", "windows://", "ntfys://example.org/a/b", "hello"]
)
def test_what_may_not_be_linked_is_refused_beside_the_field(served: Web, ada: Person, url: str) -> None:
    refused = ada.post(f"{PAGE}/link", page=PAGE, url=url)
    assert refused.status_code == 422
    assert "example.org/A" not in refused.text
    assert "linked" not in served.stored("users", _id="ada")[0]


def test_it_is_unlinked_and_that_is_proven(served: Web, ada: Person, receiver: Receiver) -> None:
    ada.post(f"{PAGE}/link", page=PAGE, url=url_of(receiver))
    assert ada.post(f"{PAGE}/end", page=PAGE).status_code == 303
    assert "linked" not in served.stored("users", _id="ada")[0]
    assert [row["given"] for row in served.stored("consents", person="ada")] == [True, False]


def test_tests_are_counted(served: Web, ada: Person, receiver: Receiver) -> None:
    for _ in range(apprise.TESTS_AN_HOUR):
        ada.post(f"{PAGE}/link", page=PAGE, url="ntfys://example.org/a/b")
    assert ada.post(f"{PAGE}/link", page=PAGE, url=url_of(receiver)).status_code == 429
    assert receiver.requests == 0


def test_it_says_so_where_apprise_is_off(web: Web) -> None:
    person = web.person("bob")
    assert "switched off" in person.answer(PAGE).text
    assert person.post(f"{PAGE}/link", page="/my/profile", url="ntfys://example.org/a").status_code == 403


def test_it_is_unlinked_while_the_operators_have_it_off(
    served: Web, ada: Person, receiver: Receiver, prepared: Docs, mongo_uri: str
) -> None:
    ada.post(f"{PAGE}/link", page=PAGE, url=url_of(receiver))
    again = Web(prepared, settings_of(mongo_uri, prepared)).signed_in("ada", "Chromium on Linux")
    page = again.answer(PAGE).text
    assert "switched off" in page
    assert "ntfy at 127.0.0.1" in page
    assert TOPIC not in page
    assert f'action="{PAGE}/end"' in page
    assert again.post(f"{PAGE}/end", page=PAGE).status_code == 303
    assert "linked" not in served.stored("users", _id="ada")[0]
    assert f'action="{PAGE}/end"' not in again.answer(PAGE).text


def test_a_service_that_was_stopped_is_unlinked_too(served: Web, ada: Person, receiver: Receiver) -> None:
    ada.post(f"{PAGE}/link", page=PAGE, url=url_of(receiver))
    stopped = {"at": served.now(), "reason": "gone"}
    served.database["users"].update_one({"_id": "ada"}, {"$set": {"linked.apprise.stopped": stopped}})
    assert f'action="{PAGE}/end"' in ada.answer(PAGE).text
    assert ada.post(f"{PAGE}/end", page=PAGE).status_code == 303
    assert "linked" not in served.stored("users", _id="ada")[0]
