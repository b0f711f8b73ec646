"""Which channel is told first: the part of the form, kept as it was typed, and what is wrong said at its field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.my.conftest import Person, Web, text_of

PAGE = "/my/preferences"
ORDER = {"routing_1": "sms", "routing_after_2": "5", "routing_2": "email", "routing.news.cancelled": "on"}


def sent(web: Web, maya: Person, **form: Any) -> Any:
    return maya.post(PAGE, page=PAGE, version=str(web.stored("users")[0].get("version", 0)), **form)


def routing(web: Web) -> Any:
    return web.stored("users")[0].get("preferences", {}).get("routing")


def test_an_order_is_kept_and_shown(web: Web, maya: Person) -> None:
    assert "If it does not reach you" in text_of(maya.get(PAGE))
    assert sent(web, maya, **ORDER).status_code == 303
    assert routing(web) == {
        "steps": [{"channel": "sms", "minutes": 5}, {"channel": "email"}],
        "news": ["cancelled"],
    }
    page = maya.get(PAGE)
    for name, channel in (("routing_1", "sms"), ("routing_2", "email")):
        select = page[page.index(f'name="{name}"') :]
        assert f'<option value="{channel}" selected>' in select[: select.index("</select>")]
    assert 'name="routing_after_2" inputmode="numeric" value="5"' in page
    assert 'name="routing.news.cancelled" checked' in page
    assert 'name="routing.news.diverted">' in page


def test_all_at_once_is_no_order(web: Web, maya: Person) -> None:
    sent(web, maya, **ORDER)
    assert sent(web, maya, **(ORDER | {"routing_1": "", "routing_2": ""})).status_code == 303
    assert routing(web) is None


def test_a_place_that_is_left_empty_is_passed_over(web: Web, maya: Person) -> None:
    web.database["users"].update_one(
        {"_id": maya.id}, {"$set": {"linked.telegram": {"address": "77", "since": web.now()}}}
    )
    places = {"routing_1": "telegram", "routing_2": "", "routing_after_2": "x", "routing_3": "sms"}
    assert sent(web, maya, **(ORDER | places | {"routing_after_3": "30"})).status_code == 303
    assert routing(web)["steps"] == [{"channel": "telegram", "minutes": 30}, {"channel": "sms"}]


def test_a_channel_that_is_not_linked_any_more_keeps_its_place(web: Web, maya: Person) -> None:
    stands = {"steps": [{"channel": "telegram", "minutes": 3}, {"channel": "sms"}], "news": ["cancelled"]}
    web.database["users"].update_one({"_id": maya.id}, {"$set": {"preferences": {"routing": stands}}})
    page = maya.get(PAGE)
    assert '<option value="telegram" selected>Telegram</option>' in page
    again = {
        "routing_1": "telegram",
        "routing_after_2": "3",
        "routing_2": "sms",
        "routing.news.cancelled": "on",
    }
    assert sent(web, maya, **again).status_code == 303
    assert routing(web) == stands


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"routing_2": ""}, "routing_2", "Choose a second channel, or none at all."),
        ({"routing_2": "sms"}, "routing_2", "Each channel has one place; take another one here."),
        ({"routing_after_2": "0"}, "routing_after_2", "Write a whole number of minutes from 1 to 240."),
        ({"routing_after_2": "soon"}, "routing_after_2", "Write a whole number of minutes from 1 to 240."),
        ({"routing.news.cancelled": None}, "routing_news", "Tick at least one kind of news."),
        ({"routing_1": "fax"}, "routing_1", "There is no such channel"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    web: Web, maya: Person, changed: dict[str, Any], field: str, words: str
) -> None:
    form = {name: value for name, value in (ORDER | changed).items() if value is not None}
    answer = sent(web, maya, delay_min="35", **form)
    assert answer.status_code == 422
    assert f'id="{field}-err"' in answer.text
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}"' in answer.text
    assert words in text_of(answer.text)
    assert 'value="35"' in answer.text
    assert f'value="{form["routing_after_2"]}"' in answer.text
    assert routing(web) is None
