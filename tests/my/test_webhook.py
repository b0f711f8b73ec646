"""A person's webhook on their pages: linked with a test, its secret shown once, sent again, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from app.channels.webhook_secrets import OLD_SIGNS_FOR, SecretSeal
from app.store.linked import LinkedChannels
from app.web import webhooks as webhook
from tests.channels.ledger import not_taken
from tests.channels.receiver import Receiver, receiver_server
from tests.my.conftest import NOW, Person, Web, text_of
from tests.web_process import KEY, Docs, settings_of

PAGE = "/my/webhook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_server() as found:
        yield found


def web_with(prepared: Docs, mongo_uri: str, **more: Any) -> Web:
    return Web(prepared, settings_of(mongo_uri, prepared, **more))


@pytest.fixture
def hooked(prepared: Docs, mongo_uri: str) -> Web:
    """Webhooks are on, and may go to this machine."""
    return web_with(prepared, mongo_uri, webhooks=True, webhook_allow_local=True)


@pytest.fixture
def ada(hooked: Web) -> Person:
    return hooked.person("ada")


def linked(person: Person, url: str) -> str:
    """Link it; the secret that the page shows."""
    answer = person.post(f"{PAGE}/link", page=PAGE, url=url)
    assert answer.status_code == 200, answer.text[:600]
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", answer.text)
    assert found
    return found[0]


def test_an_address_is_linked_with_a_signed_test_and_its_secret_is_shown_once(
    hooked: Web, ada: Person, receiver: Receiver
) -> None:
    secret = linked(ada, f"{receiver.url}/hook")
    (post,) = receiver.posts
    assert Webhook(secret).verify(post.raw, post.headers)["type"] == "test"
    (user,) = hooked.stored("users")
    assert user["linked"]["webhook"]["address"] == f"{receiver.url}/hook"
    assert secret.encode() not in user["linked"]["webhook"]["sealed"]
    page = ada.get(PAGE)
    assert secret not in page
    assert f"{receiver.url}/hook" in page
    (proof,) = hooked.stored("consents")
    assert (proof["what"], proof["given"]) == ("webhook", True)


def test_a_test_that_is_not_taken_is_said_and_the_address_is_linked_all_the_same(
    hooked: Web, ada: Person, receiver: Receiver
) -> None:
    receiver.once.append((401, {}))
    answer = ada.post(f"{PAGE}/link", page=PAGE, url=receiver.url)
    assert "The test was not taken. 401" in text_of(answer.text)
    assert hooked.stored("users")[0]["linked"]["webhook"]["address"] == receiver.url
    answer = ada.post(f"{PAGE}/test", page=PAGE)
    assert "The test was taken. 200 OK" in text_of(answer.text)


@pytest.mark.parametrize(
    "url", ["", "http://example.org/", "https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/"]
)
def test_addresses_of_inner_networks_are_refused_at_their_field(
    prepared: Docs, mongo_uri: str, url: str
) -> None:
    web = web_with(prepared, mongo_uri, webhooks=True)
    answer = web.person("ada").post(f"{PAGE}/link", page=PAGE, url=url)
    assert answer.status_code == 422
    assert 'id="url-err"' in answer.text
    assert "linked" not in web.stored("users")[0]


def mark_of(person: Person) -> str:
    """What the form for another secret sends along."""
    found = re.search(r'name="mark" value="(\w+)"', person.get(PAGE))
    assert found
    return found[1]


def test_a_new_secret_signs_beside_the_old_one(hooked: Web, ada: Person, receiver: Receiver) -> None:
    first = linked(ada, receiver.url)
    answer = ada.post(f"{PAGE}/secret", page=PAGE, mark=mark_of(ada))
    (second,) = set(re.findall(r"whsec_[A-Za-z0-9+/=]+", answer.text))
    assert second != first
    (user,) = hooked.stored("users")
    kept = SecretSeal((KEY,)).opened(user["linked"]["webhook"]["sealed"])
    assert kept.at(hooked.now()) == (second, first)
    assert kept.at(hooked.now() + OLD_SIGNS_FOR) == (second,)
    assert "Signs along until" in text_of(answer.text)


def test_the_answer_with_a_secret_makes_no_other_when_it_is_loaded_again(
    hooked: Web, ada: Person, receiver: Receiver
) -> None:
    linked(ada, receiver.url)
    mark = mark_of(ada)
    assert ada.post(f"{PAGE}/secret", page=PAGE, mark=mark).status_code == 200
    before = hooked.stored("users")
    again = ada.post(f"{PAGE}/secret", page=PAGE, mark=mark)
    assert again.status_code == 409
    assert "changed meanwhile" in again.text
    assert hooked.stored("users") == before


def test_a_secret_that_cannot_be_opened_any_more_is_replaced(
    hooked: Web, ada: Person, receiver: Receiver
) -> None:
    linked(ada, receiver.url)
    hooked.database["users"].update_one(
        {"_id": "ada"}, {"$set": {"linked.webhook.sealed": b"of another key"}}
    )
    answer = ada.post(f"{PAGE}/secret", page=PAGE, mark=mark_of(ada))
    (secret,) = set(re.findall(r"whsec_[A-Za-z0-9+/=]+", answer.text))
    (user,) = hooked.stored("users")
    assert SecretSeal((KEY,)).opened(user["linked"]["webhook"]["sealed"]).present == secret


def test_unlinking_ends_it(hooked: Web, ada: Person, receiver: Receiver) -> None:
    linked(ada, receiver.url)
    assert "unlinked" in text_of(ada.done(f"{PAGE}/end", page=PAGE))
    assert "linked" not in hooked.stored("users")[0]
    assert "No server is linked" in text_of(ada.get(PAGE))
    assert ada.post(f"{PAGE}/test", page=PAGE).status_code == 404


def withdrawn(web: Web) -> list[dict[str, Any]]:
    return [row for row in web.stored("consents") if row["what"] == "webhook" and not row["given"]]


def test_its_end_is_on_record_if_it_ended_by_this(
    hooked: Web, ada: Person, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked(ada, receiver.url)
    real = LinkedChannels.unlink

    def another_was_quicker(self: LinkedChannels, *args: Any) -> bool:
        real(self, *args)
        return real(self, *args)

    monkeypatch.setattr(LinkedChannels, "unlink", another_was_quicker)
    ada.post(f"{PAGE}/end", page=PAGE)
    assert "linked" not in hooked.stored("users")[0]
    assert withdrawn(hooked) == []
    monkeypatch.undo()
    linked(ada, receiver.url)
    ada.done(f"{PAGE}/end", page=PAGE)
    given = [row for row in hooked.stored("consents") if row["what"] == "webhook" and row["given"]]
    assert [row["address"] for row in withdrawn(hooked)] == [given[-1]["address"]]


def test_tests_are_few(hooked: Web, ada: Person, receiver: Receiver) -> None:
    linked(ada, receiver.url)
    answers = [ada.post(f"{PAGE}/test", page=PAGE).status_code for _ in range(webhook.TESTS_AN_HOUR)]
    assert answers == [200] * (webhook.TESTS_AN_HOUR - 1) + [429]
    assert receiver.requests == webhook.TESTS_AN_HOUR


def test_the_last_messages_are_shown_with_the_servers_words_and_sent_again(
    hooked: Web, ada: Person, receiver: Receiver
) -> None:
    linked(ada, receiver.url)
    row = not_taken(hooked.database, "ada", NOW)
    page = text_of(ada.get(PAGE))
    assert "UA 407 now leaves from gate C71" in page
    assert "400 Bad Request" in page
    assert "sent again" in text_of(ada.done(f"{PAGE}/again", page=PAGE, id=row))
    (conversation,) = hooked.stored("conversations")
    assert conversation["status"] == "open"
    assert "due_at" in conversation
    assert hooked.stored("notifications")[0]["again"][0]["by"] == "person:ada"
    assert ada.post(f"{PAGE}/again", page=PAGE, id=row).status_code == 409, "it is under way"


def test_messages_of_others_and_of_other_channels_are_not_there(
    hooked: Web, ada: Person, receiver: Receiver
) -> None:
    linked(ada, receiver.url)
    bob = hooked.person("bob")
    others, own_mail = not_taken(hooked.database, "bob", NOW), not_taken(hooked.database, "ada", NOW, "email")
    for row in (others, own_mail, "nothing", ""):
        assert ada.post(f"{PAGE}/again", page=PAGE, id=row).status_code == 404, row
    assert all("again" not in row for row in hooked.stored("notifications"))
    assert receiver.url not in bob.get(PAGE)


def test_a_link_that_was_stopped_says_why_and_may_be_linked_again(
    hooked: Web, ada: Person, receiver: Receiver
) -> None:
    linked(ada, receiver.url)
    stopped = {"at": NOW, "reason": "gone", "words": "410 Gone"}
    hooked.database["users"].update_one({"_id": "ada"}, {"$set": {"linked.webhook.stopped": stopped}})
    assert "because it answered that it is gone. Its last answer: 410 Gone" in text_of(ada.get(PAGE))
    linked(ada, receiver.url)
    assert "stopped" not in hooked.stored("users")[0]["linked"]["webhook"]


def test_without_the_setting_there_are_none(prepared: Docs, mongo_uri: str) -> None:
    person = web_with(prepared, mongo_uri).person("ada")
    assert "switched off" in text_of(person.get(PAGE))
    assert person.post(f"{PAGE}/link", url="https://example.org/").status_code == 403


def test_it_is_unlinked_while_the_operators_have_it_off(
    hooked: Web, ada: Person, receiver: Receiver, prepared: Docs, mongo_uri: str
) -> None:
    linked(ada, receiver.url)
    again = Web(prepared, settings_of(mongo_uri, prepared)).signed_in("ada", "Chromium on Linux")
    page = again.get(PAGE)
    assert "switched off" in text_of(page)
    assert receiver.url in page
    assert f'action="{PAGE}/secret"' not in page
    assert "unlinked" in text_of(again.done(f"{PAGE}/end", page=PAGE))
    assert "linked" not in hooked.stored("users", _id="ada")[0]
    assert f'action="{PAGE}/end"' not in again.get(PAGE)
