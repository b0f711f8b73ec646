"""How flights ever stood, from what was written to MongoDB, and where in that a person is who got these messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

GONE = {"is cancelled": "cancelled", "no longer in the schedule": "removed"}
_TIME, _GATE, _DAY = r"(?!2[4-9]|[3-9])\d\d:\d\d", r"[A-Z]\d{1,3}", r"(?:\w{3} \d+ \w{3},?\s)?"


class State(NamedTuple):
    """How a flight stands: "flying", "cancelled" or "removed"; leaves by the clock of its airport."""

    status: str
    leaves: str
    gate: str


class Moment(NamedTuple):
    """From when on it stood so, at the earliest, by which write, in which document."""

    begun: float
    state: State
    edit: int
    key: str


class Said(NamedTuple):
    """What one message told; None: nothing of that. was: old gate and time that it named."""

    flight: str
    status: str
    leaves: str | None
    gate: str | None
    was: frozenset[str]
    doubtful: bool


def stands(document: dict[str, Any] | None, last: State | None) -> State | None:
    """How a flight stands by its document; None when nobody can say. last: how it stood before."""
    if document is None:
        return last._replace(status="removed") if last else None
    status, gate, planned = (document.get(name) for name in ("status", "gate", "departure_time"))
    leaves = document.get("estimated_departure_time") or planned
    sane = rf"{_TIME} {_TIME} {_GATE} (scheduled|delayed|cancelled)"
    if not re.fullmatch(sane, f"{planned} {leaves} {gate} {status}"):
        return None
    return State("cancelled" if status == "cancelled" else "flying", str(leaves), str(gate))


def sound(document: dict[str, Any] | None) -> bool:
    """Whether nothing in it is rubbish: where something is, it may be true, but nobody need hear of it."""
    return all(isinstance(v, str | int) and len(str(v)) < 200 for v in dict(document or {}, _id="").values())


def history(writes: Iterable[tuple[float, str, int, dict[str, Any] | None]]) -> tuple[list[Moment], bool]:
    """All that was so of a flight, of its writes in order (begun, key, edit, document); is its end understood?"""
    moments, found, document = list[Moment](), None, None
    for begun, key, edit, document in writes:
        if found := stands(document, moments[-1].state if moments else None):
            moments.append(Moment(begun, found, edit, key))
    return moments, found is not None and sound(document)


def read(text: str) -> Said:
    """What a message tells (a mail with its subject as the first line). Raises ValueError when nobody can say."""
    first, words = text.splitlines()[0], " ".join(text.split())
    if (number := re.search(r"\b(ZQ) (\d+)\b", first)) is None:
        raise ValueError(f"no flight in {first!r}")
    status = next((status for said, status in GONE.items() if said in first), "flying")
    new = re.sub(r"\(was[^)]*\)", "", text) if status == "flying" else ""
    leaves = re.search(rf"^Leaves\s+{_DAY}({_TIME})", new, re.M) or re.search(rf"\b({_TIME}) [A-Z0-9+]", new)
    gate = re.search(rf"^Gate +({_GATE})\b", new, re.M) or re.search(rf"\bgate,? ({_GATE})\b", new, re.I)
    was = frozenset(re.findall(rf"\(was {_DAY}({_TIME}|{_GATE})\b", words))
    doubtful = "things stand now" in words or (first.startswith("Gatecall") and " now " in first)
    return Said(number[1] + number[2], status, leaves and leaves[1], gate and gate[1], was, doubtful)


def follow(moments: Sequence[Moment], known: set[int], said: Said, at: float) -> tuple[set[int], str | None]:
    """Where in the history somebody can be after a message, who could be at `known` before; None or what is wrong."""
    new = {name: told for name, told in said._asdict().items() if name in State._fields and told is not None}
    then = {i for i, m in enumerate(moments) if m.begun <= at and m.state == m.state._replace(**new)}
    later = {i for i in then if i >= min(known)}
    if not later:
        return then or known, "goes back to what was before" if then else "says what never was"
    # Who hears that it does not fly hears no gate: which one it is said to have been may be any before.
    past = {k: moments[k : k + 1] if moments[k].state.status == "flying" else moments[: k + 1] for k in known}
    sure = [k for k in known if said.was <= {part for moment in past[k] for part in moment.state}]
    told = {i for i in later if any(k <= i for k in sure)}
    return (told, None) if told else (later, "says 'was' of what this person did not hear")


def knows(moments: Sequence[Moment], known: set[int]) -> bool:
    """Whether somebody at these moments knows how it stands at the end: of one that does not fly, only that."""
    end = moments[-1].state
    states = {moments[k].state if end.status == "flying" else moments[k].state.status for k in known}
    return bool(states & {end, end.status} or (end.status == "removed" and "cancelled" in states))
