"""What operators see of the running system: a trace through all logs, gaps, readiness."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta

import pytest

from app.store.gaps import Gap, Gaps
from app.store.resume_tokens import Position, ResumeTokens
from tests.providers import Mailbox
from tests.recovery.conftest import Process, System, until

pytestmark = [pytest.mark.timeout(400), pytest.mark.slow]


def known(system: System, *keys: str) -> bool:
    return system.database.known.count_documents({"_id": {"$in": list(keys)}}) == len(keys)


def test_one_change_is_followed_by_its_trace_through_the_logs_of_all_processes(
    system: System, mailbox: Mailbox
) -> None:
    key = system.flight(1, booked_by="ann")
    watchers, notifier, delivery = system.run("watchers", "notifier", "delivery")
    until(lambda: system.database.conversations.count_documents({}) == 1, "a conversation")
    system.database.flights.update_one({"_id": key}, {"$set": {"status": "cancelled"}})
    until(lambda: mailbox.mails, "the mail")
    sent = until(
        lambda: [line for line in delivery.lines() if line["event"] == "notification sent"], "its line"
    )
    (trace,) = {line["trace"] for line in sent}
    lines = {
        process.name: [line["event"] for line in process.lines() if line.get("trace") == trace]
        for process in (watchers, notifier, delivery)
    }
    assert "change published" in lines["watchers"]
    assert lines["notifier"] == ["flight event handled", "announcement"]
    assert lines["delivery"] == ["notification sent"]
    other = {line.get("trace") for line in watchers.lines()} - {trace, None}
    assert other, "other changes have traces of their own"
    for process in (watchers, notifier, delivery):
        assert "@example.org" not in process.log.read_text()


def lose_token(system: System) -> datetime:
    """Make the position one that MongoDB refuses; returns when it was stored."""
    tokens = ResumeTokens(system.database)
    stored = tokens.load("flights")
    assert stored is not None
    saved_at = (datetime.now(UTC) - timedelta(minutes=10)).replace(microsecond=0)
    tokens.save("flights", Position(token={"_data": "zzzz"}), stored.topic_id, saved_at)
    return saved_at


def closed_gap(system: System) -> Gap:
    gaps = Gaps(system.database)
    return until(  # type: ignore[no-any-return]
        lambda: next((gap for gap in gaps.latest(1) if gap.compared_at), None), "the gap is compared"
    )


def test_a_gap_is_reported_with_what_was_found_late_and_who_was_told(
    system: System, mailbox: Mailbox
) -> None:
    keys = [system.flight(n, booked_by=f"p{n}" if n < 3 else None) for n in range(1, 7)]
    watchers, notifier, _ = system.run("watchers", "notifier", "delivery")
    until(lambda: known(system, *keys), "all flights are known")
    until(lambda: system.database.conversations.count_documents({}) == 2, "both conversations")
    assert Gaps(system.database).latest(10) == []  # a first start is no gap
    assert watchers.end() == 0
    blind_from = lose_token(system)
    for key in keys[:3]:  # two people are booked on them
        system.database.flights.update_one({"_id": key}, {"$set": {"status": "cancelled"}})
    system.database.flights.delete_one({"_id": keys[4]})
    (again,) = system.run("watchers")
    gap = closed_gap(system)
    assert (gap.collection, gap.cause, gap.documents) == ("flights", "token", 5)
    assert gap.blind_from == blind_from
    assert timedelta(minutes=10) <= gap.blind_to - blind_from < timedelta(minutes=12)
    assert gap.found_late == 4  # the deletion too
    until(lambda: len(mailbox.mails) == 2, "both mails")

    def told() -> int | None:
        Gaps(system.database).recount(gap)
        return Gaps(system.database).latest(1)[0].told

    until(lambda: told() == 2, "both are counted")
    assert len([line for line in again.lines() if line["event"].startswith("gap closed")]) == 1
    compared = [line for line in notifier.lines() if line["event"] == "gap compared"]
    assert [(line["gap"], line["found_late"]) for line in compared] == [(gap.id, 4)]
    assert 'gatecall_watcher_snapshots_total{cause="token",collection="flights"} 1.0' in again.metrics()
    assert 'gatecall_watcher_snapshots_total{cause="topic",collection="flights"} 0.0' in again.metrics()
    assert "gatecall_found_late_total 4.0" in notifier.metrics()


def test_when_nobody_watches_the_notifier_is_not_ready_within_seconds(system: System) -> None:
    watchers, notifier = system.run("watchers", "notifier")
    assert watchers.end() == 0
    began = time.monotonic()
    # each namespace's lease ends in its own second, so all are named only after a while
    until(lambda: "flights" in notifier.ready()[1].get("leases", ""), "the notifier says so", 30)
    assert time.monotonic() - began < 25
    system.run("watchers")
    until(lambda: notifier.ready()[0] == 200, "it is ready again", 60)


def ends_not_ready(process: Process) -> None:
    """After the signal: not ready while it ends, then status 1, within seconds."""
    process.child.send_signal(signal.SIGUSR1)
    began = time.monotonic()
    until(lambda: process.ready()[0] != 200, "it is not ready", 15)
    until(lambda: process.ready()[0] == 0, "it has ended", 30)
    assert process.child.wait(15) == 1
    assert time.monotonic() - began < 45
    assert [line["event"] for line in process.lines() if line["level"] == "error"] == ["worker died"]


@pytest.mark.parametrize(
    ("name", "worker"),
    [
        ("watchers", "watch flights"),
        ("notifier", "consumer"),
        ("delivery", "email-0"),
    ],
)
def test_a_process_whose_worker_thread_ended_is_not_ready_and_ends(
    system: System, name: str, worker: str
) -> None:
    needed = ["watchers"] if name == "notifier" else []
    system.run(*needed)
    (process,) = system.run(name, END_WORKER=worker)
    ends_not_ready(process)


def test_a_dead_reading_thread_is_noticed_and_its_watcher_goes_on(system: System) -> None:
    (watchers,) = system.run("watchers", END_THREAD="flights reader")
    asked_at = 0.0

    def noticed() -> bool:
        nonlocal asked_at
        # seldom, because a later signal could hit what came in the dead thread's place
        if time.monotonic() > asked_at + 10:
            watchers.child.send_signal(signal.SIGUSR1)
            asked_at = time.monotonic()
        return any("reads the changes is dead" in line.get("why", "") for line in watchers.lines())

    until(noticed, "the watcher notices", 90)
    system.flight(1)
    until(
        lambda: 'gatecall_watcher_events_total{collection="flights",op="insert"} 1.0' in watchers.metrics(),
        "it goes on",
    )
