"""The first pages of staff, their sign-in and operations, in a made-up language: they say nothing in English."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from app.domain import speech
from app.domain.namespaces import WATCHED
from app.store.gaps import Gaps
from app.store.leases import of_watcher
from app.store.overview import ChannelFigures, Overview
from app.store.samples import AIRPORTS, ALERTS, DELIVERY, NOTICES, NOTIFIER, WATCHERS, WEB
from app.web.pages.health_view import FeedFigures
from app.web.staff import NAV, ops_view, ops_words
from app.web.staff.ops_findings import Seen, findings
from tests.domain import pseudo
from tests.languages.pseudo_pages import forgotten
from tests.my.conftest import Web
from tests.staff import test_ops
from tests.staff.conftest import NOW, Desk, settings_for
from tests.staff.test_ops import sample, services_of

VALUES = (
    "MongoDB Kafka STALE Telegram SMS replSetResizeOplog",
    "gatecall watch staff-key SECRET_KEY STAFF_KEY_HASHES MAIL_SERVER TWILIO_ACCOUNT_SID",
    "/update /health/ready /metrics",
    "flights prices airports users bookings follows notices alerts",
    f"{WATCHERS} {NOTIFIER} {AIRPORTS} {ALERTS} {NOTICES} {DELIVERY} {WEB} host",
)
"""Names of parts, commands, settings, collections and processes: they are the same in every language."""

well = test_ops.well


def left(page: str, *values: str) -> list[str]:
    """What a page for staff says that is neither said in the language nor a value."""
    return forgotten(page, (*VALUES, *values))


def opened(desk: Desk, path: str, status: int = 200) -> str:
    """A page, which says which language it is in."""
    answer = desk.client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
    assert answer.headers["Content-Language"] == pseudo.TAG
    assert {"Accept-Language", "Cookie"} <= set(answer.vary)
    assert f'<html lang="{pseudo.TAG}">' in answer.text
    return answer.text


def test_the_first_page_and_its_bar_are_said_whole(staff: Desk) -> None:
    page = opened(staff, "/staff/")
    assert left(page) == []
    for endpoint, name in NAV:
        assert page.count(f">{speech.say(name)}</a>") >= 2, endpoint


def test_the_sign_in_is_said_whole(staff: Desk) -> None:
    staff.post("/staff/sign-out")
    assert left(opened(staff, "/staff/sign-in")) == []
    for status in (*[401] * 10, 429):
        answer = staff.sign_in("gck_wrong")
        assert answer.status_code == status
        assert left(answer.text) == []


@pytest.mark.parametrize("missing", [{"secret_key": None}, {"staff_key_hashes": ""}])
def test_a_sign_in_that_is_switched_off_is_said_whole(
    staff: Desk, mongo_uri: str, missing: dict[str, Any]
) -> None:
    closed = Desk(staff.database, settings_for(mongo_uri, **missing))
    closed.client.set_cookie("language", pseudo.TAG)
    assert left(opened(closed, "/staff/sign-in", 403)) == []


def test_what_is_wrong_with_an_address_is_said_whole(staff: Desk) -> None:
    statuses = "troubled sent failed skipped unknown retrying undelivered all"
    for query in ("page=0", "status=none", f"person={'x' * 301}", "since=soon"):
        page = opened(staff, f"/staff/notifications?{query}", 400)
        assert left(page, "page status person since", statuses) == [], query


def test_operations_with_nothing_wrong_are_said_whole(well: Desk) -> None:
    for ago in (600, 300, 120):
        counts = tuple(zip(test_ops.BOUNDS, (0, 600 - ago, 600 - ago, 600 - ago, 601 - ago), strict=True))
        sample(well, DELIVERY, ago, "host/9/z", sent=600 - ago, seconds=counts)
    page = opened(well, "/staff/ops")
    assert left(page) == []
    assert page.count('<path class="area"') >= 3, "there are lines to tell of"
    assert page.count('class="node"') == 5


def test_operations_with_everything_wrong_are_said_whole(well: Desk) -> None:
    """What a process or a provider said of itself is no sentence of ours."""
    gap = Gaps(well.database, well.now).begin("flights", "token", NOW - timedelta(minutes=10), "ab" * 16, 1)
    Gaps(well.database, well.now).published(gap.id, 585)
    well.database.leases.delete_one({"_id": of_watcher("flights")})
    well.database.samples.delete_many({"process": ALERTS})
    sample(well, WATCHERS, 1, oplog_s=3600, behind_s=1800, problems={"watch flights": "KafkaError: gone"})
    sample(well, NOTIFIER, 1, lag_s=300, letters=3)
    sample(well, DELIVERY, 1, due=500, problems={"email": "the server refuses"})
    page = opened(well, "/staff/ops")
    stored = ("KafkaError gone", "the server refuses", "email")
    assert left(page, *stored) == []
    assert page.count("<li><b>") >= 6, "each finding has its sentence"


def test_operations_say_whole_that_mongodb_does_not_answer(well: Desk) -> None:
    with MongoClient[dict[str, Any]]("mongodb://127.0.0.1:9/?directConnection=true") as nobody:
        well.app.extensions["gatecall"] = replace(services_of(well), database=nobody["gatecall"])
        assert left(opened(well, "/staff/ops")) == []


def test_operations_follow_the_clock_of_who_reads_them(web: Web) -> None:
    for clock, shown in ((12, "7:42:00 PM UTC"), (24, "19:42:00 UTC")):
        reader = web.person(f"p{clock}", roles=["staff"], language="en", clock=clock)
        assert shown in reader.get("/staff/ops")


def test_a_person_of_staff_reads_the_language_of_their_profile(web: Web) -> None:
    reader = web.person(roles=["staff"], language="de")
    answer = reader.answer("/staff/")
    assert answer.headers["Content-Language"] == "de"
    assert '<html lang="de">' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_language_is_chosen_at_the_foot_of_a_page_and_leads_back_to_it(staff: Desk) -> None:
    for path in ("/staff/", "/staff/ops"):
        assert f'name="next" value="{path}"' in opened(staff, path)
        answer = staff.client.post("/language", data={"language": "de", "next": path})
        assert (answer.status_code, answer.location) == (303, path)
        assert '<html lang="de">' in staff.get(path)
        staff.client.set_cookie("language", pseudo.TAG)


def seen(channels: dict[str, ChannelFigures], on: tuple[str, ...]) -> Seen:
    """A system without a primary in which nothing runs."""
    overview = Overview(None, 3, {"flights": None}, 0, 0, 0, None, channels, 1, [])
    feed = FeedFigures(age_s=None, stale=True, updates=0, last_at=None)
    return Seen(overview, (), (), [one.collection for one in WATCHED], feed, on, NOW)


@pytest.mark.parametrize("on", [(), ("email", "telegram")])
def test_every_finding_of_a_system_in_which_nothing_runs_is_said_whole(on: tuple[str, ...]) -> None:
    late = {name: ChannelFigures(due=2, oldest_due=NOW - timedelta(hours=1)) for name in on}
    with pseudo.spoken():
        said = ops_view.page(seen(late, on), ("email", "sms"))
        texts = [said.title, said.lede, *(one for f in said.findings for one in (f.begun, f.sentence))]
        texts += [value for stop in said.stops for _, value in stop.node.figures]
    assert len(said.findings) >= 9
    assert pseudo.untranslated(texts, VALUES) == []


def test_a_finding_begins_a_title_with_a_capital_and_stands_small_within_one() -> None:
    watched = replace(seen({}, ("email",)), overview=None, feed=FeedFigures(1.0, False, 0, None))
    with speech.speaking("en"):
        title = ops_view.page(watched, ()).title
        _, nobody = findings(watched)
    assert title == "MongoDB does not answer, and nobody watches everything"
    assert (nobody.begun, nobody.short) == ("Nobody watches everything", "nobody watches everything")


def test_every_kind_of_process_has_both_of_its_findings() -> None:
    assert list(ops_words.SILENT) == list(ops_words.NOT_READY)
    assert set(test_ops.WELL) - {WEB} <= set(ops_words.SILENT)
    with pseudo.spoken():
        said = [speech.say(text) for text in (*ops_words.SILENT.values(), *ops_words.NOT_READY.values())]
    assert pseudo.untranslated(said, ()) == []
