"""A digest in words: text and HTML say the same, every value is escaped, the subject names flights."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from app.channels import rendering
from app.domain.flight import Status
from app.domain.mail_lists import MailList
from app.domain.news import Kind, Role
from app.domain.preferences import Digest, Every, Preferences
from app.domain.wording import FlightNews, compose
from app.domain.wording_digest import Digest as DigestMail
from app.domain.wording_digest import Item, digest
from tests.domain.wording_examples import UA407

NOW = datetime(2013, 2, 8, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
DAILY = Preferences(digest=Digest(Every.DAILY))


def item(number: int, kind: Kind = Kind.GATE, why: str | None = None, **changes: object) -> Item:
    """News of one flight."""
    heard = replace(UA407, flight_number=f"UA{number}", gate="C70")
    want = replace(heard, **({"gate": "C71"} | changes))  # type: ignore[arg-type]  # fields of a flight
    news = FlightNews(heard, want, (kind,), Role.TRAVELLER, False, False, NOW, NOW, "https://g.example")
    return Item(f"UA {number}", compose(news), why)


def mail(*items: Item, chosen: Preferences = DAILY) -> DigestMail:
    return digest(items, chosen, BERLIN, NOW, "https://g.example")


def words(html: str) -> str:
    """What is read in an HTML mail, without its head."""
    body = re.sub(r"(?s)<(style|title)>.*?</\1>|<!--.*?-->|<[^>]+>", " ", html)
    return " ".join(unescape(body).replace("\u00a0", " ").split())


def test_text_and_html_have_the_same_news() -> None:
    made = mail(item(1, Kind.REMOVED, status=Status.REMOVED), item(2, why="https://g.example/why/x"), item(3))
    text = " ".join(rendering.as_text(made, stops=MailList.BOOKINGS).split())
    html = words(rendering.as_html(made, stops=MailList.BOOKINGS))
    for one in made.items:
        assert one.message.opening in text
        for part in (one.message.headline, one.message.highlight.new, one.message.highlight.label):
            assert part in html
        for said in (*one.message.more, *one.message.advice):
            assert said in text
            assert said in html
    for said in (made.opening, *made.footer):
        assert said in text
        assert said in html
    assert "https://g.example/why/x" in text
    assert 'href="https://g.example/why/x"' in rendering.as_html(made)
    assert "Stop e-mails about your bookings" in text
    assert "Stop e-mails about your bookings" in html


def test_lines_of_the_text_are_short() -> None:
    lines = rendering.as_text(mail(*(item(number) for number in range(1, 9)))).splitlines()
    assert [line for line in lines if len(line) > rendering.WIDTH and "http" not in line] == []


def test_values_are_escaped() -> None:
    nasty = item(1, Kind.REMOVED, status=Status.REMOVED, status_reason="<script>alert(1)</script>")
    assert "<script" not in rendering.as_html(mail(nasty, item(2)))


@pytest.mark.parametrize(
    ("count", "subject"),
    [
        (2, "News of UA 1 and UA 2"),
        (3, "News of UA 1, UA 2 and UA 3"),
        (4, "News of UA 1, UA 2, UA 3 and 1 more flight"),
        (9, "News of UA 1, UA 2, UA 3 and 6 more flights"),
    ],
)
def test_the_subject_names_flights(count: int, subject: str) -> None:
    assert mail(*(item(number) for number in range(1, count + 1))).subject == subject


def test_one_flight_has_its_own_subject() -> None:
    assert mail(item(1)).subject == item(1).message.subject


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        (DAILY, "you chose one mail a day"),
        (Preferences(digest=Digest(Every.WEEKLY)), "you chose one mail a week"),
        (Preferences(daily_max=3), "you chose at most 3 messages a day"),
        (Preferences(daily_max=1), "you chose at most 1 message a day"),
        (Preferences(), "as you had chosen"),
    ],
)
def test_the_footer_says_why_and_when_in_the_persons_zone(chosen: Preferences, why: str) -> None:
    made = mail(item(1), chosen=chosen)
    assert why in made.footer[0]
    assert made.footer[1] == "Sent at 13:00 CET."
