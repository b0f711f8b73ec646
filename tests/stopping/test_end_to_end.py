"""From the mail's header to silence: real MongoDB, a real SMTP server, the real delivery, a web process."""

from __future__ import annotations

import re
from typing import Any

from tests.providers import Mailbox, Twilio
from tests.why.world import World


def user(world: World, name: str) -> None:
    row = {"_id": name, "name": name, "email": f"{name}@example.org", "phone": f"+1555010{ord(name[-1]):04d}"}
    world.db.users.insert_one(row)


def delayed(notifying: Any, time: int, until: str) -> Any:
    return notifying.flight(time, gate="C70", status="delayed", estimated_departure_time=until)


def one_click(world: World, mailbox: Mailbox, recipient: str) -> int:
    """What a mail service does with the headers of the last mail to somebody."""
    mail = next(m for m in reversed(mailbox.mails) if m.recipient == recipient)
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = re.search(rb"List-Unsubscribe: <https://gatecall\.example(/[^>]+)>", mail.raw)
    assert url
    site = world.site()
    answer = site.post(url[1].decode(), data={"List-Unsubscribe": "One-Click"})
    return int(answer.status_code)


def told(mailbox: Mailbox, recipient: str) -> list[str]:
    return [str(m.message["Subject"]) for m in mailbox.mails if m.recipient == recipient]


def test_the_header_of_a_mail_stops_its_list_and_nothing_else(
    world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    notifying = world.notifying
    notifying.handle(notifying.snapshot(1, gate="C70"))
    user(world, "follower")
    user(world, "traveller")
    notifying.handle(notifying.follows("follower", time=2))
    notifying.handle(notifying.books("traveller", seen={"gate": "C70"}, seen_at=2, time=3))
    world.deliver()
    notifying.handle(delayed(notifying, 5, "10:40"))
    world.deliver()
    mail = next(m for m in mailbox.mails if m.recipient == "follower@example.org")
    assert "<followings." in mail.message["List-Id"]
    other = next(m for m in mailbox.mails if m.recipient == "traveller@example.org")
    assert "<bookings." in other.message["List-Id"]
    assert one_click(world, mailbox, "follower@example.org") == 200

    before = {name: len(told(mailbox, f"{name}@example.org")) for name in ("follower", "traveller")}
    texts = len(twilio.messages)
    notifying.handle(notifying.flight(6, gate="C70", status="cancelled"))
    world.deliver()
    assert len(told(mailbox, "follower@example.org")) == before["follower"], "the list is silent"
    assert len(told(mailbox, "traveller@example.org")) == before["traveller"] + 1
    assert len(twilio.messages) == texts + 2, "texts are another channel, for both"
    decision = world.db.delivery_decisions.find_one(
        {"person": "follower", "channel": "email", "reason": "stopped"}
    )
    assert decision is not None, "why nothing came is on the record"
    assert decision["order"] == max(row["order"] for row in world.db.announcements.find())


def test_who_stops_mail_about_bookings_still_hears_of_the_cancellation_by_text(
    world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    notifying = world.notifying
    notifying.handle(notifying.snapshot(1, gate="C70"))
    user(world, "traveller")
    notifying.handle(notifying.books("traveller", seen={"gate": "C70"}, seen_at=2, time=3))
    world.deliver()
    notifying.handle(delayed(notifying, 5, "10:40"))
    world.deliver()
    assert one_click(world, mailbox, "traveller@example.org") == 200
    mails = len(mailbox.mails)
    notifying.handle(notifying.flight(6, gate="C70", status="cancelled"))
    world.deliver()
    assert len(mailbox.mails) == mails
    assert any("is cancelled" in message["body"] for message in twilio.messages)


def test_undo_tells_what_is_true_now_and_was_not_told(world: World, mailbox: Mailbox) -> None:
    notifying = world.notifying
    notifying.handle(notifying.snapshot(1, gate="C70"))
    user(world, "follower")
    notifying.handle(notifying.follows("follower", time=2))
    world.deliver()
    notifying.handle(delayed(notifying, 5, "10:40"))
    world.deliver()
    one_click(world, mailbox, "follower@example.org")
    notifying.handle(delayed(notifying, 6, "11:55"))
    world.deliver()
    mails = len(told(mailbox, "follower@example.org"))
    link = re.search(rb"List-Unsubscribe: <https://gatecall\.example(/[^>]+)>", mailbox.mails[-1].raw)
    assert link
    world.site().post(f"{link[1].decode()}/undo", data={})
    world.deliver()
    subjects = told(mailbox, "follower@example.org")
    assert len(subjects) == mails + 1
    assert "11:55" in subjects[-1]
