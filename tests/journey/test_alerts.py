"""A fare alert by hand, with the keyboard alone: made from the fares, seen in the list, changed, paused, deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from app.domain import place_search
from tests.journey.steps import is_too_wide, press, reach, submit, write
from tests.journey.test_accessible import look, maya
from tests.journey.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WIDE_AND_NARROW = pytest.mark.parametrize(
    "page", [(1280, "light"), (390, "dark")], ids=["wide", "narrow"], indirect=True
)


def fare(town: Town, amount: str, **fields: Any) -> str:
    """A fare that leaves in a month; its day."""
    day = (town.clock() + timedelta(days=30)).date().isoformat()
    document = {"origin": "JFK", "destination": "SFO", "departure_date": day, "airline": "UA", "stops": 0}
    town.database["prices"].insert_one(document | {"amount": amount, "currency": "USD"} | fields)
    return day


def go(page: Page, target: Locator) -> None:
    """Press what leads to another page, and wait for that."""
    with page.expect_navigation():
        press(page, target)


@pytest.fixture(autouse=True, scope="module")
def places_are_known() -> None:
    """As in a web process that has started: making the index takes seconds."""
    place_search.load()


@WIDE_AND_NARROW
def test_an_alert_is_made_changed_paused_and_deleted_with_the_keyboard(town: Town, page: Page) -> None:
    day = fare(town, "204.00", link="https://seller.example/1")
    maya(town, page)
    page.goto(f"{town.address}/fares?origin=JFK&destination=SFO&date={day}")
    go(page, page.get_by_role("link", name="Set an alert"))
    expect(page.get_by_role("combobox", name="From")).to_have_value("New York Kennedy (JFK)")
    expect(page.get_by_label("Leave until")).to_have_value(day)
    expect(page.get_by_role("heading", name="$204 is the lowest fare")).to_be_visible()
    write(page, page.get_by_label("The price it is to be below"), "220")
    go(page, page.get_by_role("button", name="Show what it does"))
    expect(page.locator(".say")).to_contain_text("JFK to SFO")
    expect(page.locator("aside")).to_contain_text("you are told at once")
    assert town.database["alerts"].count_documents({}) == 0
    go(page, page.get_by_role("button", name="Save the alert"))
    expect(page.get_by_role("status").first).to_contain_text("The alert is saved")
    assert not is_too_wide(page)

    go(page, page.get_by_role("link", name="Fare alerts"))
    go(page, page.get_by_role("link", name="JFK to SFO, below $220"))
    reach(page, page.get_by_label("The price it is to be below"))
    write(page, page.get_by_label("The price it is to be below"), "199.50")
    go(page, page.get_by_role("button", name="Save the alert"))
    expect(page.get_by_role("heading", level=1)).to_have_text("JFK to SFO, below $199.50")

    go(page, page.get_by_role("button", name="Pause"))
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    row = town.database["alerts"].find_one()
    assert row is not None
    assert (row["paused"], row["condition"]["amount"]) == (True, "199.50")
    go(page, page.get_by_role("link", name="Delete"))
    go(page, page.get_by_role("button", name="Delete the alert"))
    expect(page.get_by_role("heading", name="No fare alert yet")).to_be_visible()
    assert town.database["alerts"].count_documents({}) == 0


@WIDE_AND_NARROW
def test_radio_buttons_are_chosen_with_arrows_and_with_the_pointer(town: Town, page: Page) -> None:
    maya(town, page)
    page.goto(f"{town.address}/my/alerts/new")
    reach(page, page.get_by_label("is below a price"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("drops by")).to_be_checked()
    page.locator("#condition-any").check()
    page.get_by_label("Only by").check()
    page.locator("input[name=channel][value=email]").check()
    expect(page.get_by_label("Only by")).to_be_checked()


def test_pages_of_alerts_are_accessible(town: Town, page: Page) -> None:
    fare(town, "204.00")
    day = fare(town, "150", currency="EUR")
    maya(town, page)
    page.goto(f"{town.address}/my/alerts")
    wrong = look(page, "no alert")
    page.goto(f"{town.address}/my/alerts/new?origin=JFK&destination=Nwark&date={day}")
    wrong += look(page, "a new one")
    submit(page, "Save the alert")
    summary = page.locator(".err-summary")
    expect(summary).to_contain_text("2 things to correct")
    summary.get_by_role("link", name="Price").click()
    expect(page.get_by_label("The price it is to be below")).to_be_focused()
    wrong += look(page, "with faults")
    page.fill("#destination", "SFO")
    page.fill("#below", "220")
    submit(page, "Save the alert")
    wrong += look(page, "an alert")
    with page.expect_navigation():
        page.get_by_role("link", name="Delete").click()
    wrong += look(page, "asked once more")
    page.goto(f"{town.address}/my/alerts")
    wrong += look(page, "the list")
    page.goto(f"{town.address}/fares")
    wrong += look(page, "fares")
    assert wrong == []
