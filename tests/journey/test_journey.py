"""One person's whole way with the keyboard alone: in by mail, a flight followed, its change on the board and in the
mailbox, why, a quiet night, and out by one click."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.journey.steps import faults, is_too_wide, press, reach, write
from tests.journey.town import KEY, Town

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MAIL = "maya@example.org"


def sign_in_to_follow(town: Town, page: Page, flight_page: str) -> None:
    """From the flight's page to the sign-in, by the mail, and back as somebody."""
    page.goto(flight_page)
    press(page, page.get_by_role("link", name="Follow this flight"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    write(page, page.get_by_label("E-mail address"), MAIL)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    town.deliver()
    page.goto(town.link_in_mail("/sign-in/"))
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    write(page, page.get_by_label("Your name"), "Maya Ortiz")
    press(page, page.get_by_role("button", name="Make my account and sign in"))
    expect(page.get_by_role("button", name="Follow this flight")).to_be_visible()
    assert page.url.startswith(flight_page.partition("?")[0])


def follow(town: Town, page: Page) -> None:
    press(page, page.get_by_role("button", name="Follow this flight"))
    expect(page.get_by_role("button", name="Unfollow")).to_be_visible()
    town.notice_followings()
    assert town.database["followings"].count_documents({"flight_id": "f407"}) == 1


def see_it_on_the_board(town: Town, page: Page, flight: dict[str, str]) -> None:
    """A change comes onto the board by itself, and into the mailbox."""
    page.goto(f"{town.address}/board?airport=EWR&date={flight['departure_date']}")
    row = page.locator(f"tr[data-row^='{KEY}']")
    expect(row).to_contain_text("On time")
    expect(page.locator("[data-live]")).to_contain_text("Live")
    page.evaluate("window.loadedOnce = true")
    town.save(flight, estimated_departure_time="16:45", status="delayed")
    expect(row.locator(".c-time ins")).to_contain_text("16:45")
    expect(row.locator(".c-status")).to_contain_text("Delayed 2 h")
    assert page.evaluate("window.loadedOnce === true"), "without a reload"
    mails = len(town.mailbox.mails)
    town.clock.ahead += timedelta(minutes=5)  # edits settle before they are told
    town.deliver()
    assert len(town.mailbox.mails) == mails + 1
    assert "UA 407" in town.mailbox.subjects()[-1]


def ask_why(page: Page) -> None:
    page.goto(re.sub(r"(https?://[^/]+).*", r"\1/board", page.url))
    press(page, page.get_by_role("link", name=re.compile("^My( notifications)?$")))
    expect(page.get_by_role("heading", name="My notifications")).to_be_visible()
    expect(page.locator(".notes .st")).to_have_text("Sent")
    why = page.locator("summary", has_text="Why?").first
    expect(page.locator(".steps").first).to_be_hidden()
    press(page, why)
    expect(page.locator(".steps").first).to_contain_text("because you follow the flight")


def be_left_alone(town: Town, page: Page, flight: dict[str, str]) -> None:
    """Quiet hours hold a message, say until when, and let it go when they are over."""
    now = town.clock()
    press(page, page.get_by_role("link", name="What you hear"))
    for label, moment in (("From", now - timedelta(hours=1)), ("Until", now + timedelta(hours=2))):
        field = page.locator("#quiet_from" if label == "From" else "#quiet_until")
        reach(page, field)
        field.fill(f"{moment:%H:%M}")
    press(page, page.get_by_role("button", name="Save what you hear"))
    expect(page.get_by_role("status")).to_contain_text("Saved")
    mails = len(town.mailbox.mails)
    town.save(flight, estimated_departure_time="18:00")
    town.clock.ahead += timedelta(minutes=5)
    town.deliver()
    assert len(town.mailbox.mails) == mails, "nothing in quiet hours"
    press(page, page.get_by_role("link", name="Notifications", exact=True))
    held = page.locator(".notes .st-held")
    expect(held).to_contain_text(f"Held until {now + timedelta(hours=2):%H:%M} UTC")
    town.clock.ahead += timedelta(hours=2, minutes=1)
    town.deliver()
    assert len(town.mailbox.mails) == mails + 1
    page.reload()
    expect(held).to_have_count(0)
    expect(page.locator(".notes .st", has_text="Sent")).to_have_count(2)


def stop_by_one_click(town: Town, page: Page, flight: dict[str, str]) -> None:
    page.context.clear_cookies()  # nobody has to be signed in for that
    page.goto(town.link_in_mail("/unsubscribe/"))
    expect(page.get_by_role("heading", name="Stop these e-mails?")).to_be_visible()
    press(page, page.get_by_role("button", name="Stop e-mails about"))
    expect(page.get_by_role("heading", name="Stopped")).to_be_visible()
    mails = len(town.mailbox.mails)
    town.save(flight, status="cancelled")
    town.clock.ahead += timedelta(minutes=5)
    town.deliver()
    assert len(town.mailbox.mails) == mails, "the list was stopped"


def test_the_whole_way(town: Town, page: Page) -> None:
    flight = town.enter()
    flight_page = f"{town.address}/f/{KEY}/{flight['departure_date']}"
    sign_in_to_follow(town, page, flight_page)
    follow(town, page)
    assert faults(page) == []
    see_it_on_the_board(town, page, flight)
    ask_why(page)
    assert faults(page) == []
    be_left_alone(town, page, flight)
    assert faults(page) == []
    stop_by_one_click(town, page, flight)
    assert faults(page) == []
    assert not is_too_wide(page)
