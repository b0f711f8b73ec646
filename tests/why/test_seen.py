"""Whoever opens "Why this message?" has seen the message: channels that come after need not tell it."""

from __future__ import annotations

import re

import pytest

from tests.providers import Mailbox, Twilio
from tests.why.test_chain import begin
from tests.why.world import World

MAIL_FIRST = {"steps": [{"channel": "email", "minutes": 10}, {"channel": "sms"}]}
BY_HAND = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture
def link(world: World, mailbox: Mailbox, twilio: Twilio) -> str:
    """The path in a mail about a cancellation; the text waits for what becomes of the mail."""
    begin(world, preferences={"routing": MAIL_FIRST})
    world.notifying.handle(world.notifying.flight(5, status="cancelled", gate="C70"))
    world.deliver()
    world.moment = world.notifying.now
    assert (len(mailbox.mails), len(twilio.messages)) == (1, 0)
    found = re.search(r"/why/\S+", mailbox.mails[0].message.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert found is not None
    return found[0]


def reason(world: World) -> str:
    world.deliver()
    found = world.db.conversations.find_one({"channel": "sms"})
    assert found is not None
    return str(found["reason"])


def test_the_page_says_that_another_channel_comes_first(world: World, link: str) -> None:
    page = world.site().get(link).text
    assert "another channel that comes first (E-mail)" in page
    assert "It comes here as well where it was not delivered or seen there in time." in page


def test_a_browser_that_shows_the_page_has_shown_the_message(world: World, link: str, twilio: Twilio) -> None:
    assert reason(world) == "waits_for_email"
    site = world.site()
    assert site.get(link, headers=BY_HAND).status_code == 200
    assert reason(world) == "heard_elsewhere"
    row = world.db.notifications.find_one({"channel": "email"})
    assert row is not None
    assert row["seen_at"] == world.moment
    assert "Another channel had told it" in site.get(link, headers=BY_HAND).text
    assert twilio.messages == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        BY_HAND | {"Sec-Purpose": "prefetch;prerender"},
        BY_HAND | {"Purpose": "prefetch"},
    ],
)
def test_what_looks_into_mails_by_itself_has_seen_nothing(
    world: World, link: str, headers: dict[str, str]
) -> None:
    assert world.site().get(link, headers=headers).status_code == 200
    assert world.site().head(link, headers=BY_HAND).status_code == 200
    assert reason(world) == "waits_for_email"
    assert world.db.notifications.count_documents({"seen_at": {"$exists": True}}) == 0
