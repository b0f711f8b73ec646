"""What is said about an airport's day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain import gsm
from app.domain.airport_day import KINDS, AirportDay, Level
from app.domain.news import Role
from app.domain.wording_airport import compose
from app.domain.wording_shapes import LINK_SLOT, AirportNews

SEVERE = AirportDay("EWR", "2013-02-08", 380, 180, 4, 30, 60, Level.SEVERE)
NORMAL = SEVERE.undisturbed()
CALMER = AirportDay("EWR", "2013-02-08", 380, 20, 0, 10, 60, Level.NORMAL)
DISRUPTED = AirportDay("EWR", "2013-02-08", 380, 50, 1, 10, 90, Level.DISRUPTED)
AT = datetime(2013, 2, 8, 20, 13, tzinfo=UTC)


def news(heard: AirportDay, want: AirportDay, **more: object) -> AirportNews:
    """News at 15:14 in Newark."""
    found = AirportNews(
        heard=heard,
        want=want,
        kinds=(KINDS[want.level],),
        role=Role.FOLLOWER,
        doubtful=False,
        found_late=False,
        changed_at=AT,
        now=AT.replace(minute=14),
        public_url="https://gatecall.example",
        short_link=True,
    )
    return replace(found, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("heard", "want", "subject", "note", "meaning", "advice", "sms"),
    [
        (
            NORMAL,
            SEVERE,
            "Newark (EWR) is severely disrupted, Fri 8 Feb: 214 of 380 flights affected",
            "214 of 380 flights cancelled, diverted or at least an hour late.",
            "Expect long queues, and that more flights are cancelled.",
            "If you fly today, look at your flight before you leave for the airport.",
            (
                "Gatecall: EWR, Fri 8 Feb: severely disrupted, 214 of 380 flights cancelled, diverted or 1 h late."
                f" Look at yours before you go. gatecall.example/w/{LINK_SLOT}"
            ),
        ),
        (
            NORMAL,
            DISRUPTED,
            "Newark (EWR) is disrupted, Fri 8 Feb: 61 of 380 flights affected",
            "61 of 380 flights cancelled, diverted or at least 1 hour 30 minutes late.",
            "Other flights may be late, too.",
            "If you fly today, look at your flight before you leave for the airport.",
            (
                "Gatecall: EWR, Fri 8 Feb: disrupted, 61 of 380 flights cancelled, diverted or 1 h 30 min late."
                f" Look at yours before you go. gatecall.example/w/{LINK_SLOT}"
            ),
        ),
        (
            SEVERE,
            CALMER,
            "Newark (EWR) is back to normal, Fri 8 Feb: 30 of 380 flights affected",
            "30 of 380 flights cancelled, diverted or at least an hour late.",
            "Most flights go as planned again.",
            "If you fly today, look at your flight all the same: single ones may still be late.",
            (
                "Gatecall: Newark (EWR), Fri 8 Feb: back to normal, 30 of 380 flights cancelled, diverted or 1 h"
                f" late. gatecall.example/w/{LINK_SLOT}"
            ),
        ),
    ],
)
def test_the_news_is_said(
    heard: AirportDay, want: AirportDay, subject: str, note: str, meaning: str, advice: str, sms: str
) -> None:
    message = compose(news(heard, want))
    assert message.subject == subject
    assert (message.highlight.note, message.more, message.advice) == (note, (meaning,), (advice,))
    assert message.sms == sms
    assert gsm.fits(sms)


def test_every_kind_has_an_example() -> None:
    assert {KINDS[day.level] for day in (SEVERE, DISRUPTED, CALMER)} == set(KINDS.values())


def test_it_leads_to_the_board_and_says_why_and_when_in_the_airports_time() -> None:
    message = compose(news(NORMAL, SEVERE))
    url = "https://gatecall.example/board?airport=EWR&date=2013-02-08"
    assert message.link == ("Open the board of EWR", url)
    assert message.footer[:2] == (
        "You get this because you follow Newark (EWR).",
        "So since 15:13 EST, sent at 15:14 EST.",
    )
    assert dict(message.facts) == {
        "Airport": "Newark Liberty (EWR)",
        "Day": "Fri 8 Feb",
        "Flights": "380, to and from it",
        "Cancelled": "180",
        "Diverted": "4",
        "Late by 1 hour or more": "30",
    }


@pytest.mark.parametrize(("affected", "says"), [(2, True), (3, False)])
def test_most_flights_go_as_planned_where_most_do(affected: int, says: bool) -> None:
    few = AirportDay("EWR", "2013-02-08", 5, affected, 0, 0, 60, Level.NORMAL)
    assert ("Most flights go as planned again." in compose(news(SEVERE, few)).more) is says


def test_in_doubt_it_says_how_things_are_now() -> None:
    message = compose(news(NORMAL, SEVERE, doubtful=True))
    assert message.headline == "Newark (EWR) is now severely disrupted"
    assert (message.highlight.old, message.highlight.new) == (None, "Now: severely disrupted")
    assert "now severely disrupted" in message.sms


def test_another_day_is_named() -> None:
    day_before = datetime(2013, 2, 7, 20, tzinfo=UTC)
    message = compose(news(NORMAL, SEVERE, changed_at=day_before, now=day_before))
    assert message.advice[0].startswith("If you fly on Fri 8 Feb,")
