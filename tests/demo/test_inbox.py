"""The demo's inbox, spoken to with a real SMTP client and real HTTP."""

from __future__ import annotations

import base64
import json
import smtplib
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from scripts.inbox.smtp import smtp_server
from scripts.inbox.store import Inbox
from scripts.inbox.web import InboxServer
from scripts.ports import free_ports

ACCOUNT = "ACdemo"
AUTH = "Basic " + base64.b64encode(f"{ACCOUNT}:token".encode()).decode()


class Running:
    def __init__(self) -> None:
        self.smtp_port, self.http_port = free_ports(2)
        self.inbox = Inbox(keep_whole=5)

    def get(self, path: str, *, auth: str = "") -> tuple[int, bytes, dict[str, str]]:
        return self._open(urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}"), auth)

    def json(self, path: str) -> Any:
        return json.loads(self.get(path)[1])

    def post_sms(self, *, auth: str = AUTH, **form: str) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.http_port}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        request = urllib.request.Request(url, data=urllib.parse.urlencode(form).encode())
        status, body, _ = self._open(request, auth)
        return status, json.loads(body)

    def post_json(self, path: str, body: Any, *, kind: str = "application/json") -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.http_port}{path}"
        request = urllib.request.Request(url, data=json.dumps(body).encode(), headers={"Content-Type": kind})
        status, answer, _ = self._open(request, "")
        return status, json.loads(answer)

    def _open(self, request: urllib.request.Request, auth: str) -> tuple[int, bytes, dict[str, str]]:
        if auth:
            request.add_header("Authorization", auth)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), dict(error.headers)


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running()
    smtp = smtp_server(made.inbox, "127.0.0.1", made.smtp_port)
    web = InboxServer(made.inbox, "127.0.0.1", made.http_port)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    smtp.start()
    thread.start()
    yield made
    web.shutdown()
    thread.join()
    web.server_close()
    smtp.stop()


def mail(subject: str, *, to: str = "mina@example.org", html: str = "") -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Gatecall <hello@gatecall.example>"
    made["To"] = f"Mina Öztürk <{to}>"
    made["Subject"] = subject
    made["Message-ID"] = f"<{hash(subject)}@gatecall.example>"
    made.set_content("Gate C71, was C70 · schön\n")
    if html:
        made.add_alternative(html, subtype="html")
    return made


def test_a_mail_is_listed_with_its_parts_and_headers(running: Running) -> None:
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=30) as smtp:
        smtp.send_message(
            mail("UA 407 → Denver: 28 min late", html="<p>28 min late<script>alert(1)</script>")
        )
    (line,) = running.json("/api/messages")["messages"]
    assert (line["channel"], line["to"], line["subject"]) == (
        "email",
        "mina@example.org",
        "UA 407 → Denver: 28 min late",
    )
    whole = running.json(f"/api/messages/{line['number']}")
    assert "schön" in whole["text"]
    assert ["To", "Mina Öztürk <mina@example.org>"] in whole["headers"]
    assert whole["html"] is True


def test_the_html_of_a_mail_can_run_no_script(running: Running) -> None:
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=30) as smtp:
        smtp.send_message(mail("x", html="<p>hello<script>alert(1)</script>"))
    status, body, headers = running.get("/mails/1")
    assert status == 200
    assert b"hello" in body
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_an_sms_gets_twilio_s_answer_and_is_found_again(running: Running) -> None:
    status, answer = running.post_sms(To="+15550100142", From="+15550100100", Body="Gatecall: UA 407 is late")
    assert (status, answer["status"], answer["error_code"]) == (201, "queued", None)
    account = f"/2010-04-01/Accounts/{ACCOUNT}"
    status, body, _ = running.get(f"{account}/Messages.json?To=%2B15550100142", auth=AUTH)
    assert status == 200
    assert [m["sid"] for m in json.loads(body)["messages"]] == [answer["sid"]]
    status, body, _ = running.get(f"{account}/Messages/{answer['sid']}.json", auth=AUTH)
    assert (status, json.loads(body)["body"]) == (200, "Gatecall: UA 407 is late")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": "mina", "From": "+15550100100", "Body": "x"}, 21211),
        ({"To": "+15550100142", "Body": "x"}, 21603),
        ({"To": "+15550100142", "From": "+15550100100"}, 21602),
        ({"To": "+15550100142", "From": "+15550100100", "Body": "x" * 1601}, 21617),
    ],
)
def test_what_twilio_refuses_is_refused_with_its_error(
    running: Running, form: dict[str, str], code: int
) -> None:
    status, answer = running.post_sms(**form)
    assert (status, answer["code"]) == (400, code)
    assert running.inbox.counts() == {"email": 0, "sms": 0}


@pytest.mark.parametrize(
    "auth", ["", "Basic ???", "Bearer x", "Basic " + base64.b64encode(b"other:token").decode()]
)
def test_without_the_account_s_name_and_a_token_nothing_is_sent(running: Running, auth: str) -> None:
    status, answer = running.post_sms(auth=auth, To="+15550100142", From="+15550100100", Body="x")
    assert (status, answer["code"]) == (401, 20003)


def test_messages_are_filtered_by_person_and_channel_newest_first(running: Running) -> None:
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=30) as smtp:
        smtp.send_message(mail("one", to="mina@example.org"))
        smtp.send_message(mail("two", to="ade@example.org"))
    running.post_sms(To="+15550100142", From="+15550100100", Body="three")

    def subjects(query: str) -> list[str]:
        return [message["subject"] for message in running.json(f"/api/messages{query}")["messages"]]

    assert subjects("") == ["three", "two", "one"]
    assert subjects("?person=ADE@") == ["two"]
    assert [m["subject"] for m in running.json("/api/messages?person=%C3%B6zt%C3%BCrk")["messages"]] == [
        "two",
        "one",
    ]
    assert subjects("?channel=sms") == ["three"]
    assert subjects("?after=1&limit=1") == ["three"]


MINA = {
    "key": "mina",
    "name": "Mina Öztürk",
    "email": "mina@example.org",
    "phone": "+15550100142",
    "chose": "quiet 22:00-07:00",
    "time_zone": "Europe/Istanbul",
}


def test_who_is_known_by_name_has_an_inbox_of_both_channels_and_counts(running: Running) -> None:
    assert running.json("/api/people") == {"people": []}
    began = datetime.now(UTC) - timedelta(hours=1)
    clock = {"start": "2013-02-08T09:30:00+00:00", "origin": began.isoformat(), "rate": 60.0}
    status, answer = running.post_json("/api/people", {"people": [MINA], "clock": clock})
    assert (status, answer["people"][0]["counts"]) == (200, {"email": 0, "sms": 0})
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=30) as smtp:
        smtp.send_message(mail("to mina"))
        for number in range(6):  # more than the inbox keeps of everybody
            smtp.send_message(mail(f"to others {number}", to="ade@example.org"))
    running.post_sms(To="+15550100142", From="+15550100100", Body="a text to mina")
    shown = running.json("/api/messages?who=mina")["messages"]
    assert [message["subject"] for message in shown] == ["a text to mina", "to mina"]
    assert running.json("/api/messages?who=nobody")["messages"] == []
    told_at = datetime.fromisoformat(shown[0]["told_at"])
    assert timedelta(hours=60) <= told_at - datetime.fromisoformat(clock["start"]) < timedelta(hours=65)
    assert running.json("/api/people")["people"] == [{**MINA, "counts": {"email": 1, "sms": 1}}]
    assert running.get(f"/api/messages/{shown[1]['number']}")[0] == 200


def test_only_json_of_the_right_shape_says_who_is_known(running: Running) -> None:
    for body in ([], {"people": [{"name": "x"}]}, {"people": [MINA], "clock": {"start": "now"}}):
        assert running.post_json("/api/people", body)[0] == 400
    # a form, or text, is what a page of another site could send
    assert running.post_json("/api/people", {"people": [MINA]}, kind="text/plain")[0] == 415
    assert running.json("/api/people") == {"people": []}


def test_display_is_bounded_but_every_receipt_stays(running: Running) -> None:
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=30) as smtp:
        for number in range(12):
            smtp.send_message(mail(f"mail {number}"))
    assert len(running.json("/api/messages?limit=500")["messages"]) == 5
    answer = running.json("/api/receipts")
    assert answer["counts"] == {"email": 12, "sms": 0}
    assert [r["number"] for r in answer["receipts"]] == list(range(1, 13))
    assert len({r["digest"] for r in answer["receipts"]}) == 12
    assert [r["number"] for r in running.json("/api/receipts?after=10")["receipts"]] == [11, 12]
    assert running.get("/api/messages/1")[0] == 404


def test_a_thousand_mails_arrive_within_seconds(running: Running) -> None:
    parcel = mail("quick", html=("<p>" + "word " * 15 + "\n") * 100).as_bytes(policy=SMTP)
    started = time.monotonic()

    def send(count: int) -> None:
        with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=30) as smtp:
            for _ in range(count):
                smtp.sendmail("hello@gatecall.example", ["mina@example.org"], parcel)

    threads = [threading.Thread(target=send, args=(250,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert running.inbox.counts()["email"] == 1000
    assert time.monotonic() - started < 90


def test_the_page_and_its_parts_are_served_with_a_strict_policy(running: Running) -> None:
    for path, kind in (("/", "text/html"), ("/inbox.css", "text/css"), ("/inbox.js", "text/javascript")):
        status, body, headers = running.get(path)
        assert status == 200
        assert body
        assert headers["Content-Type"].startswith(kind)
        assert "unsafe" not in headers["Content-Security-Policy"]
    assert running.get("/nothing")[0] == 404
    assert running.get("/mails/99")[0] == 404
