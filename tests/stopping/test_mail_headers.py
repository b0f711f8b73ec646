"""What a mail says of its list: who sends it, how one click stops it, and where its reader chooses."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.channels.base import Parcel
from app.channels.email import EmailChannel, EmailSender
from app.channels.links import Links
from app.domain.mail_lists import MailList
from app.domain.people import Person
from app.settings import Settings, load
from tests.channels.test_email import MESSAGE
from tests.providers import Mailbox

ADA = Person("p" * 24, "Ada", "ada@example.org")
LINKS = Links("https://gatecall.example.org", ["k" * 40], 90)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def settings(mailbox: Mailbox, **more: Any) -> Settings:
    return load(
        mongodb_uri="mongodb://h/d",
        kafka_bootstrap_servers="h:1",
        mail_server="127.0.0.1",
        mail_port=mailbox.port,
        mail_news_sender="Gatecall news <news@mail.example.net>",
        **more,
    )


def sent(mailbox: Mailbox, mail_list: MailList | None, message: Any = MESSAGE, **more: Any) -> Any:
    channel = EmailChannel(settings(mailbox, **more))
    sender: EmailSender = channel.open()
    stop = LINKS.stopping(ADA.id, mail_list, "ada@example.org", NOW) if mail_list else None
    packed: Parcel = channel.pack("flight:f1|p1|email", ADA, message)
    sender.send(replace(packed, mail_list=mail_list, stop=stop), 5)
    sender.close()
    return mailbox.mails[-1]


def header_lines(raw: bytes, name: str) -> str:
    head = raw.split(b"\r\n\r\n")[0].decode("ascii")
    found = re.search(rf"^{name}: ([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", head, re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("mail_list", "sender", "list_id"),
    [
        (MailList.BOOKINGS, "hello@gatecall.example", "<bookings.gatecall.example>"),
        (MailList.FOLLOWINGS, "news@mail.example.net", "<followings.mail.example.net>"),
    ],
)
def test_each_list_has_its_sender_and_its_list_id(
    mailbox: Mailbox, mail_list: MailList, sender: str, list_id: str
) -> None:
    mail = sent(mailbox, mail_list)
    assert mail.sender == sender
    assert f"<{sender}>" in mail.message["From"]
    assert list_id in mail.message["List-Id"]


def test_one_click_stops_the_list_by_the_headers_of_rfc_8058(mailbox: Mailbox) -> None:
    mail = sent(mailbox, MailList.FOLLOWINGS)
    url = LINKS.unsubscribe(ADA.id, "followings", "ada@example.org")
    assert header_lines(mail.raw, "List-Unsubscribe") == f"<{url}>"
    assert header_lines(mail.raw, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"


def test_a_mailbox_is_named_only_where_one_is_read(mailbox: Mailbox) -> None:
    mail = sent(mailbox, MailList.BOOKINGS, mail_stop_mailbox="stop@example.org")
    url = LINKS.unsubscribe(ADA.id, "bookings", "ada@example.org")
    value = header_lines(mail.raw, "List-Unsubscribe").replace("\r\n", "")
    token = url.rpartition("/")[2]
    assert value == f"<{url}>, <mailto:stop@example.org?subject=unsubscribe%20{token}>"


def test_the_links_stand_in_both_parts_and_change_no_message_id(mailbox: Mailbox) -> None:
    mail = sent(mailbox, MailList.BOOKINGS)
    stop = LINKS.stopping(ADA.id, MailList.BOOKINGS, "ada@example.org", NOW)
    text, html = (mail.message.get_body((part,)).get_content() for part in ("plain", "html"))
    assert f"Stop e-mails about your bookings:\n{stop.unsubscribe}\n" in text.replace("\r\n", "\n")
    assert f"Choose what you hear:\n{stop.preferences}\n" in text.replace("\r\n", "\n")
    assert f'href="{stop.unsubscribe}"' in html
    assert f'href="{stop.preferences}"' in html
    assert "GatecallStop" not in text + html
    assert "GatecallChoices" not in text + html
    assert mail.message["Message-ID"] == sent(mailbox, None).message["Message-ID"]


def test_a_mail_of_no_list_has_neither_list_nor_stop(mailbox: Mailbox) -> None:
    mail = sent(mailbox, None)
    assert not [name for name in mail.message if name.startswith("List-")]
    assert "Stop e-mails" not in mail.message.get_body(("plain",)).get_content()


def test_a_line_break_in_a_link_is_refused(mailbox: Mailbox) -> None:
    from app.channels.email import Letter
    from app.domain.errors import PermanentError

    letter = Letter(
        sender="a@example.org",
        recipient="b@example.org",
        subject="s",
        text="t",
        html="h",
        headers={"List-Unsubscribe": "<https://x>\r\nBcc: c@example.org"},
    )
    with pytest.raises(PermanentError):
        letter.as_bytes()
