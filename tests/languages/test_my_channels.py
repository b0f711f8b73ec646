"""My pages of channels, history, inbox and shared trips in a made-up language: they say nothing in English."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pymongo.database import Database

from app.domain.why_words import short_id
from app.settings import Settings
from tests.domain import pseudo
from tests.languages.pseudo_pages import forgotten
from tests.languages.test_my_pages import VALUES
from tests.my.conftest import Person, Web
from tests.my.test_notifications import Story
from tests.providers import smtp_server, twilio_server
from tests.web_process import Docs
from tests.why.world import settings_for

MORE = (
    *("Ada Lovelace AL", "Boston BOS Chicago Orlando MCO ORD"),
    *("webhook id timestamp signature HMAC SHA xx", "https hooks example org", "ntfy ntfys"),
    *("list stop Feb", "Standard Webhooks"),
)
_DATA = ("secret", "made")


def left(page: str, *values: str) -> list[str]:
    return forgotten(page, (*VALUES, *MORE, *values), _DATA)


@pytest.fixture
def maya(web: Web) -> Iterator[Person]:
    person = web.person(time_zone="America/New_York", language=pseudo.TAG)
    with pseudo.spoken():
        yield person


@pytest.fixture
def story(prepared: Docs, web: Web, mongo_uri: str) -> Iterator[Story]:
    with smtp_server() as mailbox, twilio_server() as twilio:
        found: Settings = settings_for(mongo_uri.replace("/?", f"/{prepared.name}?"), mailbox, twilio)
        made = Story(_as_database(prepared), found)
        with pseudo.spoken():
            yield made
        made.close()


def _as_database(docs: Docs) -> Database[dict[str, object]]:
    return docs


@pytest.mark.parametrize(
    "path", ["/my", "/my/inbox", "/my/shares", "/my/telegram", "/my/webhook", "/my/apprise"]
)
def test_a_page_with_nothing_on_it_is_said_whole(maya: Person, path: str) -> None:
    assert left(maya.get(path)) == []


def test_shared_trips_are_said_whole(web: Web, maya: Person) -> None:
    web.flight()
    maya.post("/my/bookings", flight_number="UA407", departure_date="2013-02-08")
    (booking,) = web.stored("bookings")
    assert left(maya.post("/my/shares", days="5", bookings=str(booking["_id"])).text) == []
    assert left(maya.post("/my/shares", days="7").text) == []
    made = maya.post("/my/shares", days="7", bookings=str(booking["_id"])).text
    assert 'id="made"' in made
    assert left(made) == []
    assert left(maya.post("/my/pickups", booking=str(booking["_id"]), name="", email="").text) == []


def test_the_history_of_messages_sent_held_and_skipped_is_said_whole(story: Story) -> None:
    paused = {"paused_until": story.notifying.now + timedelta(days=4000), "urgent_passes": False}
    story.begin(language=pseudo.TAG, time_zone="America/New_York")
    story.notifying.handle(story.notifying.flight(5, status="cancelled", gate="C70"))
    story.deliver()
    story.db.users.update_one({"_id": "p1"}, {"$set": {"preferences": paused}})
    story.notifying.handle(story.notifying.flight(6, status="scheduled", gate="C70"))
    story.deliver()
    page = story.browser().get("/my")
    assert page.count('<details class="why">') > 2
    assert "st-held" in page
    kept = ("Name of p1", "Houston", "flights changes update", "queued parts of UCS", "accepted as")
    tries = [attempt for row in story.db.notifications.find() for attempt in row["attempts"]]
    ids = [short_id(attempt["provider_id"]) for attempt in tries if "provider_id" in attempt]
    assert left(page, "NP", *kept, *ids) == []
    assert left(story.browser().get("/my?show=failed"), "NP", *kept) == []
