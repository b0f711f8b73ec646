"""The operators' page: its title is the finding, and it answers whatever is down."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from app.domain.namespaces import WATCHED
from app.store import schema
from app.store.gaps import Gaps
from app.store.leases import Leases, of_watcher
from app.store.samples import AIRPORTS, ALERTS, DELIVERY, NOTICES, NOTIFIER, WATCHERS, WEB, Sample, Samples
from app.web.services import Services
from tests.staff.conftest import NOW, Desk

BOUNDS = (0.5, 1.0, 5.0, 60.0, math.inf)
WELL: dict[str, dict[str, float]] = {
    WATCHERS: {"events": 0, "lag_s": 0.06, "behind_s": 0.4, "token_age_s": 3, "oplog_s": 40_000, "held": 5},
    NOTIFIER: {"events": 0, "announcements": 0, "lag_messages": 3, "lag_s": 0.2, "letters": 0},
    AIRPORTS: {"events": 0, "due_age_s": 0, "lag_s": 0.2},
    ALERTS: {"events": 0, "due": 0, "due_age_s": 0, "lag_s": 0.2},
    NOTICES: {"events": 0, "people": 0, "lag_s": 0.2},
    DELIVERY: {"sent": 0, "due": 2, "due_age_s": 0.3, "doubtful": 0, "claims_lost": 0},
    WEB: {"requests": 0, "waiting": 7},
}


def services_of(desk: Desk) -> Services:
    return desk.app.extensions["gatecall"]  # type: ignore[no-any-return]


def sample(desk: Desk, process: str, ago_s: float = 5.0, holder: str = "", **more: Any) -> None:
    """What a process measured a while ago."""
    problems = more.pop("problems", {})
    seconds = more.pop("seconds", ())
    values = WELL[process] | more
    at = desk.now() - timedelta(seconds=ago_s)
    one = Sample(process, holder or f"host/{process}/1", at, values, seconds, problems)
    Samples(desk.database).add(one)


@pytest.fixture
def well(staff: Desk) -> Iterator[Desk]:
    """A system in which nothing is wrong."""
    staff.database.samples.drop_indexes()  # the server's clock would find them too old
    leases = Leases(staff.database, "a watcher")
    for namespace in WATCHED:
        assert leases.take(of_watcher(namespace.collection), 600)
        token = {"_id": namespace.collection, "token": {"_data": "82"}, "start_at": None, "topic_id": "t/1"}
        staff.database.resume_tokens.insert_one(token | {"saved_at": staff.now()})
    for process in WELL:
        sample(staff, process)
    feed = services_of(staff).feed
    feed.begin(["a log"], [0])
    feed.current_as_of(time.monotonic())
    yield staff
    schema.ensure(staff.database)


def title(page: str) -> str:
    return page.partition("<h1>")[2].partition("</h1>")[0]


def test_when_nothing_is_wrong_the_title_says_so_and_every_part_has_its_figures(well: Desk) -> None:
    page = well.get("/staff/ops")
    assert title(page) == "All is well"
    assert page.count('class="node"') == 5
    for figure in ("0.4 s", "0.1 s", "0.2 s", "0.3 s", "11 h", "5 of 5"):
        assert figure in page, figure
    assert "is-bad" not in page


def test_lines_and_figures_come_from_the_samples_of_all_processes(well: Desk) -> None:
    for number in range(40):
        ago = 600 - 15.0 * number
        for holder, share in (("host/1/a", 2), ("host/2/b", 1)):
            fast, slow = number * share * 10, number * share
            counts = tuple(zip(BOUNDS, (0, fast, fast, fast, fast + slow), strict=True))
            sample(well, DELIVERY, ago, holder, sent=number * share * 11, seconds=counts)
    page = well.get("/staff/ops")
    # 39 steps of both together: 30 a step within 1 s, 3 a step later than the last bound
    assert "From edit to provider 0.8 s median" in page
    assert "of 1,287 messages in the last hour" in page
    assert "last hour 1,287" in page
    assert "9.1 <small>%</small>" in page
    assert "2.2/s" in page  # 33 in 15 s
    assert page.count('<path class="area"') >= 8


def test_a_process_that_began_anew_takes_nothing_away(well: Desk) -> None:
    for ago, doubtful in ((120, 5), (105, 7), (90, 0), (75, 1)):
        sample(well, DELIVERY, ago, "host/9/z", doubtful=doubtful)
    page = well.get("/staff/ops")
    tile = page.partition("Told twice, at most")[2].partition("</div>")[0]
    assert '<p class="v">3</p>' in tile


def tile_of(page: str, heading: str) -> str:
    return page.partition(f"<h3>{heading}</h3>")[2].partition("</div>")[0]


@pytest.mark.parametrize(
    "heading", ["Behind, watchers", "Waiting in Kafka", "Waiting and due", "Dead letters"]
)
def test_a_figure_of_long_ago_is_not_shown_as_of_now(well: Desk, heading: str) -> None:
    old = {WATCHERS: {"behind_s": 500}, NOTIFIER: {"lag_s": 500, "letters": 500}, DELIVERY: {"due": 500}}
    well.database.samples.delete_many({})
    for process, values in old.items():
        sample(well, process, 59 * 60, **values)
    tile = tile_of(well.get("/staff/ops"), heading)
    assert '<p class="v">not known</p>' in tile
    assert "<path" in tile, "the line has it"


@pytest.mark.parametrize(
    ("values", "hop"),
    [
        ({"lag_s": 1200, "token_age_s": 3}, "3.0 s"),  # the last event was late, and long ago
        ({"lag_s": 0.06, "token_age_s": 3}, "0.1 s"),
        ({"lag_s": 0.06, "token_age_s": 600}, "10 min"),  # Kafka takes nothing
    ],
)
def test_the_way_to_kafka_takes_as_long_as_something_waits(
    well: Desk, values: dict[str, float], hop: str
) -> None:
    well.database.samples.delete_many({})
    sample(well, WATCHERS, **values)
    hops = re.findall(r"then </span>([^<]*)", well.get("/staff/ops"))
    assert hops[1].strip() == hop, hops


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "notifiers behind": (NOTIFIER, {"lag_s": 300, "lag_messages": 40_000}, "The notifiers are behind"),
    "oplog": (WATCHERS, {"oplog_s": 3600, "behind_s": 1800}, "The oplog is nearly too short"),
    "worker": (WATCHERS, {"problems": {"watch flights": "KafkaError: no"}}, "A watcher is not ready"),
    "channel": (DELIVERY, {"problems": {"email": "the server refuses"}}, "E-mail is down"),
}


@pytest.mark.parametrize(("process", "values", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_a_process_measured_of_itself_becomes_the_title(
    well: Desk, process: str, values: dict[str, Any], words: str
) -> None:
    sample(well, process, 1.0, **values)
    page = well.get("/staff/ops")
    assert title(page) == f"{words}, all else is well"


@pytest.mark.parametrize(
    ("process", "name"),
    [
        (NOTIFIER, "notifier"),
        (AIRPORTS, "airports consumer"),
        (ALERTS, "alerts consumer"),
        (NOTICES, "notices consumer"),
        (DELIVERY, "delivery"),
    ],
)
def test_a_process_that_takes_no_samples_does_not_run(well: Desk, process: str, name: str) -> None:
    well.database.samples.delete_many({"process": process})
    sample(well, process, 300)
    assert title(well.get("/staff/ops")) == f"No {name} runs, all else is well"


def test_a_lease_that_nobody_holds_is_the_title(well: Desk) -> None:
    well.database.leases.delete_one({"_id": of_watcher("flights")})
    assert title(well.get("/staff/ops")) == "Nobody watches flights, all else is well"
    well.database.leases.delete_many({})
    assert title(well.get("/staff/ops")) == "Nobody watches everything, all else is well"


def test_a_gap_is_told_with_its_times_reason_and_what_was_found(well: Desk) -> None:
    gaps = Gaps(well.database, well.now)
    gap = gaps.begin("flights", "token", NOW - timedelta(minutes=10), "ab" * 16, 1)
    assert title(well.get("/staff/ops")) == "A gap of flights is being closed, all else is well"
    gaps.published(gap.id, 585)
    well.database.announcements.insert_one(
        {"_id": "flight:1@2", "subject": "flight:1", "event_id": f"{gap.id}:1", "found_late": True}
    )
    assert gaps.compared(gap.id, 0) is not None
    page = well.get("/staff/ops")
    assert title(page) == "All is well"
    assert (
        "flights not seen from 11:50:00 to 12:00:00 UTC: MongoDB could not go on from the stored position."
        " 585 documents compared. 1 difference found late, 0 people told." in page
    )


def test_with_kafka_down_it_says_so(well: Desk) -> None:
    services_of(well).feed.current_as_of(time.monotonic() - 3600)
    assert title(well.get("/staff/ops")) in (
        "Kafka does not answer, all else is well",
        "Kafka does not answer, and a watcher is not ready",
    )


def test_with_mongodb_down_it_answers_soon_and_says_so(well: Desk) -> None:
    with MongoClient[dict[str, Any]]("mongodb://127.0.0.1:9/?directConnection=true") as nobody:
        well.app.extensions["gatecall"] = replace(services_of(well), database=nobody["gatecall"])
        began = time.monotonic()
        page = well.get("/staff/ops")
        assert time.monotonic() - began < 8
    assert title(page) == "MongoDB does not answer, all else is well"
    assert page.count("Not known") >= 3


def test_it_is_for_staff_alone_and_holds_nothing_about_people(desk: Desk) -> None:
    answer = desk.client.get("/staff/ops", headers={"Accept": "text/html"})
    assert answer.status_code == 303
