"""A person's webhook by the API: whatever its page can do, and never somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from app.channels.webhook_secrets import OLD_SIGNS_FOR, SecretSeal
from app.web import webhooks
from tests.api.conftest import NOW, Asking, Site, fields_at_fault
from tests.api.test_described import agrees
from tests.channels.ledger import not_taken
from tests.channels.receiver import Receiver, receiver_server

Document = dict[str, Any]
PATH = "/me/webhook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_server() as found:
        yield found


@pytest.fixture
def hooked(site_with: Callable[..., Site]) -> Site:
    """Webhooks are on, and may go to this machine."""
    return site_with(webhooks=True, webhook_allow_local=True)


@pytest.fixture
def ada(hooked: Site) -> Asking:
    return hooked.person("ada", email="ada@example.org", verified={"email": "ada@example.org"})


def put(person: Asking, url: str, **headers: str) -> Any:
    return person.ask("PUT", PATH, {"url": url}, **headers)


def linked(person: Asking, receiver: Receiver) -> Document:
    answer = put(person, receiver.url)
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def stored(site: Site, person: str = "ada") -> Document:
    user = site.database.users.find_one({"_id": person}) or {}
    return dict((user.get("linked") or {}).get("webhook") or {})


def test_a_server_is_linked_read_and_ended(hooked: Site, ada: Asking, receiver: Receiver) -> None:
    assert ada.get(PATH).status_code == 404
    made = put(ada, f"{receiver.url}/hook")
    assert made.status_code == 201, made.text
    assert made.headers["Location"] == "/api/v1/me/webhook"
    assert made.headers["Cache-Control"] == "no-store"
    assert made.json["test"] == {"worked": True, "words": "200 OK taken"}
    (post,) = receiver.posts
    assert Webhook(made.json["secret"]).verify(post.raw, post.headers)["type"] == "test"
    read = ada.get(PATH)
    assert read.headers["ETag"] == made.headers["ETag"]
    assert (read.json["url"], read.json["status"]) == (f"{receiver.url}/hook", "works")
    assert "secret" not in read.json
    assert made.json["secret"] not in read.text
    assert ada.delete(PATH).status_code == 428
    assert ada.delete(PATH, If_Match='"other"').status_code == 412
    assert ada.delete(PATH, If_Match=read.headers["ETag"]).status_code == 204
    assert stored(hooked) == {}
    assert ada.get(PATH).status_code == 404
    proofs = list(hooked.database.consents.find({"person": "ada", "what": "webhook"}).sort("given", 1))
    assert [(row["given"], row["way"]) for row in proofs] == [(False, "api"), (True, "api")]


def test_another_address_needs_the_etag_and_gets_a_new_secret(
    hooked: Site, ada: Asking, receiver: Receiver
) -> None:
    first = linked(ada, receiver)
    tag = ada.get(PATH).headers["ETag"]
    assert put(ada, f"{receiver.url}/b").status_code == 428
    assert put(ada, f"{receiver.url}/b", If_Match='"other"').status_code == 412
    assert stored(hooked)["address"] == receiver.url
    assert len(receiver.posts) == 1, "what is refused sends nothing"
    changed = put(ada, f"{receiver.url}/b", If_Match=tag)
    assert changed.status_code == 200, changed.text
    assert changed.json["secret"] != first["secret"]
    assert changed.headers["ETag"] != tag
    assert put(ada, f"{receiver.url}/c", If_Match=tag).status_code == 412
    assert stored(hooked)["address"] == f"{receiver.url}/b"


def test_a_change_while_the_test_is_under_way_is_not_lost(
    hooked: Site, ada: Asking, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked(ada, receiver)
    there = webhooks._tested

    def meanwhile(person: Any) -> Any:
        change = {"$set": {"linked.webhook.address": "https://other.example/"}}
        hooked.database.users.update_one({"_id": "ada"}, change)
        return there(person)

    monkeypatch.setattr(webhooks, "_tested", meanwhile)
    answer = put(ada, f"{receiver.url}/b", If_Match="*")
    assert answer.status_code == 412
    assert stored(hooked)["address"] == "https://other.example/"


def test_where_none_is_linked_an_etag_matches_nothing(hooked: Site, ada: Asking, receiver: Receiver) -> None:
    assert put(ada, receiver.url, If_Match="*").status_code == 412
    assert stored(hooked) == {}
    assert receiver.requests == 0


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "http://example.org/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://a:b@example.org/"}, "url"),
        ({"url": "https://example.org/" + "a" * 1000}, "url"),
        ({"url": 7}, "url"),
        ({"url": {"$ne": 1}}, "url.$ne"),
        ({}, "url"),
        ({"url": "https://example.org/", "secret": "mine"}, "secret"),
    ],
)
def test_what_may_not_be_linked_is_named(site_with: Callable[..., Site], sent: Document, field: str) -> None:
    site = site_with(webhooks=True)
    answer = site.person("ada").ask("PUT", PATH, sent)
    assert answer.status_code == 400, answer.text
    assert field in fields_at_fault(answer)
    assert stored(site) == {}


def test_a_test_that_is_not_taken_links_all_the_same(hooked: Site, ada: Asking, receiver: Receiver) -> None:
    receiver.once.append((401, {}))
    made = linked(ada, receiver)
    assert made["test"]["worked"] is False
    assert made["test"]["words"].startswith("401")
    again = ada.post(f"{PATH}/test")
    assert again.json == {"worked": True, "words": "200 OK taken"}


def test_a_new_secret_signs_beside_the_old_one_and_a_repeat_does_not_tell_it(
    hooked: Site, ada: Asking, receiver: Receiver
) -> None:
    first = linked(ada, receiver)["secret"]
    tag = ada.get(PATH).headers["ETag"]
    made = ada.post(f"{PATH}/secret", Idempotency_Key="k1")
    assert made.status_code == 201, made.text
    second = made.json["secret"]
    assert second.startswith("whsec_")
    kept = SecretSeal(hooked.settings.signing_keys).opened(stored(hooked)["sealed"])
    assert kept.at(hooked.now()) == (second, first)
    assert kept.at(hooked.now() + OLD_SIGNS_FOR) == (second,)
    assert ada.get(PATH).json["old_secret_until"] == "2026-11-22T12:00:00.000Z"
    assert ada.get(PATH).headers["ETag"] != tag
    repeat = ada.post(f"{PATH}/secret", Idempotency_Key="k1")
    assert (repeat.status_code, repeat.json["secret"]) == (201, None)
    assert SecretSeal(hooked.settings.signing_keys).opened(stored(hooked)["sealed"]) == kept
    hooked.moment = NOW + OLD_SIGNS_FOR
    assert ada.get(PATH).json["old_secret_until"] is None


def test_a_secret_whose_answer_was_lost_takes_nothing_from_the_one_that_is_in_use(
    hooked: Site, ada: Asking, receiver: Receiver
) -> None:
    first = linked(ada, receiver)["secret"]
    ada.post(f"{PATH}/secret", Idempotency_Key="k1")
    hooked.moment = NOW + timedelta(hours=1)
    third = ada.post(f"{PATH}/secret", Idempotency_Key="k2").json
    assert third["old_secret_until"] == "2026-11-22T12:00:00.000Z", "the first one's"
    kept = SecretSeal(hooked.settings.signing_keys).opened(stored(hooked)["sealed"])
    present, lost, oldest = kept.at(hooked.now())
    assert (present, oldest) == (third["secret"], first)
    hooked.moment = NOW + OLD_SIGNS_FOR
    assert kept.at(hooked.now()) == (present, lost)
    assert ada.get(PATH).json["old_secret_until"] == "2026-11-22T13:00:00.000Z"


def resting(site: Site) -> None:
    """Ada's server asked for a day: one message waits for it, one was refused, of one it is not known whether it
    arrived."""
    until = NOW + timedelta(days=1)
    failing = {"failures": 1, "failing_since": NOW, "failed_at": NOW, "rests_until": until, "words": "429"}
    site.database.users.update_one(
        {"_id": "ada"}, {"$set": {f"linked.webhook.{name}": value for name, value in failing.items()}}
    )
    waits = {"person": "ada", "channel": "webhook", "status": "open", "subject": "flight:f1"}
    site.database.conversations.insert_many(
        [
            waits | {"_id": "waits", "due_at": until, "reason": "endpoint_rests"},
            waits | {"_id": "refused", "due_at": NOW, "not_before": until, "reason": "429"},
            waits | {"_id": "in doubt", "due_at": NOW, "not_before": until, "doubt": "t/in doubt"},
            waits | {"_id": "by mail", "channel": "email", "due_at": until, "reason": "quiet_hours"},
            waits | {"_id": "another's", "person": "bob", "due_at": until, "reason": "endpoint_rests"},
        ],
        bypass_document_validation=True,
    )


def due_now(site: Site) -> set[str]:
    now = site.now()
    due = {"due_at": {"$lte": now}, "not_before": {"$not": {"$gt": now}}}
    return {row["_id"] for row in site.database.conversations.find(due)}


def test_a_test_that_is_taken_lets_what_waits_go(hooked: Site, ada: Asking, receiver: Receiver) -> None:
    linked(ada, receiver)
    resting(hooked)
    receiver.once.append((503, {}))
    assert ada.post(f"{PATH}/test").json["worked"] is False
    assert ada.get(PATH).json["status"] == "failing"
    assert due_now(hooked) == set()
    assert ada.post(f"{PATH}/test").json["worked"] is True
    found = ada.get(PATH).json
    assert (found["status"], found["next_try_at"]) == ("works", None)
    assert due_now(hooked) == {"waits", "refused"}
    assert (hooked.database.doorbells.find_one({"_id": "webhook"}) or {})["rung"] == 1


def test_an_address_that_is_linked_again_gets_what_waits(
    hooked: Site, ada: Asking, receiver: Receiver
) -> None:
    linked(ada, receiver)
    resting(hooked)
    assert put(ada, receiver.url, If_Match="*").json["status"] == "works"
    assert due_now(hooked) == {"waits", "refused"}


def test_what_was_sent_there_is_read_in_pages_and_sent_again(
    hooked: Site, ada: Asking, receiver: Receiver
) -> None:
    linked(ada, receiver)
    rows = [not_taken(hooked.database, "ada", NOW - timedelta(minutes=n), number=n) for n in (1, 2, 3)]
    not_taken(hooked.database, "ada", NOW, "email", number=4)
    first = ada.get(f"{PATH}/deliveries?limit=2")
    assert first.status_code == 200, first.text
    second = ada.get(f"{PATH}/deliveries?limit=2&cursor={first.json['next']}").json
    found = [*first.json["deliveries"], *second["deliveries"]]
    assert [one["title"].split(" now")[0] for one in found] == ["UA 407", "UA 408", "UA 409"]
    assert second["next"] is None
    one = found[1]
    assert (one["status"], one["words"], one["tries"], one["kinds"]) == (
        "failed",
        "400 Bad Request",
        1,
        ["gate"],
    )
    again = ada.post(f"{PATH}/deliveries/{one['id']}/resend")
    assert again.status_code == 202, again.text
    assert again.json["id"] == one["id"]
    due = hooked.database.conversations.find_one({"due_at": {"$exists": True}})
    assert due is not None
    assert rows[1].startswith(due["_id"])
    row = hooked.database.notifications.find_one({"_id": rows[1]}) or {}
    assert row["again"][0]["why"] == "asked for by the API"
    under_way = ada.post(f"{PATH}/deliveries/{one['id']}/resend")
    assert under_way.status_code == 409
    assert "waiting to be sent" in under_way.json["detail"]


def test_nobody_reads_changes_or_sends_what_is_another_persons(
    hooked: Site, ada: Asking, receiver: Receiver
) -> None:
    linked(ada, receiver)
    not_taken(hooked.database, "ada", NOW)
    not_taken(hooked.database, "bob", NOW, "email")
    (one,) = ada.get(f"{PATH}/deliveries").json["deliveries"]
    bob = hooked.person("bob", email="bob@example.org")
    assert bob.get(PATH).status_code == 404
    assert bob.delete(PATH, If_Match="*").status_code == 404
    assert bob.post(f"{PATH}/secret").status_code == 404
    assert bob.post(f"{PATH}/test").status_code == 404
    assert bob.get(f"{PATH}/deliveries").json == {"deliveries": [], "next": None}
    for id_ in (one["id"], "bm90aGluZw", "%24ne", "x"):
        assert bob.post(f"{PATH}/deliveries/{id_}/resend").status_code == 404
    assert hooked.database.notifications.count_documents({"again": {"$exists": True}}) == 0
    assert stored(hooked)["address"] == receiver.url


def test_programs_and_strangers_have_none(hooked: Site) -> None:
    for asking, status in ((hooked.stranger(), 401), (hooked.program("staff", "feed:read"), 403)):
        assert asking.get(PATH).status_code == status
        assert put(asking, "https://example.org/").status_code == status
        assert asking.get(f"{PATH}/deliveries").status_code == status
        assert asking.post(f"{PATH}/secret").status_code == status
        assert asking.post(f"{PATH}/deliveries/x/resend").status_code == status
        assert asking.delete(PATH, If_Match="*").status_code == status


def test_how_it_stands_is_said_without_another_etag(hooked: Site, ada: Asking, receiver: Receiver) -> None:
    linked(ada, receiver)
    tag, users = ada.get(PATH).headers["ETag"], hooked.database.users
    failing = {"failing_since": NOW, "rests_until": NOW + timedelta(minutes=1), "words": "502 Bad Gateway"}
    users.update_one(
        {"_id": "ada"}, {"$set": {f"linked.webhook.{name}": one for name, one in failing.items()}}
    )
    found = ada.get(PATH)
    assert found.headers["ETag"] == tag
    assert (found.json["status"], found.json["words"]) == ("failing", "502 Bad Gateway")
    assert found.json["failing_since"] == "2026-11-21T12:00:00.000Z"
    assert found.json["next_try_at"] == "2026-11-21T12:01:00.000Z"
    stopped = {"at": NOW, "reason": "gone", "words": "410 Gone"}
    users.update_one({"_id": "ada"}, {"$set": {"linked.webhook.stopped": stopped}})
    found = ada.get(PATH)
    assert (found.json["status"], found.json["stopped_because"]) == ("stopped", "gone")
    assert found.headers["ETag"] != tag
    assert ada.post(f"{PATH}/secret").status_code == 404
    assert ada.post(f"{PATH}/test").status_code == 404
    assert put(ada, receiver.url, If_Match=found.headers["ETag"]).json["status"] == "works"


def test_where_webhooks_are_off_one_can_still_be_read_and_ended(
    hooked: Site, ada: Asking, receiver: Receiver, site_with: Callable[..., Site]
) -> None:
    linked(ada, receiver)
    user = hooked.database.users.find_one({"_id": "ada"}) or {}
    off = site_with().signed_in(user)
    assert off.get(PATH).json["status"] == "off"
    assert put(off, receiver.url, If_Match="*").status_code == 403
    assert off.post(f"{PATH}/secret").status_code == 403
    assert off.post(f"{PATH}/test").status_code == 403
    assert off.delete(PATH, If_Match="*").status_code == 204
    assert stored(hooked) == {}


def test_tests_are_few(hooked: Site, ada: Asking, receiver: Receiver) -> None:
    linked(ada, receiver)
    answers = [ada.post(f"{PATH}/test").status_code for _ in range(webhooks.TESTS_AN_HOUR)]
    assert answers == [200] * (webhooks.TESTS_AN_HOUR - 1) + [429]
    assert receiver.requests == webhooks.TESTS_AN_HOUR


def test_answers_are_as_described(hooked: Site, ada: Asking, receiver: Receiver) -> None:
    base = "/api/v1/me/webhook"
    agrees(base, "get", ada.get(PATH))
    agrees(base, "put", put(ada, receiver.url))
    agrees(base, "put", put(ada, receiver.url))
    agrees(base, "put", put(ada, receiver.url, If_Match="*"))
    agrees(base, "put", put(ada, "nothing", If_Match="*"))
    agrees(base, "get", ada.get(PATH))
    agrees(base, "get", ada.get(f"{PATH}?no=1"))
    agrees(f"{base}/secret", "post", ada.post(f"{PATH}/secret"))
    agrees(f"{base}/test", "post", ada.post(f"{PATH}/test"))
    not_taken(hooked.database, "ada", NOW)
    agrees(f"{base}/deliveries", "get", ada.get(f"{PATH}/deliveries"))
    agrees(f"{base}/deliveries", "get", ada.get(f"{PATH}/deliveries?cursor=x"))
    one = ada.get(f"{PATH}/deliveries").json["deliveries"][0]["id"]
    resend = f"{base}/deliveries/{{delivery}}/resend"
    for _ in range(2):
        agrees(resend, "post", ada.post(f"{PATH}/deliveries/{one}/resend"))
    agrees(resend, "post", ada.post(f"{PATH}/deliveries/none/resend"))
    agrees(base, "delete", ada.delete(PATH))
    agrees(base, "delete", ada.delete(PATH, If_Match="*"))
