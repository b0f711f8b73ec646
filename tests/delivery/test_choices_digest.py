"""Digests through a real MongoDB and mail server: one mail for many flights, whatever breaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.flight import Flight, Status
from app.domain.order import Order
from app.domain.reports import Report, State
from app.store.conversations import Conversations, Telling
from tests.delivery.choosers import (
    FAR_A,
    FAR_B,
    another_flight,
    at_gates,
    by_clock,
    chooser,
    clock_of,
    digester,
    held,
)
from tests.delivery.clocks import Clock
from tests.delivery.test_process import process
from tests.delivery.world import A, B, Crash, Dying, HookedChannel, World, eventually, flight, order
from tests.providers import Mailbox

PAST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock(world: World) -> Clock:
    """The world's only clock; gates are told early."""
    found = Clock()
    at_gates(world)
    by_clock(world, found)
    return found


def daily(clock: Clock, hours: int = 2) -> dict[str, Any]:
    """A digest in so many hours."""
    return {"every": "daily", "at": clock_of(clock.moment, hours)}


def slot(clock: Clock, hours: int = 2) -> datetime:
    """When it comes."""
    return (clock.moment + timedelta(hours=hours)).replace(second=0, microsecond=0)


def waiting(world: World, flights: int = 3, person: int = 1) -> list[str]:
    """Conversations of a person whose digest is due since long ago."""
    gone = {"fold": PAST, "reason": "digest"}
    ids = [another_flight(world, person, 10 * person + number, **gone) for number in range(flights)]
    world.database["conversations"].update_many({"_id": {"$in": ids}}, {"$unset": {"due_at": ""}})
    return ids


def rows_of(world: World) -> list[dict[str, Any]]:
    """The whole ledger."""
    return list(world.database["notifications"].find({}))


def unsettled(world: World) -> int:
    """Conversations that are not at their end."""
    open_ends = [{name: {"$exists": True}} for name in ("due_at", "fold", "claim", "doubt", "not_before")]
    differs = {"$expr": {"$ne": ["$heard.gate", "$want.gate"]}}
    return world.database["conversations"].count_documents({"$or": [*open_ends, differs]})


def test_many_flights_are_one_mail_at_the_digests_hour(world: World, mailbox: Mailbox, clock: Clock) -> None:
    chooser(world, digest=daily(clock))
    world.conversation(heard=FAR_A, want=FAR_B)
    ids = [another_flight(world, 1, number) for number in (501, 502, 503)]
    assert world.worker().deliver_due() == 4
    assert mailbox.mails == []
    assert [(row["reason"], row["until"]) for row in held(world)] == [("digest", slot(clock))] * 4
    assert "due_at" not in world.stored()
    assert digester(world).send_due() == 0
    clock.moment = slot(clock)
    assert world.worker().deliver_due() == 0
    assert digester(world).send_due() == 4
    [mail] = mailbox.mails
    text = mail.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    for number in ("UA 407", "UA 501", "UA 502", "UA 503"):
        assert f"New gate for {number}" in text
    assert str(mail.message["Subject"]).startswith("News of ")
    rows = rows_of(world)
    assert {row["conversation"] for row in rows} == {*ids, "flight:f1|p1|email"}
    assert len({row["digest"] for row in rows}) == 1
    assert {row["status"] for row in rows} == {"sent"}
    assert len({attempt["id"] for row in rows for attempt in row["attempts"]}) == 4
    assert unsettled(world) == 0


def test_urgent_news_does_not_wait_for_the_digest(world: World, mailbox: Mailbox, clock: Clock) -> None:
    chooser(world, digest=daily(clock))
    world.conversation(heard=FAR_A, want=flight(departure_date=FAR_A.departure_date, status=Status.CANCELLED))
    another_flight(world, 1, 501)
    world.worker().deliver_due()
    assert ["cancelled" in subject for subject in mailbox.subjects()] == [True]


def test_an_outage_of_two_days_gives_one_digest(world: World, mailbox: Mailbox, clock: Clock) -> None:
    chooser(world, digest=daily(clock))
    for number in range(501, 505):
        another_flight(world, 1, number)
        world.worker().deliver_due()
        clock.move(12 * 3600)
    assert mailbox.mails == []
    clock.move(2 * 3600)
    assert digester(world).send_due() == 4
    assert digester(world).send_due() == 0
    assert len(mailbox.mails) == 1


def test_what_changes_while_it_waits_is_told_as_it_is_then(
    world: World, mailbox: Mailbox, clock: Clock
) -> None:
    chooser(world, digest=daily(clock))
    world.conversation(heard=FAR_A, want=FAR_B)
    another_flight(world, 1, 501)
    world.worker().deliver_due()
    world.database["conversations"].update_one({"_id": "flight:f1|p1|email"}, [{"$set": {"want": "$heard"}}])
    clock.moment = slot(clock)
    digester(world).send_due()
    assert len(rows_of(world)) == 1
    assert ["UA 501" in subject for subject in mailbox.subjects()] == [True]
    assert "fold" not in world.stored()


@pytest.mark.parametrize(
    ("want", "is_due"), [(flight(departure_date=FAR_A.departure_date, gate="C72"), True), (FAR_A, False)]
)
def test_a_change_takes_a_conversation_out_of_its_digest(
    world: World, mailbox: Mailbox, clock: Clock, want: Flight, is_due: bool
) -> None:
    chooser(world, digest=daily(clock))
    world.conversation(heard=FAR_A, want=FAR_B)
    world.worker().deliver_due()
    now = clock()
    telling = Telling(
        *("flight:f1", Order(order(2)), want, want, 2, now, now),
        puts_off=False,
        ends_at=now + timedelta(days=30),
        event_id="e2",
        changed_at=now,
        found_late=False,
    )
    assert Conversations(world.database).tell([telling]) == 1
    stored = world.stored()
    assert "fold" not in stored
    assert ("due_at" in stored) == is_due
    world.worker().deliver_due()
    clock.moment = slot(clock)
    digester(world).send_due()
    assert len(mailbox.mails) == int(is_due)


def test_a_late_digest_waits_for_the_end_of_quiet_hours(world: World, mailbox: Mailbox, clock: Clock) -> None:
    quiet = {"from": clock_of(clock.moment, 3), "until": clock_of(clock.moment, 9)}
    chooser(world, digest=daily(clock), quiet=quiet)
    another_flight(world, 1, 501)
    another_flight(world, 1, 502)
    world.worker().deliver_due()
    morning = slot(clock, 9)
    clock.move(5 * 3600)
    digester(world).send_due()
    assert mailbox.mails == []
    folds = world.database["conversations"].distinct("fold", {})
    assert folds == [morning]
    clock.moment = morning
    digester(world).send_due()
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize(
    ("answer", "status", "outcome"),
    [("450 4.2.1 busy", "retrying", "later"), ("550 5.7.1 refused by policy", "failed", "never")],
)
def test_what_the_provider_says_is_said_of_each(
    world: World, mailbox: Mailbox, answer: str, status: str, outcome: str
) -> None:
    at_gates(world)
    chooser(world, digest={"every": "daily"})
    waiting(world)
    mailbox.once["RCPT"] = [answer]
    digester(world).send_due()
    assert [row["status"] for row in rows_of(world)] == [status] * 3
    assert [a["outcome"] for row in rows_of(world) for a in row["attempts"]] == [outcome] * 3
    if outcome == "later":  # together again
        assert len(world.database["conversations"].distinct("not_before", {})) == 1
        world.hurry()
        assert digester(world).send_due() == 3
        assert len(mailbox.mails) == 1
        assert unsettled(world) == 0
    else:
        assert (
            world.database["conversations"].count_documents({"status": "failed", "fold": {"$exists": False}})
            == 3
        )


def test_no_answer_leaves_each_in_doubt_and_the_next_digest_says_now(world: World, mailbox: Mailbox) -> None:
    at_gates(world)
    chooser(world, digest={"every": "daily"})
    waiting(world)
    mailbox.drop_after_data = 1
    digester(world).send_due()
    assert [row["status"] for row in rows_of(world)] == ["unknown"] * 3
    assert world.database["conversations"].count_documents({"doubt": {"$exists": True}}) == 3
    world.hurry()
    assert digester(world).send_due() == 3
    assert len(mailbox.mails) == 2
    text = mailbox.mails[1].message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "was C70" not in text
    assert unsettled(world) == 0


@pytest.mark.parametrize(
    ("store", "method", "after", "mails"),
    [
        pytest.param("digests", "claim", True, 1, id="after D1"),
        pytest.param("claims", "note", True, 1, id="after D3's note"),
        pytest.param("ledger", "record", False, 2, id="accepted, before D4's first write: the stated window"),
        pytest.param("ledger", "record", True, 1, id="after D4's ledger"),
        pytest.param("claims", "accepted", False, 1, id="before D4's conversations"),
    ],
)
def test_death_at_each_step_of_a_digest(
    world: World, mailbox: Mailbox, store: str, method: str, after: bool, mails: int
) -> None:
    at_gates(world)
    chooser(world, digest={"every": "daily"})
    waiting(world)
    dying = digester(world, **{store: Dying(getattr(world.terms, store), method, after=after)})
    with pytest.raises(Crash):
        dying.send_due()
    world.lapse()
    digester(world).send_due()
    digester(world).send_due()
    assert len(mailbox.mails) == mails
    assert unsettled(world) == 0
    assert [row["status"] for row in rows_of(world)] == ["sent"] * 3


@pytest.mark.parametrize(("step", "mails"), [("D3.noted", 1), ("D3.sent", 2)])
def test_a_digest_survives_sigkill(world: World, mailbox: Mailbox, step: str, mails: int) -> None:
    chooser(world, digest={"every": "daily"})
    near(world, waiting(world))
    with process(world, CRASH_AT=step) as child:
        assert child.wait(timeout=60) == -9
    with process(world):
        eventually(lambda: unsettled(world) == 0, 60)
    assert len(mailbox.mails) == mails
    assert [row["status"] for row in rows_of(world)] == ["sent"] * 3


def near(world: World, ids: list[str]) -> None:
    """Their flights leave today, when gates are told to everybody, and in more than the urgent hours."""
    for name in ids:
        world.database["conversations"].update_one(
            {"_id": name}, {"$set": {"heard": A.to_document(), "want": B.to_document()}}
        )


def test_two_processes_make_one_digest_for_each_person(world: World, mailbox: Mailbox) -> None:
    for person in range(1, 6):
        chooser(world, person, digest={"every": "daily"})
        near(world, waiting(world, person=person))
    with process(world), process(world):
        eventually(lambda: unsettled(world) == 0, 60)
    assert sorted(mailbox.recipients()) == [f"p{person}@example.org" for person in range(1, 6)]
    assert len(rows_of(world)) == 15


def test_two_digesters_without_a_lease_tell_nobody_twice(world: World, mailbox: Mailbox) -> None:
    at_gates(world)
    chooser(world, digest={"every": "daily"})
    waiting(world)
    channel = HookedChannel(world.channel, before=lambda: digester(world, "two").send_due() and None)
    digester(world, channel=channel).send_due()
    assert len(mailbox.mails) == 1
    assert len(rows_of(world)) == 3


def test_a_claim_that_was_lost_is_not_told_in_passing(world: World, mailbox: Mailbox) -> None:
    at_gates(world)
    chooser(world, digest={"every": "daily"})
    ids = waiting(world)

    class Interrupted(Dying):
        def note(self, token: str, group: Any) -> Any:
            world.database["conversations"].update_one({"_id": ids[0]}, {"$set": {"claim": "another"}})
            return self._real.note(token, group)

    digester(world, claims=Interrupted(world.terms.claims, "", after=False)).send_due()
    [mail] = mailbox.mails
    text = mail.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "UA 10 " not in text
    assert {row["conversation"] for row in rows_of(world)} == set(ids[1:])


def test_a_bounce_of_a_digest_is_written_to_every_row(world: World, mailbox: Mailbox) -> None:
    at_gates(world)
    chooser(world, digest={"every": "daily"})
    waiting(world)
    digester(world).send_due()
    [name] = {a["provider_id"] for row in rows_of(world) for a in row["attempts"]}
    world.terms.callbacks.take(
        Report("email", name, State.UNDELIVERED, "5.1.1", "gone", None), world.terms.now()
    )
    assert [row["delivery"]["state"] for row in rows_of(world)] == ["undelivered"] * 3
