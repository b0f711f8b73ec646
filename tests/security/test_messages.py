"""What people and admins write never becomes a header, markup or a second line of a message."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.channels import rendering
from app.channels.email import EmailChannel, Letter
from app.domain import gsm, people
from app.domain.errors import PermanentError
from app.domain.people import email_address
from app.settings import load
from tests.channels.test_email import MESSAGE

MARKUP = "<img src=x onerror=alert(1)>\"'&{{7*7}}"
BREAKS = ["a\r\nBcc: x@example.org", "a\nBcc: x@example.org", "a\rX: y", "a\0b", "a\n Bcc: x@example.org"]


def letter(**changes: object) -> Letter:
    values: dict[str, object] = {
        "sender": "a@example.org",
        "recipient": "b@example.org",
        "subject": "s",
        "text": "t",
        "html": "h",
        "headers": {},
    }
    return Letter(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("value", BREAKS[:3])
@pytest.mark.parametrize("field", ["sender", "recipient", "subject"])
def test_a_line_break_never_begins_another_header(field: str, value: str) -> None:
    try:
        head = letter(**{field: value}).as_bytes().partition(b"\r\n\r\n")[0]
    except PermanentError:
        return
    lines = head.replace(b"\r\n ", b"").split(b"\r\n")
    assert not any(line.lower().startswith((b"bcc:", b"x:")) for line in lines), head


@pytest.mark.parametrize("value", BREAKS[:3])
@pytest.mark.parametrize("name", ["List-Id", "List-Unsubscribe", "Message-ID", "X-Any"])
def test_no_further_header_can_be_smuggled_in(name: str, value: str) -> None:
    with pytest.raises(PermanentError):
        letter(headers={name: value}).as_bytes()


@pytest.mark.parametrize("value", BREAKS)
def test_an_address_with_a_line_break_is_no_address(value: str) -> None:
    with pytest.raises(PermanentError):
        email_address(f"{value}@example.org")
    with pytest.raises(PermanentError):
        email_address(f"ada@example.org{value[1:]}")


@pytest.mark.parametrize("field", ["subject", "headline", "preheader", "opening", "sms"])
def test_markup_in_a_message_is_text_in_the_html_part(field: str) -> None:
    html = rendering.as_html(replace(MESSAGE, **{field: MARKUP}))
    assert "<img src=x" not in html
    assert "49" not in html.replace("&#8249", ""), "values are no templates"


def test_a_name_loses_line_breaks_and_control_characters() -> None:
    person = people.parse(
        {"_id": "p", "name": "Ada\r\nBcc: x\x00\x1b[31m\u202eevil", "email": "a@example.org"}
    )
    assert person.name.isprintable()
    assert "\n" not in person.name
    assert "\u202e" not in person.name


def test_a_name_with_markup_arrives_as_it_is_in_json() -> None:
    person = people.parse({"_id": "p", "name": '"} <b>_*[', "email": "a@example.org"})
    assert json.loads(json.dumps(person.name)) == '"} <b>_*['


def test_what_is_sent_by_sms_is_one_line_of_the_gsm_alphabet() -> None:
    said = gsm.written("Zürich\u202e \r\nBcc: x \x00 <b>")
    assert not {"\r", "\n", "\x00", "\u202e"} & set(said)


def test_what_a_person_is_called_is_no_part_of_how_mail_is_handed_over() -> None:
    settings = load(mongodb_uri="mongodb://h/d", kafka_bootstrap_servers="h:1", mail_server="127.0.0.1")
    person = people.parse(
        {"_id": "p", "name": "X> SIZE=1\r\nRCPT TO:<y@example.org", "email": "ada@example.org"}
    )
    parcel = EmailChannel(settings).pack("c", person, MESSAGE)
    assert parcel.address == "ada@example.org"
