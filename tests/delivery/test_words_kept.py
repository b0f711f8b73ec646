"""A provider's words are kept without addresses and numbers, wherever they are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pymongo.database import Database
from structlog.testing import capture_logs

from app.store.provider_state import all_standings
from tests.delivery.clocks import Clock, a_process
from tests.delivery.world import World
from tests.providers import Mailbox, Twilio, TwilioAnswer

Documents = Database[dict[str, Any]]


def everything_of(database: Documents, *but: str) -> str:
    """All that is stored, as text."""
    names = [name for name in database.list_collection_names() if name not in {"users", *but}]
    return json.dumps({name: list(database[name].find()) for name in names}, default=str)


@pytest.mark.parametrize(
    "step_and_answer",
    [
        ("RCPT", "454 4.7.1 <p1@example.org>: Relay access denied"),  # the channel counts as down
        ("RCPT", "450 4.2.1 <p1@example.org>: mailbox busy"),
        ("RCPT", "550 5.7.1 <p1@example.org>: go away"),
        ("DATA", "550 5.1.1 <p1@example.org> and its owner, +1 (555) 010-0001, are gone"),
        ("DATA", "250 2.0.0 queued for <p1@example.org>"),
        ("DATA", "999 p1@example.org what?"),
    ],
)
def test_an_address_in_a_servers_answer_is_not_kept(
    world: World, mailbox: Mailbox, step_and_answer: tuple[str, str]
) -> None:
    step, answer = step_and_answer
    mailbox.once[step] = [answer]
    world.person()
    world.conversation()
    with capture_logs() as lines:
        world.worker().deliver_due()
    row = world.row()
    assert row is not None
    assert "(address)" in row["attempts"][0]["words"], "the rest of the answer is kept"
    for kept in (everything_of(world.database), repr(lines), str(world.terms.providers.words())):
        assert "example.org" not in kept
        assert "010-0001" not in kept


def test_a_number_in_twilios_answer_is_not_kept(sms_world: World, twilio: Twilio) -> None:
    words = "The number +15550100001 cannot be sent to from 1 555 010 0000"
    body = {"code": 21606, "message": words, "status": 400}
    twilio.script = [TwilioAnswer(400, body)]
    sms_world.person()
    sms_world.conversation()
    sms_world.worker().deliver_due()
    row = sms_world.row()
    assert row is not None
    assert "(number)" in row["attempts"][0]["words"]
    for kept in (everything_of(sms_world.database), str(sms_world.terms.providers.words())):
        assert "0100001" not in kept
        assert "010 0000" not in kept


def test_a_person_whose_address_cannot_be_used_fails_without_it(world: World) -> None:
    world.person(email="p1 at@nowhere@example.org")
    world.conversation()
    world.worker().deliver_due()
    assert world.stored()["status"] == "failed"
    assert "example.org" not in everything_of(world.database)


def test_words_of_a_breaker_hold_no_address_whoever_opens_it(database: Documents) -> None:
    clock = Clock()
    one, other = a_process(database, clock), a_process(database, clock)
    one.primary.failed("421 4.7.0 <ada@example.org> +15550100001 too many")
    assert other.left_s() > 0
    assert other.words() == one.words() == "421 4.7.0 <(address)> (number) too many"
    assert all_standings(database)["email"].words == one.words()
