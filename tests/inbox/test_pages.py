"""My inbox as pages: whole without a script, for one's own eyes alone, with a count in the bar of every page."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import pytest

from app.store.inbox import MOST_COUNTED
from app.web.my import inbox as my_inbox
from tests.delivery.world import eventually
from tests.emptied import emptied
from tests.inbox.conftest import settings_for
from tests.inbox.entries import fill
from tests.my.conftest import Person, Web, text_of
from tests.web_process import uri_of

BADGE = "data-inbox-count"


def count_in(page: str) -> str | None:
    """What the bar says in words; None without a count, or while it is hidden."""
    if BADGE not in page:
        return None
    badge = page[page.index(BADGE) :].partition("</a>")[0]
    return None if " hidden>" in badge else badge.partition("data-words>")[2].partition("<")[0]


def news(person: Person, state: str = "", wait: str = "0") -> Any:
    answer = person.client.get(f"/my/inbox/news?state={state}&wait={wait}")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_newest_entries_stand_at_the_top_with_their_words_and_links(web: Web, maya: Person) -> None:
    fill(web, *range(1, 10))
    page = maya.get("/my")
    shown = text_of(page)
    assert shown.index("UA 407 now leaves from gate C9") < shown.index("UA 407 now leaves from gate C8")
    assert "UA 407 now leaves from gate C3" not in shown
    assert "New gate: C9. It was C70." in " ".join(shown.split())
    assert 'href="/f/UA407/2013-02-08"' in page
    assert 'href="/why/token-9"' in page
    assert page.index('id="inbox-h"') < page.index("History")
    older = text_of(maya.get("/my/inbox"))
    assert "UA 407 now leaves from gate C1" in older


def test_the_inbox_is_read_page_by_page(web: Web, maya: Person) -> None:
    fill(web, *range(1, 24))
    first = maya.get("/my/inbox")
    assert first.count('class="t"') == 20
    older = first[first.index("/my/inbox?cursor=") :].partition('"')[0]
    second = maya.get(older)
    assert second.count('class="t"') == 3
    assert "Older" not in text_of(second)
    assert maya.answer("/my/inbox?cursor=nonsense").status_code == 400


def test_an_older_entry_about_the_same_flight_says_that_newer_news_is_above(web: Web, maya: Person) -> None:
    seen = {"seen_at": web.now(), "unseen": False}
    fill(web, 1, 2, **seen)
    fill(web, 3, subject="flight:f9", conversation="flight:f9|p1|inbox", **seen)
    shown = text_of(maya.get("/my"))
    assert shown.count("Newer news above") == 1
    assert shown.index("gate C2") < shown.index("gate C1") < shown.index("Newer news above")


def test_the_latest_of_each_subject_has_an_index(web: Web) -> None:
    indexes = web.database["inbox"].index_information().values()
    keys = [[name for name, _ in one["key"]] for one in indexes]
    assert ["person", "subject", "at"] in keys
    assert ["conversation", "at"] not in keys, "nothing reads by it"


@pytest.mark.parametrize("path", ["/my", "/my/flights", "/board", "/health", "/help", "/fares"])
def test_the_count_of_what_is_new_stands_in_the_bar_of_every_page(web: Web, maya: Person, path: str) -> None:
    assert count_in(maya.get(path)) is None
    fill(web, 1)
    assert count_in(maya.get(path)) == "1 new entry in your inbox"
    fill(web, 2)
    fill(web, 3, person="p2")
    assert count_in(maya.get(path)) == "2 new entries in your inbox"
    assert count_in(web.stranger().get(path, status=303 if path.startswith("/my") else 200)) is None


def test_a_count_beyond_what_is_counted_says_so(web: Web, maya: Person) -> None:
    fill(web, *range(1, MOST_COUNTED + 6))
    page = maya.get("/board")
    assert count_in(page) == "100 or more new entries in your inbox"
    assert ">99+</span>" in page


def test_reading_a_page_changes_nothing_and_the_button_marks_all(web: Web, maya: Person) -> None:
    fill(web, 1, 2)
    fill(web, 3, person="p2")
    assert "Mark all as read" in maya.get("/my")
    maya.get("/my/inbox")
    maya.get("/my/inbox/newest")
    assert news(maya)["unseen"] == 2
    shown = maya.done("/my/inbox/seen", page="/my")
    assert "Everything in your inbox counts as read." in shown
    assert "Mark all as read" not in shown
    assert count_in(shown) is None
    assert [row["seen_at"] for row in web.stored("inbox", person="p1")] == [web.now()] * 2
    assert "seen_at" not in web.stored("inbox", person="p2")[0]


@pytest.mark.parametrize("path", ["/my", "/my/inbox", "/my/inbox?cursor="])
def test_the_button_marks_nothing_that_came_after_the_page_was_drawn(
    web: Web, maya: Person, path: str
) -> None:
    fill(web, *range(1, 24))
    if path.endswith("="):
        first = maya.get("/my/inbox")
        path = first[first.index("/my/inbox?cursor=") :].partition('"')[0]
    until = re.findall(r'name="until" value="([^"]+)"', maya.get(path))
    (late,) = fill(web, 50)
    assert "Mark all as read" in maya.done("/my/inbox/seen", page="/my", until=until[0])
    assert [row["_id"] for row in web.stored("inbox") if "seen_at" not in row] == [late]
    assert news(maya)["unseen"] == 1


def test_nothing_is_marked_without_the_token_of_the_form(web: Web, maya: Person) -> None:
    fill(web, 1)
    for path in ("/my/inbox/seen", "/my/inbox/off", "/my/inbox/on"):
        assert maya.client.post(path, headers={"Accept": "text/html"}).status_code == 403
    assert news(maya)["unseen"] == 1


def test_nobody_sees_anything_of_anothers_inbox(web: Web, maya: Person) -> None:
    fill(web, 1)
    other = web.person("p2", name="Nils", linked={"inbox": {"address": "p2"}})
    for path in ("/my", "/my/inbox", "/my/inbox/newest"):
        assert "C1" not in other.get(path)
    assert news(other)["unseen"] == 0
    other.done("/my/inbox/seen", page="/my")
    assert news(maya)["unseen"] == 1
    for path in ("/my/inbox", "/my/inbox/newest", "/my/inbox/news"):
        answer = web.stranger().answer(path)
        assert answer.status_code == 303
        assert "C1" not in answer.text
    assert web.stranger().client.get("/my/inbox/news").status_code == 401


def test_what_is_personal_is_kept_by_nobody(web: Web, maya: Person) -> None:
    fill(web, 1)
    for path in ("/my", "/my/inbox", "/my/inbox/newest", "/my/inbox/news"):
        assert maya.answer(path).headers["Cache-Control"] == "private, no-store"


def test_words_with_markup_and_addresses_that_run_are_text(web: Web, maya: Person) -> None:
    link = {"label": "x", "url": "javascript:alert(1)"}
    fill(web, 1, title="<script>alert(1)</script>", lines=["<b>x</b>"], link=link)
    fill(web, 2, link={"label": "x", "url": "//evil.example"})
    for path in ("/my", "/my/inbox", "/my/inbox/newest"):
        page = maya.get(path)
        assert "<script>alert" not in page
        assert "<b>x</b>" not in page
        assert "javascript:" not in page
        assert "evil.example" not in page


def test_news_says_how_much_is_new_and_waits_for_more(web: Web, maya: Person) -> None:
    (first,) = fill(web, 1)
    found = news(maya)
    assert (found["unseen"], found["words"], found["newest"]) == (1, "1 new entry in your inbox", first)
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(news(maya, found["state"], "25")))
    asking.start()
    time.sleep(0.2)
    (second,) = fill(web, 2)
    asking.join(20)
    assert [(one["unseen"], one["newest"]) for one in answers] == [(2, second)]


def test_news_that_came_before_the_question_is_told_at_once(web: Web, maya: Person) -> None:
    before = news(maya)["state"]
    fill(web, 1)
    started = time.monotonic()
    assert news(maya, before, "25")["unseen"] == 1
    assert time.monotonic() - started < 20


def test_whoever_signs_out_while_a_page_waits_is_told_nothing_more(web: Web, maya: Person) -> None:
    state = news(maya)["state"]
    answers: list[int] = []

    def ask() -> None:
        answers.append(maya.client.get(f"/my/inbox/news?state={state}&wait=25").status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.3)
    web.database["sessions"].delete_many({})
    fill(web, 1)
    asking.join(20)
    assert answers == [401]


def test_so_many_pages_of_one_person_wait_and_so_many_of_all() -> None:
    room = my_inbox.WaitingPages(6)
    assert [room.enter("p1") for _ in range(5)] == [True] * 4 + [False]
    assert [room.enter("p2") for _ in range(3)] == [True, True, False]
    room.leave("p1")
    assert room.enter("p3")
    assert not room.enter("p2")


def test_a_page_for_which_there_is_no_place_is_answered_at_once(web: Web, mongo_uri: str) -> None:
    settings = settings_for(uri_of(mongo_uri, web.database), inbox_waiting=0)
    full = Web(emptied(web.database), settings)
    maya = full.person(linked={"inbox": {"address": "p1"}})
    started = time.monotonic()
    news(maya, news(maya)["state"], "25")
    assert time.monotonic() - started < 20


def test_it_is_switched_off_and_on_by_the_person(web: Web, maya: Person) -> None:
    assert "Your inbox is off" in maya.done("/my/inbox/off", page="/my/inbox")
    shown = text_of(maya.get("/my"))
    assert "Your inbox on these pages is off." in shown
    assert "History" not in shown
    assert BADGE not in maya.get("/board")
    assert 'name="shown.inbox"' not in maya.get("/my/preferences")
    assert "Your inbox is on" in maya.done("/my/inbox/on", page="/my/inbox")
    assert 'name="shown.inbox"' in maya.get("/my/preferences")
    assert BADGE in maya.get("/board")


def test_where_inboxes_are_off_nothing_speaks_of_them(web: Web, mongo_uri: str) -> None:
    off = Web(emptied(web.database), settings_for(uri_of(mongo_uri, web.database), inbox=False))
    maya = off.person(linked={"inbox": {"address": "p1"}})
    fill(off, 1)
    page = maya.get("/my")
    assert "inbox" not in text_of(page).lower()
    assert BADGE not in page
    assert maya.post("/my/inbox/on").status_code == 403


def test_a_count_that_mongodb_does_not_tell_leaves_the_page_as_it_is(
    web: Web, maya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymongo.errors import AutoReconnect

    from app.store.inbox import Inbox

    def lost(*_: Any) -> None:
        raise AutoReconnect("gone")

    monkeypatch.setattr(Inbox, "unseen", lost)
    assert count_in(maya.get("/help")) is None


def test_the_trial_message_leads_to_the_inbox(web: Web, maya: Person) -> None:
    maya.done("/my/test", channel="inbox")
    (posted,) = eventually(lambda: web.stored("service_messages"))
    assert posted["channel"] == "inbox"
