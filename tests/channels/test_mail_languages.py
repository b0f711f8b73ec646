"""A mail in other letters, from the message to what a mail program reads."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from app.channels import rendering
from app.channels.letter import Letter
from app.domain.flight import Status
from app.domain.mail_lists import MailList
from app.domain.wording import compose
from tests.domain.news_examples import UA407, news
from tests.domain.pseudo import Pseudo, spoken

_LINKS = dict(zip(rendering.LINK_PLACES, (f"https://g.example/{way * 90}" for way in "abcdef"), strict=True))
_CANCELLED = replace(UA407, status=Status.CANCELLED, status_reason="Снег и лёд")


def _mail(tag: str, letter: str, stretch: float) -> tuple[EmailMessage, str, str]:
    """The mail, its text and its HTML, as they are read."""
    with spoken(Pseudo(letter, stretch=stretch, marked=False), tag=tag):
        message = compose(news(UA407, _CANCELLED, language=tag))
        text = rendering.as_text(message, has_why=True, stops=MailList.BOOKINGS)
        html = rendering.as_html(message, has_why=True, stops=MailList.BOOKINGS)
    letter_ = Letter(
        sender="Gatecall <news@gatecall.example>",
        recipient="ada@example.org",
        subject=message.subject,
        text=text,
        html=html,
        headers={},
        links=_LINKS,
    )
    read = message_from_bytes(letter_.as_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    plain, page = read.get_body(("plain",)), read.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert read["Subject"] == message.subject
    return read, plain.get_content(), page.get_content()


@pytest.mark.parametrize(("tag", "letter"), [("de", "ü"), ("ru", "ж"), ("hi", "क")])
@pytest.mark.parametrize("stretch", [*(1 + step / 20 for step in range(12)), 2.0, 3.0])
def test_every_link_of_a_mail_is_whole_whatever_its_letters_and_their_number(
    tag: str, letter: str, stretch: float
) -> None:
    read, plain, page = _mail(tag, letter, stretch)
    for place, link in _LINKS.items():
        assert link in (plain if place.endswith("Text") else page), place
        assert place not in plain + page
    assert letter in plain
    assert f'<html lang="{tag}">' in page
    assert max(map(len, read.as_bytes().split(b"\n"))) <= 998


@pytest.mark.parametrize("column", range(40, 80, 3))
def test_a_place_for_a_link_is_not_cut_where_the_encoding_ends_a_line(column: int) -> None:
    place = rendering.WHY_IN_TEXT
    text = f"ü{'x' * column}{place} and more\n"
    letter = Letter(
        sender="a@g.example",
        recipient="b@g.example",
        subject="s",
        text=text,
        html="",
        headers={},
        links={place: "https://g.example/why"},
    )
    read = message_from_bytes(letter.as_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    plain = read.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().splitlines() == [text.replace(place, "https://g.example/why").rstrip()]
