"""A person's own history: what they were told, what is held and why, a page at a time; with real delivery."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from app.store.sessions import Sessions
from tests.my.conftest import Person, Web, text_of
from tests.providers import smtp_server, twilio_server
from tests.why.world import World, settings_for

BOOKED = {"gate": "C70"}


class Story(World):
    """A notifier and a delivery, and the browsers of those whom they tell."""

    def browser(self, person: str = "p1") -> Person:
        """Somebody at this moment of the story."""
        self.moment = self.notifying.now
        client: FlaskClient = self.site(public_url="http://localhost")
        user = self.db.users.find_one({"_id": person})
        assert user is not None
        value = Sessions(self.db, timedelta(days=9000)).begin(user, "Chromium", self.moment)
        client.set_cookie("gatecall-person", value)
        return Person(person, client)

    def begin(self, **user: Any) -> None:
        """A traveller who knows that the flight leaves from C70."""
        self.notifying.handle(self.notifying.snapshot(1, gate="C70"))
        self.person(**user)
        self.notifying.handle(self.notifying.books("p1", seen=BOOKED, seen_at=2, time=3))
        self.deliver()


@pytest.fixture
def story(web: Web, prepared: Database[dict[str, Any]], mongo_uri: str) -> Iterator[Story]:
    with smtp_server() as mailbox, twilio_server() as twilio:
        settings = settings_for(mongo_uri.replace("/?", f"/{prepared.name}?"), mailbox, twilio)
        made = Story(prepared, settings)
        yield made
        made.close()


def test_somebody_who_heard_nothing_is_told_how_to_begin(maya: Person) -> None:
    page = maya.get("/my")
    assert "Nothing to tell you yet" in text_of(page)
    assert 'href="/board"' in page


def test_each_message_has_the_whole_chain_behind_its_why(story: Story) -> None:
    story.begin()
    story.notifying.handle(story.notifying.flight(5, status="cancelled", gate="C70"))
    story.deliver()
    page = story.browser().get("/my")
    assert page.count('<details class="why">') == 2
    shown = text_of(page)
    for words in ("E-mail ·", "SMS ·", "Sent", "It was decided to tell people", "You are among them"):
        assert words in shown, words
    assert shown.count("because you hold a booking.") == 2
    assert "The mail server has it" in shown
    assert "The SMS provider has it" in shown
    assert "p1@example.org" not in page
    assert "5550104217" not in page
    assert 'href="/f/UA1545/2035-12-01?from=EWR"' in page


def test_nobody_sees_what_another_was_told(story: Story) -> None:
    story.begin()
    story.person("p2", phone=None)
    story.notifying.handle(story.notifying.flight(5, status="cancelled", gate="C70"))
    story.deliver()
    page = story.browser("p2").get("/my")
    assert story.db.delivery_decisions.count_documents({"person": "p2", "reason": "no_address"}) == 1
    assert page.count('<details class="why">') == 1
    assert "p1" not in page


def test_what_is_held_says_until_when_and_once_it_was_sent_that_it_was_held(story: Story) -> None:
    paused = {"paused_until": story.notifying.now + timedelta(days=4000), "urgent_passes": False}
    story.begin(preferences=paused, time_zone="America/New_York", phone=None)
    story.notifying.handle(story.notifying.flight(5, status="cancelled", gate="C70"))
    story.deliver()
    (held,) = story.db.delivery_decisions.find({"action": "wait"})
    assert held["reason"] == "paused"
    assert '"pill st st-held">Held until' in story.browser().get("/my")
    story.db.users.update_one({"_id": "p1"}, {"$unset": {"preferences": ""}})
    story.db.conversations.update_many({}, {"$set": {"due_at": story.notifying.now}})
    story.deliver()
    page = story.browser().get("/my")
    assert "st-held" not in page
    assert ">Was held, then decided anew</span>" in page
    assert ">Sent</span>" in page


def test_a_long_history_is_read_page_by_page(story: Story) -> None:
    story.begin()
    for number in range(11):
        story.notifying.handle(
            story.notifying.flight(5 + number, gate="C70", status="delayed", **late(number))
        )
        story.deliver()
    maya = story.browser()
    first = maya.get("/my")
    assert first.count('<details class="why">') == 20
    assert ">Newest<" not in first
    older = first[first.index("/my?cursor=") :].partition('"')[0]
    second = maya.get(older)
    assert second.count('<details class="why">') == 2
    assert ">Older<" not in second
    assert ">Newest<" in second


def test_a_place_in_the_list_that_is_none_is_refused(maya: Person) -> None:
    maya.get("/my?cursor=nonsense", 400)


def late(number: int) -> dict[str, Any]:
    """A delay of its own, 20 minutes more each time."""
    minutes = 20 * (number + 1)
    return {"estimated_departure_time": f"{10 + minutes // 60:02}:{minutes % 60:02}"}
