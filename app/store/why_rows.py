"""From documents of the record to the facts of a chain (`app.domain.why`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain import subjects, why
from app.domain.news import Role
from app.domain.speech import say, to_say
from app.domain.why import Attempt, Changed, DeadLetter, Event, Noted, Notification, Quiet, Talk

Document = Mapping[str, Any]

_REPORTED: Mapping[str, tuple[str, str]] = {
    "delivered": (to_say("It was delivered"), "end"),
    "read": (to_say("It was read"), "end"),
    "undelivered": (to_say("It could not be delivered"), "bad"),
}


def event(decided: Document | None, announced: Document | None, letter: Document | None) -> Event:
    """One event out of up to three documents, of which one is there at least."""
    row: dict[str, Any] = {**(letter or {}), **(announced or {}), **(decided or {})}
    order = str(row.get("order") or "")
    changed_at = row.get("changed_at") or (letter or {}).get("first_at")
    told = announced or {}
    changes = (
        _between(told["subject"], told.get("from"), told.get("to"))
        if announced
        else why.changed(row.get("changes"))
    )
    arrival = decided or letter or {}
    return Event(
        id=str((decided or {}).get("_id") or row.get("event_id") or row.get("_id")),
        key=str(row.get("key") or str(row.get("subject", "")).partition(":")[2]),
        subject=row.get("subject"),
        order=order,
        version=str(row.get("version") or order),
        outcome=(decided or {}).get("outcome") or ("news" if announced else None),
        changed_at=changed_at,
        decided_at=told.get("decided_at") or (decided or {}).get("decided_at"),
        found_late=bool(row.get("found_late")),
        kinds=tuple(told.get("kinds", ())),
        changes=changes,
        topic=arrival.get("topic"),
        partition=arrival.get("partition"),
        offset=arrival.get("offset"),
        published_at=(decided or {}).get("published_at"),
        read_at=(decided or {}).get("read_at"),
        dead_letter=_dead_letter(letter) if letter else None,
    )


def quiet(row: Document) -> Quiet:
    """A decision of delivery to say nothing."""
    return Quiet(
        order=row["order"],
        event_id=str(row.get("event_id") or ""),
        action=row["action"],
        reason=row["reason"],
        role=_role(row),
        decided_at=row["decided_at"],
        until=row.get("until"),
        kinds=tuple(row.get("kinds", ())),
        changes=why.changed(row.get("changes")),
    )


def notification(row: Document) -> Notification:
    """A row of the ledger, with what its provider reported and what staff did."""
    return Notification(
        id=row["_id"],
        order=row["order"],
        event_id=str(row.get("event_id") or ""),
        status=row["status"],
        reason=row.get("reason"),
        title=row.get("title"),
        role=_role(row),
        decided_at=row.get("decided_at"),
        changed_at=row.get("changed_at"),
        due_at=row.get("due_at"),
        sent_at=row.get("sent_at"),
        created_at=row["created_at"],
        kinds=tuple(row.get("kinds", ())),
        changes=_between(row["subject"], row.get("from"), row.get("to")),
        attempts=tuple(_attempt(one) for one in row.get("attempts", ())),
        noted=(*_folded(row), *_reports(row), *_repeats(row)),
        delivery=(row.get("delivery") or {}).get("state"),
    )


def talk(row: Document) -> Talk:
    """The conversation as it stands."""
    return Talk(
        order=str(row.get("order") or ""),
        start=str(row.get("start") or ""),
        status=str(row.get("status") or ""),
        due_at=row.get("due_at") or row.get("fold"),
        not_before=row.get("not_before"),
        is_claimed=row.get("claim") is not None,
        agrees=row.get("heard") == row.get("want"),
        reason=row.get("reason"),
    )


def _dead_letter(row: Document) -> DeadLetter:
    return DeadLetter(
        source=str(row.get("source")),
        reason=str(row.get("reason")),
        words=str(row.get("words") or ""),
        status=str(row.get("status")),
        at=row["first_at"],
    )


def _attempt(one: Document) -> Attempt:
    return Attempt(
        started_at=one["started_at"],
        ended_at=one["ended_at"],
        outcome=one["outcome"],
        provider_id=one.get("provider_id"),
        words=one.get("words"),
    )


def _folded(row: Document) -> Sequence[Noted]:
    if not row.get("digest") or not row.get("decided_at"):
        return ()
    words = say("The same mail told what else had waited for it.")
    return [Noted(row["decided_at"], say("It went into a digest"), words, "")]


def _reports(row: Document) -> Sequence[Noted]:
    found = []
    for attempt in row.get("attempts", ()):
        for report in attempt.get("reports", ()):
            state = str(report.get("state"))
            title, tone = _REPORTED.get(state, (to_say("The provider reports: {state}"), ""))
            code = f" ({report['code']})" if report.get("code") else ""
            found.append(
                Noted(
                    report["at"], say(title, state=state), f"{report.get('words') or ''}{code}".strip(), tone
                )
            )
    return found


def _repeats(row: Document) -> Sequence[Noted]:
    return [
        Noted(one["at"], say("Staff had it sent again"), str(one.get("why") or ""), "", for_staff=True)
        for one in row.get("again", ())
        if one.get("at")
    ]


def _between(subject: str, old: Document | None, new: Document | None) -> tuple[Changed, ...]:
    if not old or not new:
        return ()
    parse = subjects.of(subject).parse
    return why.changed(why.differing(parse(old), parse(new)))


def _role(row: Document) -> Role | None:
    return Role(row["role"]) if row.get("role") in set(Role) else None
