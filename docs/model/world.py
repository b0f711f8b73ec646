"""The state of the model, what happens to the flight, and who must have heard of it.

One flight, one partition, one channel; its value is a letter, "-" where it does not exist. An order is
(incarnation, cluster time, place): place 1, 2... within a transaction, 99 for a snapshot read, 0 for a marker.
One that a restore raised is (incarnation, 0, the old order).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from search import BrokenPromiseError

LATE, RESTORED = 98, 99  # doubts that no row of the ledger resolves
REFUSED = -1  # in a row of the ledger: its provider does not have the message
UNKNOWN = "?"
BEFORE_ALL = (0, 0, 0)


class Watcher(NamedTuple):
    """at: "-" not running, "stream", "dirty" (published, not stored), "read", "mark", "store" (of a snapshot)."""

    at: str = "-"
    next: int = 0
    topic: int = 0
    incarnation: int = 0
    t0: int = 0


class Notifier(NamedTuple):
    """topic: the id its position was looked up with. job: what it is in the middle of."""

    alive: bool = False
    topic: int = 0
    position: int = 0
    booking: int = 0
    job: tuple | None = None


class Worker(NamedTuple):
    """A delivery worker. read: the doubt as it was claimed; left: what the ledger leaves of it."""

    at: str = "-"
    who: int = 0
    to: str = ""
    order: tuple = ()
    heard: str = ""
    read: int = 0
    left: int = 0
    attempt: int = 0


class Conversation(NamedTuple):
    """doubt: an attempt's id, 0 without. claim: 0, or the worker's number from 1."""

    heard: str
    want: str
    order: tuple
    due: bool = False
    doubt: int = 0
    claim: int = 0
    failed: bool = False


class Told(NamedTuple):
    """What the person really has. sent: ((order, value), written down?). excused: the stated window was hit."""

    had: str
    order: tuple
    sent: tuple = ()
    excused: bool = False


class State(NamedTuple):
    """All of it. done: steps of the script. known: (order, value, announced). published: the highest order."""

    done: int
    faults: tuple
    token: tuple | None  # (next, topic, incarnation)
    topic: int
    log: tuple
    published: tuple
    watchers: tuple
    offset: tuple  # (offset, topic)
    booked: int  # events of bookings that are dealt with
    notifiers: tuple
    known: tuple | None
    conversations: tuple
    workers: tuple
    ledger: tuple
    told: tuple
    letters: tuple = ()
    saved: tuple | None = None


@dataclass
class Scenario:
    """script: "A".. the flight's next value, "AB" a transaction, "-" deleted, "book", "unbook", "backup",
    "restore". faults: how many of each kind. front, back: "steps", or "whole" for one step per event or message.
    seen: what the second person's booking showed ("" what the flight is when it is made)."""

    name: str
    script: list[str]
    faults: dict[str, int] = field(default_factory=dict)
    watchers: int = 1
    notifiers: int = 1
    workers: int = 1
    front: str = "steps"
    back: str = "whole"
    first: str = "A"
    known: bool = True
    booked: bool = True
    seen: int = -1  # the script's step after which the second booking's page was read
    clock_back: bool = False
    trim: bool = True  # forget messages that everybody has read


class World:
    """The scenario's history, which is the same in every run, and the promises."""

    def __init__(self, scenario: Scenario, without: frozenset[str] = frozenset()) -> None:
        self.scenario = scenario
        self.without = without
        self.counts: Counter[str] = Counter()
        self.kinds = sorted(scenario.faults)
        self._history()

    def has(self, mend: str) -> bool:
        """Whether a step stands as it is built."""
        return mend not in self.without

    def _history(self) -> None:
        """Of every step of the script: value, cluster time, incarnation, events so far, who is booked since when."""
        s = self.scenario
        value, time, incarnation, saved = s.first, 1, 1, (s.first, 1, 0)
        self.value, self.time, self.incarnation = [value], [time], [incarnation]
        self.events: list[tuple[tuple, str, int]] = []  # (order without incarnation, value after, step)
        self.upto, self.lost = [0], (0, 0)
        self.held: list[tuple[int, int, str]] = [(0, time, value)]  # (step, time, value)
        self.bookings: list[tuple[int, int, str, tuple]] = []  # (from step, to step, seen, order of seeing)
        if s.booked:
            self.bookings.append((0, 99, value, (1, 1, 99)))
        self.unbooked_at = self.restored_at = self.backed_up_at = 99
        for step, word in enumerate(s.script, 1):
            time += 1
            if word == "book":
                at = step - 1 if s.seen < 0 else s.seen
                seen_at = time if s.seen < 0 else self.time[at]
                self.bookings.append((step, 99, self.value[at], (incarnation, seen_at, 99)))
            elif word == "unbook":
                self.unbooked_at = step
            elif word == "backup":
                self.backed_up_at, saved = step, (value, time, len(self.events))
            elif word == "restore":
                self.restored_at, self.lost = step, (saved[2], len(self.events))
                value, incarnation = saved[0], incarnation + self.has("incarnation")
                time = saved[1] if s.clock_back else time
            else:
                for place, value in enumerate(word, 1):
                    self.events.append(((time, place), value, step))
                    self.held.append((step, time, value))
            self.value.append(value)
            self.time.append(time)
            self.incarnation.append(incarnation)
            self.upto.append(len(self.events))
            self.held.append((step, time, value))

    def lost_at(self, done: int) -> int:
        """The step of the restore, after it: no stream has what happened before. 0 without."""
        return self.restored_at if done >= self.restored_at else 0

    def is_booked(self, who: int, done: int) -> bool:
        """Whether the booking is there after so many steps."""
        since = self.bookings[who][0]
        if done >= self.restored_at and since > self.backed_up_at:
            return False
        return since <= done and not (who == 0 and done >= self.unbooked_at)

    def start(self) -> State:
        """Everybody knows the first value; nothing runs."""
        s = self.scenario
        people = len(self.bookings)
        return State(
            done=0,
            faults=tuple(s.faults[kind] for kind in self.kinds),
            token=(0, 0, 1) if s.known else None,
            topic=0,
            log=(),
            published=BEFORE_ALL,
            watchers=(Watcher(),) * s.watchers,
            offset=(0, 0),
            booked=int(s.booked),  # the first booking's event is long gone
            notifiers=(Notifier(),) * s.notifiers,
            known=((1, 1, 99), s.first, s.first) if s.known else None,
            conversations=(None,) * people,
            workers=(Worker(),) * s.workers,
            ledger=((),) * people,
            told=tuple(Told(seen, order) for _, _, seen, order in self.bookings),
        )

    def spend(self, state: State, kind: str) -> State | None:
        """One fault of a kind less, None when there is none left."""
        if kind not in self.kinds:
            return None
        place = self.kinds.index(kind)
        left = state.faults[place]
        return state._replace(faults=put(state.faults, place, left - 1)) if left else None

    # ------------------------------------------------------------------------------------ the promises

    def accepted(self, state: State, number: int) -> State:
        """The provider takes the message of a worker; it must be true, and not said before."""
        w = state.workers[number]
        told, conversation = state.told[w.who], state.conversations[w.who]
        said = f"{w.heard}->{w.to} {w.order} to person {w.who}"
        # What a snapshot read is as new as all of its time, whatever order it was given.
        order = (*w.order[:2], 99) if w.order[2] == 0 and w.to != "-" else w.order
        if not self._was_held(w.to, order, state.done):
            raise BrokenPromiseError(f"false: {said}")
        if not self.is_booked(w.who, state.done):
            raise BrokenPromiseError(f"told although the booking is gone: {said}")
        sent = dict(told.sent)
        key = (order, w.to)
        zombies = "delivery zombie" in self.scenario.faults
        unreported = any(
            o.at in ("ledger", "settle", "unknown") and o.who == w.who and conversation.claim != place + 1
            for place, o in enumerate(state.workers)
        )
        if conversation.claim != number + 1:
            if not zombies:
                raise BrokenPromiseError(f"sent without the claim: {said}")
            self.counts["window: sent by a worker that had lost its claim"] += 1
        elif told.excused or unreported or conversation.doubt not in (0, w.attempt):
            self.counts["window: sent while another's hand-over is not written down"] += 1
        elif w.left:
            if sent.get(key) and not zombies:
                raise BrokenPromiseError(f"repeats what the ledger has: {said}")
            marked = "a marked repeat" if key in sent else "marked, and it had not arrived"
            self.counts[f"window: {marked}"] += 1
        elif order < told.order:
            raise BrokenPromiseError(f"older after newer: {said}")
        elif key in sent:
            raise BrokenPromiseError(f"said twice without a mark: {said}")
        elif w.to == told.had:
            raise BrokenPromiseError(f"told what they knew: {said}")
        elif w.heard != told.had:
            raise BrokenPromiseError(f"wrong from, they had {told.had}: {said}")
        sent.setdefault(key, False)
        after = Told(w.to, order, tuple(sorted(sent.items())))
        return state._replace(told=put(state.told, w.who, after))

    def _was_held(self, value: str, order: tuple, done: int) -> bool:
        first_lost = self.backed_up_at if done >= self.restored_at else 99
        return any(
            v == value and time >= order[1] and step <= done and not first_lost < step < self.restored_at
            for step, time, v in self.held
        )

    def written(self, state: State, number: int) -> State:
        """The worker's message is in the ledger: from now on repeating it has no excuse."""
        w = state.workers[number]
        told = state.told[w.who]
        order = (*w.order[:2], 99) if w.order[2] == 0 and w.to != "-" else w.order
        sent = tuple((key, done or key == (order, w.to)) for key, done in told.sent)
        return state._replace(told=put(state.told, w.who, told._replace(sent=sent)))

    def at_rest(self, state: State) -> None:
        """Where only faults can happen any more, everybody booked knows how the flight is."""
        for who, told in enumerate(state.told):
            conversation = state.conversations[who]
            if (
                told.had == self.value[state.done]
                or told.excused
                or not self.is_booked(who, state.done)
                or (conversation is not None and conversation.failed)
                or any(state.known is None or state.known[0] <= order for order in state.letters)
            ):
                continue
            raise BrokenPromiseError(
                f"lost: person {who} has {told.had}, the flight is {self.value[state.done]}"
            )


def put(items: tuple, place: int, item: Any) -> tuple:
    """A tuple with one item replaced."""
    return (*items[:place], item, *items[place + 1 :])
