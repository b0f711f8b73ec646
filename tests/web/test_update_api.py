"""GET /update as frontends use and misuse it."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.bus.log_reader import Entry
from app.web.cursor import encode, log_digest
from tests.web.changes import FARE, NOTICE, UA1545, change
from tests.web.conftest import ORIGIN, Site, until


def gate(number: int, **more: Any) -> Any:
    return change(UA1545 | {"gate": f"C{number}"}, UA1545 | {"gate": f"C{number + 1}"}, **more)


def fill(site: Site, count: int) -> None:
    site.take(*(gate(1, key=f"k{n}") for n in range(count)))


def get(site: Site, **query: Any) -> TestResponse:
    return site.client.get("/update", query_string=query)


def test_an_empty_feed_has_a_cursor_to_begin_with(site: Site) -> None:
    answer = get(site)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json | {"cursor": "x"} == {"updates": [], "cursor": "x", "more": False, "gap": False}
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_without_a_cursor_the_newest_50_come_oldest_first(site: Site) -> None:
    fill(site, 70)
    updates = get(site).json["updates"]
    assert [u["subject"]["id"] for u in updates] == [f"k{n}" for n in range(20, 70)]


def test_with_the_cursor_only_what_is_newer_comes(site: Site) -> None:
    fill(site, 3)
    cursor = get(site).json["cursor"]
    assert get(site, cursor=cursor).json["updates"] == []
    site.take(gate(5, key="later"))
    newer = get(site, cursor=cursor).json
    assert [u["subject"]["id"] for u in newer["updates"]] == ["later"]
    assert get(site, cursor=newer["cursor"]).json["updates"] == []


def test_a_long_list_comes_in_parts_with_more(site: Site) -> None:
    start = get(site).json["cursor"]
    fill(site, 25)
    seen, cursor, more = [], start, True
    while more:
        part = get(site, cursor=cursor, limit=10).json
        seen += [u["subject"]["id"] for u in part["updates"]]
        cursor, more = part["cursor"], part["more"]
    assert seen == [f"k{n}" for n in range(25)]


def test_nothing_new_is_304_with_the_age_of_the_data(site: Site) -> None:
    fill(site, 2)
    first = get(site)
    again = site.client.get(
        "/update",
        query_string={"cursor": first.json["cursor"]},
        headers={"If-None-Match": first.headers["ETag"]},
    )
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["Gatecall-Data-Stale"] == "false"
    assert float(again.headers["Gatecall-Data-Age"]) < 5
    site.take(gate(3))
    after = site.client.get(
        "/update",
        query_string={"cursor": first.json["cursor"]},
        headers={"If-None-Match": first.headers["ETag"]},
    )
    assert after.status_code == 200
    assert after.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize("form", ["W/{}", '"other", {}', "*"])
def test_every_form_of_if_none_match_is_understood(site: Site, form: str) -> None:
    etag = get(site).headers["ETag"]
    assert site.client.get("/update", headers={"If-None-Match": form.format(etag)}).status_code == 304


def test_head_answers_without_a_body(site: Site) -> None:
    fill(site, 1)
    answer = site.client.head("/update")
    assert answer.status_code == 200
    assert answer.data == b""
    assert answer.headers["ETag"]


def test_old_data_is_called_stale_and_still_served(site: Site) -> None:
    fill(site, 1)
    site.silent_s = 31.0
    answer = get(site)
    assert len(answer.json["updates"]) == 1
    assert answer.headers["Gatecall-Data-Stale"] == "true"
    assert 31 <= float(answer.headers["Gatecall-Data-Age"]) < 40


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"type": "fare"}, ["fare"]),
        ({"type": "notice"}, ["notice"]),
        ({"flight": "ua 1545"}, ["flight"]),
        ({"flight": "UA407"}, ["fare"]),
        ({"date": "2013-02-08"}, ["flight"]),
        ({"airport": "ewr"}, ["flight", "notice"]),
        ({"airport": "SFO"}, ["fare"]),
        ({"route": "EWR-IAH"}, ["flight"]),
        ({"route": "IAH-EWR"}, []),
        ({"type": "flight", "airport": "SFO"}, []),
    ],
)
def test_filters_show_their_own(site: Site, query: dict[str, str], expected: list[str]) -> None:
    site.take(gate(1, key="flight"))
    site.take(change(FARE, FARE | {"amount": 1}, key="fare", collection="prices"), partition=1)
    site.take(change(None, NOTICE, key="notice", collection="notices"), partition=2)
    assert [u["subject"]["id"] for u in get(site, **query).json["updates"]] == expected


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("cursor=zzz", {"cursor"}),
        ("cursor=", {"cursor"}),
        ("cursor=%00%ff", {"cursor"}),
        ("limit=0", {"limit"}),
        ("limit=501", {"limit"}),
        ("limit=-1", {"limit"}),
        ("limit=ten", {"limit"}),
        ("limit=1e2", {"limit"}),
        ("limit=%D9%A1", {"limit"}),
        ("limit=", {"limit"}),
        ("wait=31", {"wait"}),
        ("wait=-1", {"wait"}),
        ("wait=nan", {"wait"}),
        ("type=booking", {"type"}),
        ("type[$ne]=x", {"type[$ne]"}),
        ("flight=drop table", {"flight"}),
        ("date=2013-02-30", {"date"}),
        ("date=yesterday", {"date"}),
        ("airport=QQQ", {"airport"}),
        ("airport=", {"airport"}),
        ("route=EWR", {"route"}),
        ("route=EWR-QQQ", {"route"}),
        ("flihgt=UA1", {"flihgt"}),
        ("limit=5&limit=6", {"limit"}),
        ("limit=0&wait=99&airport=QQQ", {"limit", "wait", "airport"}),
    ],
)
def test_bad_parameters_are_refused_each_by_name(site: Site, query: str, names: set[str]) -> None:
    for path in ("/update", "/update/stream"):
        answer = site.client.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert answer.content_type == "application/problem+json"
        assert {error["field"] for error in answer.json["errors"]} == names
        assert all(error["message"] for error in answer.json["errors"])


def test_a_very_long_address_is_refused(site: Site) -> None:
    assert get(site, cursor="A" * 30_000).status_code == 414


def test_a_cursor_of_a_lost_log_is_a_gap_and_a_fresh_start(site: Site) -> None:
    fill(site, 2)
    cursor = get(site).json["cursor"]
    site.begin("another log")
    site.take(gate(7, key="new"))
    answer = get(site, cursor=cursor, wait=20).json
    assert answer["gap"] is True
    assert [u["subject"]["id"] for u in answer["updates"]] == ["new"]
    assert get(site, cursor=answer["cursor"]).json["gap"] is False


def test_the_old_log_is_served_until_the_new_one_is_read(site: Site) -> None:
    fill(site, 2)
    site.feed.begin(["another log"], [0, 0, 0])
    assert len(get(site).json["updates"]) == 2
    site.feed.current_as_of(time.monotonic())
    assert get(site).json["updates"] == []


def test_a_cursor_older_than_what_is_kept_is_a_gap(site: Site) -> None:
    cursor = get(site).json["cursor"]
    site.feed._index._most = 100
    fill(site, 300)
    assert get(site, cursor=cursor).json["gap"] is True


def test_the_newest_stays_however_early_its_partition_was_read(site: Site) -> None:
    few = Site(
        site.settings.model_copy(update={"feed_updates": 100}), site.app.extensions["gatecall"].database
    )
    few.feed.begin(["a log"], [0, 0, 0])
    old = [gate(1, key=f"k{n}", at=few.moment - timedelta(seconds=200 - n)) for n in range(150)]
    newest = gate(1, key="newest", at=few.moment)
    few.feed.take([Entry(0, 0, newest)], [1, 0, 0])
    for offset, event in enumerate(old):
        few.feed.take([Entry(1, offset, event)], [1, offset + 1, 0])
    few.feed.current_as_of(time.monotonic())
    answer = get(few, limit=500).json
    shown = [u["subject"]["id"] for u in answer["updates"]]
    assert shown == [*(f"k{n}" for n in range(151 - len(shown), 150)), "newest"]
    assert get(few, cursor=answer["cursor"]).json["gap"] is False
    log = log_digest(["a log"])
    whole = get(few, cursor=encode(log, [0, 151 - len(shown), 0]), limit=500).json
    assert (whole["gap"], whole["updates"]) == (False, answer["updates"])
    assert get(few, cursor=encode(log, [0, 150 - len(shown), 0])).json["gap"] is True


def test_messages_kafka_deleted_unread_are_a_gap_for_who_had_not_seen_them(site: Site) -> None:
    fill(site, 2)
    cursor = get(site).json["cursor"]
    site.feed.lost(0, 50)
    assert get(site, cursor=cursor).json["gap"] is True


def test_what_happened_before_the_feeds_reach_is_not_shown(site: Site) -> None:
    old = site.moment.replace(year=2025)
    site.take(gate(1, at=old))
    assert get(site).json["updates"] == []


def test_who_reads_along_while_old_changes_come_late_is_told_of_a_gap(site: Site) -> None:
    site.take(gate(1))
    before = get(site).json["cursor"]
    site.take(gate(2, at=site.moment.replace(year=2025)))
    late = get(site, cursor=before)
    assert (late.json["gap"], len(late.json["updates"])) == (True, 1)
    assert get(site, cursor=late.json["cursor"]).json["gap"] is False


def test_before_the_log_was_read_the_answer_is_503_with_a_time(site: Site) -> None:
    empty = Site(site.settings, site.app.extensions["gatecall"].database)
    answer = get(empty)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


def test_a_stream_that_begins_before_the_log_was_read_sends_the_browser_round_again(site: Site) -> None:
    """A browser gives up for good at any status but 200 (WHATWG HTML, "Server-sent events", 9.2.3)."""
    empty = Site(site.settings, site.app.extensions["gatecall"].database)
    answer = empty.client.get("/update/stream", headers={"Last-Event-ID": get(site).json["cursor"]})
    assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
    assert answer.data == b"retry: 2000\n\n"


def test_a_bad_event_never_stops_its_neighbours(site: Site) -> None:
    bad = change(UA1545, UA1545 | {"departure_date": "tomorrow"}, key="bad")
    site.take(gate(1, key="a"), bad, gate(1, key="b"))
    assert [u["subject"]["id"] for u in get(site).json["updates"]] == ["a", "b"]


def test_a_long_poll_is_woken_by_an_update(site: Site) -> None:
    cursor = get(site).json["cursor"]
    answers: list[Any] = []
    began = time.monotonic()
    waiting = threading.Thread(
        target=lambda: answers.append(site.app.test_client().get(f"/update?cursor={cursor}&wait=20").json)
    )
    waiting.start()
    until(lambda: site.feed._changed._waiters)
    site.take(gate(1))
    waiting.join(5)
    assert [u["message"] for u in answers[0]["updates"]] == ["UA1545 EWR-IAH: gate C2, was C1"]
    assert time.monotonic() - began < 5


def test_a_filtered_long_poll_sleeps_through_what_it_did_not_ask_for(site: Site) -> None:
    cursor = get(site).json["cursor"]
    answers: list[Any] = []
    path = f"/update?cursor={cursor}&wait=20&airport=SFO"
    waiting = threading.Thread(target=lambda: answers.append(site.app.test_client().get(path).json))
    waiting.start()
    until(lambda: site.feed._changed._waiters)
    site.take(gate(1))
    site.take(change(FARE, FARE | {"amount": 1}, key="fare", collection="prices"), partition=1)
    waiting.join(5)
    assert [u["subject"]["id"] for u in answers[0]["updates"]] == ["fare"]


def test_a_long_poll_without_news_ends_with_304(site: Site) -> None:
    first = get(site)
    query = {"cursor": first.json["cursor"], "wait": "0.2"}
    answer = site.client.get("/update", query_string=query, headers={"If-None-Match": first.headers["ETag"]})
    assert answer.status_code == 304


def test_who_finds_no_place_to_wait_is_answered_at_once(site: Site) -> None:
    cursor = get(site).json["cursor"]
    path = f"/update?cursor={cursor}&wait=20"
    threads = [threading.Thread(target=lambda: site.app.test_client().get(path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(site.feed._changed._waiters) == 4)
    began = time.monotonic()
    assert site.client.get(path).status_code == 200
    streamed = site.client.get(f"/update/stream?cursor={cursor}").data
    assert b"retry: 5000" in streamed
    assert time.monotonic() - began < 2
    site.feed.close()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


def test_a_stream_brings_what_is_there_and_each_cursor_continues_after_it(site: Site) -> None:
    start = get(site).json["cursor"]
    site.take(gate(1, key="a"), gate(1, key="b"))
    site.take(gate(1, key="c"), partition=1)
    site.feed.close()  # so that the stream ends after what is there
    text = site.client.get(f"/update/stream?cursor={start}").data.decode()
    events = [block for block in text.split("\n\n") if "event: update" in block]
    ids = [block.split("\n")[0].removeprefix("id: ") for block in events]
    assert len(events) == 3
    for place, cursor in enumerate(ids):
        rest = site.client.get("/update/stream", headers={"Last-Event-ID": cursor}).data.decode()
        assert rest.count("event: update") == 2 - place


def test_a_stream_is_told_of_a_gap(site: Site) -> None:
    cursor = get(site).json["cursor"]
    site.begin("another log")
    site.feed.close()
    assert b"event: gap" in site.client.get(f"/update/stream?cursor={cursor}").data


def test_a_bad_last_event_id_is_refused_by_name(site: Site) -> None:
    answer = site.client.get("/update/stream", headers={"Last-Event-ID": "nonsense"})
    assert answer.status_code == 400
    assert answer.json["errors"][0]["field"] == "Last-Event-ID"


@pytest.mark.parametrize("path", ["/update", "/update/stream"])
def test_configured_origins_may_read_and_others_may_not(site: Site, path: str) -> None:
    site.feed.close()
    allowed = site.client.get(path, headers={"Origin": ORIGIN})
    assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Gatecall-Data-Age" in allowed.headers["Access-Control-Expose-Headers"]
    assert "Origin" in allowed.headers["Vary"]
    other = site.client.get(path, headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Origin" in other.headers["Vary"]


def test_a_browser_may_ask_whether_it_may_poll_with_an_etag(site: Site) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "if-none-match",
    }
    answer = site.client.options("/update", headers=asked)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "if-none-match" in answer.headers["Access-Control-Allow-Headers"].lower()
    other = site.client.options("/update", headers=asked | {"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/update"), ("DELETE", "/update"), ("POST", "/update/stream")]
)
def test_other_methods_are_405_and_say_what_is_allowed(site: Site, method: str, path: str) -> None:
    answer = site.client.open(path, method=method)
    assert answer.status_code == 405
    assert answer.content_type == "application/problem+json"
    assert "GET" in answer.headers["Allow"]


def test_options_names_what_reads_and_what_writes(site: Site) -> None:
    answer = site.client.options("/update")
    assert answer.status_code == 200
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_unknown_addresses_are_problem_documents_for_programs(site: Site) -> None:
    answer = site.client.get("/update/nothing")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


def test_a_bug_of_ours_is_a_problem_document_without_its_secrets(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("mongodb://user:secret@host")

    monkeypatch.setattr(site.feed, "answer", broken)
    answer = get(site, limit=7)
    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert b"secret" not in answer.data
