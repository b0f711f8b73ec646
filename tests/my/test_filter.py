"""The history by status, channel and flight: its counts, its address, and what it costs the database."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from tests.my.conftest import Person, Web, text_of


class Rows:
    """Writes what was decided about people, as delivery does."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._number = 0

    def _common(self, person: str, channel: str, flight: str, minutes: int) -> tuple[dict[str, Any], Any]:
        self._number += 1
        order = f"{self._number:04}"
        conversation = f"flight:{flight}|{person}|{channel}"
        row = {
            "conversation": conversation, "person": person, "subject": f"flight:{flight}", "channel": channel,
            "order": order, "event_id": f"e{self._number}", "kinds": ["gate"],
        }  # fmt: skip
        return row, self._web.now() - timedelta(minutes=minutes)

    def sent(
        self,
        status: str = "sent",
        *,
        person: str = "p1",
        channel: str = "email",
        flight: str = "f407",
        minutes: int = 0,
        **more: Any,
    ) -> str:
        row, at = self._common(person, channel, flight, minutes)
        title = f"News {self._number}"
        row |= {"_id": f"{row['conversation']}@{row['order']}", "status": status, "title": title}
        row |= {"created_at": at, "changed_at": at - timedelta(seconds=2), "sent_at": at, "attempts": []}
        self._web.database["notifications"].insert_one(row | more)
        return title

    def waits(self, *, flight: str, minutes: int = 0, is_held: bool) -> None:
        row, at = self._common("p1", "email", flight, minutes)
        row |= {"_id": f"{row['conversation']}@{row['order']}/wait.quiet_hours", "action": "wait"}
        row |= {"reason": "quiet_hours", "decided_at": at, "until": at + timedelta(hours=8)}
        self._web.database["delivery_decisions"].insert_one(row)
        if is_held:
            talk = {"_id": row["conversation"], "person": "p1", "channel": "email", "status": "open"}
            self._web.database["conversations"].update_one(
                {"_id": row["conversation"]}, {"$set": talk | {"due_at": row["until"]}}, upsert=True
            )


@pytest.fixture
def rows(web: Web) -> Rows:
    return Rows(web)


def counts(page: str) -> dict[str, int]:
    """The filter's words and numbers."""
    found = re.findall(r">([A-Za-z ]+) <span class=\"count\">([\d,]+)<", page)
    return {name: int(number) for name, number in found}


def states(page: str) -> list[str]:
    return re.findall(r'<span class="pill st st-(\w+)">', page)


def one_of_each(web: Web, rows: Rows) -> None:
    web.flight()
    web.flight(_id="f9", flight_number="UA9", departure_date="2013-02-09")
    rows.sent(minutes=1)
    rows.sent(channel="sms", minutes=2)
    rows.sent(flight="f9", minutes=3)
    rows.sent("failed", channel="sms", minutes=4)
    rows.sent(delivery={"state": "undelivered"}, minutes=5)
    rows.sent("skipped", reason="departed", minutes=6)
    rows.sent("skipped", reason="no_address", channel="sms", minutes=6)
    rows.sent("retrying", flight="f9", minutes=7)
    rows.waits(flight="f407", minutes=9, is_held=True)
    rows.waits(flight="f407", minutes=8, is_held=True)  # the choices were changed: it is the same message
    rows.waits(flight="f9", minutes=10, is_held=False)
    rows.sent(person="p2")


def test_the_filter_counts_what_it_shows(web: Web, maya: Person, rows: Rows) -> None:
    one_of_each(web, rows)
    page = maya.get("/my")
    assert counts(page) == {"All": 10, "Sent": 3, "Held": 2, "Not sent": 3, "Failed": 2}
    assert len(states(page)) == 10
    shapes = {"sent": {"departed"}, "held": {"held"}, "skipped": {"skipped"}, "failed": {"failed"}}
    for show, wanted in shapes.items():
        part = maya.get(f"/my?show={show}")
        name = {"skipped": "Not sent"}.get(show, show.capitalize())
        assert len(states(part)) == counts(page)[name], show
        assert set(states(part)) == wanted, show
        assert counts(part) == counts(page), "the choice changes what is shown, not what there is"


def test_channel_and_flight_narrow_counts_and_list(web: Web, maya: Person, rows: Rows) -> None:
    one_of_each(web, rows)
    page = maya.get("/my?channel=sms")
    assert counts(page) == {"All": 2, "Sent": 1, "Held": 0, "Not sent": 0, "Failed": 1}
    assert len(states(page)) == 2
    page = maya.get("/my?about=flight:f9")
    assert counts(page) == {"All": 3, "Sent": 1, "Held": 1, "Not sent": 1, "Failed": 0}
    assert '<option value="flight:f9" selected>UA 9, 9 February</option>' in page
    assert '<option value="flight:f407">UA 407, 8 February</option>' in page
    links = re.findall(r'<a href="(/my\?[^"]*show=held[^"]*)"', page)
    assert [unescape(link) for link in links] == ["/my?show=held&about=flight:f9"]
    assert states(maya.get(unescape(links[0]))) == ["held"]


def test_the_days_of_an_airport_are_told_apart(web: Web, maya: Person, rows: Rows) -> None:
    for day in ("2013-02-08", "2013-02-09"):
        rows.sent(subject=f"airport:EWR:{day}")
    page = maya.get("/my?about=airport:EWR:2013-02-09")
    assert '<option value="airport:EWR:2013-02-09" selected>Newark Liberty (EWR), 9 February</option>' in page
    assert '<option value="airport:EWR:2013-02-08">Newark Liberty (EWR), 8 February</option>' in page
    assert states(page) == ["departed"]


def test_older_pages_keep_the_filter(web: Web, maya: Person, rows: Rows) -> None:
    web.flight()
    for number in range(25):
        rows.sent(channel="sms" if number % 5 else "email", minutes=number // 2)
        rows.sent("skipped", reason="departed", minutes=number // 2)
    seen: list[str] = []
    page = maya.get("/my?show=sent&channel=sms")
    while True:
        seen += re.findall(r"<p class=\"t\">(News \d+)", page)
        assert set(states(page)) <= {"departed"}
        assert counts(page)["Sent"] == 20
        older = re.search(r'href="([^"]+)">Older', page)
        if older is None:
            break
        page = maya.get(unescape(older[1]))
    assert len(seen) == len(set(seen)) == 20


def test_a_filter_with_nothing_says_so_and_leads_back(web: Web, maya: Person, rows: Rows) -> None:
    rows.sent()
    for query, words in (
        ("show=held", "No message to you is held"),
        ("show=failed", "No message to you has failed"),
        ("about=flight:nothing", "You were told other things"),
    ):
        page = maya.get(f"/my?{query}")
        assert "Nothing fits this filter" in text_of(page)
        assert words in text_of(page)
        assert '<a class="btn" href="/my">Show all of them</a>' in page
    maya.get("/my?show=nonsense", 400)


def test_the_figures_are_of_the_last_week(web: Web, maya: Person, rows: Rows) -> None:
    assert "Told this week" not in maya.get("/my")
    rows.sent()
    rows.sent(minutes=5)
    rows.sent("failed")
    rows.sent("skipped", reason="departed")
    rows.sent(minutes=8 * 24 * 60)
    shown = text_of(maya.get("/my"))
    assert "Told this week 2 Median time to you 2.00 s Failed 1" in shown


def test_nobody_filters_another_persons_history(web: Web, maya: Person, rows: Rows) -> None:
    web.flight(_id="f1")
    rows.sent(person="p2", flight="f1")
    page = maya.get("/my?about=flight:f1")
    assert states(page) == []
    assert "UA 407" not in page


def test_every_question_begins_at_the_person_in_an_index(web: Web, maya: Person, rows: Rows) -> None:
    one_of_each(web, rows)
    for number in range(300):
        rows.sent(person=f"other{number % 7}", minutes=number)
    web.database.command("profile", 2)
    try:
        for query in ("", "?show=sent", "?show=held", "?show=skipped&channel=email", "?about=flight:f407"):
            maya.get(f"/my{query}")
    finally:
        web.database.command("profile", 0)
    asked = {"$in": [f"{web.database.name}.{name}" for name in ("notifications", "delivery_decisions")]}
    plans = list(web.database["system.profile"].find({"ns": asked, "command.filter.conversation": None}))
    web.database.drop_collection("system.profile")
    of_list = [one for one in plans if "person" in str(one["command"].get("filter") or one["command"])]
    assert len(of_list) >= 15
    for one in of_list:
        assert one["planSummary"].startswith("IXSCAN { person"), one["command"]
        assert one.get("docsExamined", 0) <= 12, one["command"]
