"""News that goes back and forth: told a few times, then once more when it has settled. Plain; times are passed in.

What is asked is what a person was told, not what was edited: two edits that became one message are one. Only fields
that can go on changing count (a gate, a delay); a cancellation or a boarding call is never held.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.domain.news import Kind
from app.domain.preferences import KINDS, Group
from app.domain.timing import Hold, Reason

WITHIN: Final = timedelta(hours=1)
"""How far back messages count, and how long after the last one news is held at most."""
_HURRY: Final = timedelta(minutes=5)
"""What counts as settled when departure is near, instead of `Flapping.calm`."""
_FIELDS: Final = (Group.RESCHEDULED, Group.DELAYED, Group.GATE, Group.BELT, Group.AIRCRAFT)
# To who picks somebody up the arrival is the time that goes to and fro.
_GROUP_OF: Final = {kind: group for group in _FIELDS for kind in KINDS[group]} | {Kind.ARRIVAL: Group.DELAYED}


@dataclass(frozen=True, slots=True)
class Flapping:
    """most: messages about one field within an hour, 0 for no limit. calm: without a change for so long, it has
    settled."""

    most: int
    calm: timedelta


@dataclass(frozen=True, slots=True)
class Telling:
    """A message that the person had. at: aware UTC, domain clock. order: of what it told."""

    at: datetime
    kinds: tuple[Kind, ...]
    order: str


def held(
    rules: Flapping,
    tellings: Sequence[Telling],
    kinds: Collection[Kind],
    changed_at: datetime,
    now: datetime,
    *,
    hurry: bool,
) -> Hold | None:
    """Until when this news is held, because all of it is about fields that were told often enough; None: it is not.

    changed_at: of the latest change. hurry: departure is near. All times: aware UTC, domain clock.
    """
    recent = [_recent(tellings, kind, now) for kind in kinds]
    if rules.most < 1 or not recent or any(len(some) < rules.most for some in recent):
        return None
    last = max(telling.at for some in recent for telling in some)
    calm, longest = (_HURRY, 3 * _HURRY) if hurry else (rules.calm, WITHIN)
    until = min(changed_at + calm, last + longest)
    return Hold(Reason.FLAPPING, until) if until > now else None


def is_last(rules: Flapping, tellings: Sequence[Telling], kinds: Collection[Kind], now: datetime) -> bool:
    """Whether this message is as many as one of its fields may have: further news of it is held, which it should
    say."""
    return rules.most > 1 and any(len(_recent(tellings, kind, now)) == rules.most - 1 for kind in kinds)


def _recent(tellings: Sequence[Telling], kind: Kind, now: datetime) -> list[Telling]:
    """What was told of the kind's field within the hour; nothing of what is never held."""
    group = _GROUP_OF.get(kind)
    if group is None:
        return []
    return [
        telling
        for telling in tellings
        if now - telling.at < WITHIN and any(_GROUP_OF.get(one) is group for one in telling.kinds)
    ]
