"""A notice to an airport with many people: how long it takes against writing the same conversations alone."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.notices.world import CHANNELS, Noticing

PEOPLE = 20_000
FLIGHTS = 100
AT_ONCE = 10_000


@pytest.mark.slow
def test_twenty_thousand_people_cost_little_more_than_writing_their_conversations(
    notices: Noticing, record_property: Callable[[str, object], None]
) -> None:
    keys = [notices.flight(f"f{number}", f"UA{number + 1}") for number in range(FLIGHTS)]
    rows = [
        {"_id": f"b{n}", "user_id": f"p{n}", "flight_id": keys[n % FLIGHTS], "status": "confirmed"}
        for n in range(PEOPLE)
    ]
    notices.db.bookings.insert_many(rows, ordered=False)
    begun = time.monotonic()
    notices.handle(notices.publishes(airport="EWR"))
    took_s = time.monotonic() - begun
    made = list(notices.db.conversations.find())
    assert len(made) == PEOPLE * len(CHANNELS)
    notices.db.conversations.delete_many({})
    begun = time.monotonic()
    for first in range(0, len(made), AT_ONCE):
        notices.db.conversations.insert_many(made[first : first + AT_ONCE], ordered=False)
    bare_s = time.monotonic() - begun
    record_property("seconds", f"{took_s:.2f} for {PEOPLE} people, {bare_s:.2f} for insert_many alone")
    # Who is concerned is read once, and nothing is written but the conversations: twice the writing leaves room.
    assert took_s < 3 * bare_s
