"""Whether frontends that polled with cursors saw every change once, as it was written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from tests.torture import oracle
from tests.torture.journal import Write
from tests.torture.oracle import State
from tests.torture.polling import Polled

Document = dict[str, Any]
Seen = tuple[Any, ...]


def problems(
    writes: Sequence[Write],
    polls: Sequence[Polled],
    prepared_at: float,
    *,
    exact: bool,
    log_lost: bool,
) -> Iterator[str]:
    """What is wrong with what the pollers saw, a sentence each.

    prepared_at: what was first written later was made under fire. exact: every change must be there. Where the log
    or the position in MongoDB was lost, what came between two readings of the collection cannot be; the end must
    be there all the same, and nothing that never was. Only of a document that was made meanwhile nothing need be
    there: to a feed of changes its first reading is none.

    A poller that was told of a gap has to look for itself what stood by then, in all collections: one cursor is for all
    of them, and the answer has the newest changes alone. log_lost: only then may one be told so.
    """
    written = _written(writes)
    before = {w.key for w in writes if w.begun <= prepared_at}
    latest = {w.key: w for w in writes}
    for polled in polls:
        yield from polled.problems
        if polled.gaps and not log_lost:
            yield f"{polled.name}: was told of a gap although no log was lost"
        told_at = max(polled.gaps, default=0.0)
        stood = {key for key, w in latest.items() if w.begun <= told_at}
        for id_, times in Counter(update["id"] for update in polled.updates).items():
            if times > 1:
                yield f"{polled.name}: {id_} came {times} times"
        seen: dict[str, list[Seen]] = defaultdict(list)
        for update in polled.updates:
            if update["type"] in ("flight", "fare"):
                seen[update["subject"]["id"]].append(_shown(update))
        for key, states in written.items():
            whole = exact and not polled.gaps
            if whole or key in before or key in seen:
                yield from _compare(f"{polled.name}: {key}", states, seen.get(key, []), whole, key in stood)


def _compare(
    name: str, written: Sequence[Seen], shown: Sequence[Seen], exact: bool, stood: bool
) -> Iterator[str]:
    wanted, got = _without_repeats(written), _without_repeats(shown)
    # A deletion that nobody saw is no event; the notifier finds it, a feed of changes cannot show it.
    unseen = stood or (not exact and wanted[-1][0] == "removed")
    # What came and went while nobody could see it leaves no trace where the end is as the beginning.
    undone = not exact and wanted[-1] == wanted[0]
    if (
        not got and not unseen and not undone and len(wanted) > 1
    ):  # what was there before the first answer is no change
        yield f"{name}: nothing of {len(wanted)} states was shown"
    if not got:
        return
    if got[-1] != wanted[-1] and not unseen:
        yield f"{name}: ends with {got[-1]}, not {wanted[-1]}"
    left = iter(wanted)
    if not all(state in left for state in got):
        yield f"{name}: {got} are not states of {wanted} in their order"
    elif exact and got != wanted and got != wanted[1:]:
        yield f"{name}: {len(got)} states of {len(wanted)} were shown"


def _written(writes: Sequence[Write]) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = defaultdict(list)
    last: dict[str, State | None] = {}
    for w in writes:
        if w.collection == "prices":
            found[w.key].append(("fare", w.document["amount"] if w.document else None))
        elif w.collection == "flights":
            state = oracle.stands(w.document, last.get(w.key))
            if state is not None:
                last[w.key] = state
            if state is not None and oracle.sound(w.document):
                found[w.key].append(tuple(state))
    return found


def _shown(update: Document) -> Seen:
    now = update["now"]
    if update["type"] == "fare":
        return ("fare", now["amount"] if now else None)
    status = now["status"] if now["status"] in oracle.GONE.values() else "flying"
    return (status, now.get("estimated_departure_time") or now["departure_time"], now["gate"])


def _without_repeats(states: Sequence[Seen]) -> list[Seen]:
    return [state for state, _ in groupby(states)]
