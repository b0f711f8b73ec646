"""Messages as Telegram shows them: every value escaped, within the length, and what makes a sound."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels import telegram_rendering as rendering
from app.domain.flight_request import FlightRequest, understood
from app.domain.news import Kind
from app.domain.sounds import QUIET, sounds
from app.domain.wording_shapes import Highlight, Message
from scripts.inbox.telegram_html import length, read
from tests.channels.test_email import MESSAGE

NOW = datetime(2013, 2, 8, 18, tzinfo=UTC)
TEXT = st.text(max_size=40) | st.sampled_from(
    ['"}`', "_*[", "<b>", "</b>", "&lt;", '<a href="x">', "\U0001f6eb" * 9]
)


@given(TEXT, TEXT, TEXT, TEXT)
def test_whatever_a_value_is_the_text_can_be_read_and_says_it(a: str, b: str, c: str, d: str) -> None:
    message = replace(
        MESSAGE,
        subject=a,
        highlight=Highlight(b, c, d, a, "change"),
        facts=((c, d), (d, a)),
        advice=(b,),
        more=(c,),
        link=(d, f"https://x.example/{a}"),
    )
    for text in (rendering.as_telegram(message), rendering.as_short(message)):
        plain = read(rendering.with_why(text, f'https://x.example/?"{b}'))
        assert length(plain) <= rendering.MOST
        assert a in plain
        assert d in plain


@pytest.mark.parametrize("letter", ["x", "\U0001f6eb", "&", "<"])
def test_a_message_that_is_too_long_is_cut_where_lines_end(letter: str) -> None:
    long = letter * 5000
    message = replace(
        MESSAGE, subject=long, facts=tuple((long, long) for _ in range(20)), advice=(long,), more=(long,)
    )
    text = rendering.with_why(rendering.as_telegram(message), "https://x.example/why")
    assert length(read(text)) <= rendering.MOST
    assert rendering.length(text) == length(read(text))
    assert "https://x.example/why" in text


def test_a_message_has_the_change_the_state_and_the_link() -> None:
    message: Message = replace(
        MESSAGE,
        highlight=Highlight("Gate", "C70", "C71", None, "change"),
        facts=(("Gate", "C71"), ("Leaves", "14:45")),
    )
    lines = rendering.as_telegram(message).splitlines()
    assert lines[0] == f"<b>{MESSAGE.subject}</b>"
    assert lines[1] == "Gate: <s>C70</s> <b>C71</b>"
    assert "Leaves: 14:45" in lines
    assert "Gate: C71" not in lines
    assert lines[-1].startswith('<a href="')


def test_every_kind_makes_a_sound_but_those_that_are_listed() -> None:
    quiet = {kind for kind in Kind if not sounds([kind], NOW + timedelta(hours=1), NOW)}
    assert quiet == QUIET
    assert Kind.CANCELLED not in QUIET


@pytest.mark.parametrize(("hours", "loud"), [(3.01, False), (3, True), (0.5, True)])
def test_a_gate_makes_a_sound_from_three_hours_before_departure(hours: float, loud: bool) -> None:
    assert sounds([Kind.GATE], NOW + timedelta(hours=hours), NOW) is loud
    assert sounds([Kind.GATE, Kind.CANCELLED], NOW + timedelta(hours=hours), NOW)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("UA 407", FlightRequest("UA407")),
        ("ua0407", FlightRequest("UA407")),
        ("UA 407 9 Feb", FlightRequest("UA407", "2013-02-09")),
        ("UA407, 9. february 2014", FlightRequest("UA407", "2014-02-09")),
        ("UA 407 Feb 9", FlightRequest("UA407", "2013-02-09")),
        ("UA 407 tomorrow", FlightRequest("UA407", "2013-02-09")),
        ("UA 407 28 Dec", FlightRequest("UA407", "2012-12-28")),
        ("ua 407 2013-02-09 from ewr", FlightRequest("UA407", "2013-02-09", "EWR")),
        ("B6 1174 jfk", FlightRequest("B61174", None, "JFK")),
        *(
            (text, None)
            for text in ("", "407", "UA", "UA 407 31 Feb", "UA 407 9 Foo", "flight UA 407", "UA 407 x" * 9)
        ),
    ],
)
def test_what_is_written_is_understood_or_not(text: str, wanted: FlightRequest | None) -> None:
    assert understood(text, date(2013, 2, 8)) == wanted
