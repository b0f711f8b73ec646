"""Which mails have one Message-ID: those that tell the same state in the same words, and no others."""

from __future__ import annotations

from app.channels.dsn import is_ours
from tests.delivery.choosers import FAR_A, FAR_B, at_gates, by_clock, chooser, clock_of, digester
from tests.delivery.clocks import Clock
from tests.delivery.world import A, B, World, order
from tests.providers import Mailbox

DAY_S = 24 * 3600


def ids_of(mailbox: Mailbox) -> list[str]:
    """The Message-IDs that came, without brackets."""
    return [str(mail.message["Message-ID"]).strip("<>") for mail in mailbox.mails]


def test_the_same_words_about_a_later_change_are_another_mail(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation()
    world.worker().deliver_due()
    for at, value in ((2, A), (3, B)):
        world.wants(value, at)
        world.worker().deliver_due()
    assert mailbox.subjects()[0] == mailbox.subjects()[2]
    ids = ids_of(mailbox)
    assert len(set(ids)) == 3
    assert all(is_ours(one) for one in ids), "a bounce is matched by it"
    rows = [world.row(at=at) or {} for at in (1, 2, 3)]
    assert [row["attempts"][0]["provider_id"] for row in rows] == ids


def test_a_repeat_of_the_same_words_is_the_same_mail(world: World, mailbox: Mailbox) -> None:
    world.person()
    world.conversation()
    for _ in range(3):
        mailbox.drop_after_data = 1
        world.worker().deliver_due()
        world.hurry()
    first, second, third = ids_of(mailbox)
    assert first != second == third, "the first did not say that it may be a repeat"


def test_a_later_digest_in_the_same_words_is_another_mail(world: World, mailbox: Mailbox) -> None:
    clock = Clock()
    at_gates(world)
    by_clock(world, clock)
    chooser(world, digest={"every": "daily", "at": clock_of(clock.moment, 2)})
    world.conversation(heard=FAR_A, want=FAR_B)
    for at, value in ((2, FAR_A), (3, FAR_B), (4, FAR_B)):
        world.worker().deliver_due()
        clock.move(DAY_S)
        digester(world).send_due()
        world.wants(value, at)
    ids = ids_of(mailbox)
    assert [row["order"] for row in world.database["notifications"].find()] == [order(n) for n in (1, 2, 3)]
    assert len(set(ids)) == len(ids) == 3
