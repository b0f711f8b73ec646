"""What the operators' page says: the finding first, then each part of the way of a change, lines, gaps, processes.

Only figures that are known. Everything comes from MongoDB (the overview, samples, gap reports) and from this
process's own reading of Kafka, so the page says something whichever of them is down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.namespaces import WATCHED
from app.domain.why_words import channel_name
from app.store import samples
from app.store.gaps import Gap
from app.store.overview import Overview
from app.store.samples import Sample
from app.web.pages import health_view, words
from app.web.pages.health_view import OLDEST_DUE_S, FeedFigures, Node
from app.web.staff.history import Figures, added, present, quantile
from app.web.staff.ops_tiles import Tile, tiles

SILENT = timedelta(seconds=3 * samples.EVERY_S)
"""A process that took no sample for so long does not run, or cannot reach MongoDB."""

LAG_S = 60.0
"""A message that waits in Kafka for so long says that the notifiers are behind."""

OPLOG_TIMES = 4
"""The oplog must reach back so many times as far as the watchers are behind."""

RECENT = timedelta(hours=24)

_NAMES = {
    samples.WATCHERS: "watcher",
    samples.NOTIFIER: "notifier",
    samples.AIRPORTS: "airports consumer",
    samples.ALERTS: "alerts consumer",
    samples.NOTICES: "notices consumer",
    samples.DELIVERY: "delivery",
    samples.TELEGRAM: "bot of Telegram",
}
_PARTS = {
    samples.WATCHERS: "Watchers",
    samples.NOTIFIER: "Notifier",
    samples.AIRPORTS: "Notifier",
    samples.ALERTS: "Notifier",
    samples.NOTICES: "Notifier",
}
"""Names of the nodes that kinds of process belong to; every other belongs to Delivery."""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is known when the page is drawn. overview: None when MongoDB did not answer; then samples and gaps
    are empty. unwatched: collections whose lease nobody holds. now: system clock."""

    overview: Overview | None
    samples: Sequence[Sample]
    gaps: Sequence[Gap]
    unwatched: Sequence[str]
    feed: FeedFigures
    on: Sequence[str]
    now: datetime

    def of(self, process: str) -> Figures:
        """The samples of one kind of process."""
        return Figures([s for s in self.samples if s.process == process], self.now)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong. short: for the title; sentence: what it means and what to do; tone: "warn" or "bad".

    part: the name of the node it belongs to.
    """

    part: str
    tone: str
    word: str
    short: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A node of the way, and how long the oldest waits between it and the next one; "" when nobody knows."""

    node: Node
    hop: str


@dataclass(frozen=True, slots=True)
class Process:
    """A row of the table of processes."""

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
    found = _findings(seen)
    public = health_view.page(seen.overview, seen.feed, all_channels, seen.on, seen.now)
    return Page(
        title=_title(found),
        lede=_lede(seen, found),
        findings=found,
        stops=_stops(seen, found),
        tiles=tiles(seen) if seen.samples else (),
        channels=public.channels,
        gaps=[health_view.gap_told(gap, seen.now) for gap in seen.gaps],
        processes=_processes(seen),
        letters=seen.overview.waiting_letters if seen.overview else 0,
    )


def _findings(seen: Seen) -> list[Finding]:
    """What is wrong, in the order of the way of a change."""
    found = [*_of_mongodb(seen), *_of_watchers(seen), *_of_kafka(seen)]
    if seen.overview is not None:
        found += [*_silent(seen), *_not_ready(seen), *_of_notifier(seen), *_of_delivery(seen)]
    return sorted(found, key=lambda finding: finding.tone)  # "bad" before "warn"


def _of_mongodb(seen: Seen) -> list[Finding]:
    if seen.overview is None:
        words_ = "No change is seen and no page is drawn from it until it answers; nothing is lost meanwhile."
        return [Finding("MongoDB", "bad", "Down", "MongoDB does not answer", words_)]
    found = []
    if seen.overview.members and not seen.overview.primary:
        words_ = "Nothing can be saved until its members elect one."
        found.append(Finding("MongoDB", "bad", "No primary", "MongoDB has no primary", words_))
    reach, behind = (seen.of(samples.WATCHERS).now(name, SILENT) for name in ("oplog_s", "behind_s"))
    if reach is not None and behind is not None and behind > SILENT.seconds and reach < OPLOG_TIMES * behind:
        words_ = (
            f"It reaches back {words.age(reach)}, a watcher is {words.age(behind)} behind. Beyond its end the"
            " collections are read anew, and what happened between is found late. Make it larger now:"
            " replSetResizeOplog."
        )
        found.append(Finding("MongoDB", "bad", "Short", "the oplog is nearly too short", words_))
    return found


def _of_watchers(seen: Seen) -> list[Finding]:
    found = []
    if seen.unwatched:
        names = "everything" if len(seen.unwatched) == len(WATCHED) else ", ".join(seen.unwatched)
        words_ = "Changes wait in MongoDB and are told once a watcher runs. Start one: gatecall watch."
        found.append(Finding("Watchers", "bad", "Nobody", f"nobody watches {names}", words_))
    open_ = [gap for gap in seen.gaps if gap.compared_at is None and gap.found_late is not None]
    if open_:
        words_ = "What was missed meanwhile is being compared; differences are announced as found late."
        short = f"a gap of {open_[0].collection} is being closed"
        found.append(Finding("Watchers", "warn", "Gap", short, words_))
    return found


def _of_kafka(seen: Seen) -> list[Finding]:
    if not seen.feed.stale:
        return []
    words_ = "Boards are marked STALE; changes wait in MongoDB until it answers."
    return [Finding("Kafka", "bad", "Silent", "Kafka does not answer", words_)]


def _silent(seen: Seen) -> list[Finding]:
    found = []
    for process, name in _NAMES.items():
        if process == samples.WATCHERS and seen.unwatched:
            continue  # said already
        if process == samples.TELEGRAM and process not in seen.on:
            continue  # it may idle: it takes no samples then
        if not seen.of(process).latest(SILENT):
            part = _part(process)
            words_ = f"None took a sample for {SILENT.seconds} s. Look at its log, or start one."
            found.append(Finding(part, "bad", "Silent", f"no {name} runs", words_))
    return found


def _not_ready(seen: Seen) -> list[Finding]:
    found = []
    for process, name in _NAMES.items():
        wrong = {
            n: w for s in seen.of(process).latest(SILENT) for n, w in s.problems.items() if n != "leases"
        }
        for problem, words_ in wrong.items():
            if problem in seen.on:
                short = f"{channel_name(problem)} is down"
                sentence = f"{words_}. Messages are kept and tried again."
                found.append(Finding("Delivery", "warn", "Down", short, sentence))
            else:
                found.append(Finding(_part(process), "bad", "Not ready", f"a {name} is not ready", words_))
    return found


def _of_notifier(seen: Seen) -> list[Finding]:
    figures = seen.of(samples.NOTIFIER)
    found = []
    lag_s = figures.now("lag_s", SILENT)
    if lag_s is not None and lag_s > LAG_S:
        words_ = (
            f"The oldest message waits in Kafka for {words.age(lag_s)}. More notifiers share the partitions."
        )
        found.append(Finding("Notifier", "warn", "Behind", "the notifiers are behind", words_))
    waiting = seen.overview.waiting_letters if seen.overview else 0
    if waiting:
        short = words.counted(waiting, "dead letter waits", "dead letters wait")
        words_ = "Changes that could not be understood; their neighbours went on. Mend and replay them."
        found.append(Finding("Notifier", "warn", "Look", short, words_))
    return found


def _of_delivery(seen: Seen) -> list[Finding]:
    if not seen.on:
        words_ = "Nobody is sent a message. Set MAIL_SERVER or TWILIO_ACCOUNT_SID."
        return [Finding("Delivery", "warn", "Off", "no channel is on", words_)]
    assert seen.overview is not None
    oldest = min((c.oldest_due for c in seen.overview.channels.values() if c.oldest_due), default=None)
    due_s = (seen.now - oldest).total_seconds() if oldest else 0.0
    if due_s <= OLDEST_DUE_S:
        return []
    words_ = f"The oldest message is due for {words.age(due_s)}. Each is tried again and none is lost."
    return [Finding("Delivery", "warn", "Behind", "messages are late", words_)]


def _part(process: str) -> str:
    return _PARTS.get(process, "Delivery")


def _title(found: Sequence[Finding]) -> str:
    """The finding: what is wrong, or that nothing is."""
    short = list(dict.fromkeys(finding.short for finding in found))
    if not short:
        return "All is well"
    first = short[0][0].upper() + short[0][1:]
    if len(short) == 1:
        return f"{first}, all else is well"
    if len(short) == 2:
        return f"{first}, and {short[1]}"
    return f"{first}, and {len(short) - 1} more need a look"


def _lede(seen: Seen, found: Sequence[Finding]) -> str:
    counts = added(seen.of(samples.DELIVERY).accepted())
    middle, slow = quantile(0.5, counts), quantile(0.99, counts)
    if middle is None or slow is None:
        return "" if found else "Changes saved in MongoDB are seen, decided on and sent."
    return (
        f"From edit to provider {words.seconds(middle)} median and {words.seconds(slow)} for the slowest in a"
        f" hundred, of {words.counted(round(max(counts.values())), 'message', 'messages')} in the last hour."
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
            ("Answers", "yes" if known else "no"),
            ("Primary", ("yes" if seen.overview.primary else "none") if seen.overview else "not known"),
            ("Oplog holds", _seconds(watchers.now("oplog_s", SILENT))),
        ],
        "Watchers": [
            ("Events", _rate(watchers.rate("events"))),
            (
                "Collections",
                f"{len(WATCHED) - len(seen.unwatched)} of {len(WATCHED)}" if known else "not known",
            ),
            (
                "Oldest token",
                _seconds(max((seen.now - t).total_seconds() for t in written)) if written else "none",
            ),
            ("Gaps, 24 h", words.number(sum(seen.now - g.blind_to < RECENT for g in seen.gaps))),
        ],
        "Kafka": [
            ("Answered", "never" if seen.feed.age_s is None else f"{words.seconds(seen.feed.age_s)} ago"),
            ("Waiting", _count(notifier.now("lag_messages", SILENT, sum))),
            ("Oldest", _seconds(notifier.now("lag_s", SILENT))),
        ],
        "Notifier": [
            ("Events", _rate(notifier.rate("events"))),
            ("Decisions", _rate(notifier.rate("announcements"))),
            ("Dead letters", words.number(seen.overview.waiting_letters) if seen.overview else "not known"),
        ],
        "Delivery": [
            ("Sent", _rate(delivery.rate("sent"))),
            ("Due now", _count(due)),
            ("Oldest due", _seconds(delivery.now("due_age_s", SILENT)) if due else "none"),
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


def _seconds(value: float | None) -> str:
    return "not known" if value is None else words.seconds(max(value, 0.0))


def _count(value: float | None) -> str:
    return "not known" if value is None else words.number(round(value))


def _rate(minutes: Sequence[float | None]) -> str:
    """The rate of the last minute."""
    value = present(minutes)
    return "not known" if value is None else f"{value:.1f}/s"


def _processes(seen: Seen) -> list[Process]:
    found = []
    for process in (*_NAMES, samples.WEB):
        for sample in sorted(seen.of(process).latest(SILENT), key=lambda s: s.holder):
            host, number, _ = sample.holder.rsplit("/", 2)
            problems = [f"{name}: {text}" for name, text in sample.problems.items()]
            tone, word = ("failed", "Not ready") if problems else ("ok", "Ready")
            age = f"{words.age((seen.now - sample.at).total_seconds())} ago"
            found.append(Process(process, f"{host}, {number}", tone, word, age, problems))
    return found
