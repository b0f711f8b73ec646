"""What the health page says: the finding first, then each part of the way of a change. Only known figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.speech import clock_time, plural, say, short_day, tenths
from app.domain.why_words import channel_name
from app.store.gaps import Gap
from app.store.overview import MOST_DUE, Overview
from app.web.pages import words
from app.web.pages.health_words import CAUSES, FINDINGS, SENTENCES

OLDEST_TOKEN_S = 60.0
"""A resume token that was not saved for so long belongs to a watcher that stands still."""

OLDEST_DUE_S = 60.0
"""A conversation that is due for so long says that delivery is behind."""


@dataclass(frozen=True, slots=True)
class Node:
    """One part of the line. tone: "ok", "warn" or "bad"; word: its state in a word, as the template says it (its words
    and those of labels are English here, by which the findings know them); figures: labels and said values."""

    name: str
    tone: str
    word: str
    figures: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One channel of the table."""

    name: str
    tone: str
    word: str
    sent: str
    retried: str
    failed: str
    median: str
    due: str
    wrong: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the template shows. problems: sentences, the worst first."""

    title: str
    problems: Sequence[str]
    nodes: Sequence[Node]
    tiles: Sequence[tuple[str, str, str, str]]
    channels: Sequence[ChannelRow]
    letters: Sequence[tuple[str, str, str]]
    gaps: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class FeedFigures:
    """What the web process itself knows. age_s: None when Kafka never answered it."""

    age_s: float | None
    stale: bool
    updates: int
    last_at: datetime | None


def page(
    overview: Overview | None,
    feed: FeedFigures,
    all_channels: Sequence[str],
    on: Sequence[str],
    now: datetime,
) -> Page:
    """The page. overview: None when MongoDB did not answer. now: system clock."""
    nodes = [_kafka(feed, now)]
    rows: list[ChannelRow] = []
    if overview is None:
        gone = [("State", say("not known"))]
        nodes = [
            Node("MongoDB", "bad", "Down", [("Answers", say("no"))]),
            Node("Watchers", "warn", "Not known", gone),
            *nodes,
            Node("Notifier", "warn", "Not known", gone),
            Node("Delivery", "warn", "Not known", gone),
        ]
    else:
        rows = [_channel(name, overview, name in on, now) for name in all_channels]
        before, after = (_mongodb, _watchers), (_notifier, _delivery)
        nodes = [*(f(overview, now) for f in before), *nodes, *(f(overview, now) for f in after)]
    problems = _problems(nodes, rows, overview)
    return Page(
        title=_title(nodes, rows, overview, problems),
        problems=problems,
        nodes=nodes,
        tiles=_tiles(overview, feed, now) if overview else (),
        channels=rows,
        letters=_letters(overview, now) if overview else (),
        gaps=[gap_told(gap, now) for gap in overview.gaps] if overview else (),
    )


def _ago(moment: datetime | None, now: datetime) -> str:
    return words.ago((now - moment).total_seconds()) if moment else say("never")


def _mongodb(overview: Overview, now: datetime) -> Node:
    del now
    if overview.members and not overview.primary:
        return Node("MongoDB", "bad", "No primary", [("Members", words.number(overview.members))])
    figures = [("Answers", say("yes")), ("Flights", words.number(overview.flights))]
    if overview.members:
        figures[1:1] = [("Members", words.number(overview.members))]
    return Node("MongoDB", "ok", "Well", figures)


def _watchers(overview: Overview, now: datetime) -> Node:
    saved = [moment for moment in overview.tokens.values() if moment is not None]
    figures = [
        ("Collections", say("{number} of {total}", number=len(saved), total=len(overview.tokens))),
        ("Leases held", words.number(overview.leases)),
    ]
    if overview.gaps:
        figures.append(("Gaps, 24 h", words.number(len(overview.gaps))))
    if not saved:
        return Node("Watchers", "bad", "Never ran", figures)
    oldest = max((now - moment).total_seconds() for moment in saved)
    figures.append(("Oldest token", words.seconds(max(oldest, 0))))
    if oldest > OLDEST_TOKEN_S:
        return Node("Watchers", "bad", "Behind", figures)
    if len(saved) < len(overview.tokens):
        return Node("Watchers", "warn", "Starting", figures)
    return Node("Watchers", "ok", "Well", figures)


def _kafka(feed: FeedFigures, now: datetime) -> Node:
    figures = [
        ("Answered", answered(feed.age_s)),
        ("Updates", words.number(feed.updates)),
        ("Last one", _ago(feed.last_at, now)),
    ]
    return Node("Kafka", "bad" if feed.stale else "ok", "Silent" if feed.stale else "Well", figures)


def answered(age_s: float | None) -> str:
    """When Kafka answered last, so many seconds ago; None: it never did."""
    return say("never") if age_s is None else say("{age} ago", age=words.seconds(age_s))


def _notifier(overview: Overview, now: datetime) -> Node:
    figures = [
        ("Decisions", words.number(overview.announced)),
        ("Last one", _ago(overview.decided_at, now)),
        ("Dead letters", words.number(overview.waiting_letters)),
    ]
    if overview.waiting_letters:
        return Node("Notifier", "warn", "Growing" if overview.fresh_letters else "Look", figures)
    return Node("Notifier", "ok", "Well", figures)


def _delivery(overview: Overview, now: datetime) -> Node:
    due = sum(channel.due for channel in overview.channels.values())
    oldest = min((c.oldest_due for c in overview.channels.values() if c.oldest_due), default=None)
    figures = [
        ("Sent", _counted(sum(c.sent for c in overview.channels.values()), overview)),
        ("Due now", _due(due)),
        ("Oldest due", words.age((now - oldest).total_seconds()) if oldest else say("none")),
    ]
    if not overview.channels:
        return Node("Delivery", "warn", "Off", figures)
    if oldest and (now - oldest).total_seconds() > OLDEST_DUE_S:
        return Node("Delivery", "warn", "Behind", figures)
    return Node("Delivery", "ok", "Well", figures)


def _counted(count: int, overview: Overview) -> str:
    """A count of notifications, as far as they were read."""
    return _at_least(count) if overview.is_capped and count else words.number(count)


def _due(count: int) -> str:
    return _at_least(count) if count >= MOST_DUE else words.number(count)


def _at_least(count: int) -> str:
    return say("at least {number}", number=words.number(count))


def _channel(name: str, overview: Overview, on: bool, now: datetime) -> ChannelRow:
    title, figures = channel_name(name), overview.channels.get(name)
    if not on or figures is None:
        wrong = say("Its settings are absent, so nothing is sent here.")
        return ChannelRow(title, "failed", "Off", "0", "0", "0", say("none"), "0", wrong)
    late = figures.oldest_due is not None and (now - figures.oldest_due).total_seconds() > OLDEST_DUE_S
    wrong = ""
    if late and figures.oldest_due:
        due_for = words.age((now - figures.oldest_due).total_seconds())
        wrong = say("The oldest message is due for {duration}.", duration=due_for)
    elif figures.failed:
        wrong = plural(
            "{number} message refused for good or returned.",
            "{number} messages refused for good or returned.",
            figures.failed,
        )
    if figures.down_since:
        since = words.age((now - figures.down_since).total_seconds())
        down = say("Its provider is down, for {duration}; one message now and then tries it.", duration=since)
        wrong = f"{down} {wrong}".rstrip()
    middle = figures.seconds[len(figures.seconds) // 2] if figures.seconds else None
    return ChannelRow(
        name=title,
        tone="failed" if figures.down_since else "delayed" if late else "ok",
        word="Down" if figures.down_since else "Behind" if late else "Well",
        sent=_counted(figures.sent, overview),
        retried=_counted(figures.retried, overview),
        failed=_counted(figures.failed, overview),
        median=words.seconds(middle) if middle is not None else say("none"),
        due=_due(figures.due),
        wrong=wrong,
    )


def _problems(nodes: Sequence[Node], rows: Sequence[ChannelRow], overview: Overview | None) -> list[str]:
    found = [say(SENTENCES[key]) for node in nodes if (key := f"{node.name}: {node.word}") in SENTENCES]
    found += [
        say("{channel} is off: its settings are absent.", channel=r.name) for r in rows if r.word == "Off"
    ]
    found += [say("{channel}: the provider is down.", channel=r.name) for r in rows if r.word == "Down"]
    if overview and overview.waiting_letters:
        found.append(
            plural(
                "{number} dead letter waits for somebody to look: changes nobody could read. Their neighbours went on.",
                "{number} dead letters wait for somebody to look: changes nobody could read. Their neighbours went on.",
                overview.waiting_letters,
            )
        )
        if overview.fresh_letters:
            found.append(
                plural(
                    "The pile of dead letters grows: {number} in the last hour.",
                    "The pile of dead letters grows: {number} in the last hour.",
                    overview.fresh_letters,
                )
            )
    return found


def _title(
    nodes: Sequence[Node], rows: Sequence[ChannelRow], overview: Overview | None, problems: Sequence[str]
) -> str:
    """The finding: what is wrong, or that nothing is."""
    if not problems:
        return say("All is well")
    keys = (f"{node.name}: {node.word}" for node in nodes)
    found = [say(FINDINGS[key]) for key in keys if key in FINDINGS]
    found += [say("{channel} is off", channel=row.name) for row in rows if row.word == "Off"]
    found += [say("{channel} is down", channel=row.name) for row in rows if row.word == "Down"]
    if overview and overview.waiting_letters:
        found.append(
            plural("{number} dead letter waits", "{number} dead letters wait", overview.waiting_letters)
        )
    # Translators: {finding} is like "Kafka is silent" or "2 dead letters wait".
    if len(found) == 1:
        return say("{finding}, all else is well", finding=found[0])
    if len(found) == 2:
        return say("{finding}, and {other}", finding=found[0], other=found[1])
    if found:
        return plural(
            "{finding}, and {number} more need a look",
            "{finding}, and {number} more need a look",
            len(found) - 1,
            finding=found[0],
        )
    return plural("{number} thing needs a look", "{number} things need a look", len(problems))


def _tiles(overview: Overview, feed: FeedFigures, now: datetime) -> list[tuple[str, str, str, str]]:
    """Heading, figure, its unit, and a line below."""
    seconds = sorted(s for channel in overview.channels.values() for s in channel.seconds)
    sent = sum(c.sent for c in overview.channels.values())
    due = sum(c.due for c in overview.channels.values())
    tiles = []
    if seconds:
        middle, worst = seconds[len(seconds) // 2], seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]
        below = plural(
            "99 %: {duration}, {number} message",
            "99 %: {duration}, {number} messages",
            len(seconds),
            duration=words.seconds(worst),
        )
        # Translators: the sign for seconds.
        tiles.append((say("From edit to accepted, median"), tenths(middle), say("s"), below))
    oldest = min((letter["first_at"] for letter in overview.letters), default=None)
    waiting = say("oldest {age}", age=_ago(oldest, now)) if oldest else say("none waiting")
    last = say("last {age}", age=_ago(feed.last_at, now))
    tiles += [
        (say("Notifications sent"), _counted(sent, overview), "", say("last 15 minutes")),
        (say("Waiting and due"), _due(due), "", say("conversations")),
        (say("Dead letters"), words.number(overview.waiting_letters), "", waiting),
        (say("Updates in the feed"), words.number(feed.updates), "", last),
    ]
    return tiles[:4] if seconds else tiles


def gap_told(gap: Gap, now: datetime) -> tuple[str, str, str]:
    """When, what happened in a sentence, and the state in a word."""
    parts = [_not_seen(gap, now)]
    if gap.documents is not None:
        parts.append(plural("{number} document compared.", "{number} documents compared.", gap.documents))
    if gap.found_late is not None:
        parts.append(_found_late(gap.found_late, gap.told or 0))
    over = gap.compared_at is not None or (gap.found_late is None and gap.documents is not None)
    return _ago(gap.blind_to, now), " ".join(parts), "Over" if over else "Open"


def _not_seen(gap: Gap, now: datetime) -> str:
    cause = say(CAUSES[gap.cause]) if gap.cause in CAUSES else gap.cause
    end = _moment(gap.blind_to, now)
    if gap.blind_from is None:
        return say(
            "{collection} not seen from an unknown time to {end} UTC: {cause}.",
            collection=gap.collection,
            end=end,
            cause=cause,
        )
    # Translators: {collection} is a name in the database. {cause} is a clause of its own.
    return say(
        "{collection} not seen from {start} to {end} UTC: {cause}.",
        collection=gap.collection,
        start=_moment(gap.blind_from, now),
        end=end,
        cause=cause,
    )


def _found_late(differences: int, people: int) -> str:
    told = plural("{number} person told", "{number} people told", people)
    if not differences:
        return say("No difference found late, {told}.", told=told)
    # Translators: {told} is like "3 people told".
    return plural(
        "{number} difference found late, {told}.",
        "{number} differences found late, {told}.",
        differences,
        told=told,
    )


def _moment(at: datetime, now: datetime) -> str:
    time = clock_time(at, seconds=True)
    return time if at.date() == now.date() else say("{day} {time}", day=short_day(at.date()), time=time)


def _letters(overview: Overview, now: datetime) -> list[tuple[str, str, str]]:
    """Age, what, and how often; never what the document says."""
    found = []
    for letter in overview.letters:
        count = int(letter.get("count", 1))
        named = {
            "source": letter.get("source"),
            "reason": str(letter.get("reason", "")).replace("_", " "),
            "collection": letter.get("collection"),
        }
        # Translators: {source}, {reason}, {collection} and {field} are words of the programs.
        if letter.get("field"):
            what = say("{source}: {reason} in {collection}, field {field}", field=letter["field"], **named)
        else:
            what = say("{source}: {reason} in {collection}", **named)
        often = plural("{number} time", "{number} times", count) if count > 1 else ""
        found.append((_ago(letter.get("last_at"), now), what, often))
    return found
