"""The whole way through the product as it is started: nothing is handed on by the test, it only edits flights and
presses what people press."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from pymongo.database import Database

from app.bus import clients, topics
from app.domain.namespaces import WATCHED
from app.settings import load
from tests.journey.running import Running, started
from tests.journey.steps import submit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.parametrize("page", [(1280, "light")], ids=["wide"], indirect=True),
]
MAIL = "maya@example.org"


@pytest.fixture
def running(
    database: Database[dict[str, Any]], database_uri: str, kafka: str, topic_prefix: str, tmp_path: Path
) -> Iterator[Running]:
    day = (datetime.now(ZoneInfo("America/New_York")) + timedelta(days=1)).date().isoformat()
    database.flights.insert_one(
        {
            "_id": "f407", "flight_number": "UA407", "airline": "UA", "origin": "EWR", "destination": "DEN",
            "departure_date": day, "departure_time": "14:45", "arrival_date": day, "arrival_time": "17:05",
            "status": "scheduled", "gate": "C94", "terminal": "C",
        }
    )  # fmt: skip
    with started(database, database_uri, kafka, topic_prefix, tmp_path) as made:
        yield made
    settings = load(mongodb_uri=database_uri, kafka_bootstrap_servers=kafka, kafka_topic_prefix=topic_prefix)
    with closing(clients.admin(settings)) as admin:
        names = [topics.name(settings, one) for one in (*(n.topic for n in WATCHED), topics.OPERATIONS)]
        missing = topics.missing(admin, settings)
        admin.delete_topics([name for name in names if name not in missing])


def edit(running: Running, **fields: str) -> None:
    """What an admin does: a plain update in MongoDB."""
    running.database.flights.update_one({"_id": "f407"}, {"$set": fields})


def link_in(page: Page, running: Running, mail: dict[str, Any], path: str) -> str:
    """Where a link of a mail leads to, as the inbox shows it."""
    page.goto(running.mail_page(mail))
    found = page.locator(f"a[href^='{running.web}{path}']").first.get_attribute("href")
    assert found
    return found


def sign_in_and_follow(running: Running, page: Page, flight_page: str) -> None:
    page.goto(flight_page)
    page.get_by_role("link", name="Follow this flight").click()
    page.get_by_label("E-mail address").fill(MAIL)
    submit(page, "Send me a link")
    page.goto(link_in(page, running, running.mail("sign-in link"), "/sign-in/"))
    page.get_by_label("Your name").fill("Maya Ortiz")
    submit(page, "Make my account and sign in")
    submit(page, "Follow this flight")
    expect(page.get_by_role("button", name="Unfollow")).to_be_visible()
    known = {"person": {"$exists": True}, "heard.gate": "C94"}
    running.wait(lambda: running.database.conversations.find_one(known), "the following is known")


def see_it_change(running: Running, page: Page, day: str) -> None:
    page.goto(f"{running.web}/board?airport=EWR&date={day}")
    row = page.locator("tr[data-row^='UA407']")
    expect(page.locator("[data-live]")).to_contain_text("Live")
    page.evaluate("window.loadedOnce = true")
    edit(running, estimated_departure_time="16:45", status="delayed")
    expect(row.locator(".c-time ins")).to_contain_text("16:45")
    expect(row.locator(".c-status")).to_contain_text("Delayed 2 h")
    assert page.evaluate("window.loadedOnce === true"), "without a reload"
    running.mail("UA 407")


def history_shows(running: Running, page: Page, path: str, *, sent: int = 0, held: int = 0) -> None:
    """Open the history until it has so many rows of each: a mail is in the inbox some moments before the ledger
    has it."""
    marks = page.locator(".notes .st")

    def does() -> bool:
        page.goto(f"{running.web}{path}")
        shown = [mark.split()[0] for mark in marks.all_inner_texts()]
        return (shown.count("Sent"), shown.count("Held")) == (sent, held)

    running.wait(does, f"{path} shows {sent} sent, {held} held")


def ask_why(running: Running, page: Page) -> None:
    history_shows(running, page, "/my?channel=email", sent=1)  # her inbox on these pages has it, too
    page.locator("summary", has_text="Why?").click()
    steps = page.locator(".steps")
    for words in (
        "A change was saved",
        "The change was seen",
        "because you follow the flight",
        "mail server",
    ):
        expect(steps).to_contain_text(words)


def be_left_alone_for_a_while(running: Running, page: Page) -> None:
    now, before = datetime.now(UTC), len(running.mails())
    page.goto(f"{running.web}/my/preferences")
    page.fill("#quiet_from", f"{now - timedelta(hours=1):%H:%M}")
    page.fill("#quiet_until", f"{now + timedelta(hours=6):%H:%M}")
    submit(page, "Save what you hear")
    edit(running, estimated_departure_time="18:00")
    history_shows(running, page, "/my?show=held", held=1)
    expect(page.locator(".notes .st-held")).to_contain_text(
        f"Held until {now + timedelta(hours=6):%H:%M} UTC"
    )
    assert len(running.mails()) == before, "nothing in quiet hours"
    page.goto(f"{running.web}/my/preferences")
    page.fill("#quiet_from", "")
    page.fill("#quiet_until", "")
    submit(page, "Save what you hear")
    assert "18:00" in running.mail("UA 407", after=before)["subject"]
    history_shows(running, page, "/my?channel=email", sent=2)


def stop_it(running: Running, page: Page) -> None:
    page.context.clear_cookies()  # nobody has to be signed in for that
    mails = running.mails()
    page.goto(link_in(page, running, mails[-1], "/unsubscribe/"))
    submit(page, "Stop e-mails about")
    expect(page.get_by_role("heading", name="Stopped")).to_be_visible()
    edit(running, status="cancelled")
    stopped = {"reason": "stopped", "channel": "email"}
    running.wait(lambda: running.database.delivery_decisions.find_one(stopped), "decided in silence")
    assert len(running.mails()) == len(mails)


def test_from_an_edit_to_the_inbox_and_back(running: Running, page: Page) -> None:
    flight = running.database.flights.find_one({"_id": "f407"})
    assert flight is not None
    day = flight["departure_date"]
    sign_in_and_follow(running, page, f"{running.web}/f/UA407/{day}")
    see_it_change(running, page, day)
    ask_why(running, page)
    be_left_alone_for_a_while(running, page)
    stop_it(running, page)
