"""Airports by name with the keyboard alone: suggestions while somebody types, on a form and on the board."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journey.steps import is_too_wide, press, reach, write
from tests.journey.test_accessible import look, maya
from tests.journey.town import Town

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("page", [(1280, "light"), (390, "dark")], ids=["wide", "narrow"], indirect=True),
]


def test_an_airport_is_followed_by_a_city_that_has_several(town: Town, page: Page) -> None:
    maya(town, page)
    page.goto(f"{town.address}/my/flights")
    field = page.get_by_role("combobox", name="Airport")
    write(page, field, "mosc")
    options = page.get_by_role("option")
    expect(options.first).to_have_text("Moscow Domodedovo (DME)")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    assert look(page, "suggestions") == []
    page.keyboard.press("Enter")
    expect(field).to_have_value("Moscow Sheremetyevo (SVO)")
    expect(page.get_by_role("listbox")).to_have_count(0)
    press(page, page.get_by_role("button", name="Follow the airport"))
    expect(page.get_by_role("status")).to_contain_text("You follow this airport")
    assert [row["airport"] for row in town.database["followings"].find({"airport": {"$exists": True}})] == [
        "SVO"
    ]


def test_escape_closes_the_suggestions_and_the_text_stays(town: Town, page: Page) -> None:
    maya(town, page)
    page.goto(f"{town.address}/my/flights")
    field = page.get_by_role("combobox", name="From (optional)")
    write(page, field, "newark")
    expect(page.get_by_role("option")).not_to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(field).to_have_value("newark")


def test_several_are_chosen_from_without_suggestions(town: Town, page: Page) -> None:
    maya(town, page)
    page.route("**/api/v1/places**", lambda route: route.abort())
    page.goto(f"{town.address}/my/flights")
    write(page, page.get_by_label("Airport", exact=True), "Moscow")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert look(page, "choices") == []
    reach(page, page.get_by_label("Moscow Domodedovo (DME)"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Moscow Vnukovo (VKO)")).to_be_checked()
    press(page, page.get_by_role("button", name="Follow the airport"))
    expect(page.get_by_text("VKO, Moscow Vnukovo")).to_be_visible()


def test_the_board_of_another_airport_is_reached_by_its_name(town: Town, page: Page) -> None:
    town.enter()
    page.goto(f"{town.address}/board?airport=EWR")
    field = page.get_by_role("combobox", name="Airport")
    reach(page, field)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name="Newark Liberty (EWR)")).to_be_visible()
    page.keyboard.press("Escape")
    write(page, field, "denv")
    expect(page.get_by_role("option", name="Denver (DEN)")).to_be_visible()
    assert look(page, "the board's suggestions") == []
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page).to_have_url(f"{town.address}/board?airport=DEN&dir=dep")
    page.goto(f"{town.address}/board?airport=Moscow")
    assert look(page, "which airport") == []
    press(page, page.get_by_role("link", name="Moscow Vnukovo (VKO)"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("VKO")
    assert not is_too_wide(page)
