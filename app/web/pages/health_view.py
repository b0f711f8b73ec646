"""What the health page says: the finding first, then each part of the way of a change. Only known figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.why_words import channel_name
from app.store.gaps import Gap
from app.store.overview import MOST_DUE, Overview
from app.web.pages import words

OLDEST_TOKEN_S = 60.0
"""A resume token that was not saved for so long belongs to a watcher that stands still."""

OLDEST_DUE_S = 60.0
"""A conversation that is due for so long says that delivery is behind."""

_SENTENCES: Mapping[str, str] = {
    "MongoDB: Down": "MongoDB does not answer: boards cannot be drawn, and no change is seen until it does.",
    "MongoDB: No primary": "MongoDB has no primary: nothing can be saved until its members elect one.",
    "Watchers: Never ran": "No watcher has run yet, so no change is seen. Start one: gatecall watch",
    "Watchers: Behind": "The watchers stand still: changes wait in MongoDB and are told once they run.",
    "Watchers: Starting": "Some collections have no watcher yet.",
    "Kafka: Silent": "Kafka does not answer this process: boards are marked STALE until it does.",
    "Delivery: Behind": "Messages are late; each is tried again and none is lost.",
    "Delivery: Off": "No channel is switched on: nobody is sent a message.",
}

_CAUSES: Mapping[str, str] = {
    "start": "no position was stored",
    "token": "MongoDB could not go on from the stored position",
    "topic": "the topic was made again or has other partitions",
    "restore": "MongoDB was restored from a backup",
    "asked": "a comparison was asked for",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One part of the line. tone: "ok", "warn" or "bad"; word: its state in a word."""

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
        gone = [("State", "not known")]
        nodes = [
            Node("MongoDB", "bad", "Down", [("Answers", "no")]),
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
    return f"{words.age((now - moment).total_seconds())} ago" if moment else "never"


def _mongodb(overview: Overview, now: datetime) -> Node:
    del now
    if overview.members and not overview.primary:
        return Node("MongoDB", "bad", "No primary", [("Members", words.number(overview.members))])
    figures = [("Answers", "yes"), ("Flights", words.number(overview.flights))]
    if overview.members:
        figures[1:1] = [("Members", words.number(overview.members))]
    return Node("MongoDB", "ok", "Well", figures)


def _watchers(overview: Overview, now: datetime) -> Node:
    saved = [moment for moment in overview.tokens.values() if moment is not None]
    figures = [
        ("Collections", f"{len(saved)} of {len(overview.tokens)}"),
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
        ("Answered", "never" if feed.age_s is None else f"{words.seconds(feed.age_s)} ago"),
        ("Updates", words.number(feed.updates)),
        ("Last one", _ago(feed.last_at, now)),
    ]
    return Node("Kafka", "bad" if feed.stale else "ok", "Silent" if feed.stale else "Well", figures)


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
        ("Oldest due", words.age((now - oldest).total_seconds()) if oldest else "none"),
    ]
    if not overview.channels:
        return Node("Delivery", "warn", "Off", figures)
    if oldest and (now - oldest).total_seconds() > OLDEST_DUE_S:
        return Node("Delivery", "warn", "Behind", figures)
    return Node("Delivery", "ok", "Well", figures)


def _counted(count: int, overview: Overview) -> str:
    """A count of notifications, as far as they were read."""
    return f"at least {words.number(count)}" if overview.is_capped and count else words.number(count)


def _due(count: int) -> str:
    return f"at least {words.number(count)}" if count >= MOST_DUE else words.number(count)


def _channel(name: str, overview: Overview, on: bool, now: datetime) -> ChannelRow:
    title, figures = channel_name(name), overview.channels.get(name)
    if not on or figures is None:
        wrong = "Its settings are absent, so nothing is sent here."
        return ChannelRow(title, "failed", "Off", "0", "0", "0", "none", "0", wrong)
    late = figures.oldest_due is not None and (now - figures.oldest_due).total_seconds() > OLDEST_DUE_S
    wrong = ""
    if late and figures.oldest_due:
        wrong = f"The oldest message is due for {words.age((now - figures.oldest_due).total_seconds())}."
    elif figures.failed:
        wrong = f"{words.counted(figures.failed, 'message', 'messages')} refused for good or returned."
    if figures.down_since:
        since = words.age((now - figures.down_since).total_seconds())
        wrong = f"Its provider is down, for {since}; one message now and then tries it. {wrong}".rstrip()
    middle = figures.seconds[len(figures.seconds) // 2] if figures.seconds else None
    return ChannelRow(
        name=title,
        tone="failed" if figures.down_since else "delayed" if late else "ok",
        word="Down" if figures.down_since else "Behind" if late else "Well",
        sent=_counted(figures.sent, overview),
        retried=_counted(figures.retried, overview),
        failed=_counted(figures.failed, overview),
        median=words.seconds(middle) if middle is not None else "none",
        due=_due(figures.due),
        wrong=wrong,
    )


def _problems(nodes: Sequence[Node], rows: Sequence[ChannelRow], overview: Overview | None) -> list[str]:
    found = [_SENTENCES[key] for node in nodes if (key := f"{node.name}: {node.word}") in _SENTENCES]
    found += [f"{row.name} is off: its settings are absent." for row in rows if row.word == "Off"]
    found += [f"{row.name}: the provider is down." for row in rows if row.word == "Down"]
    if overview and overview.waiting_letters:
        waiting = words.counted(overview.waiting_letters, "dead letter waits", "dead letters wait")
        found.append(f"{waiting} for somebody to look: changes nobody could read. Their neighbours went on.")
        if overview.fresh_letters:
            found.append(
                f"The pile of dead letters grows: {words.number(overview.fresh_letters)} in the last hour."
            )
    return found


def _title(
    nodes: Sequence[Node], rows: Sequence[ChannelRow], overview: Overview | None, problems: Sequence[str]
) -> str:
    """The finding: what is wrong, or that nothing is."""
    if not problems:
        return "All is well"
    found = [f"{node.name} {verb}" for node in nodes if (verb := _verb(node))]
    found += [f"{row.name} is {row.word.lower()}" for row in rows if row.word in ("Off", "Down")]
    if overview and overview.waiting_letters:
        found.append(words.counted(overview.waiting_letters, "dead letter waits", "dead letters wait"))
    if len(found) == 1:
        return f"{found[0]}, all else is well"
    if len(found) == 2:
        return f"{found[0]}, and {found[1]}"
    if found:
        return f"{found[0]}, and {len(found) - 1} more need a look"
    return f"{words.counted(len(problems), 'thing needs', 'things need')} a look"


def _verb(node: Node) -> str:
    """What is wrong with a part, as the title says it; "" for what the title leaves to the list."""
    plural = node.name == "Watchers"
    return {
        "Down": "is down",
        "No primary": "has no primary",
        "Never ran": "never ran",
        "Behind": "are behind" if plural else "is behind",
        "Silent": "is silent",
    }.get(node.word, "")


def _tiles(overview: Overview, feed: FeedFigures, now: datetime) -> list[tuple[str, str, str, str]]:
    """Heading, figure, its unit, and a line below."""
    seconds = sorted(s for channel in overview.channels.values() for s in channel.seconds)
    sent = sum(c.sent for c in overview.channels.values())
    due = sum(c.due for c in overview.channels.values())
    tiles = []
    if seconds:
        middle, worst = seconds[len(seconds) // 2], seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]
        below = f"99 %: {words.seconds(worst)}, {words.counted(len(seconds), 'message', 'messages')}"
        tiles.append(("From edit to accepted, median", f"{middle:.1f}", "s", below))
    oldest = min((letter["first_at"] for letter in overview.letters), default=None)
    waiting = f"oldest {_ago(oldest, now)}" if oldest else "none waiting"
    tiles += [
        ("Notifications sent", _counted(sent, overview), "", "last 15 minutes"),
        ("Waiting and due", _due(due), "", "conversations"),
        ("Dead letters", words.number(overview.waiting_letters), "", waiting),
        ("Updates in the feed", words.number(feed.updates), "", f"last {_ago(feed.last_at, now)}"),
    ]
    return tiles[:4] if seconds else tiles


def gap_told(gap: Gap, now: datetime) -> tuple[str, str, str]:
    """When, what happened in a sentence, and the state in a word."""
    begun = _moment(gap.blind_from, now) if gap.blind_from else "an unknown time"
    cause = _CAUSES.get(gap.cause, gap.cause)
    parts = [f"{gap.collection} not seen from {begun} to {_moment(gap.blind_to, now)} UTC: {cause}."]
    if gap.documents is not None:
        parts.append(f"{words.counted(gap.documents, 'document', 'documents')} compared.")
    if gap.found_late is not None:
        many = words.counted(gap.found_late, "difference", "differences")
        people = words.counted(gap.told or 0, "person", "people")
        parts.append(f"{many if gap.found_late else 'No difference'} found late, {people} told.")
    over = gap.compared_at is not None or (gap.found_late is None and gap.documents is not None)
    return _ago(gap.blind_to, now), " ".join(parts), "Over" if over else "Open"


def _moment(at: datetime, now: datetime) -> str:
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at.day} {at:%b %H:%M:%S}"


def _letters(overview: Overview, now: datetime) -> list[tuple[str, str, str]]:
    """Age, what, and how often; never what the document says."""
    found = []
    for letter in overview.letters:
        field = f", field {letter['field']}" if letter.get("field") else ""
        reason = str(letter.get("reason", "")).replace("_", " ")
        count = int(letter.get("count", 1))
        what = f"{letter.get('source')}: {reason} in {letter.get('collection')}{field}"
        found.append((_ago(letter.get("last_at"), now), what, f"{count} times" if count > 1 else ""))
    return found
