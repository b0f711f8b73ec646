"""One channel after the other: what bounds the wait, and what ends it at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from app.domain.reports import State
from tests.delivery.both import MAIL_FIRST, TEXT_FIRST, Both
from tests.delivery.choosers import FAR_B, HOUR, clock_of, digester
from tests.delivery.world import A, B, Crash, Dying

LONG = {"steps": [{"channel": "email", "minutes": 240}, {"channel": "sms"}], "news": ["gate"]}


def leaving_in(both: Both, hours: float) -> None:
    """It is so long before the departure of A and B."""
    both.clock.moment = B.leaves_at - hours * HOUR


def test_nobody_waits_for_a_mail_until_the_flight_has_left(both: Both) -> None:
    leaving_in(both, 2)
    both.person(LONG)
    both.news(A, B)
    assert both.told() == (1, 1)


def test_the_wait_ends_when_departure_makes_it_urgent(both: Both) -> None:
    leaving_in(both, 4)
    both.person(LONG)
    both.news(A, B)
    assert both.told() == (1, 0)
    assert both.waits(both.text) == ("waits_for_email", B.leaves_at - 3 * HOUR)
    both.clock.move(3600)
    assert both.told() == (1, 1)


def test_a_wait_that_ends_in_time_stays_as_long_as_it_was_chosen(both: Both) -> None:
    leaving_in(both, 2)
    both.person(MAIL_FIRST | {"news": ["gate"]})
    both.news(A, B)
    assert both.told() == (1, 0)
    both.clock.move(600)
    assert both.told() == (1, 1)


def test_a_channel_that_is_switched_off_is_not_waited_for(both: Both) -> None:
    both.person(MAIL_FIRST)
    both.news()
    both.text.terms = replace(both.text.terms, channels=frozenset({"sms"}))
    assert both.texts() == 1


def test_who_waits_for_a_text_that_was_found_at_the_provider_learns_what_became_of_it(both: Both) -> None:
    both.person(TEXT_FIRST)
    both.news()
    with pytest.raises(Crash):
        both.text.worker(ledger=Dying(both.text.terms.ledger, "record", after=False)).deliver_due()
    assert len(both.twilio.messages) == 1
    assert both.mails() == 0
    both.text.lapse()
    assert both.texts() == 1, "the provider has it"
    row = both.text.row()
    assert row is not None
    assert row["waited_by"] == ["email"]
    both.clock.move(60)
    both.reported(State.UNDELIVERED)
    assert both.mails() == 1


def over_the_maximum(both: Both) -> datetime:
    """A text took the day's only place, so the mail, when its turn came, was put into a digest; the digest's hour."""
    both.clock.moment = both.clock.moment.replace(hour=12, minute=0, second=0) + 24 * HOUR
    both.person(TEXT_FIRST | {"news": ["gate"]}, daily_max=1)
    both.news(want=FAR_B)
    assert (both.mails(), both.texts()) == (0, 1)
    assert both.waits(both.mail)[0] == "waits_for_sms"
    both.clock.move(600)
    assert both.mails() == 0
    stored = both.mail.stored()
    evening = both.clock.moment.replace(hour=20, minute=0)
    assert (stored["reason"], stored["fold"], "due_at" in stored) == ("daily_maximum", evening, False)
    return evening


def test_a_digest_leaves_out_what_another_channel_delivered_meanwhile(both: Both) -> None:
    evening = over_the_maximum(both)
    both.clock.moment = evening - 2 * HOUR
    both.reported(State.DELIVERED)
    both.clock.moment = evening
    digester(both.mail).send_due()
    assert both.mailbox.mails == []
    stored = both.mail.stored()
    assert (stored["reason"], stored["heard"]) == ("heard_elsewhere", FAR_B.to_document())
    assert not {"due_at", "fold", "turn"} & set(stored)


def test_a_digest_tells_what_no_other_channel_is_known_to_have_delivered(both: Both) -> None:
    both.clock.moment = over_the_maximum(both)
    digester(both.mail).send_due()
    assert len(both.mailbox.mails) == 1


def test_a_digest_waits_for_no_other_channel(both: Both) -> None:
    both.person(TEXT_FIRST | {"news": ["gate"]})
    both.news(want=FAR_B)
    assert (both.mails(), both.texts()) == (0, 1)
    fold = {"$set": {"fold": both.clock()}, "$unset": {"due_at": ""}}
    both.mail.database["conversations"].update_one({"channel": "email"}, fold)
    digester(both.mail).send_due()
    assert len(both.mailbox.mails) == 1


class Wordless:
    """A composer that cannot say it."""

    def compose(self, *_: Any) -> Any:
        raise ValueError("a defect")


def test_a_digest_that_cannot_be_made_passes_the_turn_on_at_once(both: Both) -> None:
    digest = {"every": "daily", "at": clock_of(both.clock.moment, 20)}
    both.person(MAIL_FIRST | {"news": ["gate"]}, digest=digest)
    both.news(want=FAR_B)
    rows = both.mail.database["conversations"]
    rows.update_one({"channel": "email"}, {"$set": {"fold": both.clock()}, "$unset": {"due_at": ""}})
    later = both.clock() + 3 * HOUR
    turn = {"since": both.clock(), "after": ["email"]}
    rows.update_one({"channel": "sms"}, {"$set": {"turn": turn, "due_at": later}})
    made = digester(both.mail, composer=Wordless())
    made.send_due()
    assert both.mail.stored()["status"] == "failed"
    assert both.text.stored()["due_at"] == both.clock()
