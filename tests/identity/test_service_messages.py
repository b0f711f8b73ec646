"""Sign-in links, codes and tests reach their provider, once where possible, and never when they are too old."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from app.domain import gsm, wording_service
from app.store.service_messages import Kind, ServiceMessages, UnreadableError
from consumers.delivery.service_messages import ServiceSender
from tests.identity.conftest import ADA, KEY, NOW, Place
from tests.providers import Mailbox, Twilio

ROOT = Path(__file__).resolve().parents[2]
START = (
    "import sys; from app.runtime import start; from consumers.delivery.process import run; "
    "sys.exit(start('delivery', run))"
)
SECRET = "s3cret-in-the-link"
LASTING = timedelta(minutes=15)


def post(place: Place, to: str = ADA) -> str:
    details = {"token": SECRET, "minutes": "15", "browser": "Firefox on Linux"}
    return place.messages.post(Kind.SIGN_IN, "email", to, details, place.moment, LASTING)


def rows(place: Place) -> list[dict[str, Any]]:
    return list(place.database["service_messages"].find())


def test_a_mail_arrives_in_words_and_its_row_is_gone(
    mail_place: Place, by_mail: ServiceSender, mailbox: Mailbox
) -> None:
    post(mail_place)
    assert by_mail.send_next()
    assert mailbox.recipients() == [ADA]
    message = mailbox.mails[0].message
    assert message["Subject"] == "Your sign-in link for Gatecall"
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    for part in (text, page):
        assert f"http://localhost:8080/sign-in/{SECRET}" in part.get_content()
        assert "15 minutes" in part.get_content()
    assert message["List-Unsubscribe"] is None
    assert rows(mail_place) == []
    assert not by_mail.send_next()


def test_a_code_is_one_part_of_gsm_and_goes_to_the_number(
    sms_place: Place, by_sms: ServiceSender, twilio: Twilio
) -> None:
    details = {"code": "418202", "minutes": "10"}
    sms_place.messages.post(Kind.PHONE_CODE, "sms", "+15550104217", details, sms_place.moment, LASTING)
    sms_place.messages.post(Kind.TEST, "sms", "+15550104217", {}, sms_place.moment, LASTING)
    assert by_sms.send_next()
    assert by_sms.send_next()
    assert len(twilio.bodies()) == 2
    assert twilio.bodies()[0].startswith("418202 ")
    for body in twilio.bodies():
        assert gsm.septets(body) <= gsm.ONE_PART


def test_the_longest_code_message_is_one_part() -> None:
    message = wording_service.phone_code("000000", 60, "https://gatecall.example")
    assert gsm.septets(message.sms) <= gsm.ONE_PART


def test_neither_secret_nor_address_is_readable_in_the_database(place: Place) -> None:
    post(place)
    stored = repr(rows(place)[0])
    assert SECRET not in stored
    assert "ada" not in stored
    assert rows(place)[0]["kind"] == "sign_in"


def test_a_new_key_opens_what_the_old_one_sealed_only_as_its_fallback(place: Place) -> None:
    post(place)
    other = ServiceMessages(place.database, ["n" * 40])
    with pytest.raises(UnreadableError):
        other.claim("email", "t1", place.moment, timedelta(seconds=1))
    place.pass_time(seconds=2)
    rotated = ServiceMessages(place.database, ["n" * 40, KEY])
    found = rotated.claim("email", "t2", place.moment, timedelta(seconds=1))
    assert found is not None
    assert found.address == ADA


def test_what_cannot_be_opened_is_dropped_and_the_next_is_sent(
    mail_place: Place, by_mail: ServiceSender, mailbox: Mailbox
) -> None:
    ServiceMessages(mail_place.database, ["n" * 40]).post(
        Kind.SIGN_IN, "email", "eve@example.org", {"token": "x", "minutes": "1"}, NOW, LASTING
    )
    mail_place.pass_time(seconds=1)
    post(mail_place)
    assert by_mail.send_next()
    assert by_mail.send_next()
    assert mailbox.recipients() == [ADA]
    assert rows(mail_place) == []


def test_a_refusal_for_now_is_tried_again_and_one_for_good_is_not(
    mail_place: Place, by_mail: ServiceSender, mailbox: Mailbox
) -> None:
    mailbox.once["RCPT"] = ["451 4.3.0 later"]
    post(mail_place)
    assert by_mail.send_next()
    assert mailbox.mails == []
    assert not by_mail.send_next(), "it waits its back-off"
    mail_place.pass_time(seconds=61)
    assert by_mail.send_next()
    assert mailbox.recipients() == [ADA]
    mailbox.answers["RCPT"] = "550 5.1.1 nobody here"
    post(mail_place)
    assert by_mail.send_next()
    assert rows(mail_place) == []


def test_a_provider_that_is_down_keeps_its_messages_until_it_is_back(
    mail_place: Place, by_mail: ServiceSender, mailbox: Mailbox
) -> None:
    mailbox.answers["MAIL"] = "421 4.3.2 we are closed"
    post(mail_place)
    assert by_mail.send_next()
    standing = mail_place.database["provider_state"].find_one({"_id": "email"})
    assert standing is not None
    assert standing["state"] == "open"
    assert not by_mail.send_next(), "the breaker is obeyed"
    mailbox.answers.clear()
    mail_place.pass_time(minutes=2)
    deadline = time.monotonic() + 15  # breakers go by the system's clock
    while not by_mail.send_next() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert mailbox.recipients() == [ADA]


def test_too_old_is_never_sent(mail_place: Place, by_mail: ServiceSender, mailbox: Mailbox) -> None:
    post(mail_place)
    mail_place.pass_time(minutes=15)
    assert not by_mail.send_next()
    assert mailbox.mails == []
    assert rows(mail_place) == []


def test_a_number_that_said_stop_gets_no_code(
    sms_place: Place, by_sms: ServiceSender, twilio: Twilio
) -> None:
    from app.domain.reports import Refusal
    from app.store.suppressions import Suppression, Suppressions

    suppressions = Suppressions(sms_place.database, sms_place.settings)
    number = "+15550104217"
    suppressions.add(
        [Suppression(suppressions.id_of("sms", number), "sms", Refusal.OPTED_OUT, None, None, "p", NOW)]
    )
    sms_place.messages.post(
        Kind.PHONE_CODE, "sms", number, {"code": "1", "minutes": "10"}, sms_place.moment, LASTING
    )
    assert by_sms.send_next()
    assert twilio.bodies() == []


@pytest.mark.parametrize("step", ["S1.claimed", "S2.sent"])
def test_killed_between_claim_and_deletion_it_is_sent_by_the_next(
    prepared: Database[dict[str, Any]], mail_place: Place, mailbox: Mailbox, step: str
) -> None:
    mail_place.messages.post(
        Kind.SIGN_IN,
        "email",
        ADA,
        {"token": SECRET, "minutes": "15"},
        NOW - timedelta(seconds=1),
        timedelta(hours=1),
    )
    env = dict(os.environ) | {
        "MONGODB_URI": mail_place.settings.mongodb_uri.get_secret_value(),
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(mailbox.port),
        "SECRET_KEY": KEY,
        "SEND_TIMEOUT_S": "1.5",
        "CLAIM_LEASE_S": "4",
        "HEALTH_PORT": "0",
    }

    def run(**more: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", START], cwd=ROOT, env=env | more, stderr=subprocess.DEVNULL
        )

    first = run(CRASH_AT=step)
    try:
        assert first.wait(60) == -9, "it died at the step"
    finally:
        first.kill()
    before = len(mailbox.mails)
    assert before == (step == "S2.sent")
    second = run()
    try:
        deadline = time.monotonic() + 60
        while rows(mail_place) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert rows(mail_place) == []
        assert len(mailbox.mails) == before + 1
        assert len({str(mail.message["Message-ID"]) for mail in mailbox.mails}) == 1
    finally:
        second.terminate()
        assert second.wait(20) == 0
