"""MongoDB takes a write and no majority confirms it: it is written again, and nobody is told with "now" for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.write_concern import WriteConcern

from app.domain.news import Kind
from app.domain.order import Order
from app.store.announcements import Announcement, Announcements
from app.store.claims import Claims
from app.store.notifications import Ledger
from consumers.delivery import worker as delivery_worker
from consumers.delivery.outcomes import insist
from tests.delivery.world import A, B, World, order
from tests.providers import Mailbox


def unconfirmed(database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    """Writes there are made and never confirmed: no replica set here has 50 members."""
    return database.with_options(write_concern=WriteConcern(w=50, wtimeout=50))


class Once:
    """A store whose first call of one method goes to another one."""

    def __init__(self, real: Any, first: Any, method: str) -> None:
        self._real, self._first, self._method = real, first, method
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        if name != self._method:
            return getattr(self._real, name)
        self.calls += 1
        return getattr(self._first if self.calls == 1 else self._real, name)


def test_a_ledger_row_that_was_not_confirmed_is_written_again(world: World, mailbox: Mailbox) -> None:
    world.travellers(2)
    never = Ledger(unconfirmed(world.database), timedelta(days=3))
    ledger = Once(world.terms.ledger, never, "record")
    worker = world.worker(ledger=ledger)
    worker.deliver_due()
    worker.deliver_due()
    assert ledger.calls >= 2
    for number in (1, 2):
        row = world.row(number)
        assert row is not None
        assert [attempt["outcome"] for attempt in row["attempts"]] == ["accepted"]
        assert not {"doubt", "due_at", "claim"} & set(world.stored(number))
    assert len(mailbox.mails) == 2


def test_a_conversation_that_was_not_confirmed_is_no_lost_claim(world: World, mailbox: Mailbox) -> None:
    mailbox.answers["RCPT"] = "550 5.1.1 no such user here"
    world.person()
    world.conversation()
    never = Claims(unconfirmed(world.database), "email")
    claims = Once(world.terms.claims, never, "failed")
    world.worker(claims=claims).deliver_due()
    assert claims.calls == 2
    assert world.stored()["status"] == "failed"
    assert "due_at" not in world.stored()


def test_unknown_until_failed_and_not_confirmed_stays_failed(world: World, mailbox: Mailbox) -> None:
    mailbox.drop_after_data = 1
    world.person()
    world.conversation(attempts=11, tried=order(1))
    claims = Once(world.terms.claims, Claims(unconfirmed(world.database), "email"), "failed")
    world.worker(claims=claims, tries=12).deliver_due()
    assert claims.calls == 2
    assert world.stored()["status"] == "failed"
    assert "due_at" not in world.stored()


def test_what_was_not_handed_over_when_the_ledger_fails_keeps_no_doubt(
    world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_worker, "_FLUSH_S", -1.0)  # what became of each is written at once
    world.travellers(4)

    class Away:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.terms.ledger, name)

        def record(self, *_: Any) -> None:
            raise PyMongoError("not now")

    with pytest.raises(PyMongoError):
        world.worker(ledger=Away()).deliver_due()
    assert len(mailbox.mails) == 1
    assert sum("doubt" in world.stored(number) for number in range(1, 5)) == 1
    world.lapse()
    worker = world.worker()
    while worker.deliver_due():
        pass
    assert len(mailbox.mails) == 5


def test_an_announcement_that_was_not_confirmed_is_no_success(database: Database[dict[str, Any]]) -> None:
    now = datetime.now(UTC)
    one = Announcement("flight:f1", Order(order(1)), "e1", (Kind.GATE,), A, B, now, False)
    for _ in range(2):
        with pytest.raises(PyMongoError):
            Announcements(unconfirmed(database)).record([one])
    Announcements(database).record([one])
    assert database["announcements"].count_documents({}) == 1


def test_a_refused_write_is_not_repeated() -> None:
    calls = []

    def refused() -> None:
        calls.append(1)
        raise PyMongoError("refused")

    with pytest.raises(PyMongoError):
        insist(refused)
    assert len(calls) == 1
