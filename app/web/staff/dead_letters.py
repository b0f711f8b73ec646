"""The page of dead letters: what could not be processed, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from app.domain.namespaces import BY_COLLECTION
from app.domain.speech import number, plural, say, to_say
from app.store.dead_letters import (
    DISCARDED,
    HANDLER_FAILED,
    REPLAYED,
    SOURCES,
    STATUSES,
    WAITING,
    DeadLetters,
    Filter,
)
from app.store.read_requests import ReadRequests, target_of
from app.store.repair import LetterDesk
from app.web.services import services
from app.web.staff import asked, session

log = structlog.get_logger()

_ENDPOINT = "staff.dead_letters"
_PAGE = 25
_MOST_AT_ONCE = 1_000
_ACTIONS = ("replay", "discard")
_STATUSES: Mapping[str, str] = {
    WAITING: to_say("Waiting"),
    REPLAYED: to_say("Replayed"),
    DISCARDED: to_say("Discarded"),
    "all": to_say("All"),
}
"""Each status of the filter, as a page calls it."""
_STEPS: Mapping[str, str] = {
    "returned": to_say("Returned"),
    "replay asked": to_say("Replay asked"),
    "replayed": to_say("Replayed"),
    "discarded": to_say("Discarded"),
}
"""What a letter's history says that happened."""

_WHAT_TO_DO: Mapping[str, str] = {
    "bad_field": to_say("Correct the field in the document. Then replay."),
    "unencodable": to_say("Correct the field: it holds a value that has no form in JSON. Then replay."),
    "too_large": to_say("Make the document smaller. Then replay."),
    "no_key": to_say("Enter what the document belongs to; that edit is read by itself. Then discard."),
    HANDLER_FAILED: to_say("A fault of ours: report it with the words. Replay once it is mended."),
    "not_json": to_say("Something else writes to the topic. Replay reads the document afresh."),
    "bad_envelope": to_say("Something else writes to the topic. Replay reads the document afresh."),
    "unknown_version": to_say("A later version wrote it: update this one. Then replay."),
    "no_values": to_say("Replay: it reads the document as it is now."),
}

_LOOK = to_say("Look at the words. Replay reads the document as it is now.")


@dataclass(frozen=True, slots=True)
class Row:
    """A dead letter as the page shows it. status, history: in words; can_replay: something says which document it is
    about."""

    id: str
    letter: Mapping[str, Any]
    title: str
    status: str
    history: Sequence[Mapping[str, Any]]
    place: str
    to_do: str
    can_replay: bool
    pending: bool


def view() -> str:
    """The list, with filters, counts by reason, and the forms that replay and discard.

    :raise 400: a filter cannot be understood.
    """
    parts = services()
    letters = DeadLetters(parts.database, parts.now)
    wanted, page = _filter(request.args), asked.page_number(request.args)
    total = letters.how_many(wanted)
    found = list(letters.search(wanted, limit=_PAGE, skip=(page - 1) * _PAGE))
    counts = letters.counts()
    return render_template(
        "staff/dead_letters.html",
        rows=_rows(parts.database, found),
        args=request.args,
        total=total,
        pages=_pages(page, total),
        counts=_by_status(counts),
        reasons=sorted({reason for reason, _ in counts} | ({wanted.reason} if wanted.reason else set())),
        by_reason=_by_reason(counts, wanted.status),
        collections=sorted(BY_COLLECTION),
        sources=SOURCES,
        statuses=[(one, say(name)) for one, name in _STATUSES.items()],
        status=wanted.status or "all",
        unserved=ReadRequests(parts.database).count(),
        done=_done(request.args),
    )


def detail() -> str:
    """One dead letter with all that is kept of it. Its id is `?id=`. :raise 404: there is none."""
    parts = services()
    letter = DeadLetters(parts.database, parts.now).find(request.args.get("id", ""))
    if letter is None:
        raise NotFound(
            say(
                "There is no such dead letter. It may have been cleared away; the list shows those there are."
            )
        )
    (row,) = _rows(parts.database, [letter])
    return render_template("staff/dead_letter.html", row=row, letter=letter)


def act() -> str | Response:
    """Replay or discard those chosen, or all that the filters leave; more than one only after asking.

    :raise 400: nothing is chosen, or it is not clear what to do.
    """
    parts = services()
    action = asked.one_of(request.form, "action", _ACTIONS, "")
    letters = DeadLetters(parts.database, parts.now)
    everything = request.form.get("all") == "yes"
    asked_at = asked.moment(request.form, "asked_at") or parts.now()
    if everything:
        wanted = _asked_about(action, asked_at)
        total = letters.how_many(wanted)
        ids = [id_ for _, id_ in zip(range(_MOST_AT_ONCE), letters.search_ids(wanted), strict=False)]
    else:
        ids = list(dict.fromkeys(request.form.getlist("id")))[:_MOST_AT_ONCE]
        total = len(ids)
    if not ids:
        raise BadRequest(say("No dead letter is chosen. Go back, choose some, and press the button again."))
    if len(ids) > 1 and request.form.get("sure") != "yes":
        return render_template(
            "staff/dead_letters_sure.html",
            action=action,
            **_question(action, len(ids)),
            ids=ids if not everything else [],
            asked_at=asked_at.isoformat() if everything else None,
            form=request.form,
            count=len(ids),
            left=total - len(ids),
        )
    who = session.signed_in()
    desk = LetterDesk(parts.database, who, parts.now)
    refused = [why for id_ in ids if (why := desk.replay(id_) if action == "replay" else desk.discard(id_))]
    log.info("dead letters repaired", action=action, staff=who, letters=len(ids), refused=len(refused))
    kept = {name: value for name, value in request.form.items() if name in _FILTERS}
    outcome: dict[str, str | int] = {"did": action, "n": len(ids) - len(refused), "refused": len(refused)}
    return redirect(asked.address(_ENDPOINT, kept, **outcome), 303)


def _asked_about(action: str, asked_at: datetime) -> Filter:
    """What the filters left when staff was asked: what came since is not what the answer is about."""
    wanted, end = _filter(request.form), asked_at + timedelta(milliseconds=1)
    if action == "discard":
        wanted = replace(wanted, status=WAITING)
    return replace(wanted, until=min(wanted.until or end, end))


def _question(action: str, count: int) -> dict[str, str]:
    """What is asked before so many are replayed or discarded: title and question of the page, and its button."""
    if action == "replay":
        return {
            "title": plural("Replay {number} dead letter", "Replay {number} dead letters", count),
            "question": plural("Replay {number} dead letter?", "Replay {number} dead letters?", count),
            "button": say("Replay {number}", number=number(count)),
        }
    return {
        "title": plural("Discard {number} dead letter", "Discard {number} dead letters", count),
        "question": plural("Discard {number} dead letter?", "Discard {number} dead letters?", count),
        "button": say("Discard {number}", number=number(count)),
    }


_FILTERS = ("status", "reason", "collection", "source", "key", "since", "until")


def _filter(args: Mapping[str, str]) -> Filter:
    status = asked.one_of(args, "status", (*STATUSES, "all"), WAITING)
    return Filter(
        status=None if status == "all" else status,
        reason=asked.text(args, "reason"),
        collection=asked.text(args, "collection"),
        source=asked.text(args, "source"),
        key=asked.text(args, "key"),
        since=asked.moment(args, "since"),
        until=asked.moment(args, "until"),
    )


def _rows(database: Any, letters: Sequence[Mapping[str, Any]]) -> list[Row]:
    pending = ReadRequests(database).letters_of(letter["_id"] for letter in letters)
    return [_row(letter, letter["_id"] in pending) for letter in letters]


def _row(letter: Mapping[str, Any], pending: bool) -> Row:
    reason, field = str(letter["reason"]), letter.get("field")
    title = reason.replace("_", " ").capitalize().replace("json", "JSON") + (f": {field}" if field else "")
    place = [str(letter[name]) for name in ("topic",) if letter.get(name)]
    if letter.get("partition") is not None:
        place.append(say("partition {number}", number=number(letter["partition"])))
    if letter.get("offset") is not None:
        place.append(say("offset {number}", number=number(letter["offset"])))
    can_replay = target_of(letter) is not None
    to_do = say(_WHAT_TO_DO[reason]) if reason in _WHAT_TO_DO else say(_LOOK)
    return Row(
        id=letter["_id"],
        letter=letter,
        title=title,
        status=_said(_STATUSES, str(letter["status"])),
        history=[{**entry, "what": _said(_STEPS, entry["what"])} for entry in letter.get("history", ())],
        place=", ".join(place),
        to_do=to_do if can_replay else say("Nothing says which document it was about. Discard after a look."),
        can_replay=can_replay,
        pending=pending,
    )


def _said(names: Mapping[str, str], stored: str) -> str:
    """What is stored, in the words of its name; what has none as it is."""
    return say(names[stored]) if stored in names else stored.capitalize()


def _pages(page: int, total: int) -> dict[str, Any]:
    last = max(1, -(-total // _PAGE))
    previous = asked.address(_ENDPOINT, request.args, page=page - 1) if page > 1 else None
    following = asked.address(_ENDPOINT, request.args, page=page + 1) if page < last else None
    return {"number": page, "last": last, "previous": previous, "next": following}


def _by_status(counts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    found = {status: sum(n for (_, s), n in counts.items() if s == status) for status in STATUSES}
    return found | {"all": sum(counts.values())}


def _by_reason(counts: Mapping[tuple[str, str], int], status: str | None) -> list[tuple[str, int, str]]:
    """Reason, how many, and the address that shows them; the most first."""
    found: dict[str, int] = {}
    for (reason, state), n in counts.items():
        if status in (None, state):
            found[reason] = found.get(reason, 0) + n
    rows = sorted(found.items(), key=lambda row: (-row[1], row[0]))
    return [(reason, n, url_for(_ENDPOINT, status=status or "all", reason=reason)) for reason, n in rows]


def _done(args: Mapping[str, str]) -> dict[str, Any] | None:
    """What the last form did, told by the address that it led to."""
    did, n, refused = args.get("did"), args.get("n", ""), args.get("refused", "0")
    if did not in _ACTIONS or not (n.isdecimal() and refused.isdecimal()):
        return None
    return {"did": did, "n": int(n[:6]), "refused": int(refused[:6])}
