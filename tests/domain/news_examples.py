"""Flights and news for the tests of wording and rendering."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.flight import Flight, Status
from app.domain.news import Role, Steps, differences
from app.domain.wording import FlightNews, Message

STEPS = Steps(timedelta(minutes=15), timedelta(minutes=10))
NOW = datetime(2013, 2, 8, 19, 42, 30, tzinfo=UTC)  # 14:42 EST

UA407 = Flight(
    flight_number="UA407",
    airline="UA",
    origin="EWR",
    destination="DEN",
    departure_date="2013-02-08",
    departure_time="14:45",
    arrival_date="2013-02-08",
    arrival_time="17:05",
    gate="C94",
    terminal="C",
)
LATE = replace(
    UA407,
    status=Status.DELAYED,
    estimated_departure_time="15:13",
    status_reason="De-icing takes longer in the snow",
)


def news(heard: Flight, want: Flight, role: Role = Role.TRAVELLER, **more: Any) -> FlightNews:
    """News of a change at 14:41 EST, told at 14:42 EST."""
    values: dict[str, Any] = {
        "kinds": differences(heard, want, STEPS),
        "role": role,
        "doubtful": False,
        "found_late": False,
        "changed_at": NOW - timedelta(minutes=1),
        "now": NOW,
        "public_url": "https://gatecall.example",
    }
    return FlightNews(heard, want, **(values | more))


def words(message: Message) -> str:
    """Everything an e-mail says."""
    return " ".join(
        [
            message.subject,
            message.headline,
            message.preheader,
            message.opening,
            message.highlight.label,
            message.highlight.old or "",
            message.highlight.new,
            message.highlight.note or "",
            *message.more,
            *(part for row in message.facts for part in row),
            *message.advice,
            *message.footer,
        ]
    )
