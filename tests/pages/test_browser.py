"""The pages in a real Chromium, fed through a real broker: what changes arrives without a reload."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from pymongo.database import Database
from werkzeug.serving import make_server

from app.bus import clients, envelope, topics
from app.bus.log_reader import LogReader
from app.bus.publisher import Publisher, Sent
from app.domain import namespaces
from app.domain.clock import DomainClock, system_now
from app.domain.events import ChangeEvent, Op, changed_fields
from app.domain.order import of_event
from app.runtime import Health, StopFlag
from app.settings import Settings
from app.web import create_app
from app.web.feed import Feed
from app.web.services import Services
from scripts.screenshots import browser, chromium_path
from tests.pages.conftest import NOW, UA407

pytestmark = [pytest.mark.browser, pytest.mark.slow]
if chromium_path() is None:
    pytest.skip("Chromium is not installed", allow_module_level=True)

PUBLIC = (namespaces.FLIGHTS, namespaces.PRICES, namespaces.NOTICES)


class Site:
    """A running site: `save` is what an admin does, and what a watcher then publishes."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        address: str,
        publisher: Publisher,
        feed: Feed,
        stop: StopFlag,
    ) -> None:
        self.database = database
        self.address = address
        self.stop_reading = stop
        self._publisher = publisher
        self._feed = feed
        self._events = 0

    def wait_until_fed(self, updates: int) -> None:
        """Until the site itself has read so many updates."""
        wait_for(lambda: len(self._feed.recent()) >= updates)

    def enter(self, **fields: Any) -> dict[str, Any]:
        """A flight that is there before anybody looks."""
        document = UA407 | fields
        self.database.flights.insert_one(document)
        return document

    def save(self, document: dict[str, Any], **fields: Any) -> None:
        """Change fields of a flight, or enter it when it is new."""
        before = self.database.flights.find_one({"_id": document.get("_id", "not there")})
        after = document | fields
        after.setdefault("_id", f"{after['flight_number']}-new")
        self.database.flights.replace_one({"_id": after["_id"]}, after, upsert=True)
        document.update(after)
        self._publish(after["_id"], Op.UPDATE if before else Op.INSERT, before, after)

    def delete(self, document: dict[str, Any]) -> None:
        """Take a flight out of the schedule."""
        self.database.flights.delete_one({"_id": document["_id"]})
        self._publish(document["_id"], Op.DELETE, document, None)

    def _publish(self, key: Any, op: Op, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        self._events += 1
        moment = system_now()
        old, new = ({k: v for k, v in d.items() if k != "_id"} if d else None for d in (before, after))
        event = ChangeEvent(
            id=f"e{self._events}",
            op=op,
            namespace="db.flights",
            key=str(key),
            document_key=str(key),
            order=of_event(0, (int(moment.timestamp()), self._events), "ab"),
            cluster_time=(int(moment.timestamp()), self._events),
            wall_time=moment,
            before=old,
            after=new,
            changed=changed_fields(old, new),
        )
        sent = Sent()
        self._publisher.send(event, envelope.encode(event), sent)
        self._publisher.flush(10)
        assert not self._publisher.refused(sent, 10)


@pytest.fixture
def site(prepared: Database[dict[str, Any]], mongo_uri: str, kafka: str, topic_prefix: str) -> Iterator[Site]:
    settings = Settings(
        mongodb_uri=mongo_uri.replace("/?", "/pages?"),
        kafka_bootstrap_servers=kafka,
        kafka_topic_prefix=topic_prefix,
        kafka_partitions=2,
        stale_s=3.0,
        mail_server="mail.example.org",
    )
    with closing(clients.admin(settings)) as admin:
        topics.ensure(admin, settings)
        state = topics.TopicIds(admin).current(topics.name(settings, namespaces.FLIGHTS.topic))
    feed = Feed(settings, system_now)
    stop = StopFlag()
    reader = LogReader(settings, PUBLIC, feed, timedelta(hours=24), system_now)
    reading = threading.Thread(target=reader.run, args=(stop,), daemon=True)
    reading.start()
    wait_for(feed.is_ready)
    clock = DomainClock(NOW, system_now())
    app = create_app(Services(settings, prepared, feed, Health(), clock, system_now))
    server = make_server("127.0.0.1", 0, app.wsgi_app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    publisher = Publisher(clients.producer(settings), state)
    try:
        yield Site(prepared, f"http://127.0.0.1:{server.server_port}", publisher, feed, stop)
    finally:
        stop.set()
        feed.close()
        publisher.close(5)
        server.shutdown()
        serving.join(10)
        reading.join(10)
        server.server_close()


def wait_for(condition: Callable[[], bool], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert not [text for text in wrong if "ERR_" not in text], "no script error and no breach of the policy"


def stay(page: Page) -> None:
    """Mark this load of the page; `stayed` tells whether it is still the same."""
    page.evaluate("window.loadedOnce = true")


def stayed(page: Page) -> bool:
    return bool(page.evaluate("window.loadedOnce === true"))


def test_a_change_arrives_on_the_board_without_a_reload(site: Site, page: Page) -> None:
    flight = site.enter()
    page.goto(f"{site.address}/board?airport=EWR")
    row = page.locator("tr[data-row^='UA407']")
    expect(row).to_contain_text("On time")
    expect(page.locator("[data-live]")).to_contain_text("Live")
    stay(page)
    site.save(flight, estimated_departure_time="15:13", status="delayed")
    mark = row.locator(".c-time .chg.is-new")
    expect(mark.locator("del")).to_contain_text("14:45")
    expect(mark.locator("ins")).to_contain_text("15:13")
    expect(row.locator(".c-status")).to_contain_text("Delayed 28 min")
    expect(page.locator("[data-say]")).to_contain_text("UA407")
    assert stayed(page)


def test_a_new_flight_takes_its_place_by_time_but_not_under_the_pointer(site: Site, page: Page) -> None:
    site.enter()
    site.enter(flight_number="UA900", departure_time="16:00", arrival_time="18:00")
    page.goto(f"{site.address}/board?airport=EWR")
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(2)
    rows.first.hover()
    known = site.database.flights.find_one({"flight_number": "UA407"})
    site.save({**UA407, "flight_number": "UA800", "departure_time": "15:30"})
    site.save(known or {}, gate="C71")
    expect(rows.first.locator(".c-gate")).to_contain_text("C71")  # values change under the pointer
    expect(rows).to_have_count(2)  # nothing moves there
    page.mouse.move(5, 5)
    expect(rows).to_have_count(3)
    assert [row.get_attribute("data-row") for row in rows.all()] == [
        f"{number}|EWR|2013-02-08" for number in ("UA407", "UA800", "UA900")
    ]


def test_who_was_away_is_told_what_was_missed(site: Site, page: Page) -> None:
    flight = site.enter()
    other = site.enter(flight_number="UA900", departure_time="16:00", arrival_time="18:00")
    page.goto(f"{site.address}/board?airport=EWR")
    expect(page.locator("[data-missed]")).to_be_hidden()
    look_away = """away => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => away });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(look_away, True)
    site.save(flight, status="cancelled")
    site.save(other, gate="C71")
    arriving = {"origin": "SFO", "destination": "EWR", "departure_date": "2013-02-07"}
    site.save(UA407 | arriving | {"_id": "arriving", "flight_number": "UA1"})  # not on a board of departures
    site.save(UA407 | arriving | {"_id": "arriving", "flight_number": "UA1"}, gate="C1")
    site.wait_until_fed(4)
    page.evaluate(look_away, False)
    expect(page.locator("tr[data-row^='UA407']")).to_contain_text("Cancelled")
    banner = page.locator("[data-missed]")
    expect(banner).to_contain_text("You missed 2 changes while away")
    expect(banner).to_contain_text("EST: 1 flight cancelled (UA 407), 1 new gate (UA 900).")
    page.click("[data-missed-show]")
    expect(page.locator("tr[data-row]:visible")).to_have_count(2)
    page.click("[data-missed-dismiss]")
    expect(banner).to_be_hidden()


def test_old_data_turns_stale_by_itself(site: Site, page: Page) -> None:
    site.enter()
    page.goto(f"{site.address}/board?airport=EWR")
    expect(page.locator("body.is-frozen")).to_have_count(0)
    site.stop_reading.set()
    expect(page.locator("[data-live]")).to_contain_text("STALE")
    expect(page.locator("[data-stale-banner]")).to_be_visible()
    expect(page.locator("body.is-frozen")).to_have_count(1)


def test_typing_filters_the_board_and_gives_it_an_address(site: Site, page: Page) -> None:
    site.enter()
    site.enter(flight_number="UA900", destination="SFO", departure_time="16:00", arrival_time="18:00")
    page.goto(f"{site.address}/board?airport=EWR")
    stay(page)
    page.fill("#q", "san fran")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    expect(page.locator("tr[data-row]")).to_contain_text("UA 900")
    assert "q=san+fran" in page.url
    page.fill("#q", "nowhere")
    expect(page.locator("h2")).to_contain_text("No flight matches")
    assert stayed(page)


def test_the_page_of_a_flight_follows_it(site: Site, page: Page) -> None:
    flight = site.enter()
    page.goto(f"{site.address}/f/UA407/2013-02-08")
    expect(page.locator(".hero-say")).to_contain_text("On time")
    stay(page)
    site.save(flight, status="boarding")
    expect(page.locator(".hero-say")).to_contain_text("Boarding")
    assert stayed(page)


def test_a_page_that_could_not_be_drawn_anew_is_asked_for_again(site: Site, page: Page) -> None:
    flight = site.enter()
    page.goto(f"{site.address}/f/UA407/2013-02-08")
    expect(page.locator("[data-live]")).to_contain_text("Live")
    failed = []

    def fail(route: Route) -> None:
        failed.append(route)
        if len(failed) == 1:
            route.abort()
        else:
            route.continue_()

    page.route("**/f/UA407/2013-02-08", fail)
    site.save(flight, status="boarding")
    expect(page.locator(".hero-say")).to_contain_text("Boarding", timeout=20_000)
    assert len(failed) > 1


@pytest.mark.parametrize("way", ["deleted", "another of the same number"])
def test_a_page_whose_address_means_something_else_now_says_so(
    site: Site, chromium: Browser, way: str
) -> None:
    flight = site.enter()
    with closing(chromium.new_page()) as page:
        page.goto(f"{site.address}/f/UA407/2013-02-08")
        expect(page.locator("[data-live]")).to_contain_text("Live")
        if way == "deleted":
            site.delete(flight)
        else:
            site.save(UA407 | {"_id": "another", "origin": "SFO", "destination": "EWR"})
        expect(page.locator(".hero-say")).to_have_count(0)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_pages_never_scroll_sideways(site: Site, page: Page, width: int) -> None:
    site.enter(estimated_departure_time="15:13", status="delayed")
    site.enter(
        flight_number="EV4370", airline="EV", destination="DFW", status="cancelled", departure_time="14:50"
    )
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/board?airport=EWR", "/f/UA407/2013-02-08", "/fares", "/health", "/help"):
        page.goto(f"{site.address}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
