"""What messages of fare alerts say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.channels import rendering
from app.domain import gsm
from app.domain.wording_alert import compose
from app.domain.wording_shapes import LINK_SLOT
from tests.domain.wording_alert_examples import BELOW, EXAMPLES, FARE, at, news, value

SHORT = f"gatecall.example/w/{LINK_SLOT}"
BOOKING = "fares.example/JFK-SFO/23"
SEEN = "Seen 23:40 EST, may be gone."


@pytest.mark.parametrize(
    ("name", "subject", "opening", "sms"),
    [
        (
            "below",
            "JFK to SFO for $201, below your $220",
            "New York to San Francisco for $201 (was $223), below your $220.",
            f"JFK to SFO for $201 on 9 Mar, direct, VX 23. Below your $220. {SEEN} {BOOKING}",
        ),
        (
            "drop",
            "JFK to SFO for $201, down from $240",
            "New York to San Francisco for $201, down from $240.",
            f"JFK to SFO for $201 on 9 Mar, direct, VX 23. Down from $240. {SEEN} {BOOKING}",
        ),
        (
            "low",
            "JFK to SFO for $201, the lowest in 60 days",
            "New York to San Francisco for $201, the lowest in 60 days.",
            f"JFK to SFO for $201 on 9 Mar, direct, VX 23. The lowest in 60 days. {SEEN} {BOOKING}",
        ),
        (
            "any",
            "JFK to SFO for $201, the cheapest now",
            "New York to San Francisco for $201 (was $198), the cheapest now.",
            f"JFK to SFO for $201 on 9 Mar, direct, VX 23. Was $198. {SEEN} {BOOKING}",
        ),
        (
            "report",
            "JFK to SFO for $201, the cheapest now",
            "New York to San Francisco for $201, the cheapest now.",
            f"JFK to SFO for $201 on 9 Mar, direct, VX 23. {SEEN} {BOOKING}",
        ),
        (
            "empty",
            "JFK to SFO: no fare found",
            "We found no fare JFK to SFO for 1 to 14 March 2013.",
            f"no fare found JFK to SFO for 1 to 14 March 2013. {SHORT}",
        ),
        (
            "ended",
            "Fare alert ended: JFK to SFO, below $220",
            "Your fare alert JFK to SFO has ended: its last day was Thu 14 Mar.",
            f"your fare alert JFK to SFO, below $220 has ended. Its last day was 14 Mar. {SHORT}",
        ),
        (
            "doubtful",
            "JFK to SFO now for $201, below your $220",
            "New York to San Francisco now for $201, below your $220.",
            f"JFK to SFO now for $201 on 9 Mar, direct, VX 23. Below your $220. {SEEN} {BOOKING}",
        ),
        (
            "rupees",
            "JFK to SFO for ₹15,500.50, below your ₹16,000",
            "New York to San Francisco for ₹15,500.50, below your ₹16,000.",
            f"JFK to SFO for INR 15,500.50 on 9 Mar, direct, VX 23. Below your INR 16,000. {SEEN} {BOOKING}",
        ),
        (
            "no_link",
            "JFK to SFO for $201, below your $220",
            "New York to San Francisco for $201, below your $220.",
            f"JFK to SFO for $201 on 9 Mar, VX 23. Below your $220. May be gone. {SHORT}",
        ),
        (
            "long_link",
            "JFK to SFO for $201, below your $220",
            "New York to San Francisco for $201, below your $220.",
            f"JFK to SFO for $201 on 9 Mar, direct, VX 23. Below your $220. {SEEN} {SHORT}",
        ),
    ],
)
def test_each_news_says(name: str, subject: str, opening: str, sms: str) -> None:
    message = compose(EXAMPLES[name])
    assert message.subject == subject
    assert message.opening == opening
    assert message.sms == f"Gatecall: {sms}"


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("below", ("That is $19 less than your price.",)),
        ("drop", ("That is $39 (16.2 %) less than the fare when the alert was made.",)),
        ("low", ("The lowest before was $204.50.",)),
        ("any", ()),
        ("report", ("The lowest since the alert was made: $195.",)),
        ("empty", ("We go on looking until the alert ends.",)),
        ("ended", ("The lowest fare it saw was $201.", "It tells you nothing more.")),
    ],
)
def test_it_says_what_it_means(name: str, more: tuple[str, ...]) -> None:
    assert compose(EXAMPLES[name]).more == more


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_text_is_one_part_and_one_line(name: str) -> None:
    message = compose(EXAMPLES[name])
    assert gsm.fits(message.sms), message.sms
    lines = (message.subject, message.opening, *message.more, *message.advice, *message.footer)
    assert all(line.isprintable() for line in lines)


def test_the_mail_has_the_booking_link_the_age_of_the_fare_and_the_way_out() -> None:
    message = compose(EXAMPLES["below"])
    text, html = rendering.as_text(message), rendering.as_html(message)
    assert message.link == ("Look at this fare", "https://fares.example/JFK-SFO/23")
    for written in (text, html):
        assert "https://fares.example/JFK-SFO/23" in written
        assert "https://gatecall.example/my/alerts/a1" in written
        assert "Fri 8 Feb, 23:40 EST, 2 minutes ago" in written
    assert message.preheader == "Seen Fri 8 Feb, 23:40 EST, 2 minutes ago. That is $19 less than your price."
    assert message.highlight.old == "$223"
    assert message.highlight.new == "$201"
    assert message.highlight.label == "Lowest fare, Sat 9 Mar, direct"


def test_old_fares_say_so() -> None:
    message = compose(EXAMPLES["old"])
    assert dict(message.facts)["Seen"] == "Fri 8 Feb, 23:40 EST, 3 days ago"
    assert "Seen 8 Feb 23:40 EST, may be gone." in message.sms
    assert message.footer[1] == "Found Fri 8 Feb, 23:40 EST, sent at 23:42 EST. It was found late."
    assert dict(compose(EXAMPLES["no_link"]).facts)["Seen"] == "Not known when"


def test_without_a_booking_link_it_leads_to_the_alert() -> None:
    assert compose(EXAMPLES["no_link"]).link == ("Open the alert", "https://gatecall.example/my/alerts/a1")


def test_what_the_person_calls_it_is_escaped() -> None:
    html = rendering.as_html(compose(EXAMPLES["named"]))
    assert "Spring &lt;break&gt;" in html
    assert "<break>" not in html


def test_another_currency_is_not_what_it_was() -> None:
    euros = replace(value(BELOW, 0), offer=at(replace(FARE.price, currency="EUR")))
    message = compose(news(value(BELOW), euros))
    assert "was" not in message.opening
    assert message.highlight.old is None
