"""One news on several channels: all at once, or one after the other, as the person chose. Plain; times are passed in.

Who ranked no channels is told on each of them at once: the boxes of the choices say which. Who ranked some, for some
groups of news, hears of these on the first; the next one waits for what became of it there. It is told when the time
of the ones before it is up, or as soon as it is clear that they do not reach the person; it is not needed when
one of them was delivered or seen. That the provider accepted a message is neither.

The rule belongs to the person: it asks what the other channels' conversations and rows of the ledger say, and nothing
of how they came to say so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from app.domain.channels import NAMES
from app.domain.news import Kind

if TYPE_CHECKING:  # its module imports the choices, which import this one
    from app.domain.subject import Value

WAITS: Final = "waits_for_"
"""Begins the reason of what waits for another channel, which stands behind it."""
HEARD_ELSEWHERE: Final = "heard_elsewhere"
"""The reason of what was not needed, because another channel reached the person."""

DEFAULT_MIN: Final = 10
DEFAULT_NEWS: Final = frozenset({"cancelled", "diverted"})
MINUTES: Final = (1, 240)


@dataclass(frozen=True, slots=True)
class Rank:
    """One channel in its place. minutes: how long the next one waits for it; of no use to the last."""

    channel: str
    minutes: int = DEFAULT_MIN


@dataclass(frozen=True, slots=True)
class Routing:
    """ranks: the channels, the first first; others tell at once as ever. news: the groups of news it is for."""

    ranks: tuple[Rank, ...]
    news: frozenset[str] = DEFAULT_NEWS

    def before(self, channel: str) -> tuple[Rank, ...]:
        """The ranks that this channel waits for, in their order; () for the first, and for one without a rank."""
        names = [rank.channel for rank in self.ranks]
        return self.ranks[: names.index(channel)] if channel in names else ()

    def after(self, channel: str) -> tuple[str, ...]:
        """The channels that wait for this one, in their order; () for the last, and for one without a rank."""
        names = tuple(rank.channel for rank in self.ranks)
        return names[names.index(channel) + 1 :] if channel in names else ()

    def to_document(self) -> dict[str, Any]:
        """As stored and as sent."""
        steps: list[dict[str, Any]] = [{"channel": one.channel, "minutes": one.minutes} for one in self.ranks]
        del steps[-1]["minutes"]
        return {"steps": steps, "news": sorted(self.news)}


class State(StrEnum):
    """How one channel stands towards the news: it may still reach the person (OPEN), it does not (OUT), or it has."""

    OPEN = "open"
    OUT = "out"
    REACHED = "reached"


@dataclass(frozen=True, slots=True)
class Standing:
    """at: of OPEN, before when it is held for the person's own sake; of OUT, since when that is known; None without."""

    state: State
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What one message on another channel came to, from the ledger. to: what it said. at: when it ended. was_sent: a
    provider accepted it; reached: it was delivered or seen; came_back: it was reported as not delivered."""

    kinds: tuple[Kind, ...]
    to: Value
    was_sent: bool
    at: datetime | None = None
    reached: bool = False
    came_back: bool = False


@dataclass(frozen=True, slots=True)
class Other:
    """The same person's conversation about the same subject on a channel before this one. order: what it knows of.
    is_waiting: something is due there, or under way. held_until: it waits for the person's own sake. rows: the last
    ones, the newest first. heard: what the person counts as having heard there; None when nothing is known."""

    order: str
    is_waiting: bool
    has_failed: bool
    held_until: datetime | None = None
    rows: Sequence[Row] = ()
    heard: Value | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """Told now, unless: until: later; reached: not at all. channel: for which, or by which."""

    until: datetime | None = None
    channel: str | None = None
    reached: bool = False


def standing(
    other: Other | None,
    kinds: Collection[Kind],
    order: str,
    left: Callable[[Value], Collection[Kind]],
) -> Standing:
    """How a channel stands towards this news, from what its conversation and its rows say.

    other: None where there is none, or where the person does not want this news. left: what somebody who heard this
    value still has to hear. It has reached them when all kinds of the news did, in one message or in several. In doubt
    it is OUT, so that the next one tells.
    """
    if other is None:
        return Standing(State.OUT)
    told = _told(other, left)
    by = [told.get(kind) for kind in _one_word(kinds)]
    lost = [row.at for row in by if row and row.came_back and not row.reached]
    if lost:
        return Standing(State.OUT, max((at for at in lost if at), default=None))
    if all(by):
        return Standing(State.REACHED if all(row and row.reached for row in by) else State.OPEN)
    if other.has_failed and other.order >= order:
        return Standing(State.OUT, other.rows[0].at if other.rows else None)
    # what has not learned of the news yet will
    if other.is_waiting or other.order < order:
        return Standing(State.OPEN, other.held_until)
    return Standing(State.OUT)


def _told(other: Other, left: Callable[[Value], Collection[Kind]]) -> dict[Kind, Row]:
    """The last message about each kind of news that is true still.

    What was told before something else was heard is of an earlier time: who heard of a cancellation and of its end
    hears of the next one.
    """
    told: dict[Kind, Row] = {}
    if other.heard is None:
        return told
    undone = _one_word(left(other.heard))
    for row in other.rows:
        undone |= _one_word(left(row.to))
        if row.was_sent:
            told = dict.fromkeys(_one_word(row.kinds) - undone, row) | told
    return told


def _one_word(kinds: Collection[Kind]) -> set[Kind]:
    """Kinds that say the same in both directions are one: each names the time of departure."""
    return {Kind.DELAYED if kind is Kind.EARLIER else kind for kind in kinds}


def turn(before: Sequence[Rank], standings: Mapping[str, Standing], since: datetime, now: datetime) -> Turn:
    """When the channel after these is told: now, at a moment, or not at all.

    before: the ranks that it waits for; standings: theirs, by channel. since: when its waiting began. Each rank has its
    minutes from its own turn on: from when the one before was out, or its minutes were up.
    """
    reached = next((one.channel for one in before if standings[one.channel].state is State.REACHED), None)
    if reached is not None:
        return Turn(channel=reached, reached=True)
    begins, waits_for = min(since, now), None
    for rank in before:
        stands = standings[rank.channel]
        if stands.state is State.OUT:
            begins = max(begins, min(stands.at or begins, now))
            continue
        begins = max(begins, stands.at or begins) + timedelta(minutes=rank.minutes)
        if waits_for is None and begins > now:
            waits_for = rank.channel
    return Turn(begins, waits_for) if begins > now else Turn()


def read(value: object, groups: Collection[str]) -> tuple[Routing | None, list[tuple[str, str]]]:
    """The choice as it was sent or stored, None where it cannot be used; and what is wrong with it: (what of it, "" for
    the whole; a sentence with the remedy). groups: of news."""
    if not isinstance(value, Mapping):
        return None, [
            ("", 'Write it as {"steps": [{"channel": "email", "minutes": 10}, {"channel": "sms"}]}.')
        ]
    faults = [
        (str(name), "There is no such field; there are steps, news.") for name in value if name not in _FIELDS
    ]
    ranks, wrong = _ranks(value.get("steps"))
    faults += wrong
    news, wrong = _news(value.get("news"), groups)
    faults += wrong
    return (Routing(ranks, news) if ranks and news else None), faults


_FIELDS = ("steps", "news")


def _ranks(value: object) -> tuple[tuple[Rank, ...], list[tuple[str, str]]]:
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= len(NAMES):
        return (), [("steps", f"Write a list of 2 to {len(NAMES)} channels, the first one first.")]
    faults: list[tuple[str, str]] = []
    found: list[Rank] = []
    least, most = MINUTES
    for place, step in enumerate(value):
        at = f"steps.{place}"
        if not isinstance(step, Mapping):
            faults.append((at, 'Write it as {"channel": "email", "minutes": 10}.'))
            continue
        faults += [
            (f"{at}.{name}", "There is no such field; there are channel, minutes.")
            for name in step
            if name not in ("channel", "minutes")
        ]
        channel, minutes = step.get("channel"), step.get("minutes")
        if channel not in NAMES:
            faults.append((f"{at}.channel", f"There is no such channel; there are {', '.join(NAMES)}."))
            continue
        if channel in [rank.channel for rank in found]:
            faults.append((f"{at}.channel", "Each channel has one place; take another one here."))
            continue
        minutes = DEFAULT_MIN if minutes is None else minutes
        is_number = isinstance(minutes, int | float) and not isinstance(minutes, bool)
        if not is_number or minutes not in range(least, most + 1):
            faults.append((f"{at}.minutes", f"Write a whole number of minutes from {least} to {most}."))
            continue
        is_last = place == len(value) - 1
        found.append(Rank(channel) if is_last else Rank(channel, int(minutes)))
    return (tuple(found) if len(found) >= 2 and not faults else ()), faults


def _news(value: object, groups: Collection[str]) -> tuple[frozenset[str], list[tuple[str, str]]]:
    if value is None:
        return DEFAULT_NEWS, []
    if not isinstance(value, list | tuple | set | frozenset) or not value:
        return frozenset(), [("news", 'Write a list of groups of news, like ["cancelled"].')]
    unknown = [one for one in value if not isinstance(one, str) or one not in groups]
    if unknown:
        return frozenset(), [("news", f"There is no such group of news; there are {', '.join(groups)}.")]
    return frozenset(value), []
