"""The link "Why this message?": the same for the same notification, and good for nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from app.channels import rendering
from app.channels.base import text_hash
from app.channels.email import Letter
from app.channels.links import LinkError, LinkExpiredError, Links, WhyToken
from app.domain import gsm
from app.domain.wording import LINK_SLOT
from tests.providers import Mailbox, Twilio
from tests.why.test_chain import begin
from tests.why.world import KEY, World

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CONVERSATION = "flight:511ab2c3d4e5f60718293a4b|65f1ab2c3d4e5f6071829300|email"
ORDER = "0000.6b01c58f00000001.8265F1AB"


def made(*keys: str, days: int = 90) -> Links:
    return Links("https://gatecall.example", keys or (KEY,), days)


def token(links: Links, changed_at: datetime | None = NOW) -> WhyToken:
    return links.token(CONVERSATION, ORDER, changed_at, "p1@example.org")


def text_of(url: str) -> str:
    return url.removeprefix("https://gatecall.example/why/")


def test_a_link_is_the_same_whenever_and_by_whomever_it_is_made() -> None:
    one, other = made(), made()
    assert one.of_mail(token(one)) == other.of_mail(token(other))
    assert one.of_text(token(one)) == other.of_text(token(other))
    later = one.token(CONVERSATION, f"{ORDER}0", NOW, "p1@example.org")
    assert one.of_mail(later) != one.of_mail(token(one))
    assert one.of_text(later) != one.of_text(token(one))


def test_a_link_says_what_was_put_in_and_names_nobody() -> None:
    links = made()
    url = links.of_mail(token(links))
    assert links.read(text_of(url), NOW) == token(links)
    assert re.fullmatch(r"https://gatecall\.example/why/[A-Za-z0-9._-]+", url)
    assert "p1@example" not in url


def test_a_link_works_for_its_days_and_not_longer() -> None:
    links = made(days=90)
    text = text_of(links.of_mail(token(links)))
    links.read(text, NOW + timedelta(days=90))
    with pytest.raises(LinkExpiredError):
        links.read(text, NOW + timedelta(days=92))


def test_without_the_time_of_the_change_the_order_says_when_it_was() -> None:
    links = made(days=90)
    assert token(links, None).expires_at - NOW < timedelta(days=92)


@pytest.mark.parametrize("place", range(0, 120, 7))
def test_a_changed_link_is_refused(place: int) -> None:
    links = made()
    text = text_of(links.of_mail(token(links)))
    changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
    with pytest.raises(LinkError):
        links.read(changed, NOW)


@pytest.mark.parametrize("text", ["", ".", "abcd", "abcd.x.y", "é.é.é", "." * 5000])
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(LinkError):
        made().read(text, NOW)


def test_after_a_new_key_earlier_links_work_until_the_old_key_is_taken_out() -> None:
    old, new = "o" * 40, "n" * 40
    text = text_of(made(old).of_mail(token(made(old))))
    assert made(new, old).read(text, NOW) == token(made(old))
    assert text_of(made(new, old).of_mail(token(made(new, old)))) != text
    with pytest.raises(LinkError):
        made(new).read(text, NOW)


def test_the_mail_has_the_link_in_both_parts_and_its_message_id_does_not_depend_on_it(
    world: World, mailbox: Mailbox
) -> None:
    begin(world)
    world.notifying.handle(world.notifying.flight(5, status="cancelled"))
    world.deliver()
    message = mailbox.mails[0].message
    text, html = (message.get_body((part,)).get_content() for part in ("plain", "html"))  # type: ignore[union-attr]
    link = re.search(r"https://gatecall\.example/why/\S+", text)
    assert link is not None
    assert f'href="{link[0]}"' in html
    assert "GatecallWhyLink" not in text + html
    without = re.sub(r"Why this message\?.*\n.*/why/.*\n", "", text.replace("\r\n", "\n"))
    without = re.sub(r"Stop e-mails about .*\n.*\nChoose what you hear:\n.*\n", "", without)
    assert "https://gatecall.example/unsubscribe" not in without
    told = world.db.conversations.find_one({"_id": "flight:f1|p1|email"}) or {}
    id_ = text_hash(text_hash(told["_id"], without), told["order"])
    assert str(message["Message-ID"]).startswith(f"<{id_}@")


def test_a_repeated_mail_has_the_same_link(world: World, mailbox: Mailbox) -> None:
    begin(world)
    mailbox.drop_after_data = 1
    world.notifying.handle(world.notifying.flight(5, status="cancelled"))
    world.deliver()
    world.db.conversations.update_many({}, {"$unset": {"not_before": ""}})
    world.deliver()
    texts = [mail.message.get_body(("plain",)).get_content() for mail in mailbox.mails]  # type: ignore[union-attr]
    found = [re.findall(r"/why/\S+", text) for text in texts]
    assert len(found) == 2
    assert found[0] == found[1] != []


def test_the_text_fits_one_part_with_its_own_short_link(world: World, twilio: Twilio) -> None:
    begin(world)
    world.notifying.handle(world.notifying.flight(5, status="cancelled"))
    world.deliver()
    body = twilio.messages[0]["body"]
    short = re.search(r"gatecall\.example/w/([A-Za-z0-9]{10})$", body)
    assert short is not None
    assert short[1] != LINK_SLOT
    assert gsm.fits(body)
    kept = world.db.why_links.find_one({"_id": short[1]})
    assert kept is not None
    assert kept["conversation"] == "flight:f1|p1|sms"


def test_without_a_key_messages_go_out_without_a_link_of_their_own() -> None:
    from app.settings import load

    settings = load(mongodb_uri="mongodb://h/d", kafka_bootstrap_servers="h:1")
    assert Links.of(settings) is None


def test_the_link_is_written_right_where_the_text_must_be_encoded() -> None:
    links = made()
    url = links.of_mail(token(links))
    letter = Letter(
        sender="a@example.org",
        recipient="b@example.org",
        subject="s",
        text=f"Zürich\n{rendering.WHY_IN_TEXT}\n",
        html=f'<a\nhref="{rendering.WHY_IN_HTML}">why</a>' + "x" * 1200,
        headers={},
        links={rendering.WHY_IN_TEXT: url, rendering.WHY_IN_HTML: url},
    )
    raw = letter.as_bytes()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = letter._message()
    assert url in message.get_body(("plain",)).get_content()
    assert f'href="{url}"' in message.get_body(("html",)).get_content()
