"""The verdict can fail: each check is fed with a made-up run that violates it, and with one that does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pymongo.database import Database

from tests.torture.made_up import HEAD, LATE, PUBLISHED, SAY_CANCELLED, SAY_LATE, SAY_NOW_LATE, Document, Run
from tests.torture.providers import Accepted


@pytest.fixture
def run(database: Database[Document]) -> Run:
    made = Run(database)
    # nobody with a phone alone can be told by mail: on record, with its reason
    made.row("skipped", conversation="flight:f1|person|email", reason="no_address")
    return made


def kinds(problems: list[str]) -> set[str]:
    return {problem.partition(":")[0] for problem in problems}


def test_a_run_in_which_all_was_told_once_has_no_problems(run: Run) -> None:
    run.becomes(LATE)
    run.told(SAY_LATE)
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED)
    assert run.problems() == []
    assert run.report.counts["messages"] == 2


def test_what_was_undone_before_anybody_heard_needs_no_message(run: Run) -> None:
    run.becomes(LATE)
    run.becomes(PUBLISHED | dict.fromkeys(LATE) | {"status": "scheduled"})
    run.updates = []
    run.more["faults"] = ["tokens lost"]
    assert "final" not in kinds(run.problems())


def test_a_repeat_after_a_lost_claim_is_in_the_window_if_it_is_marked(run: Run) -> None:
    run.becomes(LATE)
    run.told(SAY_LATE)
    run.told(SAY_NOW_LATE, doubtful=True)
    run.more["claims_lost"] = {"flight:f1|person|sms"}
    assert run.problems() == []
    assert run.report.counts["window"] == 1


def test_the_same_state_after_an_unknown_answer_about_another_is_in_the_window(run: Run) -> None:
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED)
    run.becomes({"status": "scheduled"})
    ended = datetime.fromtimestamp(run.now(), UTC)
    run.row("unknown", order="0", reason="no answer", attempts=[{"outcome": "unknown", "ended_at": ended}])
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED, doubtful=True)
    assert run.problems() == []
    assert run.report.counts["window"] == 1


def _cancelled_and_back_and_told_again(run: Run, *, doubtful: bool) -> None:
    """A sender ended before it said that the flight flies after all, of which the ledger knows nothing."""
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED)
    run.becomes({"status": "scheduled"})
    run.more["senders_ended"] = [run.now()]
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED, doubtful=doubtful)


def test_the_same_state_after_a_sender_ended_while_it_stood_otherwise_is_in_the_window(run: Run) -> None:
    _cancelled_and_back_and_told_again(run, doubtful=True)
    assert run.problems() == []
    assert run.report.counts["window"] == 1


def test_the_same_state_after_a_sender_ended_must_be_marked(run: Run) -> None:
    _cancelled_and_back_and_told_again(run, doubtful=False)
    assert kinds(run.problems()) == {"twice"}


def test_the_same_state_is_told_once_although_a_sender_ended_if_it_never_stood_otherwise(run: Run) -> None:
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED)
    run.becomes({"gate": "B2"})  # who hears that it does not fly hears no gate
    run.more["senders_ended"] = [run.now()]
    run.told(SAY_CANCELLED, doubtful=True)
    assert kinds(run.problems()) == {"twice"}


def test_a_sender_that_ended_before_both_messages_is_no_reason_for_a_repeat(run: Run) -> None:
    run.more["senders_ended"] = [run.now()]
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED)
    run.becomes({"status": "scheduled"})
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED, doubtful=True)
    assert kinds(run.problems()) == {"twice"}


def test_a_repeat_after_a_restore_is_in_the_window_once_if_it_is_marked(run: Run) -> None:
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED)
    run.more["restored"] = [run.now() + 0.5]
    run.told(SAY_CANCELLED, doubtful=True)
    assert run.problems() == []
    assert run.report.counts["window"] == 1
    run.told(SAY_CANCELLED, doubtful=True)
    assert kinds(run.problems()) == {"twice"}


def test_a_repeat_after_a_restore_that_is_not_marked_is_found(run: Run) -> None:
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED)
    run.more["restored"] = [run.now() + 0.5]
    run.told(SAY_CANCELLED)
    assert kinds(run.problems()) == {"twice"}


def test_a_document_made_while_nobody_watched_need_not_be_in_the_feed(run: Run) -> None:
    run.becomes({"gate": "B2"})
    run.updates = []
    run.journal.prepared_at = run.began - 200  # all of it was made under fire
    assert "feed" in kinds(run.problems())
    run.more["faults"] = ["oplog rolled over"]
    assert "feed" not in kinds(run.problems())
    run.journal.prepared_at = run.began + 200
    assert "feed" in kinds(run.problems())


def test_what_was_undone_while_nobody_watched_need_not_be_in_the_feed(run: Run) -> None:
    run.journal.prepared_at = run.now()
    run.becomes({"gate": "B2"})
    run.becomes({"gate": PUBLISHED["gate"]})
    run.updates = []
    assert "feed" in kinds(run.problems())
    run.more["faults"] = ["oplog rolled over"]
    assert "feed" not in kinds(run.problems())
    run.becomes({"gate": "C3"})
    run.updates = []
    assert "feed" in kinds(run.problems())


def test_what_stood_before_a_gap_is_for_pollers_that_were_told_of_it(run: Run) -> None:
    run.journal.prepared_at = run.now()
    run.becomes({"gate": "B2"})
    run.updates = []
    run.more["faults"] = ["topics made again"]
    assert "feed" in kinds(run.problems()), "nobody told the poller"
    run.gaps = [run.now() + 0.5]
    run.lossy = {"feed gap"}
    assert "feed" not in kinds(run.problems())
    run.becomes({"gate": "C3"})
    run.updates = []
    assert "feed" in kinds(run.problems()), "it came after that"


def test_a_gap_without_a_lost_log_is_wrong(run: Run) -> None:
    run.gaps = [run.now()]
    assert "feed" in kinds(run.problems())
    run.lossy = {"feed gap"}
    assert "feed" not in kinds(run.problems())


def test_who_booked_a_document_that_came_and_went_unseen_cannot_be_told(run: Run) -> None:
    booking = {"user_id": "person", "flight_id": "f2", "status": "confirmed"}
    run.journal.prepared_at = run.now()
    run.edit += 1
    run.wrote("flights", PUBLISHED | {"_id": "f2"})
    run.wrote("bookings", booking | {"_id": "b2", "seen": {"flight": {"edit": run.edit}}})
    run.wrote("bookings", booking | {"_id": "b1", "flight_id": "f1", "status": "cancelled"})
    run.journal.wrote("flights", "f2", None, run.now())
    run.becomes(LATE)
    assert "final" in kinds(run.problems())
    run.more["faults"] = ["oplog rolled over"]
    assert "final" not in kinds(run.problems())


def test_who_booked_again_knows_what_the_booking_showed_whatever_was_still_on_its_way(run: Run) -> None:
    run.becomes(LATE)
    run.becomes({"gate": "B2"})
    shown = {"flight": {k: v for k, v in run.flight.items() if k != "_id"}}
    run.wrote(
        "bookings",
        {"_id": "b2", "user_id": "person", "flight_id": "f1", "status": "confirmed", "seen": shown},
    )
    run.told(SAY_LATE)
    run.becomes({"gate": "C3"})
    run.told(f"{HEAD} has a new gate, C3 (was B2). Leaves 10:30 MST.")
    assert run.problems() == []


def test_who_booked_again_may_be_at_what_that_showed_although_it_stands_as_before_again(run: Run) -> None:
    run.becomes(LATE)
    run.becomes({"gate": "B2"})
    shown = {"flight": {k: v for k, v in run.flight.items() if k != "_id"}}
    again = {"_id": "b2", "user_id": "person", "flight_id": "f1", "status": "confirmed", "seen": shown}
    run.wrote("bookings", again)
    run.becomes({"gate": "A1"})
    run.told(SAY_LATE)  # of before the booking or after it: nobody can say
    run.becomes({"gate": "C3"})
    run.told(f"{HEAD} has a new gate, C3 (was B2). Leaves 10:30 MST.")
    assert run.problems() == []


def _never_told(run: Run) -> None:
    run.becomes(LATE)


def _stays_at_an_old_state(run: Run) -> None:
    run.becomes(LATE)
    run.told(SAY_LATE)
    run.becomes({"status": "cancelled"})


def _told_twice(run: Run) -> None:
    run.becomes(LATE)
    run.told(SAY_LATE)
    run.told(SAY_LATE)


def _told_again_although_recorded(run: Run) -> None:
    run.becomes(LATE)
    run.told(SAY_LATE)
    run.told(SAY_NOW_LATE, doubtful=True)


def _told_what_never_was(run: Run) -> None:
    run.told(SAY_LATE)


def _told_before_it_was(run: Run) -> None:
    run.told(SAY_LATE)
    run.becomes(LATE)


def _told_in_the_wrong_order(run: Run) -> None:
    run.becomes(LATE)
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED)
    run.told(SAY_LATE)


def _told_a_false_was(run: Run) -> None:
    run.becomes({"estimated_departure_time": "11:00", "status": "delayed"})
    run.becomes(LATE)
    run.told(SAY_LATE.replace("was 10:00", "was 11:00"))


def _told_a_stranger(run: Run) -> None:
    run.becomes(LATE)
    run.told(SAY_LATE)
    taken = run.accepted[0]
    run.accepted.append(Accepted(taken.at, "sms", "+15550109999", SAY_LATE, "SMx", answer_lost=False))


def _told_nonsense(run: Run) -> None:
    run.accepted.append(Accepted(run.now(), "sms", "+15550101000", "Hello!", "SMx", answer_lost=False))


def _the_last_message_is_not_on_record(run: Run) -> None:
    run.becomes(LATE)
    run.told(SAY_LATE, row=False)


def _a_row_without_end(run: Run) -> None:
    run.row("retrying", reason="450 later")


def _a_failure_without_reason(run: Run) -> None:
    run.row("failed")


def _a_skip_without_reason(run: Run) -> None:
    run.row("skipped")


def _still_due(run: Run) -> None:
    run.database["conversations"].update_one({"channel": "sms"}, {"$set": {"due_at": datetime.now(UTC)}})


def _still_claimed(run: Run) -> None:
    run.database["conversations"].update_one({"channel": "sms"}, {"$set": {"claim": "a token"}})


def _still_in_doubt(run: Run) -> None:
    run.database["conversations"].update_one({"channel": "sms"}, {"$set": {"doubt": "an attempt"}})


def _a_sound_document_is_a_dead_letter(run: Run) -> None:
    run.database["dead_letters"].insert_one({"collection": "flights", "key": "f1", "words": "what?"})


def _a_process_died(run: Run) -> None:
    run.more["deaths"] = ["notifier-1 ended with 1"]


def _a_process_is_not_ready(run: Run) -> None:
    run.more["unready"] = ["web-1: 503"]


def _feed_showed_it_twice(run: Run) -> None:
    run.updates.append(run.updates[-1])


def _feed_left_one_out(run: Run) -> None:
    run.becomes(LATE)
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED)
    del run.updates[1]


def _feed_left_the_end_out(run: Run) -> None:
    run.becomes({"status": "cancelled"})
    run.told(SAY_CANCELLED)
    del run.updates[-1]


def _feed_showed_what_never_was(run: Run) -> None:
    made_up = run.updates[-1] | {"id": "x", "now": run.updates[-1]["now"] | {"gate": "B9"}}
    run.updates.insert(0, made_up)


VIOLATIONS: dict[Callable[[Run], None], str] = {
    _never_told: "final",
    _stays_at_an_old_state: "final",
    _told_twice: "twice",
    _told_again_although_recorded: "twice",
    _told_what_never_was: "false",
    _told_before_it_was: "false",
    _told_in_the_wrong_order: "false",
    _told_a_false_was: "false",
    _told_a_stranger: "stranger",
    _told_nonsense: "words",
    _the_last_message_is_not_on_record: "record",
    _a_row_without_end: "ledger",
    _a_failure_without_reason: "ledger",
    _a_skip_without_reason: "ledger",
    _still_due: "conversation",
    _still_claimed: "conversation",
    _still_in_doubt: "conversation",
    _a_sound_document_is_a_dead_letter: "dead letter",
    _a_process_died: "process",
    _a_process_is_not_ready: "process",
    _feed_showed_it_twice: "feed",
    _feed_left_one_out: "feed",
    _feed_left_the_end_out: "feed",
    _feed_showed_what_never_was: "feed",
}


@pytest.mark.parametrize("violation", list(VIOLATIONS), ids=lambda v: v.__name__.strip("_"))
def test_a_violation_is_found(run: Run, violation: Callable[[Run], None]) -> None:
    violation(run)
    assert VIOLATIONS[violation] in kinds(run.problems())


def test_a_repeat_in_the_window_is_counted_and_is_no_problem(run: Run) -> None:
    run.becomes(LATE)
    run.told(SAY_LATE, row=False)
    run.told(SAY_NOW_LATE, doubtful=True)
    assert run.problems() == []
    assert run.report.counts["window"] == 1


def test_a_retraction_of_what_may_have_been_heard_is_no_repeat(run: Run) -> None:
    run.becomes(LATE)
    run.told(SAY_LATE, row=False)
    run.becomes({"status": "scheduled", "estimated_departure_time": "10:00"})
    run.told(f"{HEAD} now leaves Sun 22 Nov 10:00 MST, on time. Gate A1.", doubtful=True)
    assert run.problems() == []
    assert run.report.counts["window"] == 0


def test_who_cannot_be_reached_is_excused_only_with_a_reason_on_record(run: Run) -> None:
    run.becomes(LATE)
    run.database["conversations"].update_one(
        {"channel": "sms"}, {"$set": {"status": "failed", "reason": "21610"}}
    )
    assert kinds(run.problems()) == {"final"}, "no provider refused this number"
    run.more["refused"] = {"+15550101000": "21610"}
    assert run.problems() == []
    assert run.report.counts["excused"] > 0


def test_a_late_message_of_a_frozen_sender_must_be_put_right(run: Run) -> None:
    run.more["faults"] = ["freeze delivery"]
    run.becomes(LATE)
    run.becomes({"status": "scheduled", "estimated_departure_time": "10:00", "gate": "B2"})
    run.told(f"{HEAD} has a new gate, B2 (was A1). Leaves Sun 22 Nov 10:00 MST.")
    run.told(SAY_LATE, row=False)
    assert {"order", "final"} <= kinds(run.problems())
    run.told(f"{HEAD} now leaves Sun 22 Nov 10:00 MST, on time. Gate B2.", doubtful=True)
    assert run.problems() == []
