"""What people do in a browser, with the keyboard alone, and what an accessibility check finds."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Locator, Page

_MOST_KEYS = 150
_GRAVE = {"serious", "critical"}


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    """Go there with the Tab key and press; fails when the keyboard does not reach it."""
    reach(page, target)
    page.keyboard.press(key)


def reach(page: Page, target: Locator) -> None:
    """Go there with the Tab key, from the beginning of the page."""
    target.wait_for(state="visible")
    page.evaluate("document.activeElement && document.activeElement.blur()")
    for _ in range(_MOST_KEYS):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {target}")


def write(page: Page, target: Locator, text: str) -> None:
    """Type into a field that the keyboard reached, in the place of what was in it."""
    reach(page, target)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def submit(page: Page, button: str) -> None:
    """Press the button that sends a form, and wait for the answer with its style sheet."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical: the rule, and where."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in _GRAVE
        for node in one["nodes"]
    ]


def is_too_wide(page: Page) -> bool:
    """Whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
