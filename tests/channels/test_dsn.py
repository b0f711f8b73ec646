"""Bounces: which mail they are about, what they say of it and of its address; and what is no bounce of ours."""

from __future__ import annotations

import mailbox
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.dsn import reports_of
from app.channels.mailboxes import read_all, take_new
from app.domain.reports import Refusal, State, mail_refusal, without_addresses
from tests.channels.bounces import MESSAGE_ID, bounce


def test_hard_bounce_says_which_mail_and_why_without_the_address() -> None:
    (found,) = reports_of(bounce())
    assert (found.provider_id, found.state, found.code) == (MESSAGE_ID, State.UNDELIVERED, "5.1.1")
    assert found.refusal is Refusal.BOUNCED
    assert found.words == "550 5.1.1 <(address)>: Recipient address rejected: User unknown"


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        ("5.2.2", "smtp; 552 5.2.2 mailbox full"),
        ("5.7.1", "smtp; 550 5.7.1 blocked, see our list"),
        ("5.0.0", "smtp; 550 no"),
        ("5.1.8", "smtp; 550 5.1.8 sender's domain does not exist"),
        ("4.4.1", "smtp; 421 try later"),
    ],
)
def test_bounce_that_says_nothing_of_the_mailbox_leaves_the_address_in_use(
    status: str, diagnostic: str
) -> None:
    (found,) = reports_of(bounce(status=status, diagnostic=diagnostic))
    assert (found.state, found.refusal, found.code) == (State.UNDELIVERED, None, status)


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/report; " + b"(" * 5_000 + b"\n\nx",
        b"Content-Type: message/rfc822\n\n" * 3_000 + b"x",
    ],
    ids=["comments", "mails"],
)
def test_a_mail_that_is_nested_to_do_harm_is_no_bounce(raw: bytes) -> None:
    assert reports_of(raw) == []


def test_the_far_servers_status_wins_over_a_general_one() -> None:
    (found,) = reports_of(bounce(status="5.0.0"))
    assert (found.code, found.refusal) == ("5.1.1", Refusal.BOUNCED)


def test_delay_is_no_bounce() -> None:
    (found,) = reports_of(bounce(action="delayed", status="4.4.7", diagnostic="smtp; 450 busy"))
    assert (found.state, found.refusal) == (State.DELAYED, None)
    (found,) = reports_of(bounce(action="delayed", status="5.1.1"))
    assert found.refusal is None


def test_mail_is_found_by_its_envelope_id_or_its_headers() -> None:
    by_envelope = bounce(message_id=None, envelope_id=MESSAGE_ID)
    by_headers = bounce(returned="text/rfc822-headers")
    for raw in (by_envelope, by_headers):
        assert [r.provider_id for r in reports_of(raw)] == [MESSAGE_ID]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: I am away\r\n\r\nuntil Monday",
        bounce(message_id=None),
        bounce(message_id="somebody-else@example.org"),
        bounce(action="no such action"),
        b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n",
    ],
)
def test_what_is_no_bounce_of_ours_is_left_alone(raw: bytes) -> None:
    assert reports_of(raw) == []


@given(st.integers(0, len(bounce()) - 1), st.binary(max_size=40))
def test_a_broken_bounce_harms_nobody(place: int, noise: bytes) -> None:
    whole = bounce()
    for found in reports_of(whole[:place] + noise + whole[place:]):
        assert found.channel == "email"


def test_words_lose_addresses_and_numbers() -> None:
    said = without_addresses("550 <ada@example.org>\r\n +1 (555) 010-0142 'x@y.z' unknown")
    assert said == "550 <(address)> (number) '(address)' unknown"
    assert without_addresses("""<"ada l"@example.org> <o'neil@example.org>""") == "<(address)> <(address)>"
    assert (
        without_addresses("see http://x.example/?to=ada%40example.org&a")
        == "see http://x.example/?to=(address)&a"
    )


def test_only_what_is_known_of_the_mailbox_suppresses() -> None:
    assert mail_refusal("5.1.1") is Refusal.BOUNCED
    assert [s for s in (None, "5.7.1", "5.2.2", "4.1.1", "2.1.5") if mail_refusal(s)] == []


def test_maildir_gives_each_mail_once_and_one_that_fails_again(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "bounces")
    box.add(b"Subject: one\r\n\r\n1")
    box.add(b"Subject: two\r\n\r\n2")
    seen: list[bytes] = []

    def failing(raw: bytes) -> None:
        raise OSError("no database")

    with pytest.raises(OSError, match="no database"):
        take_new(tmp_path / "bounces", failing)
    assert take_new(tmp_path / "bounces", seen.append) == 2
    assert take_new(tmp_path / "bounces", seen.append) == 0
    assert len(seen) == 2
    assert len(list(read_all(tmp_path / "bounces"))) == 2


def test_mbox_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    box = mailbox.mbox(path)
    box.add(bounce())
    box.add(b"Subject: else\n\nhi")
    box.close()
    found = [report for raw in read_all(path) for report in reports_of(raw)]
    assert [report.provider_id for report in found] == [MESSAGE_ID]
