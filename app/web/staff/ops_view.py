"""What the operators' page says: the finding first, then each part of the way of a change, lines, gaps, processes.

Only figures that are known. Everything comes from MongoDB (the overview, samples, gap reports) and from this
process's own reading of Kafka, so the page says something whichever of them is down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.domain.namespaces import WATCHED
from app.domain.speech import measured, plural, say
from app.store import samples
from app.store.overview import Overview
from app.web.pages import health_view, words
from app.web.pages.health_view import Node
from app.web.staff import ops_words
from app.web.staff.history import Figures, added, present, quantile
from app.web.staff.ops_findings import SILENT, Finding, Seen, findings, title
from app.web.staff.ops_tiles import Tile, tiles

RECENT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Stop:
    """A node of the way, and how long the oldest waits between it and the next one; "" when nobody knows."""

    node: Node
    hop: str


@dataclass(frozen=True, slots=True)
class Process:
    """A row of the table of processes. kind, holder, problems: as the process names them; word: its state, in English,
    as the template says it."""

    kind: str
    holder: str
    tone: str
    word: str
    age: str
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the template shows."""

    title: str
    lede: str
    findings: Sequence[Finding]
    stops: Sequence[Stop]
    tiles: Sequence[Tile]
    channels: Sequence[health_view.ChannelRow]
    gaps: Sequence[tuple[str, str, str]]
    processes: Sequence[Process]
    letters: int


def page(seen: Seen, all_channels: Sequence[str]) -> Page:
    """The page of this moment."""
    found = findings(seen)
    public = health_view.page(seen.overview, seen.feed, all_channels, seen.on, seen.now)
    return Page(
        title=title(found),
        lede=_lede(seen, found),
        findings=found,
        stops=_stops(seen, found),
        tiles=tiles(seen) if seen.samples else (),
        channels=public.channels,
        gaps=[health_view.gap_told(gap, seen.now) for gap in seen.gaps],
        processes=_processes(seen),
        letters=seen.overview.waiting_letters if seen.overview else 0,
    )


def _lede(seen: Seen, found: Sequence[Finding]) -> str:
    counts = added(seen.of(samples.DELIVERY).accepted())
    middle, slow = quantile(0.5, counts), quantile(0.99, counts)
    if middle is None or slow is None:
        return "" if found else say("Changes saved in MongoDB are seen, decided on and sent.")
    # Translators: {median} and {slow} are lengths of time like "0.8 s".
    return plural(
        "From edit to provider {median} median and {slow} for the slowest in a hundred, of {number} message in the"
        " last hour.",
        "From edit to provider {median} median and {slow} for the slowest in a hundred, of {number} messages in the"
        " last hour.",
        round(max(counts.values())),
        median=words.seconds(middle),
        slow=words.seconds(slow),
    )


def _stops(seen: Seen, found: Sequence[Finding]) -> list[Stop]:
    watchers, notifier, delivery = (
        seen.of(name) for name in (samples.WATCHERS, samples.NOTIFIER, samples.DELIVERY)
    )
    known = seen.overview is not None
    written = [t for t in (seen.overview.tokens.values() if seen.overview else ()) if t is not None]
    due = delivery.now("due", SILENT)
    figures = {
        "MongoDB": [
            ("Answers", say("yes") if known else say("no")),
            ("Primary", _primary(seen.overview)),
            ("Oplog holds", _seconds(watchers.now("oplog_s", SILENT))),
        ],
        "Watchers": [
            ("Events", _rate(watchers.rate("events"))),
            ("Collections", _watched(seen) if known else say("not known")),
            (
                "Oldest token",
                _seconds(max((seen.now - t).total_seconds() for t in written)) if written else say("none"),
            ),
            ("Gaps, 24 h", words.number(sum(seen.now - g.blind_to < RECENT for g in seen.gaps))),
        ],
        "Kafka": [
            ("Answered", health_view.answered(seen.feed.age_s)),
            ("Waiting", _count(notifier.now("lag_messages", SILENT, sum))),
            ("Oldest", _seconds(notifier.now("lag_s", SILENT))),
        ],
        "Notifier": [
            ("Events", _rate(notifier.rate("events"))),
            ("Decisions", _rate(notifier.rate("announcements"))),
            ("Dead letters", _count(seen.overview.waiting_letters if seen.overview else None)),
        ],
        "Delivery": [
            ("Sent", _rate(delivery.rate("sent"))),
            ("Due now", _count(due)),
            ("Oldest due", _seconds(delivery.now("due_age_s", SILENT)) if due else say("none")),
            ("Claims lost", _count(sum(x or 0 for x in delivery.growth("claims_lost")))),
        ],
    }
    hops = {
        "MongoDB": watchers.now("behind_s", SILENT),
        "Watchers": _to_kafka_s(watchers),
        "Kafka": notifier.now("lag_s", SILENT),
        "Notifier": delivery.now("due_age_s", SILENT),
    }
    return [
        Stop(_node(name, rows, found, known=known), "" if hops.get(name) is None else _seconds(hops[name]))
        for name, rows in figures.items()
    ]


def _to_kafka_s(watchers: Figures) -> float | None:
    """How long the oldest change waits for Kafka, in seconds; None when nobody knows.

    The lag is that of the last event, perhaps of days ago. The position is saved behind what Kafka has taken, so
    its age says more: where the position is younger, nothing waits so long; where it is old, something does.
    """
    lag_s, age_s = (watchers.now(name, SILENT) for name in ("lag_s", "token_age_s"))
    if lag_s is None or age_s is None:
        return lag_s if age_s is None else age_s
    return age_s if age_s > health_view.OLDEST_TOKEN_S else min(lag_s, age_s)


def _node(name: str, rows: list[tuple[str, str]], found: Sequence[Finding], *, known: bool) -> Node:
    wrong = next((finding for finding in found if finding.part == name), None)
    if wrong is not None:
        return Node(name, wrong.tone, wrong.word, rows)
    if not known and name != "Kafka":
        return Node(name, "warn", "Not known", rows)
    return Node(name, "ok", "Well", rows)


def _primary(overview: Overview | None) -> str:
    if overview is None:
        return say("not known")
    return say("yes") if overview.primary else say("none")


def _watched(seen: Seen) -> str:
    """How many of the collections a process watches."""
    return say("{number} of {total}", number=len(WATCHED) - len(seen.unwatched), total=len(WATCHED))


def _seconds(value: float | None) -> str:
    return say("not known") if value is None else words.seconds(max(value, 0.0))


def _count(value: float | None) -> str:
    return say("not known") if value is None else words.number(round(value))


def _rate(minutes: Sequence[float | None]) -> str:
    """The rate of the last minute."""
    value = present(minutes)
    if value is None:
        return say("not known")
    # Translators: so many a second, in signs.
    return say("{number}/s", number=measured(round(value, 1), 1))


def _processes(seen: Seen) -> list[Process]:
    found = []
    for process in (*ops_words.SILENT, samples.WEB):
        for sample in sorted(seen.of(process).latest(SILENT), key=lambda s: s.holder):
            host, number, _ = sample.holder.rsplit("/", 2)
            problems = [f"{name}: {text}" for name, text in sample.problems.items()]
            tone, word = ("failed", "Not ready") if problems else ("ok", "Ready")
            age = words.ago((seen.now - sample.at).total_seconds())
            found.append(Process(process, f"{host}, {number}", tone, word, age, problems))
    return found
