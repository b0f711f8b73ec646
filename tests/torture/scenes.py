"""Scenes for coincidences that edits drawn at random bring about too seldom, or undo at once. Each waits until all is
edited and told.

Each is named after what happens; docs/reliability.md says which mend of the protocol it shows.
"""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from app.domain.namespaces import WATCHED
from scripts.children import wait_until
from tests.torture.edits import RUBBISH, UNIMPORTANT
from tests.torture.registry import add
from tests.torture.restoring import copied, put_back
from tests.torture.run import Run
from tests.torture.stack import insist
from tests.torture.stage import (
    begin,
    book,
    command,
    flights,
    held,
    holds,
    newcomers,
    other_gate,
    other_gates,
    stopped_at,
    wait_for_quiet,
)

Document = dict[str, Any]

_TRIES = 3
_LEASES_WITHIN_S = 30.0


def bookings_overtake(run: Run) -> None:
    """One watcher has the flights, the other all else; the first stops for a moment. Every flight gets another gate,
    and people who saw that book. So the notifier has the bookings before it has what they saw."""
    writer = begin(run)
    of_flights = _flights_apart(run)
    if of_flights is None:
        run.say("the flights could not be had apart")
        return
    with run.alone, held(run, [of_flights]):
        people = newcomers(run, writer)
        for flight in flights(run):
            writer.update("flights", flight, {"gate": other_gate(run, flight)})
            now = run.journal.current("flights")[flight["_id"]]
            book(writer, people, flight["_id"], writer.shown(now))
        run.say(f"{of_flights} is held; every flight has another gate, and was booked by who saw it")
        run.lasts(3.5, 4)


def _flights_apart(run: Run) -> str | None:
    """Let the lease of flights be lost while its holder does not look; who has it then, and no other lease."""
    one, other = run.processes.of("watcher")
    run.processes.take_down(other)
    all_held = wait_until(
        lambda: all(holds(run, one, n.collection) for n in WATCHED),
        timeout_s=_LEASES_WITHIN_S,
        interval_s=0.3,
    )
    run.processes.bring_back(other)
    if not all_held or not run.processes.wait_until_ready():
        return None
    for _ in range(_TRIES):
        with held(run, [one]):
            insist(lambda: run.database["leases"].delete_one({"_id": "watcher:flights"}))
            wait_until(lambda: holds(run, other, "flights"), timeout_s=3)
        apart = wait_until(
            lambda: (
                holds(run, other, "flights")
                and not holds(run, one, "flights")
                and holds(run, one, "bookings")
            ),
            timeout_s=6,
        )
        if apart:
            return other
    return None


def rubbish_was_shown(run: Run) -> None:
    """Every flight gets another gate and, in the same write, rubbish in another field; people book who saw that gate;
    then all is as it was. Between, all is told that can be."""
    writer = begin(run)
    with run.alone:
        rubbish = [(name, value) for name, value in RUBBISH if name in UNIMPORTANT]
        people, before = newcomers(run, writer), flights(run)
        for flight in before:
            field, value = run.rng.choice(rubbish)
            spoilt = {field: value, "spoilt": field, "was": flight.get(field)}
            writer.update("flights", flight, spoilt | {"gate": other_gate(run, flight)})
            now = run.journal.current("flights")[flight["_id"]]
            book(writer, people, flight["_id"], writer.shown(now))
        run.say("every flight is spoilt, has another gate, and was booked by who saw it")
    wait_for_quiet(run)
    with run.alone:
        for flight in before:
            now = run.journal.current("flights")[flight["_id"]]
            mended = {now["spoilt"]: now.get("was"), "spoilt": None, "was": None}
            writer.update("flights", now, mended | {"gate": flight["gate"]})
        run.say("every flight is as it was")


def booked_on_an_older_document(run: Run) -> None:
    """All flights are imported anew, then all get another gate. While a notifier stops between telling that and
    knowing it, people who look at a page from before the import book; another notifier may handle their bookings."""
    writer = begin(run)
    with run.alone:
        old = flights(run)
        people, pages = newcomers(run, writer), {flight["_id"]: writer.shown(flight) for flight in old}
        for flight in old:
            writer.delete("flights", flight)
            new = {name: value for name, value in flight.items() if name not in ("_id", "edit")}
            writer.insert("flights", {"_id": ObjectId(), **new})
        run.say("all flights are deleted and inserted again")
    wait_for_quiet(run)
    for name in run.rng.sample(run.processes.of("notifier"), 2):
        with run.alone:
            stopped = stopped_at(run, [name], "N3.told", lambda: _other_gates_at_once(run, writer))
            if stopped is not None:
                for key, page in pages.items():
                    book(writer, people, key, page)
                run.lasts(1, 2)
                run.processes.thaw(stopped)
                run.say(f"{stopped} goes on; the old documents were booked meanwhile")
        wait_for_quiet(run)
        people = newcomers(run, writer)


def _other_gates_at_once(run: Run, writer: Any) -> None:
    """Held, the watchers publish all of it together, and who stops at the first of it has many."""
    with held(run, run.processes.of("watcher")):
        other_gates(run, writer)


def read_anew(run: Run) -> None:
    """The operator has the flights read anew while nothing happens: at the very time at which the reading begins."""
    begin(run)
    run.lossy.add("snapshot")
    for _ in range(_TRIES):
        _ask(run)
        run.say("flights are to be read anew")
        run.lasts(2, 3)
        wait_for_quiet(run)


def read_in_a_transaction(run: Run) -> None:
    """The operator has the flights read anew; after the reading has begun one transaction writes each flight twice,
    and nothing else happens until all is read: at the very time of the transaction."""
    writer = begin(run)
    run.lossy.add("snapshot")
    for _ in range(_TRIES):
        with run.alone:
            asked = run.processes.of("watcher")
            name = stopped_at(run, asked, "W2.begun", lambda: _ask(run))
            if name is None:
                return
            with held(run, [other for other in run.processes.names if other != name]):
                changes = []
                for flight in flights(run):
                    gate = other_gate(run, flight)
                    changes.append((flight, [{"gate": gate}, {"gate": other_gate(run, flight, gate)}]))
                writer.transaction(changes)
                run.processes.thaw(name)
                run.lasts(0.3, 0.5)
            run.say("all flights were written twice in one transaction before they were read")
        wait_for_quiet(run)


def _ask(run: Run) -> None:
    if not command(run, "reconcile", "flights"):
        raise AssertionError("gatecall reconcile did not end well")


def restored_with_new_bookings(run: Run) -> None:
    """The backup has bookings that no notifier has handled. They are, all flights get another gate, everybody hears
    it; then the database is restored from the backup: the gates, and the bookings without what was told of them."""
    writer = begin(run)
    run.lossy |= {"feed gap", "restored"}
    notifiers = run.processes.of("notifier")
    for name in notifiers:
        run.processes.take_down(name)
    with run.alone:
        people = newcomers(run, writer)
        for flight in flights(run):
            book(writer, people, flight["_id"], writer.shown(flight))
        copy = copied(run)
    for name in notifiers:
        run.processes.bring_back(name)
    run.processes.wait_until_ready()
    wait_for_quiet(run)
    with run.alone:
        other_gates(run, writer)
    wait_for_quiet(run)
    put_back(run, copy, notifiers_wait=True)


def register() -> None:
    """Let them be drawn, one at a time."""
    add("bookings overtake flights", "processes", bookings_overtake, 1)
    add("rubbish was shown", "processes", rubbish_was_shown, 1)
    add("booked on an older document", "processes", booked_on_an_older_document, 1)
    add("read anew in quiet", "processes", read_anew, 1)
    add("read anew in a transaction", "processes", read_in_a_transaction, 1)
    add("restored with new bookings", "processes", restored_with_new_bookings, 1)
