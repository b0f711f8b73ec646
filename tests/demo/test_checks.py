"""The demo's checks find what they are there to find: each is shown a run in which one thing went wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest

from app.domain.flight import parse
from app.domain.news import Rules, Steps
from scripts.demo import checks, data, plan
from scripts.demo.checks import Finding
from scripts.demo.evidence import Evidence
from scripts.demo.load import flight_id
from scripts.demo.people import Booking, People, identifier
from scripts.demo.plan import Plan
from scripts.demo.story import Identity

RULES = Rules(Steps(timedelta(minutes=15), timedelta(minutes=10)), timedelta(hours=24))
ADA = identifier("user", "ada")
CANCELLED: Identity = ("UA437", "EWR", "2013-02-08")


@pytest.fixture(scope="module")
def storm() -> Plan:
    """Ten flights, one of them cancelled for certain."""
    departures = data.load()
    some = [d for d in departures if d.identity == CANCELLED] + departures[:9]
    return plan.make(some)


@pytest.fixture
def people() -> People:
    booking = Booking(identifier("booking"), ADA, CANCELLED, 1, seen=True)
    return People([{"_id": ADA, "name": "Ada", "email": "ada@example.org"}], [booking], [], [])


@pytest.fixture
def evidence(storm: Plan) -> Evidence:
    """What a run leaves behind in which all went well: Ada was told by mail that her flight is cancelled."""
    final = storm.final
    key = str(flight_id(CANCELLED))
    ended = parse(final[CANCELLED]).to_document()
    began = parse(storm.published[CANCELLED]).to_document()
    row = {
        "_id": f"flight:{key}|{ADA}|email@1",
        "conversation": f"flight:{key}|{ADA}|email",
        "person": str(ADA),
        "subject": f"flight:{key}",
        "channel": "email",
        "order": "1",
        "kinds": ["cancelled"],
        "from": began,
        "to": ended,
        "status": "sent",
        "attempts": [{"id": "a", "outcome": "accepted"}],
    }
    return Evidence(
        flights=[
            {"_id": flight_id(identity), **fields, "updated_at": 1} for identity, fields in final.items()
        ],
        known={
            str(flight_id(identity)): {
                "state": "present",
                "identity": "|".join(identity),
                "value": parse(fields).to_document(),
            }
            for identity, fields in final.items()
        },
        conversations=[],
        notifications=[row],
        bookings=[
            {
                "user_id": ADA,
                "flight_id": flight_id(CANCELLED),
                "status": "confirmed",
                "seen": {"flight": storm.published[CANCELLED]},
            }
        ],
        followings=[],
        users={str(ADA): {"_id": ADA, "email": "ada@example.org"}},
        dead_letters=[],
        announcements=1,
        receipts=[{"channel": "email", "address": "ada@example.org", "id": "<1@x>", "digest": "d"}],
        updates=[_update(number, edit) for number, edit in enumerate(e for e in storm.edits if e.visible)],
    )


def _update(number: int, edit: plan.Edit) -> dict[str, Any]:
    flight_number, origin, day = edit.identity
    before, after = edit.before or {}, edit.after or {}
    names = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    return {
        "id": str(number),
        "type": "flight",
        "subject": {"flight_number": flight_number, "origin": origin, "departure_date": day},
        "changes": [{"field": name, "from": before.get(name), "to": after.get(name)} for name in names],
    }


def judged(storm: Plan, people: People, evidence: Evidence) -> dict[str, Finding]:
    found = [
        checks.plan_was_written(storm, evidence),
        checks.known_is_final(evidence),
        checks.feed_has_each_change_once(storm.edits, 0, evidence),
        checks.everybody_knows(
            storm,
            people,
            evidence,
            channels=("email", "sms"),
            rules=RULES,
            now=storm.edits[0].at.astimezone(UTC),
        ),
        checks.inbox_matches_ledger(evidence),
        checks.nobody_was_told_twice(evidence),
        checks.nothing_is_dead(evidence),
    ]
    return {finding.name: finding for finding in found}


def test_a_run_in_which_all_went_well_is_judged_well(storm: Plan, people: People, evidence: Evidence) -> None:
    assert [f.problems for f in judged(storm, people, evidence).values() if not f.well] == []


def _lose_an_update(evidence: Evidence) -> None:
    evidence.updates = [*evidence.updates[:3], *evidence.updates[4:]]


def _show_an_update_twice(evidence: Evidence) -> None:
    evidence.updates = [*evidence.updates, evidence.updates[-1]]


def _swap_two_updates_of_a_flight(evidence: Evidence) -> None:
    last = evidence.updates[-1]["subject"]
    mine = [number for number, update in enumerate(evidence.updates) if update["subject"] == last]
    updates = list(evidence.updates)
    updates[mine[-1]], updates[mine[-2]] = updates[mine[-2]], updates[mine[-1]]
    evidence.updates = updates


def _say_there_was_a_gap(evidence: Evidence) -> None:
    evidence.gaps = 1


def _forget_a_flight(evidence: Evidence) -> None:
    evidence.known = dict(list(evidence.known.items())[1:])


def _know_an_older_state(evidence: Evidence) -> None:
    evidence.known[str(flight_id(CANCELLED))]["value"]["status"] = "scheduled"


def _write_something_else(evidence: Evidence) -> None:
    evidence.flights[0]["gate"] = "Z9"


def _tell_nobody(evidence: Evidence) -> None:
    evidence.notifications, evidence.receipts = [], []


def _tell_the_wrong_state(evidence: Evidence) -> None:
    evidence.notifications[0]["to"] = evidence.notifications[0]["from"]


def _lose_the_mail(evidence: Evidence) -> None:
    evidence.receipts = []


def _deliver_the_mail_twice(evidence: Evidence) -> None:
    evidence.receipts = [*evidence.receipts, evidence.receipts[0]]


def _deliver_the_same_text_under_another_id(evidence: Evidence) -> None:
    evidence.receipts = [*evidence.receipts, {**evidence.receipts[0], "id": "<2@x>"}]
    evidence.notifications[0]["attempts"] = evidence.notifications[0]["attempts"] * 2


def _say_the_same_state_again(evidence: Evidence) -> None:
    again = {**evidence.notifications[0], "_id": "again", "order": "2"}
    evidence.notifications = [*evidence.notifications, again]
    evidence.receipts = [*evidence.receipts, {**evidence.receipts[0], "id": "<2@x>", "digest": "e"}]


def _leave_a_doubt(evidence: Evidence) -> None:
    evidence.metrics = {("delivery", "gatecall_doubtful_sends_total"): 1.0}


def _bury_a_dead_letter(evidence: Evidence) -> None:
    evidence.dead_letters = [{"collection": "flights", "reason": "bad_field", "words": "gate"}]


def _fail_a_message(evidence: Evidence) -> None:
    failed = {**evidence.notifications[0], "_id": "failed", "status": "failed", "attempts": [], "order": "0"}
    evidence.notifications = [*evidence.notifications, failed]


@pytest.mark.parametrize(
    ("harm", "found_by"),
    [
        (_lose_an_update, {"feed"}),
        (_show_an_update_twice, {"feed"}),
        (_swap_two_updates_of_a_flight, {"feed"}),
        (_say_there_was_a_gap, {"feed"}),
        (_forget_a_flight, {"captured"}),
        (_know_an_older_state, {"captured"}),
        (_write_something_else, {"written", "captured"}),
        (_tell_nobody, {"everybody knows"}),
        (_tell_the_wrong_state, {"everybody knows"}),
        (_lose_the_mail, {"delivered"}),
        (_deliver_the_mail_twice, {"delivered", "told once"}),
        (_deliver_the_same_text_under_another_id, {"told once"}),
        (_say_the_same_state_again, {"told once"}),
        (_leave_a_doubt, {"told once"}),
        (_bury_a_dead_letter, {"well"}),
        (_fail_a_message, {"well"}),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("_"),
)
def test_what_went_wrong_is_found(
    storm: Plan, people: People, evidence: Evidence, harm: Callable[[Evidence], None], found_by: set[str]
) -> None:
    harmed = copy.deepcopy(evidence)
    harm(harmed)
    found = {name for name, finding in judged(storm, people, harmed).items() if not finding.well}
    assert found == found_by


def test_who_withdrew_need_not_be_told(storm: Plan, people: People, evidence: Evidence) -> None:
    evidence.bookings[0]["status"] = "cancelled"
    evidence.notifications, evidence.receipts = [], []
    assert judged(storm, people, evidence)["everybody knows"].well


def test_what_was_skipped_on_the_record_counts_as_dealt_with(
    storm: Plan, people: People, evidence: Evidence
) -> None:
    evidence.notifications[0]["status"] = "skipped"
    evidence.notifications[0]["attempts"] = []
    evidence.receipts = []
    assert judged(storm, people, evidence)["everybody knows"].well


def test_what_was_skipped_stays_dealt_with_when_the_flight_moves_on(
    storm: Plan, people: People, evidence: Evidence
) -> None:
    row = evidence.notifications[0]
    row |= {"status": "skipped", "attempts": [], "to": row["to"] | {"status_reason": "Another one"}}
    evidence.receipts = []
    assert judged(storm, people, evidence)["everybody knows"].well
    row["kinds"] = ["gate"]
    assert not judged(storm, people, evidence)["everybody knows"].well


def test_what_was_skipped_before_the_last_message_excuses_nothing_after_it(
    storm: Plan, people: People, evidence: Evidence
) -> None:
    told = evidence.notifications[0]
    skipped = told | {"_id": "another", "order": "1", "status": "skipped", "attempts": []}
    told |= {"order": "2", "kinds": ["gate"], "to": told["from"]}
    evidence.notifications = [skipped, told]
    assert not judged(storm, people, evidence)["everybody knows"].well
    skipped["order"] = "3"
    assert judged(storm, people, evidence)["everybody knows"].well


def test_what_waits_as_its_person_chose_counts_as_dealt_with_until_it_is_due(
    storm: Plan, people: People, evidence: Evidence
) -> None:
    row = evidence.notifications[0]
    evidence.notifications, evidence.receipts = [], []
    waits: dict[str, Any] = {
        "_id": row["conversation"],
        **{name: row[name] for name in ("person", "subject", "channel")},
        "status": "open",
        "reason": "quiet_hours",
        "due_at": evidence.at + timedelta(minutes=5),
    }
    evidence.conversations = [waits]
    assert judged(storm, people, evidence)["everybody knows"].well
    for wrong in ({"due_at": evidence.at}, {"reason": "gate_too_early"}, {"status": "settled"}):
        evidence.conversations = [waits | wrong]
        assert not judged(storm, people, evidence)["everybody knows"].well


def test_who_chose_not_to_hear_of_it_need_not_be_told(
    storm: Plan, people: People, evidence: Evidence
) -> None:
    evidence.notifications, evidence.receipts = [], []
    ada = evidence.users[str(ADA)]
    for chosen in ({"channels": {"email": {"cancelled": False}}}, {"stopped": ["bookings"]}):
        evidence.users = {str(ADA): ada | {"preferences": chosen}}
        assert judged(storm, people, evidence)["everybody knows"].well
    evidence.users = {str(ADA): ada | {"preferences": {"stopped": ["followings"]}}}
    assert not judged(storm, people, evidence)["everybody knows"].well


def test_who_joined_a_slow_run_when_the_flight_was_over_need_not_be_told(
    storm: Plan, people: People, evidence: Evidence
) -> None:
    row = evidence.notifications[0]
    evidence.notifications, evidence.receipts = [], []

    def well(*, slow: bool) -> bool:
        now = storm.edits[0].at.astimezone(UTC)
        return checks.everybody_knows(
            storm, people, evidence, channels=("email",), rules=RULES, now=now, slow=slow
        ).well

    assert [well(slow=False), well(slow=True)] == [False, True]
    evidence.conversations = [{name: row[name] for name in ("person", "subject", "channel")}]
    assert not well(slow=True)


def test_who_muted_what_they_follow_need_not_be_told(storm: Plan, people: People, evidence: Evidence) -> None:
    evidence.notifications, evidence.receipts = [], []
    (booking,) = evidence.bookings
    following = {"_id": people.bookings[0].id, **{name: booking[name] for name in ("user_id", "flight_id")}}
    evidence.bookings, evidence.followings = [], [following]
    assert not judged(storm, people, evidence)["everybody knows"].well
    evidence.followings = [following | {"muted": True}]
    assert judged(storm, people, evidence)["everybody knows"].well


def test_a_digest_is_one_mail_of_several_rows(storm: Plan, people: People, evidence: Evidence) -> None:
    row = evidence.notifications[0] | {"digest": "d"}
    other = row | {"_id": "another", "conversation": "another"}
    evidence.notifications = [row, other]
    assert judged(storm, people, evidence)["delivered"].well
    evidence.notifications = [row, other | {"digest": "e"}]
    assert not judged(storm, people, evidence)["delivered"].well


def test_as_many_more_may_arrive_as_there_were_sign_in_links(
    storm: Plan, people: People, evidence: Evidence
) -> None:
    link = {"channel": "email", "address": "ada@example.org", "id": "<link@x>", "digest": "link"}
    evidence.receipts = [*evidence.receipts, link]
    assert not judged(storm, people, evidence)["delivered"].well
    evidence.service_messages = {"email": 1}
    assert judged(storm, people, evidence)["delivered"].well
    evidence.receipts = [link]
    assert not judged(storm, people, evidence)["delivered"].well


def test_a_flight_inserted_again_is_found_by_bookings_of_the_old_document(
    storm: Plan, people: People, evidence: Evidence
) -> None:
    old, new = flight_id(CANCELLED), identifier("another document")
    for flight in evidence.flights:
        if flight["_id"] == old:
            flight["_id"] = new
    evidence.known = {**evidence.known, str(new): evidence.known[str(old)]}
    evidence.known[str(old)] = {**evidence.known[str(old)], "state": "gone"}
    assert [f.problems for f in judged(storm, people, evidence).values() if not f.well] == []
    evidence.notifications, evidence.receipts = [], []
    assert not judged(storm, people, evidence)["everybody knows"].well


def test_percentiles_are_of_messages_that_were_sent() -> None:
    from scripts.demo.figures import latency

    found = latency(number / 100 for number in range(100))
    assert found is not None
    assert (found.count, found.p50, found.p95, found.p99) == (100, 0.5, 0.95, 0.99)
    assert latency([]) is None
