"""One channel after the other, where the same news comes again or in parts: who is spared has heard all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.domain.flight import Flight
from app.domain.reports import Report, State
from tests.delivery.both import CANCELLED, MAIL_FIRST, Both
from tests.delivery.choosers import FAR_A, FAR_B


def delayed(minutes: int, of: Flight = FAR_A) -> Flight:
    """The flight, so much later."""
    planned = datetime.fromisoformat(f"{of.departure_date}T{of.departure_time}")
    day, clock = (planned + timedelta(minutes=minutes)).isoformat().split("T")
    return replace(of, estimated_departure_date=day, estimated_departure_time=clock[:5])


@pytest.mark.parametrize(
    ("group", "news"),
    [
        pytest.param("cancelled", CANCELLED, id="cancelled, flying, cancelled"),
        pytest.param("delayed", delayed(60), id="delayed, on time, delayed"),
    ],
)
def test_what_was_told_of_an_earlier_time_does_not_count_for_this_one(
    both: Both, group: str, news: Flight
) -> None:
    both.person(MAIL_FIRST | {"news": [group]})
    both.news(want=news)
    assert both.told() == (1, 0)
    both.seen(1)
    both.clock.move(60)
    both.wants(FAR_A, 2)
    both.texts()
    assert both.told() == (2, 0)
    both.seen(2)
    assert both.told() == (2, 0)
    both.clock.move(60)
    both.wants(news, 3)
    assert both.texts() == 0
    assert both.waits(both.text)[0] == "waits_for_email", "nobody has told it this time"
    assert both.told() == (3, 0)
    both.mail_came_back()
    assert both.told() == (3, 1)


def test_who_heard_a_part_of_the_news_hears_the_rest(both: Both) -> None:
    both.person(MAIL_FIRST | {"news": ["gate", "delayed"]})
    both.news(want=FAR_B)
    assert both.told() == (1, 0)
    both.wants(delayed(60, FAR_B), 2)
    both.clock.move(60)
    assert both.mails() == 2
    both.mail_came_back(2)
    both.seen(2)
    assert both.told() == (2, 1), "the new gate came back"
    assert "C71" in both.twilio.bodies()[0]


def test_who_heard_the_news_in_parts_has_heard_it(both: Both) -> None:
    both.person(MAIL_FIRST | {"news": ["gate", "delayed"]})
    both.news(want=FAR_B)
    assert both.told() == (1, 0)
    both.wants(delayed(60, FAR_B), 2)
    assert both.told() == (2, 0)
    both.seen(1)
    assert both.told() == (2, 0)
    assert both.waits(both.text)[0] == "waits_for_email"
    both.seen(2)
    assert both.told() == (2, 0)
    assert both.waits(both.text) == ("heard_elsewhere", None)


def test_a_mail_that_the_next_server_took_may_come_back(both: Both) -> None:
    both.person(MAIL_FIRST)
    both.news()
    assert both.told() == (1, 0)
    name = str(both.mailbox.mails[0].message["Message-ID"]).strip("<>")
    both.mail.terms.callbacks.take(Report("email", name, State.DELIVERED), both.clock())
    assert both.told() == (1, 0)
    assert both.waits(both.text)[0] == "waits_for_email", "nobody has seen it"
    both.clock.move(60)
    both.mail_came_back()
    assert both.told() == (1, 1)
