"""The whole chain from a save to a phone, out of what was written when it was decided."""

from __future__ import annotations

from app.domain.clock import real_time
from app.domain.why_view import view
from tests.providers import Mailbox, Twilio
from tests.why.world import World


def titles(world: World, event: str, channel: str = "email", person: str = "p1") -> list[str]:
    shown = view(world.chain(event, person), real_time(), you=True)
    found = [one for one in shown.channels if one.channel == channel]
    return [line.title for line in shown.lines] + [line.title for one in found for line in one.lines]


def test_a_change_that_was_told_has_every_step_with_its_time(
    world: World, mailbox: Mailbox, twilio: Twilio
) -> None:
    world.person()
    world.notifying.handle(world.notifying.snapshot(1, gate="C70"))
    world.notifying.handle(
        world.notifying.flight(5, gate="C71", status="delayed", estimated_departure_time="10:40")
    )
    world.deliver()
    assert len(mailbox.mails) == len(twilio.messages) == 1
    chain = world.chain("update-5-1-f1")
    assert titles(world, "update-5-1-f1") == [
        "A change was saved",
        "The change was seen",
        "It was read",
        "It was decided to tell people",
        "It was due",
        "You are among them",
        "It was handed to the mail server",
        "The mail server has it",
    ]
    assert all(line.at for one in view(chain, real_time()).channels for line in one.lines)
    assert "gate C71 (was C70)" in view(chain, real_time()).lines[0].words
