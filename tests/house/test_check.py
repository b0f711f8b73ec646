"""`gatecall check`: one screen that says what is well and what to do about the rest."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mailbox import Maildir
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result
from pymongo.database import Database

from app import check as checks
from app.__main__ import main
from app.domain.channels import CHANNELS
from app.settings import load
from tests.providers import free_port, smtp_server


def check(**environment: str) -> Result:
    return CliRunner().invoke(main, ["check"], env=environment)


def test_what_is_missing_is_said_with_its_remedy(database_uri: str, kafka: str, topic_prefix: str) -> None:
    where = {
        "MONGODB_URI": database_uri,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KAFKA_TOPIC_PREFIX": topic_prefix,
    }
    before = check(**where)
    assert before.exit_code == 2
    assert "-> gatecall schema" in before.output
    assert "-> gatecall topics" in before.output
    assert "-> set MAIL_SERVER" in before.output
    for command in ("schema", "topics"):
        assert CliRunner().invoke(main, [command], env=where).exit_code == 0
    after = check(**where)
    assert after.exit_code == 0, after.output
    assert "BAD" not in after.output


def test_servers_that_do_not_answer_are_named_each(database_uri: str) -> None:
    nobody = free_port()
    done = check(
        MONGODB_URI=database_uri,
        KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{nobody}",
        MAIL_SERVER="127.0.0.1",
        MAIL_PORT=str(nobody),
        TWILIO_ACCOUNT_SID="AC1",
        TWILIO_AUTH_TOKEN="t",
        TWILIO_FROM="+15550100100",
        TWILIO_API_BASE_URL=f"http://127.0.0.1:{nobody}",
    )
    assert done.exit_code == 2
    for name in ("kafka", "email", "sms"):
        assert f"BAD   {name}" in done.output


def test_wrong_settings_are_on_the_screen() -> None:
    done = check(MONGODB_URI="nonsense", KAFKA_BOOTSTRAP_SERVERS="a:1")
    assert done.exit_code == 2
    assert "MONGODB_URI" in done.output


@pytest.fixture
def where(database_uri: str, kafka: str, topic_prefix: str) -> dict[str, str]:
    """Servers that answer, with schema and topics."""
    found = {
        "MONGODB_URI": database_uri,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KAFKA_TOPIC_PREFIX": topic_prefix,
    }
    for command in ("schema", "topics"):
        assert CliRunner().invoke(main, [command], env=found).exit_code == 0
    return found


def line(done: Result, name: str) -> str:
    """What the screen says about one part, with its remedy."""
    return " ".join(re.findall(rf"^\S+ +{name}  .*\n(?: +-> .*)?", done.output, re.MULTILINE))


def test_the_second_mail_server_is_tried_beside_the_first(where: dict[str, str]) -> None:
    mail = {"MAIL_SERVER": "127.0.0.1", "MAIL_FALLBACK_SERVER": "127.0.0.1"}
    nobody = str(free_port())
    with smtp_server() as mailbox:
        there = str(mailbox.port)
        second_is_gone = check(**where, **mail, MAIL_PORT=there, MAIL_FALLBACK_PORT=nobody)
        first_is_gone = check(**where, **mail, MAIL_PORT=nobody, MAIL_FALLBACK_PORT=there)
        wrong_login = check(
            **where,
            **mail,
            MAIL_PORT=there,
            MAIL_FALLBACK_PORT=there,
            MAIL_FALLBACK_USERNAME="u",
            MAIL_FALLBACK_PASSWORD="p",
        )
    assert line(second_is_gone, "email").startswith("ok")
    assert line(second_is_gone, "email-fallback").startswith("BAD")
    assert "MAIL_FALLBACK_*" in line(second_is_gone, "email-fallback")
    assert line(first_is_gone, "email").startswith("BAD")
    assert line(first_is_gone, "email-fallback").startswith("ok")
    assert line(wrong_login, "email-fallback").startswith("BAD")
    assert [done.exit_code for done in (second_is_gone, first_is_gone, wrong_login)] == [2, 2, 2]


@contextmanager
def account(numbers: list[str], services: list[str]) -> Iterator[str]:
    """A Twilio that knows one account, its numbers and its messaging services; its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Silent."""

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = parse_qs(url.query).get("PhoneNumber", [""])[0]
            if url.path.endswith("/IncomingPhoneNumbers.json"):
                body = {"incoming_phone_numbers": [{"phone_number": n} for n in numbers if n == asked]}
            else:
                body = {}
            known = url.path.partition("/Services/")[2] in ["", *services]
            data = json.dumps(body).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("sender", "mark"),
    [
        ("+15550100002", "ok"),
        ("+15550100009", "BAD"),
        ("MG" + "1" * 32, "ok"),
        ("MG" + "9" * 32, "BAD"),
        ("GATECALL", "look"),
    ],
)
def test_the_senders_of_texts_are_looked_up_in_the_account(
    where: dict[str, str], sender: str, mark: str
) -> None:
    with account(["+15550100001", "+15550100002"], ["MG" + "1" * 32]) as url:
        done = check(
            **where,
            TWILIO_ACCOUNT_SID="AC1",
            TWILIO_AUTH_TOKEN="t",
            TWILIO_FROM="+15550100001",
            TWILIO_FROM_FALLBACK=sender,
            TWILIO_API_BASE_URL=url,
        )
    assert line(done, "sms").startswith("ok")
    assert line(done, "sms-fallback").startswith(mark), done.output


def test_what_the_keys_are_good_for_is_said(where: dict[str, str]) -> None:
    bare = check(**where)
    assert line(bare, "secret key").startswith("look")
    assert "no link" in line(bare, "secret key")
    assert "-> set SECRET_KEY" in line(bare, "secret key")
    short = check(**where, SECRET_KEY="a" * 31)
    assert line(short, "secret key").startswith("look")
    assert "cannot sign in" in line(short, "secret key")
    assert line(check(**where, SECRET_KEY="a" * 32), "secret key").startswith("ok")


def test_what_tells_of_bounces_is_looked_at(where: dict[str, str], tmp_path: Path) -> None:
    with smtp_server() as mailbox:
        where |= {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(mailbox.port)}
        nothing = check(**where)
        by_key = check(**where, CALLBACK_KEY_HASHES="a" * 64)
        absent = check(**where, MAIL_BOUNCE_MAILDIR=str(tmp_path / "absent"))
        Maildir(tmp_path / "bounces")
        there = check(**where, MAIL_BOUNCE_MAILDIR=str(tmp_path / "bounces"))
        (tmp_path / "bounces" / "cur").rmdir()
        broken = check(**where, MAIL_BOUNCE_MAILDIR=str(tmp_path / "bounces"))
    assert line(nothing, "bounces").startswith("look")
    assert "CALLBACK_KEY_HASHES" in line(nothing, "bounces")
    assert line(by_key, "bounces").startswith("ok")
    assert "1 key" in line(by_key, "bounces")
    assert line(absent, "bounces").startswith("BAD")
    assert line(there, "bounces").startswith("ok")
    assert line(broken, "bounces").startswith("BAD")
    assert "cur" in line(broken, "bounces")


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_is_on_the_screen_by_its_registration_alone(channel: str) -> None:
    settings = load(mongodb_uri="mongodb://127.0.0.1/x", kafka_bootstrap_servers="127.0.0.1:9")
    first = checks.of_channel(channel, settings)[0]
    assert first.name == channel
    if channel in settings.channels:
        assert first.state == checks.OK
    else:
        assert (first.state, first.words) == (checks.WARN, "off")
        assert "set " in (first.remedy or ""), "who wants it learns which settings turn it on"


def test_linked_channels_say_what_they_are_and_warn_of_settings_for_development() -> None:
    settings = load(
        mongodb_uri="mongodb://127.0.0.1/x",
        kafka_bootstrap_servers="127.0.0.1:9",
        secret_key="k" * 32,
        webhooks=True,
        webhook_allow_local=True,
        apprise_schemas="ntfys",
    )
    assert [one.state for one in checks.of_channel("webhook", settings)] == [checks.OK, checks.WARN]
    (apprise,) = checks.of_channel("apprise", settings)
    assert (apprise.state, apprise.words) == (checks.OK, "services of 1 kind may be linked")


def test_numbered_steps_are_looked_at(where: dict[str, str], database: Database[dict[str, Any]]) -> None:
    assert line(check(**where), "schema steps").startswith("ok")
    database["schema_steps"].delete_one({"_id": 1})
    behind = check(**where)
    assert line(behind, "schema steps").startswith("look")
    assert "-> gatecall schema" in line(behind, "schema steps")
    database["schema_steps"].insert_one({"_id": 999, "words": "of the future", "least": 999})
    ahead = check(**where)
    assert line(ahead, "schema steps").startswith("BAD")
    assert "newer" in line(ahead, "schema steps")
