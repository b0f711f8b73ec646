"""What providers report: closed without a signature or key, written once, never undone by what came late."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from app.domain.reports import Report, State
from app.settings import Settings
from app.store import schema
from app.store.callbacks import Callbacks
from app.store.suppressions import Suppressions
from tests.channels.bounces import MESSAGE_ID, bounce
from tests.web.conftest import Site

KEY = "gck_callbacks"
TOKEN = "twilio token"
PUBLIC = "https://gatecall.example.org/flights"
SID = "SM" + "a" * 32
STATUS = "/callbacks/twilio/status"


@pytest.fixture
def provided(settings: Settings, database: Database[dict[str, Any]]) -> Site:
    """A site behind a proxy, with a text and a mail in the ledger."""
    for name in ("callbacks", "suppressions", "notifications"):
        database[name].create_indexes(list(schema.COLLECTIONS[name].indexes))
    changed = {
        "twilio_account_sid": "AC1",
        "twilio_auth_token": type(settings.mongodb_uri)(TOKEN),
        "public_url": PUBLIC,
        "callback_key_hashes": (hashlib.sha256(KEY.encode()).hexdigest(),),
    }
    site = Site(settings.model_copy(update=changed), database)
    site.begin()
    for channel, provider_id in (("sms", SID), ("email", MESSAGE_ID)):
        add_row(site, channel, provider_id)
    return site


def add_row(site: Site, channel: str, provider_id: str) -> None:
    now = datetime.now(UTC)
    store(site)._notifications.insert_one(
        {
            "_id": f"flight:f1|p1|{channel}@1",
            "subject": "flight:f1",
            "person": "p1",
            "channel": channel,
            "status": "sent",
            "created_at": now,
            "expires_at": now + timedelta(days=1),
            "attempts": [
                {"id": "t/0", "outcome": "later"},
                {
                    "id": "t/1",
                    "outcome": "accepted",
                    "provider_id": provider_id,
                    "address": f"{channel}:hash",
                },
            ],
        }
    )


def store(site: Site) -> Callbacks:
    database = site.app.extensions["gatecall"].database
    return Callbacks(database, Suppressions(database, site.settings))


def row(site: Site, channel: str = "sms") -> dict[str, Any]:
    found = store(site)._notifications.find_one({"channel": channel})
    assert found is not None
    return found


def suppressed(site: Site) -> list[dict[str, Any]]:
    return list(store(site)._suppressions._suppressions.find())


def twilio(site: Site, status: str, *, sid: str = SID, query: str = "", **more: Any) -> TestResponse:
    """A status callback as Twilio sends it, through a proxy that calls us by another name."""
    fields = {
        "MessageSid": sid,
        "MessageStatus": status,
        "To": "+15550100142",
        "Body": "",
        "AccountSid": "AC1",
    }
    fields |= more.pop("fields", {})
    address = f"{PUBLIC}{STATUS}{query}"
    signature = RequestValidator(TOKEN).compute_signature(more.pop("signed", address), fields)
    return site.client.post(
        f"{STATUS}{query}",
        data=fields | more.pop("changed", {}),
        headers={"X-Twilio-Signature": signature, "Host": "10.0.0.7:8080", "X-Forwarded-Proto": "http"},
    )


def mail(site: Site, path: str, data: Any, key: str | None = KEY) -> TestResponse:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return site.client.post(f"/callbacks/mail/{path}", data=data, headers=headers)


def everything(site: Site) -> dict[str, list[Any]]:
    database = site.app.extensions["gatecall"].database
    return {name: list(database[name].find()) for name in database.list_collection_names()}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic Og=="},
        {"Authorization": "nonsense"},
        {"X-Twilio-Signature": ""},
        {"X-Twilio-Signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"X-Twilio-Signature": "é", "Authorization": "Bearer é"},
        {"X-Twilio-Signature": "x", "X-Twilio-Webhooks-Signature-Settings": "key=k,algorithm=none"},
    ],
)
def test_every_callback_without_a_signature_or_key_is_403_and_writes_nothing(
    provided: Site, headers: dict[str, str]
) -> None:
    rules = [rule.rule for rule in provided.app.url_map.iter_rules() if rule.rule.startswith("/callbacks/")]
    assert len(rules) == 4
    before = everything(provided)
    bodies = (
        {"MessageSid": SID, "MessageStatus": "delivered"},
        bounce(),
        json.dumps({"events": [{"message_id": MESSAGE_ID, "event": "bounced", "status": "5.1.1"}]}),
        b"",
    )
    for path in rules:
        for body in bodies:
            answer = provided.client.post(path, data=body, headers=headers)
            assert answer.status_code == 403, (path, body)
            assert answer.mimetype == "application/problem+json"
    assert everything(provided) == before


def test_callbacks_are_closed_where_nothing_is_configured(site: Site) -> None:
    for path in (STATUS, "/callbacks/mail/dsn", "/callbacks/mail/events"):
        signature = RequestValidator("").compute_signature(f"http://localhost:8080{path}", {})
        empty = {"X-Twilio-Signature": signature, "Authorization": "Bearer "}
        assert site.client.post(path, headers=empty).status_code == 403


def test_delivered_is_on_the_attempt_and_the_row_with_its_history(provided: Site) -> None:
    for status in ("sent", "delivered"):
        assert twilio(provided, status).status_code == 204
        provided.moment += timedelta(seconds=3)
    found = row(provided)
    assert found["status"] == "sent"
    assert found["delivery"]["state"] == "delivered"
    untouched, attempt = found["attempts"]
    assert "reports" not in untouched
    assert attempt["delivery"]["state"] == "delivered"
    assert [r["state"] for r in attempt["reports"]] == ["sent", "delivered"]
    first, second = (r["at"] for r in attempt["reports"])
    assert second - first == timedelta(seconds=3)


def test_the_log_has_the_trace_of_the_message(provided: Site) -> None:
    store(provided)._notifications.update_one({"channel": "sms"}, {"$set": {"event_id": "update-5-1-f1"}})
    with capture_logs() as logs:
        twilio(provided, "delivered")
        twilio(provided, "delivered", sid="SM" + "b" * 32)
    assert [(one["trace"], one["fate"]) for one in logs] == [("update-5-1-f1", "written"), (None, "kept")]


def test_a_late_sent_does_not_undo_delivered_and_a_repeat_is_written_once(provided: Site) -> None:
    for status in ("delivered", "sent", "delivered", "queued", "undelivered"):
        fields = {"ErrorCode": "21610"} if status == "undelivered" else {}
        assert twilio(provided, status, fields=fields).status_code == 204
    found = row(provided)
    assert found["delivery"]["state"] == found["attempts"][1]["delivery"]["state"] == "delivered"
    states = [r["state"] for r in found["attempts"][1]["reports"]]
    assert sorted(states) == ["delivered", "queued", "sent", "undelivered"]
    assert not suppressed(provided), "it reached the phone"


def test_the_signature_covers_the_public_address_and_every_field(provided: Site) -> None:
    before = everything(provided)
    wrong: list[dict[str, Any]] = [
        {"signed": f"http://10.0.0.7:8080{STATUS}"},
        {"signed": f"{PUBLIC}{STATUS}?ref=other", "query": "?ref=" + "b" * 32},
        {"changed": {"MessageStatus": "undelivered"}},
        {"changed": {"Extra": ""}},
    ]
    for one in wrong:
        assert twilio(provided, "delivered", **one).status_code == 403
    assert everything(provided) == before
    assert twilio(provided, "delivered", query="?ref=" + "b" * 32).status_code == 204


def test_undelivered_says_why_and_an_opt_out_suppresses_the_number(provided: Site) -> None:
    assert twilio(provided, "undelivered", fields={"ErrorCode": "30003"}).status_code == 204
    assert not suppressed(provided), "a phone that is off is no reason"
    said = {"ErrorCode": "21610", "ErrorMessage": "Attempt to send to unsubscribed recipient +15550100142"}
    assert twilio(provided, "failed", fields=said).status_code == 204
    (one,) = suppressed(provided)
    assert (one["_id"], one["reason"], one["code"], one["person"]) == ("sms:hash", "opted_out", "21610", "p1")
    assert "555" not in one["words"]
    assert row(provided)["delivery"]["state"] == "undelivered"


def test_a_report_that_comes_before_the_ledger_is_kept_and_written_later(provided: Site) -> None:
    early = "SM" + "e" * 32
    for status in ("sent", "sent", "delivered"):
        assert twilio(provided, status, sid=early, query="?ref=" + "c" * 32).status_code == 204
    assert row(provided)["attempts"][1].get("reports") is None
    callbacks = store(provided)
    assert callbacks.proofs({"conversation": "c" * 32, "other": "d" * 32}) == {"conversation": early}
    assert callbacks.settle_kept() == 0
    provided.app.extensions["gatecall"].database.notifications.delete_many({})
    add_row(provided, "sms", early)
    assert callbacks.settle_kept() == 1
    found = row(provided)
    assert [r["state"] for r in found["attempts"][1]["reports"]] == ["sent", "delivered"]
    assert found["delivery"]["state"] == "delivered"
    assert callbacks.proofs({"conversation": "c" * 32}) == {}


def test_an_early_report_is_not_held_up_by_hundreds_that_no_row_will_ever_have(provided: Site) -> None:
    database = provided.app.extensions["gatecall"].database
    database.notifications.delete_many({})
    now = datetime.now(UTC)
    database.callbacks.insert_many(
        {
            "_id": f"SM{number:032x}",
            "channel": "sms",
            "first_at": now - timedelta(hours=1),
            "expires_at": now + timedelta(days=1),
            "reports": [{"state": "delivered", "at": now}],
        }
        for number in range(1001)
    )
    assert twilio(provided, "delivered").status_code == 204
    add_row(provided, "sms", SID)
    assert store(provided).settle_kept() == 1
    assert row(provided)["delivery"]["state"] == "delivered"


def test_reports_that_come_at_the_same_moment_are_all_kept(provided: Site) -> None:
    callbacks = store(provided)
    sids = [f"SM{n:032x}" for n in range(30)]
    both = [(sid, state) for sid in sids for state in (State.QUEUED, State.UNDELIVERED)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: callbacks.take(Report("sms", one[0], one[1]), datetime.now(UTC)), both))
    kept = provided.app.extensions["gatecall"].database.callbacks.find({"_id": {"$in": sids}})
    assert {row["_id"]: len(row["reports"]) for row in kept} == dict.fromkeys(sids, 2)


def test_what_twilio_will_say_tomorrow_is_taken_without_harm(provided: Site) -> None:
    before = everything(provided)
    assert twilio(provided, "teleported").status_code == 204
    assert twilio(provided, "delivered", sid="").status_code == 204
    assert everything(provided) == before


def test_a_hard_bounce_suppresses_the_address_and_says_why(provided: Site) -> None:
    for _ in range(2):
        assert mail(provided, "dsn", bounce()).status_code == 204
    found = row(provided, "email")
    assert (found["delivery"]["state"], found["delivery"]["code"]) == ("undelivered", "5.1.1")
    assert "User unknown" in found["delivery"]["words"]
    assert len(found["attempts"][1]["reports"]) == 1
    (one,) = suppressed(provided)
    assert (one["_id"], one["reason"]) == ("email:hash", "bounced")
    assert "example.org" not in json.dumps(one, default=str)


def test_a_soft_bounce_suppresses_nobody(provided: Site) -> None:
    assert mail(provided, "dsn", bounce(status="4.2.2", diagnostic="smtp; 452 full")).status_code == 204
    assert row(provided, "email")["delivery"]["state"] == "undelivered"
    assert not suppressed(provided)


def test_a_bounce_outweighs_the_next_servers_delivered(provided: Site) -> None:
    events = {"events": [{"message_id": f"<{MESSAGE_ID}>", "event": "delivered"}]}
    assert mail(provided, "events", json.dumps(events)).status_code == 204
    assert row(provided, "email")["delivery"]["state"] == "delivered"
    assert mail(provided, "dsn", bounce()).status_code == 204
    assert row(provided, "email")["delivery"]["state"] == "undelivered"
    assert len(suppressed(provided)) == 1


def test_events_of_a_mail_service_are_taken_with_a_basic_password_too(provided: Site) -> None:
    complained = {"message_id": MESSAGE_ID, "event": "complained", "extra": 1}
    body = json.dumps({"events": [{"message_id": MESSAGE_ID, "event": "delivered"}, complained]})
    answer = provided.client.post("/callbacks/mail/events", data=body, auth=("anybody", KEY))
    assert answer.status_code == 204
    assert [one["reason"] for one in suppressed(provided)] == ["complained"]


def test_events_about_mails_of_others_are_not_kept(provided: Site) -> None:
    foreign = [{"message_id": f"<{n}.invoice@shop.example>", "event": "delivered"} for n in range(20)]
    ours = {"message_id": f"<{'f' * 32}@gatecall.example>", "event": "delivered"}
    assert mail(provided, "events", json.dumps({"events": [*foreign, ours]})).status_code == 204
    kept = list(provided.app.extensions["gatecall"].database.callbacks.find())
    assert [one["_id"] for one in kept] == [ours["message_id"].strip("<>")]


def test_as_many_events_as_are_allowed_at_once_are_not_too_large(provided: Site) -> None:
    words = (
        "550 5.1.1 The email account that you tried to reach does not exist; check the address for typos. "
        * 3
    )
    event = {"message_id": MESSAGE_ID, "event": "delivered", "status": "2.0.0", "words": words}
    body = json.dumps({"events": [event] * 500})
    assert len(body) > 64 * 1024
    assert mail(provided, "events", body).status_code == 204
    assert mail(provided, "events", " " * 1024 * 1024 + body).status_code == 413


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"events": [{"event": "bounced"}]}', b'{"events": 1}', b"\xff"]
)
def test_events_that_are_not_understood_are_400(provided: Site, body: bytes) -> None:
    before = everything(provided)
    assert mail(provided, "events", body).status_code == 400
    assert everything(provided) == before


def test_a_large_bounce_is_read_and_one_that_is_too_large_is_not(provided: Site) -> None:
    large = bounce() + b"x" * 200_000
    assert mail(provided, "dsn", large).status_code == 204
    assert len(suppressed(provided)) == 1
    assert mail(provided, "dsn", b"x" * (1024 * 1024 + 1)).status_code == 413
