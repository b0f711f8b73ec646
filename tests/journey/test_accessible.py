"""axe-core finds nothing serious or critical on any page, at two widths, light and dark; none scrolls sideways."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page

from app.channels.links import Links
from app.domain.mail_lists import MailList
from app.domain.speech import ENGLISH, LANGUAGES
from app.store.sessions import Sessions
from tests.journey.steps import faults, is_too_wide, submit
from tests.journey.town import KEY, STAFF_KEY, Town

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MAIL = "maya@example.org"
OWN = (
    "/my",
    "/my?show=held",
    "/my/preferences",
    "/my/flights",
    "/my/profile",
    "/my/sessions",
    "/my/data",
    "/my/data/erase",
)
STAFF = ("/staff", "/staff/ops", "/staff/notifications", "/staff/dead-letters")


def check(page: Page, town: Town, paths: Iterable[str]) -> list[str]:
    """What is wrong on these pages, each as it is drawn and with everything open that can be."""
    wrong = []
    for path in paths:
        page.goto(town.address + path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        wrong += look(page, path)
    return wrong


def look(page: Page, name: str) -> list[str]:
    """What is wrong on the page that is open."""
    return [f"{name}: {one}" for one in faults(page)] + ([f"{name}: too wide"] if is_too_wide(page) else [])


def maya(town: Town, page: Page) -> str:
    """Somebody with a booking, who follows, was told of a delay, and is signed in."""
    user = {
        "_id": "p1",
        "name": "Maya Ortiz",
        "email": MAIL,
        "verified": {"email": MAIL},
        "phone": "+15550104217",
    }
    town.database["users"].insert_one(dict(user))
    town.database["bookings"].insert_one(
        {"_id": "b1", "user_id": "p1", "flight_id": "f407", "reference": "K7M2QX", "added_by": "person"}
    )
    town.database["followings"].insert_one(
        {"_id": "w1", "user_id": "p1", "flight_id": "f407", "created_at": town.clock()}
    )
    value = Sessions(town.database, timedelta(days=30)).begin(user, "Chromium on Linux", town.clock())
    page.context.add_cookies([{"name": "gatecall-person", "value": value, "url": town.address}])
    return "p1"


def told(town: Town) -> dict[str, Any]:
    """A flight whose delay was told by mail."""
    flight = town.enter()
    town.database["users"].insert_one({"_id": "p2", "name": "Omar", "email": "omar@example.org"})
    town.database["bookings"].insert_one({"_id": "b2", "user_id": "p2", "flight_id": "f407"})
    return flight


def cancelled(town: Town, page: Page) -> dict[str, Any]:
    """A flight whose delay was told, and then that it does not fly; Maya is signed in."""
    flight = told(town)
    maya(town, page)
    town.notice_followings()
    town.save(flight, status="cancelled")
    town.deliver()
    return flight


def test_pages_that_anybody_sees(town: Town, page: Page) -> None:
    flight = told(town)
    town.save(flight, estimated_departure_time="15:45", status="delayed")
    day = flight["departure_date"]
    paths = [f"/board?airport=EWR&date={day}", f"/board?airport=DEN&dir=arr&date={day}", f"/f/{KEY}/{day}"]
    paths += ["/board?airport=EWR&q=nowhere", f"/f/UA9/{day}", "/fares", "/health", "/help", "/nowhere"]
    assert check(page, town, paths) == []


def test_pages_behind_links_in_mails(town: Town, page: Page) -> None:
    town.database["users"].insert_one({"_id": "p1", "name": "Maya", "email": MAIL})
    links = Links.of(town.settings)
    assert links is not None
    stop = links.unsubscribe("p1", MailList.FOLLOWINGS, MAIL).removeprefix(town.address)
    choose = links.preferences("p1", MAIL, town.clock()).removeprefix(town.address)
    wrong = check(page, town, [stop, choose, "/unsubscribe/nonsense", "/why/nonsense"])
    page.goto(town.address + stop)
    submit(page, "Stop e-mails about")
    wrong += look(page, "stopped")
    page.goto(town.address + choose)
    page.fill("#daily_max", "many")
    submit(page, "Save")
    wrong += look(page, "choices with a fault")
    assert wrong == []


def test_pages_of_a_person(town: Town, page: Page) -> None:
    flight = cancelled(town, page)
    assert page.goto(f"{town.address}/my") is not None
    assert page.locator("details.why").count() == 1
    wrong = check(page, town, [*OWN, f"/f/{KEY}/{flight['departure_date']}"])
    page.goto(f"{town.address}/my/flights")
    page.fill("#flight_number", "?")
    submit(page, "Add the booking")
    assert page.locator(".err-summary").is_visible()
    wrong += look(page, "a booking with faults")
    page.goto(f"{town.address}/my/sessions")
    page.fill("#name", "My calendar")
    submit(page, "Make the key")
    assert page.locator("#made").is_visible()
    wrong += look(page, "a new key")
    assert wrong == []


def test_no_page_of_a_person_scrolls_sideways_in_another_language(town: Town, page: Page) -> None:
    flight = cancelled(town, page)
    public = ("/board?airport=EWR", "/fares", "/health", "/help", f"/f/{KEY}/{flight['departure_date']}")
    linked = ("/my/inbox", "/my/shares", "/my/telegram", "/my/webhook", "/my/apprise", "/my/phone")
    wrong = []
    for language in (name for name in LANGUAGES if name != ENGLISH):
        town.database["users"].update_one({"_id": "p1"}, {"$set": {"language": language}})
        for path in (*OWN, *linked, "/my/alerts", "/my/alerts/new", *public):
            page.goto(town.address + path)
            assert page.locator("html").get_attribute("lang") == language
            wrong += [f"{language} {path}"] if is_too_wide(page) else []
    assert wrong == []


def test_pages_of_the_sign_in(town: Town, page: Page) -> None:
    wrong = check(page, town, ["/sign-in", "/sign-in/nonsense"])
    page.goto(f"{town.address}/sign-in")
    page.fill("#email", "nobody")
    submit(page, "Send me a link")
    wrong += look(page, "a wrong address")
    page.fill("#email", MAIL)
    submit(page, "Send me a link")
    page.get_by_role("heading", name="Check your mail").wait_for()
    wrong += look(page, "sent")
    town.deliver()
    page.goto(town.link_in_mail("/sign-in/"))
    wrong += look(page, "a link for somebody new")
    maya(town, page)
    wrong += check(page, town, ["/my/phone"])
    assert wrong == []


def test_pages_of_staff(town: Town, page: Page) -> None:
    told(town)
    wrong = check(page, town, ["/staff/sign-in"])
    page.fill("input[type=password]", STAFF_KEY)
    page.locator("main button[type=submit]").click()
    wrong += check(page, town, STAFF)
    assert wrong == []


def test_the_check_finds_what_is_wrong(page: Page) -> None:
    page.set_content("<title>t</title><html lang='en'><img src='x.png'><p style='color:#ccc'>faint</p>")
    found = " ".join(faults(page))
    assert "image-alt" in found
    assert "color-contrast" in found
