"""A storm: 1,000 flights cancelled at once, 180 people on each, from the events to due conversations.

Against a bare `update_many` for each flight on the same conversations: what the server must do in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from app.domain.events import ChangeEvent, Op
from app.domain.flight import parse
from app.store import client as mongo
from app.store import schema
from benchmarks.fan_out import Docs, book, event_of, notifier_of, timed
from benchmarks.report import Row
from benchmarks.stack import Stack

FLIGHTS = 1_000
PEOPLE = 180
GOAL = 0.7
_AT_ONCE = 500
"""Events of one batch, as a poll of a busy topic gives them."""


def run(stack: Stack) -> list[Row]:
    """One storm; what the server does bare follows on the same conversations."""
    settings = stack.settings(mail_server="127.0.0.1")
    keys = [f"storm{n}" for n in range(FLIGHTS)]
    with mongo.connect(settings, app_name="bench-storm") as client:
        database = mongo.database(client, settings)
        schema.ensure(database)
        notifier = notifier_of(database, settings)
        for some in _batches(keys):
            for key in some:
                book(database, key, PEOPLE)
            notifier.handle([event_of(key, 1, Op.INSERT) for key in some])
        storm = [event_of(key, 2, Op.UPDATE, status="cancelled") for key in keys]
        ours = timed(lambda: _each(notifier.handle, _batches(storm)))
        due = database.conversations.count_documents({"due_at": {"$exists": True}})
        assert due == FLIGHTS * PEOPLE, f"{due} conversations are due"
        raw = timed(lambda: _each(lambda received: _bare(database, received.event), storm))
        client.drop_database(database.name)
    detail = f"{ours:.1f} s for {due:,} conversations; bare update_many {raw:.1f} s"
    return [Row("storm of 1,000 flights x 180 people", (raw / ours,), "ratio", GOAL, detail=detail)]


def _bare(database: Docs, event: Any) -> None:
    assert isinstance(event, ChangeEvent)
    values = {
        "want": parse(event.after or {}).to_document(),
        "order": event.order + "1",
        "due_at": datetime.now(UTC),
        "event_id": event.id,
        "changed_at": event.wall_time,
    }
    database.conversations.update_many({"subject": f"flight:{event.key}"}, {"$set": values})


def _batches(things: list[Any]) -> Iterable[list[Any]]:
    return (things[at : at + _AT_ONCE] for at in range(0, len(things), _AT_ONCE))


def _each(work: Callable[[Any], None], things: Iterable[Any]) -> None:
    for thing in things:
        work(thing)
