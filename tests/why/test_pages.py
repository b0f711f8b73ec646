"""The pages, the API and the command: for whom they open, and what they show."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import TypeAdapter
from pymongo import MongoClient

from app.__main__ import main
from app.web.api import why
from tests.providers import Mailbox, Twilio
from tests.why.test_chain import begin
from tests.why.world import KEY, STAFF_KEY, World

STAFF = {"Authorization": f"Bearer {STAFF_KEY}"}
EVENT = "update-5-1-f1"


@pytest.fixture
def told(world: World, mailbox: Mailbox, twilio: Twilio) -> tuple[str, str]:
    """A cancellation that was told; the paths of the mail's and the text's link."""
    begin(world)
    world.notifying.handle(world.notifying.flight(5, status="cancelled", gate="C70"))
    world.deliver()
    world.moment = world.notifying.now  # when it was saved: its links work from then on
    text = mailbox.mails[0].message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    mail = re.search(r"/why/\S+", text)
    sms = re.search(r"/w/\w+", twilio.messages[0]["body"])
    assert mail is not None
    assert sms is not None
    return mail[0], sms[0]


def test_both_links_open_the_chain_and_nothing_keeps_it(world: World, told: tuple[str, str]) -> None:
    for path in told:
        answer = world.site().get(path)
        assert answer.status_code == 200, path
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "It was decided to tell people" in answer.text
        assert "UA 1545 to Houston" in answer.text
        assert "p1@example.org" not in answer.text
        assert "Name of p1" not in answer.text
        assert "5550104217" not in answer.text


def test_nobody_elses_messages_are_on_the_page(world: World, told: tuple[str, str], mailbox: Mailbox) -> None:
    world.person("p2")
    world.notifying.handle(world.notifying.books("p2", time=6), world.notifying.flight(9, gate="C70"))
    world.deliver()
    assert "p2@example.org" in mailbox.recipients()
    page = world.site().get(told[0]).text
    assert "p2" not in page


def test_a_link_that_does_not_work_says_what_still_does(world: World, told: tuple[str, str]) -> None:
    wrong = [told[0][:-3] + "AAA", "/why/x", "/w/AAAAAAAAAA", "/w/..", told[1] + "A"]
    for path in wrong:
        answer = world.site().get(path)
        assert answer.status_code == 404, path
        assert "messages about your flights still go out" in answer.text or path == "/w/.."
    assert world.site().get(told[0]).status_code == 200


def test_ids_may_hold_the_bar_that_stands_between_them(
    world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    world.notifying.handle(world.notifying.snapshot(1, "UA1545|EWR", gate="C70"))
    address = {"email": "p1@example.org", "phone": "+15550104217"}
    world.db.users.insert_one({"_id": "p|1", "name": "Name of p1", **address})
    booked = world.notifying.books("p|1", "UA1545|EWR", seen={"gate": "C70"}, seen_at=2, time=3)
    world.notifying.handle(booked)
    world.notifying.handle(world.notifying.flight(5, "UA1545|EWR", status="cancelled", gate="C70"))
    world.deliver()
    world.moment = world.notifying.now
    text = mailbox.mails[0].message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    for path in (re.search(r"/why/\S+", text), re.search(r"/w/\w+", twilio.messages[0]["body"])):
        assert path is not None
        answer = world.site().get(path[0])
        assert answer.status_code == 200, path[0]
        assert "UA 1545 to Houston" in answer.text


def test_links_end_with_their_time(world: World, told: tuple[str, str]) -> None:
    world.moment += timedelta(days=world.settings.why_link_days + 2)
    answers = [world.site().get(path) for path in told]
    assert [answer.status_code for answer in answers] == [410, 404]
    assert all(answer.headers["Cache-Control"] == "no-store" for answer in answers)


def test_links_end_when_the_address_is_another_ones(world: World, told: tuple[str, str]) -> None:
    world.db.users.update_one({"_id": "p1"}, {"$set": {"email": "new@example.org", "phone": "+15550109999"}})
    assert [world.site().get(path).status_code for path in told] == [410, 410]


def test_another_key_closes_links_unless_the_old_one_is_kept(world: World, told: tuple[str, str]) -> None:
    from pydantic import SecretStr

    other = SecretStr("n" * 40)
    assert world.site(secret_key=other).get(told[0]).status_code == 404
    kept = world.site(secret_key=other, secret_key_fallbacks=SecretStr(KEY))
    assert kept.get(told[0]).status_code == 200


def test_the_api_is_for_staff_alone(world: World, told: tuple[str, str]) -> None:
    for path in (f"/api/v1/changes/{EVENT}/why?person=p1", "/api/v1/people/p1/notifications"):
        assert world.site().get(path).status_code == 401
        assert world.site().get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
        answer = world.site().get(path, headers=STAFF)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_api_answers_as_described(world: World, told: tuple[str, str]) -> None:
    site = world.site()
    chain = site.get(f"/api/v1/changes/{EVENT}/why?person=p1", headers=STAFF)
    TypeAdapter(why.WhyChain).validate_json(chain.data, strict=True)
    assert [one["state"] for one in chain.json["channels"]] == ["Sent", "Sent"]
    assert chain.json["kinds"] == ["cancelled"]
    counted = site.get(f"/api/v1/changes/{EVENT}/why", headers=STAFF).json
    assert (counted["people"], counted["channels"]) == ({"sent": 2}, [])
    found = site.get("/api/v1/people/p1/notifications?limit=1", headers=STAFF)
    TypeAdapter(why.WhyDecisions).validate_json(found.data, strict=True)
    assert [one["status"] for one in found.json["decisions"]] == ["sent"]
    assert site.get("/api/v1/changes/nothing/why", headers=STAFF).status_code == 404
    for wrong in ("0", "201", "x", "-1", "0000201", "²", "1&limit=2", "1&no=1"):
        assert site.get(f"/api/v1/people/p1/notifications?limit={wrong}", headers=STAFF).status_code == 400


def test_without_the_database_the_api_says_when_to_repeat(world: World) -> None:
    nobody: MongoClient[dict[str, Any]] = MongoClient(
        "127.0.0.1:1", serverSelectionTimeoutMS=50, tz_aware=True
    )
    with nobody:
        world.db = nobody["gone"]
        for path in (f"/api/v1/changes/{EVENT}/why", "/api/v1/people/p1/notifications"):
            answer = world.site().get(path, headers=STAFF)
            assert answer.status_code == 503, path
            assert answer.content_type == "application/problem+json"
            assert answer.headers["Retry-After"] == "5"
            assert "The database did not answer" in answer.json["detail"]


def test_the_page_of_staff_is_closed_to_others(world: World, told: tuple[str, str]) -> None:
    answer = world.site().get(f"/staff/why?event={EVENT}&person=p1")
    assert answer.status_code == 303
    assert "/staff/sign-in" in answer.headers["Location"]


def test_staff_see_the_changes_of_a_flight_and_the_chain_of_each(world: World, told: tuple[str, str]) -> None:
    site = world.site()
    form = site.get("/staff/sign-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token is not None
    site.post("/staff/sign-in", data={"key": STAFF_KEY, "csrf_token": token[1]})
    listed = site.get("/staff/why?flight=ua1545&date=2035-12-01&person=p1").text
    assert "Announced" in listed
    assert f"event={EVENT}" in listed
    chain = site.get(f"/staff/why?event={EVENT}&person=p1").text
    assert "The person is among those concerned" in chain
    counted = " ".join(re.sub(r"<[^>]+>", " ", site.get(f"/staff/why?event={EVENT}").text).split())
    assert "Sent 2" in counted
    row = world.db.notifications.find_one({"event_id": EVENT, "channel": "email"}) or {}
    one = site.get("/staff/notifications/one", query_string={"id": row["_id"]}).text
    link = re.search(r'href="(/staff/why[^"]+)">The whole chain', one)
    assert link is not None
    assert "The person is among those concerned" in site.get(html.unescape(link[1])).text
    assert site.get("/staff/why?event=nothing").status_code == 404
    assert site.get("/staff/why?flight=UA1545&date=soon").status_code == 400


def test_the_command_prints_the_chain(world: World, told: tuple[str, str]) -> None:
    where = {
        "MONGODB_URI": world.settings.mongodb_uri.get_secret_value(),
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
    }

    def run(*args: str) -> str:
        done = CliRunner().invoke(main, ["why", *args], env=where)
        assert done.exit_code == 0, done.output
        return done.output

    chain = run("--event", EVENT, "--person", "p1")
    assert "It was decided to tell people: The news: cancelled." in chain
    assert "E-mail: Sent - UA 1545 to Houston" in chain
    assert len(chain.splitlines()) <= 40
    listed = run("--flight", "UA1545", "--date", "2035-12-01", "--person", "p1")
    assert EVENT in listed
    assert "SMS: Sent" in listed
    assert run("--flight", "ua 01545", "--date", "2035-12-01", "--person", "p1") == listed
    saved_at = re.compile(r"^\d{1,2} [A-Z][a-z]{2} \d\d:\d\d:\d\d (EST|EDT)\b", re.MULTILINE)
    for printed in (chain, listed):
        assert saved_at.search(printed), "a time names its day and its zone"
        assert not re.search(r"^\d\d:\d\d:\d\d", printed, re.MULTILINE)
    assert CliRunner().invoke(main, ["why", "--flight", "UA1545"], env=where).exit_code == 2
    wrong = CliRunner().invoke(main, ["why", "--flight", "nonsense!", "--date", "2035-12-01"], env=where)
    assert wrong.exit_code == 2
    assert 'write it like "UA407"' in wrong.output
    assert CliRunner().invoke(main, ["why", "--event", "nothing"], env=where).exit_code == 1
