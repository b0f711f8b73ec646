"""The inbox's page in a real browser: everybody's messages, and one person's."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.screenshots import browser, chromium_path
from tests.demo.test_inbox import MINA, Running, mail, running
from tests.journey.steps import faults, is_too_wide

__all__ = ["running"]

pytestmark = pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed")

ADE = {
    **MINA,
    "key": "ade",
    "name": "Adé Eze",
    "email": "ade@example.org",
    "phone": None,
    "chose": "a digest",
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(params=[(1280, "light"), (390, "dark")], ids=lambda look: f"{look[0]}-{look[1]}")
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, scheme = request.param
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    yield opened
    context.close()
    assert wrong == []


def test_a_person_s_page_shows_what_they_chose_and_got_and_nobody_else_s(
    running: Running, page: Page
) -> None:
    clock = {"start": "2013-02-09T12:00:00+00:00", "origin": datetime.now(UTC).isoformat(), "rate": 1.0}
    running.post_json("/api/people", {"people": [MINA, ADE], "clock": clock})
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=30) as smtp:
        smtp.send_message(mail("News of TK 1 and TK 2", html="<h1>News of 2 flights</h1>"))
    running.post_sms(To="+15550100142", From="+15550100100", Body="TK 3 is cancelled")
    at = f"http://127.0.0.1:{running.http_port}/"
    page.goto(at)
    page.get_by_role("link", name="Mina Öztürk").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What Mina Öztürk receives")
    expect(page.locator("#about")).to_contain_text("Quiet 22:00-07:00")
    expect(page.locator("#list li")).to_have_count(2)
    expect(page.locator("#list time").first).to_contain_text("Sat 9 Feb, 14:0")  # in Istanbul
    expect(page.locator("#known [aria-current]")).to_contain_text("1 mail, 1 SMS")
    page.get_by_role("link", name="News of TK 1").click()
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("News of 2 flights")
    assert faults(page) == []
    assert not is_too_wide(page)
    page.goto(f"{at}?who=ade")
    expect(page.locator("#empty")).to_contain_text("What this person chose may hold it")


def test_without_people_with_names_the_page_is_as_ever(running: Running, page: Page) -> None:
    page.goto(f"http://127.0.0.1:{running.http_port}/")
    expect(page.locator("#empty")).to_contain_text("Nothing has arrived yet")
    expect(page.locator("#people")).to_be_hidden()
