"""My inbox in a real Chromium: what delivery writes appears without a reload, and the count in the bar follows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from app.channels.inbox import InboxChannel
from app.domain.people import Person as Hearer
from scripts.screenshots import browser, chromium_path
from tests.channels.test_email import MESSAGE
from tests.delivery.world import eventually
from tests.inbox.entries import fill
from tests.my.conftest import Person, Web

pytestmark = [pytest.mark.browser, pytest.mark.slow]
if chromium_path() is None:
    pytest.skip("Chromium is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def address(web: Web) -> Iterator[str]:
    """Where the pages are served."""
    server = make_server("127.0.0.1", 0, web.app.wsgi_app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        web.app.extensions["gatecall"].feed.close()  # whoever waits is let go
        server.shutdown()
        thread.join(10)
        server.server_close()


@pytest.fixture
def page(chromium: Browser, address: str, maya: Person) -> Iterator[Page]:
    """Maya's browser; it fails when a script breaks or something breaches the policy."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    cookie = maya.client.get_cookie("gatecall-person")
    assert cookie is not None
    context.add_cookies([{"name": "gatecall-person", "value": cookie.value, "url": address}])
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert not [text for text in wrong if "ERR_" not in text and "the server responded" not in text]


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=5_000)


def tell(web: Web) -> None:
    """What delivery does."""
    channel = InboxChannel(web.settings)
    sender = channel.open()
    try:
        hearer = Hearer("p1", "Maya", linked={"inbox": "p1"})
        sender.send(channel.pack("flight:f407|p1|inbox", hearer, MESSAGE), 20)
    finally:
        sender.close()


def seen(web: Web) -> list[dict[str, Any]]:
    return [row for row in web.stored("inbox") if "seen_at" in row]


def touch(page: Page) -> None:
    """A hand moves the mouse, beside the entries."""
    for x in (2, 12):
        page.mouse.move(x, 400)


def test_on_a_screen_nobody_sits_before_nothing_is_marked(web: Web, address: str, page: Page) -> None:
    page.goto(f"{address}/my")
    touch(page)
    tell(web)
    expect(page.locator("[data-inbox] .tag-new")).to_have_count(1)
    page.wait_for_timeout(4_000)  # longer than it takes whoever looks at it
    assert seen(web) == []
    page.evaluate("document.hasFocus = () => false")
    touch(page)
    page.wait_for_timeout(4_000)
    assert seen(web) == []
    page.evaluate("delete document.hasFocus")
    touch(page)
    eventually(lambda: len(seen(web)) == 1, within_s=60)


def test_what_is_below_the_screen_is_not_marked_before_it_was_on_it(
    web: Web, address: str, page: Page
) -> None:
    ids = fill(web, *range(1, 21))
    page.goto(f"{address}/my/inbox")
    touch(page)
    eventually(lambda: ids[-1] in {row["_id"] for row in seen(web)}, within_s=60)
    page.wait_for_timeout(3_000)
    assert ids[0] not in {row["_id"] for row in seen(web)}
    page.locator(".inbox > li").last.scroll_into_view_if_needed()
    touch(page)
    eventually(lambda: ids[0] in {row["_id"] for row in seen(web)}, within_s=60)


def test_an_entry_appears_by_itself_is_counted_said_and_seen(web: Web, address: str, page: Page) -> None:
    page.goto(f"{address}/my")
    bar = page.locator("[data-inbox-count]")
    expect(page.locator("[data-inbox]")).to_contain_text("Nothing in your inbox yet")
    expect(bar).to_be_hidden()
    page.evaluate("window.notReloaded = true")
    tell(web)
    first = page.locator("[data-inbox] .inbox > li").first
    expect(first).to_contain_text(MESSAGE.subject)
    expect(first).to_contain_text(MESSAGE.opening)
    expect(first.locator(".tag")).to_have_text("New")
    expect(page.locator("[data-inbox-say]")).to_have_text(MESSAGE.subject)
    touch(page)
    eventually(lambda: len(seen(web)) == 1, within_s=60)
    expect(bar).to_be_hidden()
    expect(first.locator(".tag")).to_have_text("New")  # on this visit it still looks so
    assert page.evaluate("window.notReloaded")
    page.reload()
    expect(page.locator("[data-inbox] .inbox > li")).to_have_count(1)
    expect(page.locator("[data-inbox] .tag")).to_have_count(0)


def test_on_my_other_pages_the_count_follows_and_nothing_is_marked(
    web: Web, address: str, page: Page
) -> None:
    page.goto(f"{address}/my/flights")
    bar = page.locator("[data-inbox-count]")
    expect(bar).to_be_hidden()
    tell(web)
    expect(bar).to_be_visible()
    expect(bar.locator("[data-number]")).to_have_text("1")
    expect(bar.locator("[data-words]")).to_have_text("1 new entry in your inbox")
    fill(web, 1, 2)
    expect(bar.locator("[data-number]")).to_have_text("3")
    assert seen(web) == []


def test_without_a_script_the_page_is_whole_and_the_button_marks_all(
    web: Web, address: str, chromium: Browser, maya: Person
) -> None:
    fill(web, 1, 2)
    cookie = maya.client.get_cookie("gatecall-person")
    assert cookie is not None
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900})
    context.add_cookies([{"name": "gatecall-person", "value": cookie.value, "url": address}])
    plain = context.new_page()
    plain.goto(f"{address}/my")
    expect(plain.locator("[data-inbox-count]")).to_be_visible()
    expect(plain.locator("[data-inbox] .tag-new")).to_have_count(2)
    plain.get_by_role("button", name="Mark all as read").click()
    expect(plain.locator("[data-inbox] .tag-new")).to_have_count(0)
    expect(plain.locator("[data-inbox-count]")).to_be_hidden()
    context.close()
    assert len(seen(web)) == 2
