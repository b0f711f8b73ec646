"""Liveness, readiness and metrics of the web process."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pymongo import MongoClient

from app.bus.log_reader import LogReader
from app.runtime import StopFlag
from app.settings import Settings
from app.store.samples import WEB, Sampler, Samples
from app.web.wsgi import start_reader, start_sampler
from tests.web.conftest import Site, until


def ready(site: Site) -> tuple[int, dict[str, Any]]:
    answer = site.client.get("/health/ready")
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json


def test_a_process_whose_log_was_read_is_ready(site: Site) -> None:
    assert site.client.get("/health/live").json["status"] == "alive"
    assert ready(site) == (200, {"status": "ready", "problems": {}})


def test_before_the_log_was_read_it_is_not_ready(
    settings: Settings, mongo_client: MongoClient[dict[str, Any]]
) -> None:
    status, body = ready(Site(settings, mongo_client["unused"]))
    assert (status, body["status"], list(body["problems"])) == (503, "not ready", ["feed"])


def test_without_kafka_it_serves_what_it_has_and_says_so(site: Site) -> None:
    site.silent_s = 60
    status, body = ready(site)
    assert (status, body["status"], list(body["problems"])) == (200, "degraded", ["kafka"])


def test_without_mongodb_it_is_degraded_and_answers_quickly(settings: Settings) -> None:
    with MongoClient[dict[str, Any]]("mongodb://127.0.0.1:9/") as nowhere:
        site = Site(settings, nowhere["gone"])
        site.begin()
        status, body = ready(site)
    assert (status, body["status"], list(body["problems"])) == (200, "degraded", ["mongodb"])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_reader_thread_makes_the_process_not_ready(
    site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise SystemExit("as if the interpreter had run out of memory")

    monkeypatch.setattr(LogReader, "_follow", die)
    reader = LogReader(settings, (), site.feed, site.feed._reach, site.feed._now)
    thread = start_reader(reader, StopFlag(), site.health)
    until(lambda: not thread.is_alive())
    status, body = ready(site)
    assert (status, list(body["problems"])) == (503, ["log reader"])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_thread_of_samples_makes_the_process_not_ready(site: Site) -> None:
    def die() -> None:
        raise SystemExit("as if the interpreter had run out of memory")

    samples = Samples(site.app.extensions["gatecall"].database)
    thread = start_sampler(
        Sampler(samples, WEB, "host/1/a", site.health, measure=die), StopFlag(), site.health
    )
    until(lambda: not thread.is_alive())
    status, body = ready(site)
    assert (status, list(body["problems"])) == (503, ["samples"])


def test_metrics_are_there_for_prometheus(site: Site) -> None:
    text = site.client.get("/metrics").text
    for name in ("gatecall_feed_requests_total", "gatecall_feed_waiting", "gatecall_feed_age_seconds"):
        assert name in text


def test_every_answer_has_the_security_headers(site: Site) -> None:
    for path in (
        "/health/ready",
        "/health/live",
        "/openapi.json",
        "/docs",
        "/nothing",
        "/update",
        "/update/x",
    ):
        headers = site.client.get(path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert "default-src" in headers["Content-Security-Policy"], path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"], path


def test_no_thread_is_left_behind(site: Site) -> None:
    assert not [thread for thread in threading.enumerate() if thread.name == "log reader"]
