"""One channel after the other, through a real MongoDB, a mail server and a Twilio-shaped one, by one clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.domain.reports import State
from tests.delivery.both import CANCELLED, MAIL_FIRST, TEXT_FIRST, Both
from tests.delivery.choosers import FAR_A, FAR_B, clock_of, held
from tests.delivery.world import Crash, Dying, flight
from tests.providers import TwilioAnswer

TEN = timedelta(minutes=10)


def test_who_ranked_nothing_is_told_on_both_at_once(both: Both) -> None:
    both.person()
    both.news()
    assert both.told() == (1, 1)


def test_the_text_waits_for_the_mail_and_comes_when_its_time_is_up(both: Both) -> None:
    both.person(MAIL_FIRST)
    both.news()
    assert both.told() == (1, 0)
    until = both.clock() + TEN
    assert both.waits(both.text) == ("waits_for_email", until)
    [row] = [row for row in held(both.text) if row["channel"] == "sms"]
    assert (row["action"], row["reason"], row["until"]) == ("wait", "waits_for_email", until)
    both.clock.move(599)
    assert both.told() == (1, 0)
    both.clock.move(1)
    assert both.told() == (1, 1)
    assert both.text.stored()["heard"] == CANCELLED.to_document()
    assert not {"due_at", "turn", "reason"} & set(both.text.stored())


def test_time_counts_from_when_it_was_due_though_the_mail_server_is_away(both: Both) -> None:
    both.mailbox.answers["MAIL"] = "451 4.3.0 later"
    both.person(MAIL_FIRST)
    both.news()
    assert both.told() == (0, 0)
    both.clock.move(600)
    assert both.texts() == 1


def test_other_news_comes_at_once_on_both(both: Both) -> None:
    both.person(MAIL_FIRST)
    both.news(want=FAR_B)
    assert both.told() == (1, 1)


def test_a_channel_that_does_not_want_the_news_is_not_waited_for(both: Both) -> None:
    both.person(MAIL_FIRST, channels={"email": {"cancelled": False}})
    both.news()
    assert both.told() == (0, 1)


def test_nor_is_a_list_of_mails_that_was_stopped(both: Both) -> None:
    both.person(MAIL_FIRST, stopped=["bookings"])
    both.news()
    assert both.told() == (0, 1)


def test_nor_is_an_address_that_is_not_there(both: Both) -> None:
    both.mail.person(1, email=None, time_zone="UTC", preferences={"routing": MAIL_FIRST})
    both.news()
    assert both.texts() == 0
    assert both.mails() == 0
    assert both.texts() == 1, "the mail was skipped, so its turn came at once"


def test_a_mail_that_is_refused_passes_the_turn_on_at_once(both: Both) -> None:
    both.mailbox.answers["RCPT"] = "550 5.1.1 no such user"
    both.person(MAIL_FIRST)
    both.news()
    assert both.told() == (0, 1)


def test_a_mail_that_comes_back_passes_the_turn_on_at_once(both: Both) -> None:
    both.person(MAIL_FIRST)
    both.news()
    assert both.told() == (1, 0)
    both.clock.move(60)
    both.mail_came_back()
    assert both.waits(both.text)[1] == both.clock()
    assert both.told() == (1, 1)


def test_a_text_that_is_not_delivered_passes_the_turn_on_at_once(both: Both) -> None:
    both.person(TEXT_FIRST)
    both.news()
    assert (both.mails(), both.texts()) == (0, 1)
    both.reported(State.SENT)
    both.clock.move(60)
    assert both.told() == (0, 1)
    both.reported(State.UNDELIVERED)
    assert both.told() == (1, 1)


def test_a_text_that_is_delivered_is_enough(both: Both) -> None:
    both.person(TEXT_FIRST)
    both.news()
    assert (both.mails(), both.texts()) == (0, 1)
    both.reported(State.DELIVERED)
    assert both.told() == (0, 1)
    stored = both.mail.stored()
    assert (stored["reason"], stored["heard"]) == ("heard_elsewhere", CANCELLED.to_document())
    assert not {"due_at", "turn"} & set(stored)
    both.clock.move(3600)
    assert both.told() == (0, 1)
    for world in (both.mail, both.text):
        world.wants(FAR_A, 2)
    both.text.database["conversations"].update_many({}, {"$min": {"due_at": both.clock()}})
    assert both.told() == (0, 2), "who heard of it elsewhere hears of its end in the same order"
    both.clock.move(600)
    assert both.told() == (1, 2)


def test_a_mail_that_is_seen_is_enough(both: Both) -> None:
    both.person(MAIL_FIRST)
    both.news()
    assert both.told() == (1, 0)
    both.clock.move(300)
    both.seen(1)
    assert both.waits(both.text)[1] == both.clock(), "nobody waits for what is known"
    assert both.told() == (1, 0)
    assert both.waits(both.text) == ("heard_elsewhere", None)
    assert [row["reason"] for row in held(both.text)][-1] == "heard_elsewhere"


def test_what_is_undone_while_it_waits_is_heard_by_those_alone_who_heard_it(both: Both) -> None:
    both.person(MAIL_FIRST)
    both.news()
    assert both.told() == (1, 0)
    for world in (both.mail, both.text):
        world.wants(FAR_A, 2)
    both.clock.move(3600)
    assert both.told() == (2, 0)
    for world in (both.mail, both.text):
        assert world.stored()["heard"] == FAR_A.to_document()
        assert "due_at" not in world.stored()


def test_what_changes_while_it_waits_does_not_make_it_wait_longer(both: Both) -> None:
    routing = MAIL_FIRST | {"news": ["gate"]}
    both.person(routing)
    both.news(want=FAR_B)
    assert both.told() == (1, 0)
    both.clock.move(540)
    for world in (both.mail, both.text):
        world.wants(flight(departure_date=FAR_A.departure_date, gate="C99"), 2)
    both.mail.database["conversations"].update_many(
        {"due_at": {"$exists": True}}, {"$set": {"due_at": both.clock()}}
    )
    assert both.told() == (2, 0)
    both.clock.move(60)
    assert both.told() == (2, 1)
    assert "C99" in both.twilio.bodies()[0]


def test_quiet_hours_hold_both_and_the_text_waits_from_their_end(both: Both) -> None:
    quiet = {"from": clock_of(both.clock.moment, -1), "until": clock_of(both.clock.moment, 4)}
    both.person(MAIL_FIRST, quiet=quiet, urgent_passes=False)
    both.news()
    assert both.told() == (0, 0)
    both.clock.moment = (both.clock.moment + timedelta(hours=4)).replace(second=0, microsecond=0)
    assert both.told() == (1, 0)
    both.clock.move(600)
    assert both.told() == (1, 1)


def test_a_report_that_comes_while_the_turn_is_decided_is_not_lost(both: Both) -> None:
    both.person(TEXT_FIRST)
    both.news()
    assert both.texts() == 1

    class Interrupted(Dying):
        def settle(self, *args: Any) -> Any:
            both.reported(State.UNDELIVERED)
            return self._real.settle(*args)

    both.mail.worker(claims=Interrupted(both.mail.terms.claims, "", after=False)).deliver_due()
    assert both.mailbox.mails == []
    assert both.mails() == 1


@pytest.mark.parametrize(
    ("store", "method", "after", "at_once"),
    [
        pytest.param("ledger", "record", True, False, id="the row says it failed, nothing else does"),
        pytest.param("claims", "failed", True, False, id="the conversation has failed, nobody is told"),
        pytest.param("ranks", "look_again", True, True, id="all is written"),
    ],
)
def test_death_between_the_first_ones_failure_and_the_next_ones_turn(
    both: Both, store: str, method: str, after: bool, at_once: bool
) -> None:
    both.person(MAIL_FIRST)
    both.news()
    assert both.texts() == 0
    both.mailbox.answers["RCPT"] = "550 5.7.1 refused by policy"
    real = getattr(both.mail.terms, store)
    worker = both.mail.worker(**{store: _dying(real, method, after=after)})
    with pytest.raises(Crash):
        worker.deliver_due()
    assert both.texts() == int(at_once)
    both.clock.move(600)
    assert both.texts() == 1, "told at last"
    both.clock.move(3600)
    assert both.told() == (0, 1), "and not twice"


def _dying(real: Any, method: str, *, after: bool) -> Dying:
    return Dying(real, method, after=after)


@pytest.mark.parametrize(
    ("store", "method", "after", "texts"),
    [
        pytest.param("ranks", "others", True, 1, id="before the turn is decided"),
        pytest.param("claims", "settle", False, 1, id="before it is kept that it waits"),
        pytest.param("claims", "settle", True, 1, id="after that"),
        pytest.param("claims", "note", True, 1, id="after the doubt, before the hand-over"),
        pytest.param("claims", "accepted", False, 1, id="before the conversation knows"),
        pytest.param("ledger", "record", False, 2, id="accepted, before the ledger knows: the stated window"),
    ],
)
def test_death_of_who_waits_tells_once_and_in_the_window_says_now(
    both: Both, store: str, method: str, after: bool, texts: int
) -> None:
    both.person(MAIL_FIRST)
    both.news()
    assert both.mails() == 1
    if method in {"note", "accepted", "record"}:
        assert both.texts() == 0
        both.clock.move(600)
    worker = both.text.worker(**{store: _dying(getattr(both.text.terms, store), method, after=after)})
    with pytest.raises(Crash):
        worker.deliver_due()
    both.text.lapse()
    both.texts()
    both.clock.move(3600)
    both.text.lapse()
    assert both.told() == (1, texts)
    assert both.text.stored()["heard"] == CANCELLED.to_document()


def test_a_text_for_which_an_answer_is_missing_says_now_and_takes_no_turn(both: Both) -> None:
    both.person()
    both.news()
    both.twilio.script.append(TwilioAnswer(drop=True))
    assert both.texts() == 0
    both.mail.database["users"].update_one({"_id": "p1"}, {"$set": {"preferences": {"routing": MAIL_FIRST}}})
    both.text.hurry()
    assert both.texts() == 1, "it may have come before, so it is not left open"


def test_who_ranked_nothing_costs_nothing(both: Both) -> None:
    class Untouched:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"{name} was asked")

    both.person(daily_max=5)
    both.news()
    both.mailbox.answers["RCPT"] = "550 5.7.1 refused by policy"
    untouched: Any = Untouched()
    for world in (both.mail, both.text):
        world.worker(ranks=untouched).deliver_due()
    assert len(both.twilio.messages) == 1
    both.reported(State.DELIVERED)
    row = both.text.row()
    assert row is not None
    assert "waited_by" not in row
