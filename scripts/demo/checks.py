"""Was a change lost, was a person told twice, did a worker die? Judged from the evidence, not from counters.

Each check compares two things that came to be independently: the plan with the feed, MongoDB's flights with what
the notifier knows, what the inbox received with the ledger, what people heard with how the flights ended.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain import subjects
from app.domain.flight import Flight, parse
from app.domain.mail_lists import list_of
from app.domain.namespaces import FLIGHT_FIELDS
from app.domain.news import Action, Decision, Role, Rules, decide
from app.domain.preferences import parse as choices_of
from app.domain.preferences import rules as rules_of
from app.domain.timing import Reason
from scripts.demo.evidence import Evidence
from scripts.demo.people import People
from scripts.demo.plan import Plan
from scripts.demo.story import Edit, Identity

Document = dict[str, Any]

_NOT_HELD = frozenset({"cancelled", "canceled", "expired", "refunded", "removed"})
_ADDRESS = {"email": "email", "sms": "phone"}
"""Where a person is reached on the channels whose messages the inbox counts; a message of Telegram is edited."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. words: what was compared, with figures. problems: a line each, empty when all is well."""

    name: str
    words: str
    problems: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Whether nothing was found."""
        return not self.problems

    def shown(self) -> list[str]:
        """The first problems, and how many more there are."""
        more = len(self.problems) - _SHOWN
        return [*self.problems[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]


def plan_was_written(plan: Plan, evidence: Evidence) -> Finding:
    """MongoDB's flights are what the plan ends with."""
    ended = {_identity(flight): _fields(flight) for flight in evidence.flights}
    problems = [
        f"{' '.join(key)}: MongoDB has {_difference(ended.get(key), fields)}"
        for key, fields in plan.final.items()
        if ended.get(key) != fields
    ]
    return Finding("written", f"{len(ended)} flights in MongoDB are as the plan ends", tuple(problems))


def known_is_final(evidence: Evidence) -> Finding:
    """What the notifier knows of each flight is what MongoDB has."""
    problems = []
    for flight in evidence.flights:
        known = evidence.known.get(str(flight["_id"]))
        value = parse(_fields(flight)).to_document()
        if known is None or known["state"] != "present" or known["value"] != value:
            found = (
                "nothing" if known is None else f"{known['state']}, {_difference(known.get('value'), value)}"
            )
            problems.append(f"{' '.join(_identity(flight))}: the notifier knows {found}")
    there = {str(flight["_id"]) for flight in evidence.flights}
    problems += [
        f"{key}: deleted, but known as {row['state']}"
        for key, row in evidence.known.items()
        if key not in there and row["state"] != "gone"
    ]
    return Finding(
        "captured", f"{len(evidence.flights)} flights are known as MongoDB has them", tuple(problems)
    )


def feed_has_each_change_once(edits: Sequence[Edit], fare_edits: int, evidence: Evidence) -> Finding:
    """A frontend that polled saw every visible change of every flight, once and in order, and every fare."""
    wanted: dict[Identity, list[Any]] = defaultdict(list)
    for edit in edits:
        if edit.visible:
            wanted[edit.identity].append(_changes(edit))
    seen: dict[Identity, list[Any]] = defaultdict(list)
    for update in evidence.updates:
        if update["type"] == "flight":
            seen[_identity(update["subject"])].append(_changes_seen(update))
    problems = [
        f"{' '.join(key)}: {_first_difference(wanted[key], seen[key])}"
        for key in sorted(wanted.keys() | seen.keys())
        if wanted[key] != seen[key]
    ]
    fares = sum(update["type"] == "fare" for update in evidence.updates)
    if fares != fare_edits:
        problems.append(f"{fare_edits} fares were edited, the feed showed {fares}")
    twice = [
        name for name, count in Counter(update["id"] for update in evidence.updates).items() if count > 1
    ]
    problems += [f"update {name} was served more than once" for name in twice]
    if evidence.gaps:
        problems.append(f"the feed said {evidence.gaps} times that something may be missing")
    flights = sum(len(changes) for changes in wanted.values())
    return Finding(
        "feed", f"{flights} flight changes and {fares} fares, each once and in order", tuple(problems)
    )


def inbox_matches_ledger(evidence: Evidence) -> Finding:
    """Each address received exactly as many messages as the ledger has accepted attempts for its person.

    All rows that a digest told are one mail. Sign-in links, codes and tests are in no ledger: as many more must
    have arrived on a channel as delivery counted of them.
    """
    sent: Counter[tuple[str, str]] = Counter()
    digests = set()
    for row in evidence.notifications:
        accepted = sum(attempt["outcome"] == "accepted" for attempt in row.get("attempts", ()))
        if accepted and (digest := row.get("digest")):
            accepted -= (row["person"], digest) in digests
            digests.add((row["person"], digest))
        if accepted and row["channel"] in _ADDRESS:
            person = evidence.users.get(row["person"], {})
            sent[row["channel"], str(person.get(_ADDRESS[row["channel"]]))] += accepted
    received = Counter((receipt["channel"], receipt["address"]) for receipt in evidence.receipts)
    more = received - sent
    besides = Counter(channel for channel, _ in more.elements())
    services = {name: n for name, n in evidence.service_messages.items() if name in _ADDRESS}
    explained = dict(besides) == services
    problems = [
        f"{channel} to a person: the ledger has {sent[channel, address]}, {received[channel, address]} arrived"
        for channel, address in sorted({*(sent - received)} | (set() if explained else {*more}))
    ]
    if not explained and not problems:
        problems = [f"{services} sign-in links, codes and tests, {dict(besides)} arrived"]
    words = (
        f"{received.total()} messages arrived, the ledger has {sent.total()}, {len(digests)} of them digests"
    )
    if besides:
        words += f"; {besides.total()} sign-in links, codes and tests"
    return Finding("delivered", words, tuple(problems))


def nobody_was_told_twice(evidence: Evidence) -> Finding:
    """No message arrived again, no notification was accepted twice, and none said what was heard already."""
    problems = []
    for (channel, _), count in Counter((r["channel"], r["id"]) for r in evidence.receipts).items():
        if count > 1:
            problems.append(f"one {channel} message arrived {count} times")
    alike = Counter((r["channel"], r["address"], r["digest"]) for r in evidence.receipts)
    problems += [
        f"the same {key[0]} text arrived {n} times at one person" for key, n in alike.items() if n > 1
    ]
    last_told: dict[str, Document] = {}
    for row in _in_order(evidence.notifications):
        accepted = sum(attempt["outcome"] == "accepted" for attempt in row.get("attempts", ()))
        if accepted > 1:
            problems.append(f"{row['_id']} was accepted {accepted} times")
        if row["status"] == "sent":
            before = last_told.get(row["conversation"])
            if before is not None and before["to"] == row["to"]:
                problems.append(f"{row['_id']} says what {before['_id']} had said")
            last_told[row["conversation"]] = row
    doubtful = int(evidence.metrics.get(("delivery", "gatecall_doubtful_sends_total"), 0))
    if doubtful:
        problems.append(f"{doubtful} messages were sent although an earlier one may have arrived")
    return Finding("told once", f"{len(evidence.receipts)} messages, none twice", tuple(problems))


def everybody_knows(
    plan: Plan,
    people: People,
    evidence: Evidence,
    *,
    channels: Iterable[str],
    rules: Rules,
    now: datetime,
    slow: bool = False,
) -> Finding:
    """Whoever still holds or follows a flight has heard how it ended, as far as the rules tell it.

    What a person heard is the last message sent, else what their booking showed, else the schedule as the demo
    began; what they want to hear, they chose. What was skipped on the record, with its reason, counts as dealt with,
    and so does what still waits as its person chose. Who joined while the demo ran and left no trace of what they
    had seen is not judged: nobody knows what they knew. slow: people were told many hours late by the demo's clock, so
    that who joined may have done so when the flight was over; then no conversation is begun.
    """
    flights = {str(flight["_id"]): parse(_fields(flight)) for flight in evidence.flights}
    current = {flight.identity: key for key, flight in flights.items()}
    published = {current[flight.identity]: flight for flight in map(parse, plan.published.values())}
    told = _last_rows(evidence, current, "sent")
    skipped = _last_rows(evidence, current, "skipped")
    joined, waiting = _joined(people, evidence, current), _waiting(evidence, current)
    keys = _keys(evidence, current)
    begun = {
        (row["person"], keys.get(key := row["subject"].removeprefix("flight:"), key), row["channel"])
        for row in evidence.conversations
    }
    choices = {person: choices_of(user.get("preferences")) for person, user in evidence.users.items()}
    problems, compared = [], 0
    for (person, key), (role, seen) in _holders(evidence, current).items():
        user, flight = evidence.users[person], flights[key]
        for channel in channels:
            place = (person, key, channel)
            if not user.get(_ADDRESS[channel]) or (seen is None and (person, key) in joined):
                continue
            if slow and (person, key) in joined and place not in begun:
                continue
            if channel == "email" and str(list_of(role)) in choices[person].stopped:
                continue
            compared += 1
            heard = Flight.from_document(told[place]["to"]) if place in told else seen or published[key]
            decision = decide(heard, flight, role, rules_of(choices[person], channel, rules), now)
            dealt_with = place in waiting or (
                place in skipped and _is_settled(skipped[place], told.get(place), flight, decision)
            )
            if decision.action is Action.TELL and not dealt_with:
                kinds = ", ".join(decision.kinds)
                problems.append(f"person {person} was not told by {channel}: {flight.identity} {kinds}")
    return Finding(
        "everybody knows", f"{compared} conversations agree with how the flights ended", tuple(problems)
    )


def _is_settled(skipped: Document, told: Document | None, flight: Flight, decision: Decision) -> bool:
    """Whether a message that was skipped on the record said what is missing, after the last one that was sent.

    Delivery decides on the demo's clock, which runs on while saves lag behind; and when the flight moves on, what
    was skipped once is not put on record again: so it is enough that it was of the same kinds.
    """
    if told is not None and skipped["order"] < told["order"]:
        return False
    return bool(skipped["to"] == flight.to_document() or {*map(str, decision.kinds)} <= {*skipped["kinds"]})


def nothing_is_dead(evidence: Evidence) -> Finding:
    """No dead letter, nothing failed or still open, every process ready."""
    problems = [
        f"dead letter: {row['collection']} {row['reason']}: {row['words']}" for row in evidence.dead_letters
    ]
    problems += [
        f"{row['_id']} is {row['status']}: {row.get('reason')}"
        for row in evidence.notifications
        if row["status"] in ("failed", "unknown", "retrying")
    ]
    problems += [f"{name} is not ready: {why}" for name, why in evidence.not_ready.items()]
    return Finding("well", "no dead letter, no failed message, every process ready", tuple(problems))


def _holders(
    evidence: Evidence, current: Mapping[str, str]
) -> dict[tuple[str, str], tuple[Role, Flight | None]]:
    """Who holds or follows which flight, and what their booking showed. Traveller wins over follower; a following
    that is muted is none."""
    keys = _keys(evidence, current)
    found: dict[tuple[str, str], tuple[Role, Flight | None]] = {}
    for following in evidence.followings:
        if following.get("muted") or following.get("airport"):
            continue
        key = str(following["flight_id"])
        found[str(following["user_id"]), keys.get(key, key)] = (Role.FOLLOWER, None)
    for booking in evidence.bookings:
        if booking["status"] not in _NOT_HELD:
            key = str(booking["flight_id"])
            shown = parse(booking["seen"]["flight"]) if booking.get("seen") else None
            found[str(booking["user_id"]), keys.get(key, key)] = (Role.TRAVELLER, shown)
    return found


def _keys(evidence: Evidence, current: Mapping[str, str]) -> dict[str, str]:
    """The present key of every flight's key. Bookings of a flight that was inserted again name its old one."""
    return {key: current.get(str(row.get("identity")), key) for key, row in evidence.known.items()}


def _joined(people: People, evidence: Evidence, current: Mapping[str, str]) -> set[tuple[str, str]]:
    """Person and flight of those who booked or followed while the demo ran, by its plan or by hand."""
    there = {one.id for one in people.bookings} | {one.id for one in people.followings}
    keys = _keys(evidence, current)
    new = [row for row in (*evidence.bookings, *evidence.followings) if row.get("_id") not in there]
    return {(str(row["user_id"]), keys.get(str(row["flight_id"]), str(row["flight_id"]))) for row in new}


def _waiting(evidence: Evidence, current: Mapping[str, str]) -> set[tuple[str, str, str]]:
    """Person, present key of the flight and channel of what is not due yet, because the person chose so."""
    keys = _keys(evidence, current)
    found = set()
    for row in evidence.conversations:
        due = row.get("fold") or row.get("due_at")
        if row.get("status") == "open" and row.get("reason") in set(Reason) and due and due > evidence.at:
            key = row["subject"].removeprefix("flight:")
            found.add((row["person"], keys.get(key, key), row["channel"]))
    return found


def _last_rows(
    evidence: Evidence, current: Mapping[str, str], status: str
) -> dict[tuple[str, str, str], Document]:
    """The latest row of the ledger with this status, by person, present key of the flight and channel."""
    found = {}
    for row in _in_order(evidence.notifications):
        if subjects.of(row["subject"]) is not subjects.FLIGHT:
            continue
        identity = "|".join(_identity(row["to"]))
        if row["status"] == status and identity in current:
            found[row["person"], current[identity], row["channel"]] = row
    return found


def _in_order(rows: Sequence[Document]) -> list[Document]:
    return sorted(rows, key=lambda row: row["order"])


def _identity(document: Mapping[str, Any]) -> Identity:
    return (document["flight_number"], document["origin"], document["departure_date"])


def _fields(document: Mapping[str, Any]) -> dict[str, str]:
    return {name: document[name] for name in FLIGHT_FIELDS if name in document}


def _changes(edit: Edit) -> dict[str, tuple[str | None, str | None]]:
    """An edit as the feed should show it: field, from, to. A flight that is gone is shown as removed."""
    before = edit.before or {}
    after = edit.after if edit.after is not None else {**before, "status": "removed"}
    pairs = {name: (before.get(name), after.get(name)) for name in before.keys() | after.keys()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _changes_seen(update: Mapping[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    return {change["field"]: (change["from"], change["to"]) for change in update["changes"]}


def _first_difference(wanted: list[Any], seen: list[Any]) -> str:
    for place, (one, other) in enumerate(zip(wanted, seen, strict=False), start=1):
        if one != other:
            return f"change {place} was {one}, the feed showed {other}"
    if len(wanted) > len(seen):
        return f"{len(wanted) - len(seen)} changes are missing, the first is {wanted[len(seen)]}"
    return f"{len(seen) - len(wanted)} changes too many, the first is {seen[len(wanted)]}"


def _difference(found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> str:
    if found is None:
        return "nothing"
    names = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    return ", ".join(f"{name} {found.get(name)!r} instead of {wanted.get(name)!r}" for name in names)
