"""STOP, START and HELP by SMS: signed by Twilio, done once, answered where Twilio does not."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from app.domain import gsm
from app.domain.reports import Refusal
from app.store.suppressions import Suppression
from tests.stopping.conftest import PUBLIC, TOKEN, Web

PATH = "/callbacks/twilio/inbound"
LONG, SHORT = "+15550100000", "72345"
NUMBER = "+15550100001"


def text(
    web: Web, body: str, *, sid: str = "SM1", to: str = LONG, token: str = TOKEN, **more: str
) -> TestResponse:
    """A text as Twilio hands it on."""
    fields = {"MessageSid": sid, "From": NUMBER, "To": to, "Body": body, "AccountSid": "AC1"} | more
    signature = RequestValidator(token).compute_signature(f"{PUBLIC}{PATH}", fields)
    return web.client.post(PATH, data=fields, headers={"X-Twilio-Signature": signature})


def said(answer: TestResponse) -> str | None:
    """What the TwiML has Twilio send; None for nothing."""
    assert answer.status_code == 200
    assert answer.mimetype == "text/xml"
    message = ET.fromstring(answer.text).find("Message")
    return None if message is None else message.text


def rows(web: Web) -> list[dict[str, Any]]:
    return list(web.database["suppressions"].find({"channel": "sms"}))


@pytest.mark.parametrize(
    "body",
    [
        "STOP",
        "stop",
        "StopAll",
        "UNSUBSCRIBE",
        "Cancel",
        "end",
        "QUIT",
        "revoke",
        "OptOut",
        "  stop.\n",
        "“STOP!”",
    ],
)
def test_one_word_stops_the_number_at_once(web: Web, body: str) -> None:
    web.person()
    assert said(text(web, body)) is None, "Twilio answers itself, and lets nothing through"
    (row,) = rows(web)
    assert row["_id"] == web.suppressions.id_of("sms", NUMBER)
    assert (row["reason"], row["person"], row["since"]) == ("opted_out", "p1", web.moment)
    (proof,) = web.consents()
    assert (proof["person"], proof["what"], proof["given"], proof["way"]) == ("p1", "sms", False, "sms")
    assert proof["words"] == body.strip()
    assert proof["address"] == row["_id"]
    assert "5550100001" not in str(proof) + str(row)


@pytest.mark.parametrize(
    "body",
    [
        "stop the delays",
        "please stop",
        "STOP STOP",
        "",
        "   ",
        "stopp",
        "S T O P",
        "nonstop",
        "STOP?1",
        "\x00",
    ],
)
def test_anything_else_stops_nothing_and_nothing_of_it_is_kept(web: Web, body: str) -> None:
    web.person()
    answer = said(text(web, body))
    assert answer is not None
    assert "STOP" in answer
    assert (rows(web), web.consents()) == ([], [])


@pytest.mark.parametrize("body", ["START", "unstop", " Yes "])
def test_start_takes_a_stop_back(web: Web, body: str) -> None:
    web.person()
    text(web, "STOP", sid="SM1")
    assert said(text(web, body, sid="SM2")) is None
    assert rows(web) == []
    assert [row["given"] for row in web.consents()] == [False, True]


def test_start_lifts_nothing_but_a_stop(web: Web) -> None:
    web.person()
    id_ = web.suppressions.id_of("sms", NUMBER)
    bad = Suppression(id_, "sms", Refusal.NOT_MOBILE, "21614", None, "p1", web.now())
    web.suppressions.add([bad])
    text(web, "START")
    assert [row["reason"] for row in rows(web)] == ["not_mobile"]


def test_a_stop_outweighs_what_the_provider_said_before_and_start_lifts_it(web: Web) -> None:
    web.person()
    id_ = web.suppressions.id_of("sms", NUMBER)
    web.suppressions.add(
        [Suppression(id_, "sms", Refusal.NOT_MOBILE, "21614", "a landline", "p1", web.now())]
    )
    text(web, "STOP", sid="SM1")
    (row,) = rows(web)
    assert (row["reason"], "code" in row, "words" in row) == ("opted_out", False, False)
    text(web, "START", sid="SM2")
    assert rows(web) == []


def test_a_text_that_is_reported_again_does_nothing_more(web: Web) -> None:
    web.person()
    text(web, "STOP", sid="SM1")
    text(web, "STOP", sid="SM1")
    assert len(web.consents()) == 1
    text(web, "START", sid="SM2")
    text(web, "STOP", sid="SM3")
    text(web, "START", sid="SM2")
    assert [row["reason"] for row in rows(web)] == ["opted_out"], "an old START undoes no newer STOP"
    text(web, "START", sid="SM4")
    text(web, "STOP", sid="SM3")
    assert rows(web) == []


def test_a_number_of_several_people_is_stopped_once_and_proven_for_each(web: Web) -> None:
    web.person(1, phone=NUMBER)
    web.person(2, phone=NUMBER)
    text(web, "STOP")
    text(web, "STOP")
    assert len(rows(web)) == 1
    assert {row["person"] for row in web.consents()} == {"p1", "p2"}


def test_a_number_that_nobody_has_is_stopped_all_the_same(web: Web) -> None:
    text(web, "STOP")
    assert [row["reason"] for row in rows(web)] == ["opted_out"]
    (proof,) = web.consents()
    assert "person" not in proof
    assert proof["expires_at"] > web.now()


def test_nobody_is_told_elsewhere_of_what_they_said_themselves(web: Web) -> None:
    web.person()
    text(web, "STOP")
    assert rows(web)[0]["told_at"] == web.now()


def lacks(web: Web, channel: str, status: str, **fields: Any) -> None:
    row = {"person": "p1", "channel": channel, "status": status, "heard": {}, "want": {"a": "b"}} | fields
    web.database["conversations"].insert_one(
        row | {"_id": f"flight:{fields.get('subject', 'f1')}|p1|{channel}"}
    )


def due(web: Web) -> list[str]:
    rows = web.database["conversations"].find({"status": "open", "due_at": web.now()})
    return sorted(row["_id"] for row in rows)


def test_what_start_brings_back_is_looked_at_again(web: Web) -> None:
    web.person()
    lacks(web, "sms", "open")
    text(web, "STOP", sid="SM1")
    text(web, "START", sid="SM2")
    assert due(web) == ["flight:f1|p1|sms"]


def test_what_failed_because_twilio_alone_knew_of_a_stop_is_told_after_start(web: Web) -> None:
    web.person()
    lacks(web, "sms", "failed", subject="f1", not_before=web.now())
    lacks(web, "sms", "failed", subject="f2", heard={"a": "b"})  # nothing new
    lacks(
        web, "sms", "failed", subject="f3", heard={"a": "b"}, doubt="a/1"
    )  # who may have heard what is undone
    lacks(web, "telegram", "failed")
    text(web, "START")
    assert due(web) == ["flight:f1|p1|sms", "flight:f3|p1|sms"]
    assert web.database["conversations"].count_documents({"not_before": {"$exists": True}}) == 0


@pytest.mark.parametrize("body", ["HELP", "info", "STOP", "START"])
def test_for_a_short_code_of_ones_own_we_answer_because_twilio_does_not(web: Web, body: str) -> None:
    web.person()
    answer = said(text(web, body, to=SHORT))
    assert answer is not None
    assert "Gatecall" in answer
    assert len(answer) <= 160


@pytest.mark.parametrize("body", ["HELP", "STOP", "START", "what?"])
@pytest.mark.parametrize("language", ["de", "es", "ru", "hi"])
def test_the_answer_is_in_the_language_of_whoever_has_the_number(web: Web, body: str, language: str) -> None:
    web.person(1, language=language)
    answer = said(text(web, body, to=SHORT))
    assert answer is not None
    assert answer != said(text(web, body, to=SHORT, sid="SM2", From="+15550100009")), "nobody's: English"
    assert answer.startswith("Gatecall")
    assert ("START" if body == "STOP" else "STOP") in answer, "the word that works, in its own letters"
    assert gsm.parts(answer) <= (1 if language in {"de", "es"} else 2)


@pytest.mark.parametrize(
    ("marked", "body", "reason"), [("STOP", "Arrêt", ["opted_out"]), ("HELP", "AIDE", [])]
)
def test_advanced_opt_out_says_what_is_asked_and_answers_itself(
    web: Web, marked: str, body: str, reason: list[str]
) -> None:
    web.person()
    assert said(text(web, body, to=SHORT, OptOutType=marked)) is None
    assert [row["reason"] for row in rows(web)] == reason


def test_who_is_stopped_hears_nothing_of_us_whatever_they_write(web: Web) -> None:
    web.person()
    text(web, "STOP", sid="SM1")
    assert said(text(web, "hello?", sid="SM2")) is None


def test_a_machine_that_answers_every_text_is_not_answered_for_ever(web: Web) -> None:
    answers = [said(text(web, "I am on holiday", sid=f"SM{n}")) for n in range(5)]
    assert [answer is not None for answer in answers] == [True, True, True, False, False]


def test_without_twilios_signature_nothing_is_read(web: Web) -> None:
    web.person()
    fields = {"MessageSid": "SM1", "From": NUMBER, "To": LONG, "Body": "STOP"}
    assert web.client.post(PATH, data=fields).status_code == 403
    assert text(web, "STOP", token="another").status_code == 403
    signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}{PATH}", fields)
    changed = fields | {"From": "+15550100002"}
    assert web.client.post(PATH, data=changed, headers={"X-Twilio-Signature": signature}).status_code == 403
    assert (rows(web), web.consents()) == ([], [])


@pytest.mark.parametrize("sender", ["", "whatsapp:+15550100001", "GATECALL", "{'$ne': ''}"])
def test_what_is_no_phone_number_does_nothing(web: Web, sender: str) -> None:
    assert said(text(web, "STOP", From=sender)) is None
    assert rows(web) == []
