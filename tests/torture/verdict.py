"""What a run comes to: the oracle's truth held against what people and frontends got, and against our collections."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.torture import feeds, oracle
from tests.torture.evidence import Document, Evidence, Message
from tests.torture.journal import Write
from tests.torture.oracle import Moment
from tests.torture.providers import Accepted
from tests.torture.repeats import Repeats, same

# What leaves MongoDB's past behind: what lies between is read as it is then.
_SNAPSHOT_AFTER = ("tokens lost", "oplog", "dropped", "restored", "topics", "crash at W2", "crash at N6")

_MOST = 12  # problems of one kind that are spelt out
_LATE_S = 60.0  # somebody who gave a booking up may still get what was claimed before


@dataclass(frozen=True)
class Report:
    """counts: what happened, by name. problems: what should not have, a sentence each; [] is a pass."""

    counts: dict[str, int]
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Concern:
    """A booking or following of one person on one flight. places: where in the history they can be who made it,
    by what they were shown. since, until: when it was made and given up, None: never. document: its flight's."""

    document: str
    places: frozenset[int]
    since: float
    until: float | None


def judge(evidence: Evidence) -> Report:
    """All checks."""
    return Judge(evidence).report()


class Judge:
    """One run's checks. Each adds to `problems` and `counts`."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.counts: Counter[str] = Counter(announcements=0, messages=0, window=0, excused=0)
        self._problems: dict[str, list[str]] = defaultdict(list)
        self.writes = evidence.journal.writes
        self.flights = _histories(self.writes)
        self.users = {w.key: w.document for w in self.writes if w.collection == "users" and w.document}
        self.rows = list(evidence.database["notifications"].find())
        self.conversations = {c["_id"]: c for c in evidence.database["conversations"].find()}
        self.repeats = Repeats(evidence, self.rows)
        # Whether every write was there to be seen.
        self.exact = not evidence.lossy and not any(
            harm in fault for fault in evidence.faults for harm in _SNAPSHOT_AFTER
        )
        self.fleeting = set() if self.exact else _fleeting(self.writes, evidence.journal.prepared_at)
        self.concerns = _concerns(self.writes, self.flights, evidence.journal.prepared_at)

    def report(self) -> Report:
        """Every check once."""
        self.counts["announcements"] = self.evidence.database["announcements"].count_documents({})
        self.counts["edits"] = len(self.writes)
        self._people()
        self._ledger()
        self._letters()
        for sentence in feeds.problems(
            self.writes,
            self.evidence.polls,
            self.evidence.journal.prepared_at,
            exact=self.exact,
            log_lost="feed gap" in self.evidence.lossy,
        ):
            self._problem("feed", sentence)
        for sentence in (*self.evidence.deaths, *self.evidence.unready):
            self._problem("process", sentence)
        problems = []
        for kind, sentences in self._problems.items():
            problems += [f"{kind}: {sentence}" for sentence in sentences[:_MOST]]
            if len(sentences) > _MOST:
                problems.append(f"{kind}: and {len(sentences) - _MOST} more")
            self.counts[f"problems: {kind}"] = len(sentences)
        return Report(dict(self.counts), problems)

    def _problem(self, kind: str, sentence: str) -> None:
        self._problems[kind].append(sentence)

    def _people(self) -> None:
        """What each person heard of each flight on each channel."""
        heard: dict[tuple[str, str, str], list[Message]] = defaultdict(list)
        for taken in self.evidence.accepted:
            try:
                message = Message(taken, oracle.read(taken.text))
            except ValueError as error:
                self._problem("words", str(error))
                continue
            person = self._person(taken)
            heard[person, message.said.flight, taken.channel].append(message)
        self.counts["messages"] = len(self.evidence.accepted)
        concerns = self.concerns
        for person, flight in sorted({(p, f) for p, f, _ in heard} | set(concerns)):
            for channel, address in (("email", "email"), ("sms", "phone")):
                messages = heard.get((person, flight, channel), [])
                mine = concerns.get((person, flight), [])
                where = f"{person}, {flight}, {channel}"
                if not mine:
                    self._problem("stranger", f"{where}: told without booking or following")
                    continue
                known = self._follow(where, self.flights[flight][0], mine, messages)
                # Of a document that came and went while nobody could see it nobody knows which flight it was.
                if any(c.until is None and c.document not in self.fleeting for c in mine):
                    to = (self.users.get(person) or {}).get(address)
                    self._final(where, flight, known, (person, channel, to))
                    self._last(where, messages)

    def _person(self, taken: Accepted) -> str:
        name = "email" if taken.channel == "email" else "phone"
        return next((k for k, user in self.users.items() if user.get(name) == taken.address), taken.address)

    def _follow(
        self, where: str, moments: list[Moment], mine: list[Concern], messages: list[Message]
    ) -> set[int]:
        """Order, truth and repeats of what one person heard; where in the history they can be then."""
        waiting = sorted(mine, key=lambda c: c.since)
        known: set[int] = set()
        last: Message | None = None
        stale: str | None = None
        for message in messages:
            at = message.taken.at
            while waiting and (not known or waiting[0].since <= at):
                known |= waiting.pop(0).places
            if all(at < c.since or (c.until is not None and c.until + _LATE_S < at) for c in mine):
                self._problem("stranger", f"{where}: told {at - mine[-1].since:.0f} s after the last booking")
            between = (last.taken.at - _LATE_S, at) if last else (at, at)
            looked = any(c.since >= between[0] and c.since <= between[1] for c in mine[1:])
            if last is not None and same(last.said, message.said) and not looked:
                meanwhile = [m for m in moments[min(known) + 1 :] if m.begun <= at]
                self._repeat(where, self.repeats.wrong(last, message, meanwhile), message)
            known, wrong = oracle.follow(moments, known, message.said, at)
            # Who booked again meanwhile was shown something newer than what a message on its way still told, as far as
            # one can say of when that was.
            known |= {
                p for c in mine if c.since <= at and len(c.places) == 1 for p in c.places if p > min(known)
            }
            doubtful = self.repeats.is_doubtful(message)
            if wrong == "goes back to what was before" and self.repeats.froze():
                stale = f"{where}: {wrong}, and is not put right: {message.first}"
            elif wrong is not None:
                self._problem("false", f"{where}: {wrong}: {message.first} (was {sorted(message.said.was)})")
            elif stale is not None and doubtful:
                self.counts["window"] += 1
                stale = None
            last = message
        if stale is not None:
            self._problem("order", stale)
        for concern in waiting:
            known |= concern.places
        return known

    def _repeat(self, where: str, wrong: str | None, message: Message) -> None:
        if wrong is None:
            self.counts["window"] += 1
        else:
            self._problem("twice", f"{where}: {wrong}: {message.first}")

    def _final(self, where: str, flight: str, known: set[int], who: tuple[str, str, str | None]) -> None:
        """Everybody concerned knows how the flight stands, or it is on record why not."""
        moments, clear = self.flights[flight]
        if not clear or oracle.knows(moments, known):
            self.counts["heard"] += 1
            return
        person, channel, address = who
        told = [c for c in self.conversations.values() if (c["person"], c["channel"]) == (person, channel)]
        keys = {m.key for m in moments}
        mine = [c for c in told if c["subject"].removeprefix("flight:") in keys]
        ends = [row for row in self.rows if row["conversation"] in {c["_id"] for c in mine}]
        last = max(ends, key=lambda row: row["order"], default=None)
        reason = next((c.get("reason") for c in mine if c["status"] == "failed"), None)
        if reason is None and last is not None and last["status"] in ("failed", "skipped"):
            reason = last.get("reason")
        if reason and (address is None or address in self.evidence.refused):
            self.counts["excused"] += 1
        else:
            end = moments[-1].state
            places = sorted(known)[-3:]
            self._problem("final", f"{where}: not told of {end}, is at {places} of {len(moments)}: {reason}")

    def _last(self, where: str, messages: Sequence[Message]) -> None:
        """What somebody heard last is in the ledger: else nobody can say why they heard it, and it is in doubt."""
        last = messages[-1] if messages else None
        record = self.repeats.attempts(last) if last else []
        if last and not any(a["outcome"] == "accepted" for a in record) and not self.evidence.lossy:
            self._problem("record", f"{where}: the ledger does not have: {last.first}")

    def _ledger(self) -> None:
        """Every row has an end, every end that is not "sent" a reason; no conversation waits or is held."""
        for row in self.rows:
            self.counts[f"ledger {row['status']}"] += 1
            if row["status"] not in ("sent", "failed", "skipped") and not self._superseded(row):
                self._problem("ledger", f"{row['_id']} is {row['status']} and nothing follows")
            if row["status"] in ("failed", "skipped") and not row.get("reason"):
                self._problem("ledger", f"{row['_id']} is {row['status']} without a reason")
        for conversation in self.conversations.values():
            held = {"due_at", "claim", "lease_until", "doubt"} & conversation.keys()
            if "restored" in self.evidence.lossy or not self._is_concerned(conversation):
                held.discard("doubt")  # nobody has to be told how things stand
            if held:
                self._problem("conversation", f"{conversation['_id']} still has {', '.join(sorted(held))}")
            if conversation["status"] not in ("open", "failed"):
                self._problem("conversation", f"{conversation['_id']} is {conversation['status']}")

    def _is_concerned(self, conversation: Document) -> bool:
        """Whether the person holds a booking on the flight, or follows it, at the end."""
        key = conversation["subject"].removeprefix("flight:")
        numbers = {n for n, (moments, _) in self.flights.items() if any(m.key == key for m in moments)}
        mine = [c for n in numbers for c in self.concerns.get((conversation["person"], n), ())]
        return any(concern.until is None for concern in mine)

    def _superseded(self, row: Document) -> bool:
        """Whether a later change took the place of what a row wanted to say."""
        conversation = self.conversations.get(row["conversation"], {})
        return bool(conversation.get("order", "") > row["order"])

    def _letters(self) -> None:
        """Dead letters are of rubbish alone."""
        spoilt = {w.key for w in self.writes if w.document and "spoilt" in w.document}
        for letter in self.evidence.database["dead_letters"].find():
            self.counts["dead letters"] += 1
            if letter["key"] not in spoilt:
                self._problem("dead letter", f"{letter['collection']} {letter['key']}: {letter['words']}")


def _histories(writes: Sequence[Write]) -> dict[str, tuple[list[Moment], bool]]:
    """How each flight ever stood, by its number."""
    numbers: dict[str, str] = {}
    found: dict[str, list[tuple[float, str, int, Document | None]]] = defaultdict(list)
    for w in writes:
        if w.collection == "flights":
            if w.document is not None:
                numbers[w.key] = w.document["flight_number"]
            edit = (w.document or {}).get("edit", 0)
            found[numbers[w.key]].append((w.begun, w.key, edit, w.document))
    return {number: oracle.history(some) for number, some in found.items()}


def _concerns(
    writes: Iterable[Write], flights: Mapping[str, tuple[list[Moment], bool]], prepared_at: float
) -> dict[tuple[str, str], list[Concern]]:
    """Who had to hear of which flight, from when to when."""
    number_of = {moment.key: number for number, (moments, _) in flights.items() for moment in moments}
    open_: dict[str, tuple[tuple[str, str], Concern]] = {}
    closed: list[tuple[tuple[str, str], Concern]] = []
    for w in writes:
        if w.collection not in ("bookings", "followings"):
            continue
        holds = w.document is not None and w.document.get("status") != "cancelled"
        if holds and w.document is not None and w.key not in open_:
            number = number_of[str(w.document["flight_id"])]
            places = _shown(w, flights[number][0], prepared_at)
            key = str(w.document["flight_id"])
            open_[w.key] = ((w.document["user_id"], number), Concern(key, places, w.begun, None))
        elif not holds and w.key in open_:
            who, concern = open_.pop(w.key)
            closed.append((who, replace(concern, until=w.at)))
    found: dict[tuple[str, str], list[Concern]] = defaultdict(list)
    for who, concern in [*closed, *open_.values()]:
        found[who].append(concern)
    return found


def _shown(write: Write, moments: Sequence[Moment], prepared_at: float) -> frozenset[int]:
    """Where they can be who made this booking: at what it showed, or at what had been for long when nothing had
    happened yet; else anywhere, because nobody can say what they saw."""
    shown = ((write.document or {}).get("seen") or {}).get("flight", {}).get("edit")
    exact = frozenset(i for i, m in enumerate(moments) if m.edit == shown)
    if exact:
        return exact
    return frozenset((0,) if write.begun <= prepared_at else range(len(moments)))


def _fleeting(writes: Iterable[Write], prepared_at: float) -> set[str]:
    """Keys of flights' documents that were made under fire, and are gone in the end."""
    born, last = dict[str, float](), dict[str, Document | None]()
    for w in writes:
        if w.collection == "flights":
            born.setdefault(w.key, w.begun)
            last[w.key] = w.document
    return {key for key, at in born.items() if at > prepared_at and last[key] is None}
