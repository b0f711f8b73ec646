"""The town, and browsers of two widths and two schemes that look at it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from app.bus import clients, topics
from app.bus.log_reader import LogReader
from app.bus.publisher import Publisher
from app.domain import namespaces
from app.domain.clock import system_now
from app.runtime import StopFlag
from app.settings import load
from app.web.feed import Feed
from scripts.screenshots import browser, chromium_path
from tests.journey.town import STAFF_KEY, Town
from tests.providers import free_port, smtp_server
from tests.web_process import Docs, uri_of

PUBLIC = (namespaces.FLIGHTS, namespaces.PRICES, namespaces.NOTICES)
LOOKS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


@pytest.fixture(scope="package", autouse=True)
def with_chromium() -> None:
    if chromium_path() is None:
        pytest.skip("Chromium is not installed")


@pytest.fixture
def town(prepared: Docs, mongo_uri: str, kafka: str, topic_prefix: str) -> Iterator[Town]:
    with smtp_server() as mailbox:
        port = free_port()
        settings = load(
            mongodb_uri=uri_of(mongo_uri, prepared),
            kafka_bootstrap_servers=kafka,
            kafka_topic_prefix=topic_prefix,
            kafka_partitions=2,
            mail_server="127.0.0.1",
            mail_port=mailbox.port,
            mail_connections=1,
            secret_key="a secret key for tests, long enough to sign",
            public_url=f"http://127.0.0.1:{port}",
            staff_key_hashes=hashlib.sha256(STAFF_KEY.encode()).hexdigest(),
        )
        with closing(clients.admin(settings)) as admin:
            topics.ensure(admin, settings)
            state = topics.TopicIds(admin).current(topics.name(settings, namespaces.FLIGHTS.topic))
        feed, stop = Feed(settings, system_now), StopFlag()
        reader = LogReader(settings, PUBLIC, feed, timedelta(hours=24), system_now)
        publisher = Publisher(clients.producer(settings), state)
        made = Town(prepared, settings, feed, publisher, mailbox)
        server = make_server("127.0.0.1", port, made.app.wsgi_app, threaded=True)
        threads = [
            threading.Thread(target=reader.run, args=(stop,), daemon=True),
            threading.Thread(target=server.serve_forever, daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            yield made
        finally:
            stop.set()
            feed.close()
            publisher.close(5)
            server.shutdown()
            for thread in threads:
                thread.join(10)
            server.server_close()
            made.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of each width and scheme; it fails when a script breaks or something breaches the policy."""
    width, scheme = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
        timezone_id="UTC",
    )
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    # Chromium itself reports answers like 404 and 422, which some pages are.
    assert not [text for text in wrong if "ERR_" not in text and "the server responded" not in text]
