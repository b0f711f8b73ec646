"""The product with one mend of its protocol taken out: the machine must find each of them.

A mutant changes a few words in the source of one function, in the process that the machine starts and nowhere
else. The words must stand there exactly once, so that a mutant that no longer fits says so.
"""

from __future__ import annotations
import __future__

import importlib
import inspect
import sys
import textwrap
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """In `where` ("package.module:Class.method" or "package.module:function") these words become those.

    A function is changed once: `more` has further words of the same one, old and new in turn.
    """

    where: str
    old: str
    new: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mutant:
    """what: the mend that is missing. expected: what happens without it, in the words of the protocol.

    faults: those that show it best, () for none at all. size: of the plan. late: they come when few edits are left,
    which would mend what was lost before.
    """

    name: str
    what: str
    expected: str
    changes: tuple[Change, ...]
    faults: tuple[str, ...] = ()
    size: str = "small"
    late: bool = False


MUTANTS: dict[str, Mutant] = {}


def _add(
    name: str,
    what: str,
    expected: str,
    *changes: Change,
    faults: tuple[str, ...] = (),
    size: str = "small",
    late: bool = False,
) -> None:
    MUTANTS[name] = Mutant(name, what, expected, changes, faults, size, late)


def apply(name: str) -> None:
    """Take the mend out of the product in this process. Raises LookupError for an unknown name, or when the
    words are not there."""
    if name not in MUTANTS:
        raise LookupError(f"no mutant {name}; there are {', '.join(MUTANTS)}")
    for change in MUTANTS[name].changes:
        _rewrite(change)


def rewritten(change: Change) -> str:
    """The source of the function with the words changed. Raises LookupError when they are not there once."""
    owner, name = _place(change)
    source = textwrap.dedent(inspect.getsource(getattr(owner, name)))
    words = (change.old, change.new, *change.more)
    for old, new in zip(words[::2], words[1::2], strict=True):
        if source.count(old) != 1:
            raise LookupError(f"{change.where} has {old!r} {source.count(old)} times")
        source = source.replace(old, new)
    compile(source, f"<mutant of {change.where}>", "exec")
    return source


def _place(change: Change) -> tuple[Any, str]:
    module_name, _, path = change.where.partition(":")
    owner: Any = importlib.import_module(module_name)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    return owner, name


def _rewrite(change: Change) -> None:
    source = rewritten(change)
    owner, name = _place(change)
    made: dict[str, Any] = {}
    flags = __future__.annotations.compiler_flag
    code = compile(source, f"<mutant of {change.where}>", "exec", flags=flags, dont_inherit=True)
    exec(code, vars(sys.modules[change.where.partition(":")[0]]), made)
    setattr(owner, name, made[name])


_CLAIMS = "app.store.claims"
_DECIDING = "consumers.notifier.deciding"
_NOTIFIER = "consumers.notifier.notifier"
_WATCHER = "watchers.watcher"

# Several mends guard against the same; alone, the second look after N4 makes up for some (docs/model says which).
_TOLD_ONCE = Change(
    f"{_NOTIFIER}:Notifier._handle_round",
    "late = self._stores.conversations.untold(told)",
    "late = []",
    ("made = making.of_audience(", "made = 0 and making.of_audience("),
)

# N6 without its read: what the snapshot said nothing of is gone.
_NOT_LOOKED_FOR = Change(
    "consumers.notifier.markers:unseen",
    "documents, read_at = _read(stores, keys)",
    "documents = {}",
    ("read = order.of_snapshot_read(incarnation, read_at)", "read = marker.order"),
)

_add(
    "claims are shared",
    "one conversation per person, flight and channel; an exclusive claim",
    "B->C is sent before A->B",
    Change(
        f"{_CLAIMS}:free",
        '"lease_until": {"$not": {"$gt": now}}, "not_before"',
        '"not_before"',
    ),
    Change(
        f"{_CLAIMS}:Claims.note",
        '"claim": token, "doubt": _as_read(n.conversation.doubt)}',
        "}",
    ),
)
_add(
    "failures count as heard",
    "heard",
    'after a failure the next message says "was B" to somebody who only knew A',
    Change(
        f"{_CLAIMS}:Claims.again",
        '"told_by": token,',
        '"told_by": token, "heard": {"$literal": noted.note.to.to_document()},',
    ),
    faults=("smtp 450", "twilio 429"),
)
_add(
    "no doubt is noted",
    "doubt before the hand-over",
    "A->B accepted, crash, B->A: both look undone, the person stays at B",
    Change(f"{_CLAIMS}:Claims.note", '"doubt": n.note.attempt,', ""),
    Change(f"{_CLAIMS}:Claims.accepted", '"doubt": {"$in": [n.note.attempt for n in alike]},', ""),
    faults=("smtp drop after DATA", "twilio answer lost"),
)
_add(
    "late senders are silent",
    "D4'",
    "the last change is never told",
    Change(
        "consumers.delivery.outcomes:Outcomes._report_late",
        "insist(lambda: self._claims.report_late(result.ready.noted))",
        "pass",
    ),
    faults=("oversleep at D3.noted",),
)
_add(
    "settled although moved",
    "D4's look at the order",
    "the last change is never told",
    Change(f"{_CLAIMS}:Claims.accepted", '"order": order,', ""),
    faults=("smtp slow drip", "twilio slow drip"),
)
_add(
    "shown since ever",
    "a new conversation's order is that of reading what was shown",
    "a new booker is told old news",
    Change(
        "consumers.notifier.telling:Starts.of",
        "return shown, of_snapshot_read(incarnation_of(told.order), seen.cluster_time)",
        "return shown, _before_all(told.order)",
    ),
    faults=("bookings overtake flights",),
)
_add(
    "shown just now",
    "a new conversation's order is that of reading what was shown",
    "a new booker misses the next news",
    Change(
        "consumers.notifier.telling:Starts.of",
        "return shown, of_snapshot_read(incarnation_of(told.order), seen.cluster_time)",
        "return shown, of_snapshot_read(incarnation_of(told.order), self.read_at or seen.cluster_time)",
    ),
    faults=("freeze both notifiers",),
)
_add(
    "order without token",
    "full order with the token",
    "the next edit is lost",
    Change(
        "app.domain.order:of_event",
        "return _join(incarnation, cluster_time, token_data)",
        'return _join(incarnation, cluster_time, "8")',
    ),
)
_add(
    "known is set always",
    "N4's condition, and the look after it",
    "a late worker sets known back, the next edit is lost",
    _TOLD_ONCE,
    Change("app.store.known:KnownFlights.set_all", '"order": {"$lt": k.order}', ""),
    faults=("oversleep at N3.told",),
)
_add(
    "snapshot reads sort first",
    "snapshot after everything of its time",
    'a false "C->B"',
    Change(
        "app.domain.order:of_snapshot_read",
        "return _join(incarnation, cluster_time, _AFTER_ALL)",
        "return _join(incarnation, cluster_time, _BEFORE_ALL)",
    ),
    faults=("read anew in a transaction",),
)
_add(
    "markers sort last",
    "marker before everything of its time, and a look at what the snapshot said nothing of (N6)",
    'a false "deleted"',
    Change(
        "watchers.conversion:Converter.marker",
        "order=order.of_marker(self._incarnation, t0)",
        'order=order.of_snapshot_read(self._incarnation, t0) + "~"',
    ),
    _NOT_LOOKED_FOR,
    faults=("read anew in quiet",),
)
_add(
    "snapshots are like edits",
    "snapshot events fan out always",
    "at first start or after a lost token a booker stays with an old value",
    Change(
        f"{_DECIDING}:Picture._take_new",
        "touched.fans_out |= first or differs or seen.found_late",
        "touched.fans_out |= first or differs",
    ),
    faults=("restored with new bookings",),
)
_add(
    "known before fan-out",
    "fan-out before known, and again for a repeated event",
    "a crash between: lost",
    Change(
        f"{_DECIDING}:Picture._take_again",
        "self._touch(known.subject, known.announced)\n    return Outcome.REPEATED",
        "return Outcome.OLD",
    ),
    Change(
        f"{_NOTIFIER}:Notifier._handle_round",
        "recording = self._beside.submit(self._record, picture)",
        "self._stores.known.set_all(list(picture.changed.values()))\n"
        '    crash_points.reached("N3.recorded")\n'
        "    recording = self._beside.submit(self._record, picture)",
    ),
    faults=("last blow at N3.recorded",),
)
_add(
    "fan-out once",
    "fan-out once more after known",
    "a booking made between: lost",
    _TOLD_ONCE,
    faults=("booked on an older document",),
)
_add(
    "topic ids are not compared",
    "the topic's id at every store",
    'a recreated topic: changes lost, a false "deleted"',
    Change(
        f"{_WATCHER}:Watcher._confirm",
        "if self._around.topic_ids.current(self._topic, fresh=True).id != topic.id:",
        "if False:",
    ),
    Change(f"{_WATCHER}:Watcher._continue_from", "elif stored.topic_id != topic.id:", "elif False:"),
    faults=("topics made again",),
)
_add(
    "poison changes nothing",
    "a dead letter makes known unknown, and the look after N4",
    "A->B unreadable, B->A: the person stays at B",
    _TOLD_ONCE,
    Change(f"{_DECIDING}:Picture._take", "self._change(_unknown(known, seen))", "pass"),
    faults=("rubbish was shown",),
)
_add(
    "the deleted are forgotten",
    "deletes stay known, and the look after N4",
    "a re-insert is taken for first sight, and lost",
    _TOLD_ONCE,
    Change(
        "app.store.known:KnownFlights.set_all",
        "writes = [",
        'self._known.delete_many({"_id": {"$in": [k.key for k in changed if k.state is State.GONE]}})\n'
        "    changed = [k for k in changed if k.state is not State.GONE]\n    writes = [",
    ),
)
_add(
    "token before acknowledgements",
    "the token is stored after all acknowledgements",
    "a killed watcher, or a broker that is away: changes lost",
    Change(
        "watchers.pump:Pump.run",
        "self._in_flight.append(",
        "if batch.changes:\n            self._store(batch.position)\n"
        "            crash_points.reached('W3.published')\n        self._in_flight.append(",
    ),
    faults=("last blow at W3.published",),
)
_add(
    "offsets before the work",
    "the offsets are committed after the work",
    "a killed notifier: changes lost",
    Change(
        "app.bus.consumer:ConsumerLoop._all_at_once",
        "self._handle(batch)",
        "self._commit({tp: records[-1].offset + 1 for tp, records in polled.items()})\n        self._handle(batch)",
    ),
    faults=("last blow at N1.read",),
)
_add(
    "conversation before ledger",
    "the ledger's row is written before the conversation",
    "a crash between: nobody can say what was sent",
    Change(
        "consumers.delivery.outcomes:Outcomes.write",
        "insist(lambda: self._ledger.record(entries, self._now()))",
        "early = [r.ready.noted for r in results if r.attempt.outcome is Outcome.ACCEPTED]\n"
        "    self._claims.accepted(token, early)\n    crash_points.reached('D4.recorded')\n"
        "    insist(lambda: self._ledger.record(entries, self._now()))",
    ),
    faults=("crash at D4.recorded",),
    late=True,
)
