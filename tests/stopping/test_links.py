"""Links that stop a list, and links to a person's choices: one purpose each, for one person at one address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.channels.links import LinkError, LinkExpiredError, Links
from app.domain.mail_lists import MailList

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEY = "k" * 40
PERSON, ADDRESS = "65f1ab2c3d4e5f6071829300", "Ada@Example.org"


def made(*keys: str) -> Links:
    return Links("https://gatecall.example", keys or (KEY,), 90, 30)


def tail(url: str) -> str:
    return url.rpartition("/")[2]


def test_a_stop_link_says_whom_and_what_and_holds_no_address() -> None:
    links = made()
    url = links.unsubscribe(PERSON, "followings", ADDRESS)
    assert url.startswith("https://gatecall.example/unsubscribe/")
    token = links.read_unsubscribe(tail(url))
    assert (token.person, token.mail_list, token.until) == (PERSON, MailList.FOLLOWINGS, None)
    assert "ada" not in url.lower().replace(PERSON, "")
    assert url == made().unsubscribe(PERSON, MailList.FOLLOWINGS, ADDRESS), "the same, whoever makes it"


def test_a_stop_link_is_for_the_address_it_was_sent_to_whatever_its_case() -> None:
    links = made()
    token = links.read_unsubscribe(tail(links.unsubscribe(PERSON, "bookings", ADDRESS)))
    assert links.is_for(token, " ada@example.org ")
    assert not links.is_for(token, "ada@example.com")
    assert not links.is_for(token, "")


def test_a_link_to_choices_works_for_its_days() -> None:
    links = made()
    text = tail(links.preferences(PERSON, ADDRESS, NOW))
    token = links.read_preferences(text, NOW + timedelta(days=30))
    assert (token.person, token.mail_list) == (PERSON, None)
    assert links.is_for(token, ADDRESS)
    with pytest.raises(LinkExpiredError):
        links.read_preferences(text, NOW + timedelta(days=32))


def test_a_link_of_one_purpose_is_none_of_another() -> None:
    links = made()
    stop, choices = links.unsubscribe(PERSON, "bookings", ADDRESS), links.preferences(PERSON, ADDRESS, NOW)
    why = links.of_mail(links.token("flight:f|p|email", "0000.5e0c89c500000001.82", NOW, ADDRESS))
    for wrong in (choices, why):
        with pytest.raises(LinkError):
            links.read_unsubscribe(tail(wrong))
    for wrong in (stop, why):
        with pytest.raises(LinkError):
            links.read_preferences(tail(wrong), NOW)
    for wrong in (stop, choices):
        with pytest.raises(LinkError):
            links.read(tail(wrong), NOW)


def test_after_a_new_key_links_work_until_the_old_key_is_taken_out() -> None:
    old, new = "o" * 40, "n" * 40
    text = tail(made(old).unsubscribe(PERSON, "bookings", ADDRESS))
    both = made(new, old)
    assert both.is_for(both.read_unsubscribe(text), ADDRESS)
    assert tail(both.unsubscribe(PERSON, "bookings", ADDRESS)) != text
    with pytest.raises(LinkError):
        made(new).read_unsubscribe(text)


@pytest.mark.parametrize("place", range(0, 140, 9))
def test_a_changed_link_is_refused(place: int) -> None:
    links = made()
    text = tail(links.unsubscribe(PERSON, "bookings", ADDRESS))
    place %= len(text)
    changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
    with pytest.raises(LinkError):
        links.read_unsubscribe(changed)


@pytest.mark.parametrize("text", ["", ".", "abcd", "abcd.x.y", "é.é.é", "." * 5000, "\x00"])
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(LinkError):
        made().read_unsubscribe(text)
    with pytest.raises(LinkError):
        made().read_preferences(text, NOW)
