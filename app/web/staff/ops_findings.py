"""What is known of the whole system, and what of it is wrong: findings, in the order of the way of a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.namespaces import WATCHED
from app.domain.speech import plural, say
from app.domain.why_words import channel_name
from app.store import samples
from app.store.gaps import Gap
from app.store.overview import Overview
from app.store.samples import Sample
from app.web.pages import words
from app.web.pages.health_view import OLDEST_DUE_S, FeedFigures
from app.web.staff import ops_words
from app.web.staff.history import Figures

SILENT = timedelta(seconds=3 * samples.EVERY_S)
"""A process that took no sample for so long does not run, or cannot reach MongoDB."""

LAG_S = 60.0
"""A message that waits in Kafka for so long says that the notifiers are behind."""

OPLOG_TIMES = 4
"""The oplog must reach back so many times as far as the watchers are behind."""

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
    """Something wrong. short: for the title, said, its first letter small where the language has it so; sentence: what
    it means and what to do, said, or a process's own words; tone: "warn" or "bad".

    part: the name of the node it belongs to; word: its state, in English, as the template says it.
    """

    part: str
    tone: str
    word: str
    short: str
    sentence: str

    @property
    def begun(self) -> str:
        """What is wrong, as a sentence begins."""
        return self.short[:1].upper() + self.short[1:]


def findings(seen: Seen) -> list[Finding]:
    """What is wrong, in the order of the way of a change."""
    found = [*_of_mongodb(seen), *_of_watchers(seen), *_of_kafka(seen)]
    if seen.overview is not None:
        found += [*_silent(seen), *_not_ready(seen), *_of_notifier(seen), *_of_delivery(seen)]
    return sorted(found, key=lambda finding: finding.tone)  # "bad" before "warn"


def _of_mongodb(seen: Seen) -> list[Finding]:
    if seen.overview is None:
        words_ = say(
            "No change is seen and no page is drawn from it until it answers; nothing is lost meanwhile."
        )
        return [Finding("MongoDB", "bad", "Down", say("MongoDB does not answer"), words_)]
    found = []
    if seen.overview.members and not seen.overview.primary:
        words_ = say("Nothing can be saved until its members elect one.")
        found.append(Finding("MongoDB", "bad", "No primary", say("MongoDB has no primary"), words_))
    reach, behind = (seen.of(samples.WATCHERS).now(name, SILENT) for name in ("oplog_s", "behind_s"))
    if reach is not None and behind is not None and behind > SILENT.seconds and reach < OPLOG_TIMES * behind:
        # Translators: {reach} and {behind} are lengths of time like "11 h". The last word is a command.
        words_ = say(
            "It reaches back {reach}, a watcher is {behind} behind. Beyond its end the collections are read anew,"
            " and what happened between is found late. Make it larger now: replSetResizeOplog.",
            reach=words.age(reach),
            behind=words.age(behind),
        )
        found.append(Finding("MongoDB", "bad", "Short", say("the oplog is nearly too short"), words_))
    return found


def _of_watchers(seen: Seen) -> list[Finding]:
    found = []
    if seen.unwatched:
        if len(seen.unwatched) == len(WATCHED):
            short = say("nobody watches everything")
        else:
            # Translators: {collections} are names in the database.
            short = say("nobody watches {collections}", collections=", ".join(seen.unwatched))
        words_ = say("Changes wait in MongoDB and are told once a watcher runs. Start one: gatecall watch.")
        found.append(Finding("Watchers", "bad", "Nobody", short, words_))
    open_ = [gap for gap in seen.gaps if gap.compared_at is None and gap.found_late is not None]
    if open_:
        words_ = say("What was missed meanwhile is being compared; differences are announced as found late.")
        # Translators: {collection} is a name in the database.
        short = say("a gap of {collection} is being closed", collection=open_[0].collection)
        found.append(Finding("Watchers", "warn", "Gap", short, words_))
    return found


def _of_kafka(seen: Seen) -> list[Finding]:
    if not seen.feed.stale:
        return []
    # Translators: boards say STALE in every language.
    words_ = say("Boards are marked STALE; changes wait in MongoDB until it answers.")
    return [Finding("Kafka", "bad", "Silent", say("Kafka does not answer"), words_)]


def _silent(seen: Seen) -> list[Finding]:
    found = []
    for process, short in ops_words.SILENT.items():
        if process == samples.WATCHERS and seen.unwatched:
            continue  # said already
        if process == samples.TELEGRAM and process not in seen.on:
            continue  # it may idle: it takes no samples then
        if not seen.of(process).latest(SILENT):
            part = _part(process)
            words_ = say(
                "None took a sample for {duration}. Look at its log, or start one.",
                duration=words.age(SILENT.seconds),
            )
            found.append(Finding(part, "bad", "Silent", say(short), words_))
    return found


def _not_ready(seen: Seen) -> list[Finding]:
    found = []
    for process, not_ready in ops_words.NOT_READY.items():
        wrong = {
            n: w for s in seen.of(process).latest(SILENT) for n, w in s.problems.items() if n != "leases"
        }
        for problem, words_ in wrong.items():
            if problem in seen.on:
                short = say("{channel} is down", channel=channel_name(problem))
                # Translators: {problem} is what a provider says of itself, in its own words.
                sentence = say("{problem}. Messages are kept and tried again.", problem=words_)
                found.append(Finding("Delivery", "warn", "Down", short, sentence))
            else:
                found.append(Finding(_part(process), "bad", "Not ready", say(not_ready), words_))
    return found


def _of_notifier(seen: Seen) -> list[Finding]:
    figures = seen.of(samples.NOTIFIER)
    found = []
    lag_s = figures.now("lag_s", SILENT)
    if lag_s is not None and lag_s > LAG_S:
        words_ = say(
            "The oldest message waits in Kafka for {duration}. More notifiers share the partitions.",
            duration=words.age(lag_s),
        )
        found.append(Finding("Notifier", "warn", "Behind", say("the notifiers are behind"), words_))
    waiting = seen.overview.waiting_letters if seen.overview else 0
    if waiting:
        short = plural("{number} dead letter waits", "{number} dead letters wait", waiting)
        words_ = say("Changes that could not be understood; their neighbours went on. Mend and replay them.")
        found.append(Finding("Notifier", "warn", "Look", short, words_))
    return found


def _of_delivery(seen: Seen) -> list[Finding]:
    if not seen.on:
        words_ = say("Nobody is sent a message. Set MAIL_SERVER or TWILIO_ACCOUNT_SID.")
        return [Finding("Delivery", "warn", "Off", say("no channel is on"), words_)]
    assert seen.overview is not None
    oldest = min((c.oldest_due for c in seen.overview.channels.values() if c.oldest_due), default=None)
    due_s = (seen.now - oldest).total_seconds() if oldest else 0.0
    if due_s <= OLDEST_DUE_S:
        return []
    words_ = say(
        "The oldest message is due for {duration}. Each is tried again and none is lost.",
        duration=words.age(due_s),
    )
    return [Finding("Delivery", "warn", "Behind", say("messages are late"), words_)]


def _part(process: str) -> str:
    return _PARTS.get(process, "Delivery")


def title(found: Sequence[Finding]) -> str:
    """The finding: what is wrong, or that nothing is."""
    short = list(dict.fromkeys(finding.short for finding in found))
    if not short:
        return say("All is well")
    first = found[0].begun
    if len(short) == 1:
        return say("{finding}, all else is well", finding=first)
    if len(short) == 2:
        return say("{finding}, and {other}", finding=first, other=short[1])
    return plural(
        "{finding}, and {number} more need a look",
        "{finding}, and {number} more need a look",
        len(short) - 1,
        finding=first,
    )
