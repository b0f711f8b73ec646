"""The page Telegram of a person: a link that is shown once, what is linked, and its end."""

from __future__ import annotations

import re

import pytest

from app.store.telegram_accounts import TelegramAccounts
from app.store.telegram_links import TelegramBots, TelegramLinks
from tests.my.conftest import NOW, Person, Web, text_of
from tests.telegram.fake import TOKEN
from tests.web_process import Docs, settings_of

PAGE = "/my/telegram"
MAIL = {"mail_server": "mail.example.org"}


@pytest.fixture
def web(prepared: Docs, mongo_uri: str) -> Web:
    made = Web(prepared, settings_of(mongo_uri, prepared, telegram_bot_token=TOKEN, **MAIL))
    TelegramBots(made.database).keep_name("4711", "gatecall_bot")
    return made


@pytest.fixture
def maya(web: Web) -> Person:
    return web.person(time_zone="America/New_York")


def token_in(page: str) -> str:
    found = re.search(r'href="https://t\.me/gatecall_bot\?start=([A-Za-z0-9_-]{32})"', page)
    assert found, page
    return found[1]


def test_a_link_is_shown_once_and_is_the_persons_own(web: Web, maya: Person) -> None:
    answer = maya.post("/my/telegram/link", page=PAGE)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    token = token_in(answer.text)
    assert "until 14:57 EST" in text_of(answer.text)
    assert token not in maya.get(PAGE)
    (row,) = web.stored("telegram_links")
    assert token not in str(row)
    assert row["person"] == "p1"
    link = TelegramLinks(web.database).open(token, "7001", NOW)
    assert link is not None
    assert (link.person, link.works(NOW)) == ("p1", True)


def test_what_is_linked_is_shown_and_ended(web: Web, maya: Person) -> None:
    accounts = TelegramAccounts(web.database, web.settings)
    assert accounts.link("p1", "7001", "yes", "telegram", "once", NOW)
    assert "Linked since Fri 8 Feb 2013, 14:42 EST" in text_of(maya.get("/my/profile"))
    page = maya.get(PAGE)
    assert "Since Fri 8 Feb 2013, 14:42 EST" in text_of(page)
    assert "7001" not in page
    assert "unlinked" in text_of(maya.done("/my/telegram/end", page=PAGE))
    (user,) = web.stored("users")
    assert "linked" not in user
    rows = sorted(web.stored("consents", what="telegram"), key=lambda row: row["given"])
    assert [(row["given"], row["way"]) for row in rows] == [(False, "page"), (True, "telegram")]


def test_a_blocked_bot_is_said_with_what_to_do(web: Web, maya: Person) -> None:
    accounts = TelegramAccounts(web.database, web.settings)
    accounts.link("p1", "7001", "yes", "telegram", "once", NOW)
    from app.domain.reports import Refusal
    from app.store.suppressions import Suppression, Suppressions

    store = Suppressions(web.database, web.settings)
    store.add(
        [Suppression(store.id_of("telegram", "7001"), "telegram", Refusal.BLOCKED, "403", "x", "p1", NOW)]
    )
    assert "You have blocked the bot" in text_of(maya.get(PAGE))


def test_strangers_have_no_page(web: Web) -> None:
    assert web.stranger().answer(PAGE).status_code in (302, 303, 401)


def test_links_are_limited(web: Web, maya: Person) -> None:
    for _ in range(10):
        assert maya.post("/my/telegram/link", page=PAGE).status_code == 200
    assert maya.post("/my/telegram/link", page=PAGE).status_code == 429


def test_without_a_bot_the_page_says_so(prepared: Docs, mongo_uri: str) -> None:
    web = Web(prepared, settings_of(mongo_uri, prepared, **MAIL))
    maya = web.person()
    assert "switched off" in text_of(maya.get(PAGE))
    assert "/my/telegram" not in maya.get("/my/profile")
    assert maya.post("/my/telegram/link", page="/my/flights").status_code == 403


def test_a_chat_is_unlinked_while_the_operators_have_no_bot(
    web: Web, maya: Person, prepared: Docs, mongo_uri: str
) -> None:
    TelegramAccounts(web.database, web.settings).link("p1", "7001", "yes", "telegram", "once", NOW)
    again = Web(prepared, settings_of(mongo_uri, prepared)).signed_in("p1", "Chromium on Linux")
    assert "switched off" in text_of(again.get(PAGE))
    assert "unlinked" in text_of(again.done("/my/telegram/end", page=PAGE))
    assert "linked" not in web.stored("users")[0]
    assert "/my/telegram/end" not in again.get(PAGE)
