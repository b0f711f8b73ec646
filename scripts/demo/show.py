"""One run of the demo, from the first process to the verdict."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.domain.clock import DomainClock
from app.domain.news import Rules, Steps
from scripts.demo import cast, cast_checks, checks, data, drain, fares, people, plan, summary
from scripts.demo import evidence as evidence_of
from scripts.demo.checks import Finding
from scripts.demo.data import Departure
from scripts.demo.feed_reader import FeedReader
from scripts.demo.load import load, load_alerts
from scripts.demo.local_http import get_json
from scripts.demo.options import Options
from scripts.demo.replay import Notice, Replay, Step
from scripts.demo.stage import PROCESSES, ServerDiedError, Stage

_NOTICE = "Winter storm warning for New York from noon: expect delays and cancellations. Check before you leave home."
_CHANNELS = ("email", "sms")
_DRAIN_S = 180.0
_FIRST_READING_S = 120.0
# The replay may begin so late on its clock: its first saves are then made at once.
_LATE = timedelta(minutes=20)
_STARTS = 3
# What people hear who have chosen nothing, as the settings have it by default.
_RULES = Rules(Steps(timedelta(minutes=15), timedelta(minutes=10)), timedelta(hours=24))


class Show:
    """Everything that is prepared before, and found after, the replay. `stop` ends each of its waits."""

    def __init__(self, stage: Stage, options: Options, console: Console, stop: threading.Event) -> None:
        self._stage = stage
        self._options = options
        self._console = console
        self._stop = stop
        departures = data.load()
        if options.flights is not None:
            departures = _spread(departures, options.flights)
        self._plan = plan.make(departures)
        ends = self._plan.edits[-1].at
        self._fares = fares.make(departures, plan.STARTS, ends)
        self._cast = cast.make(departures, self._plan, self._fares)
        self._people = cast.joined(people.make(departures, plan.STARTS), self._cast)
        notice = Notice(plan.STARTS + timedelta(minutes=35), _NOTICE, "EWR")
        self._steps: list[Step] = sorted(
            [*self._plan.edits, *self._people.moves, *self._fares.edits, notice], key=lambda step: step.at
        )
        self._rate = options.clock_rate(self._steps[-1].at - plan.STARTS)

    def run(self) -> int:
        """Start, replay, judge; returns the exit status. Raises ServerDiedError and other errors of the start."""
        stage, console = self._stage, self._console
        console.print(summary.MADE_UP, soft_wrap=True)
        began = time.monotonic()
        with self._progress() as progress:
            self._start_servers(progress)
            with self._connected() as database:
                self._load(database, progress)
        with self._connected() as database:
            clock = self._start_in_time(database, time.monotonic() - began)
            reader = FeedReader(stage.ports.web)
            reader.start()
            stage.tell_inbox(self._cast, clock)
            summary.addresses(console, stage, f"{stage.web_url}/board?airport=EWR", self._cast)
            before = evidence_of.read_metrics(stage)
            replay = Replay(database, clock, stage.ports.web, stage.staff_key)
            self._replay(replay, clock)
            return self._judge(database, replay, reader, clock, before)

    def _start_in_time(self, database: Database[dict[str, Any]], so_far_s: float) -> DomainClock:
        """Start Gatecall's processes on a clock that reaches the replay's beginning when they are up.

        All of them are given the same clock when they start, so that is a guess: a machine that took long until
        here takes long for the rest. Where the guess was wrong and the storm would be far away already, they are
        started again, on a later clock.
        """
        lead_s = max(20.0, 2.0 * so_far_s)
        for starts_left in reversed(range(_STARTS)):
            began = time.monotonic()
            origin = datetime.now(UTC) + timedelta(seconds=lead_s)
            clock = DomainClock(plan.STARTS.astimezone(UTC), origin, self._rate)
            with self._progress() as progress:
                self._start_gatecall(clock, progress)
            self._read_first(database)
            if clock() < clock.start + _LATE or not starts_left:
                with self._console.status("Waiting for half past four in the morning of 8 February"):
                    self._stop.wait(max(0.0, (origin - datetime.now(UTC)).total_seconds()))
                return clock
            lead_s = 2.0 * (time.monotonic() - began)
            self._console.print(
                "That took so long that the storm would be over: once more, on a later clock."
            )
            self._stage.stop_gatecall()
        raise AssertionError("the last start returns")

    def _start_servers(self, progress: Progress) -> None:
        steps: dict[str, Callable[[], None]] = {
            "MongoDB, three members": self._stage.start_mongo,
            "Broker": self._stage.start_kafka,
            "Inbox": self._stage.start_inbox,
            "Schema": lambda: self._stage.run_once("schema"),
            "Topics": lambda: self._stage.run_once("topics"),
        }
        task = progress.add_task("Servers", total=len(steps))
        for name, start in steps.items():
            progress.update(task, description=name)
            start()
            progress.advance(task)
        progress.update(task, description="Servers are up")

    def _load(self, database: Database[dict[str, Any]], progress: Progress) -> None:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(f"Loading {what}", total=total)
            progress.update(tasks[what], completed=done)

        load(database, self._plan.published, self._people, self._fares, told)
        for member in self._cast:
            load_alerts(database, str(member.id), member.alerts, plan.STARTS.astimezone(UTC))

    def _start_gatecall(self, clock: DomainClock, progress: Progress) -> None:
        task = progress.add_task("Gatecall", total=len(PROCESSES))
        self._stage.start_gatecall(clock)
        for name in PROCESSES:
            progress.update(task, description=f"Gatecall: {name}")
            self._stage.wait_ready(name)
            progress.advance(task)
        progress.update(task, description="Gatecall is up")

    def _read_first(self, database: Database[dict[str, Any]]) -> None:
        """Wait until the first reading of all collections has gone through; nobody is told anything by it.

        Raises ServerDiedError when it does not come to an end.
        """
        with self._console.status("Gatecall reads what is there for the first time"):
            took = drain.wait_quiet(
                lambda: drain.first_reading_is_done(database, len(self._plan.published)),
                quiet_s=1.5,
                timeout_s=_FIRST_READING_S,
                stop=self._stop,
            )
        self._must_live()
        if took is None:
            errors = "; ".join(self._stage.log_errors().values()) or "no process says why"
            raise ServerDiedError(f"the first reading was not done within {_FIRST_READING_S:.0f} s: {errors}")

    def _replay(self, replay: Replay, clock: DomainClock) -> None:
        """Run the replay in a thread of its own, show where it is, and stop when a process dies."""
        begun = [0]
        writer = threading.Thread(
            target=replay.run, args=(self._steps, self._stop, lambda n: begun.__setitem__(0, n)), daemon=True
        )
        writer.start()
        with self._progress() as progress:
            task = progress.add_task("The storm", total=len(self._steps))
            while writer.is_alive():
                writer.join(0.5)
                self._must_live()
                now = clock().astimezone(plan.STARTS.tzinfo)
                words = f"{now:%a %d %b %H:%M} EST, {self._counts()}"
                progress.update(task, completed=begun[0], description=words)

    def _judge(
        self,
        database: Database[dict[str, Any]],
        replay: Replay,
        reader: FeedReader,
        clock: DomainClock,
        before: evidence_of.Metrics,
    ) -> int:
        wanted = sum(edit.visible for edit in self._plan.edits) + len(self._fares.edits)
        with self._console.status("The last save is done; waiting until everybody has been told"):
            drained = drain.wait_quiet(
                lambda: drain.all_is_told(database, len(reader.updates), wanted),
                quiet_s=2.0,
                timeout_s=_DRAIN_S,
                stop=self._stop,
            )
        reader.stop()
        found = evidence_of.gather(
            self._stage, database, updates=reader.updates, gaps=reader.gaps, before=before
        )
        findings = self._findings(found, replay, drained, clock)
        summary.outcome(self._console, found, replay, drained, clock)
        summary.verdict(self._console, findings)
        return 0 if all(finding.well for finding in findings) else 1

    def _findings(
        self, found: evidence_of.Evidence, replay: Replay, drained: float | None, clock: DomainClock
    ) -> list[Finding]:
        late = () if drained is not None else (f"not quiet within {_DRAIN_S:.0f} s of the last save",)
        dead = tuple(child.died("").args[0] for child in self._stage.dead())
        ends = self._steps[-1].at.astimezone(UTC)
        excuse = cast_checks.excuse(
            found, clock.rate, late_s=replay.late_s, some_flights=self._options.flights is not None
        )
        return [
            Finding("saves", f"{replay.written.total()} saves, none refused", tuple(replay.failures)),
            checks.plan_was_written(self._plan, found),
            checks.known_is_final(found),
            checks.feed_has_each_change_once(self._plan.edits, len(self._fares.edits), found),
            Finding("quiet", "nothing is left to do", late),
            checks.everybody_knows(
                self._plan,
                self._people,
                found,
                channels=_CHANNELS,
                rules=_RULES,
                now=ends,
                slow=excuse is not None,
            ),
            checks.inbox_matches_ledger(found),
            checks.nobody_was_told_twice(found),
            checks.nothing_is_dead(found),
            *cast_checks.judge(self._cast, cast_checks.Scene(found, clock, excuse)),
            Finding("processes", "no process ended by itself", dead),
            Finding("logs", "no process logged an error", tuple(self._stage.log_errors().values())),
        ]

    def _counts(self) -> str:
        try:
            counts = get_json(self._stage.ports.inbox, "/api/counts", timeout_s=2)
        except OSError:
            return "the inbox does not answer"
        return f"{counts['email']:,} mails, {counts['sms']:,} SMS"

    def _must_live(self) -> None:
        for child in self._stage.dead():
            raise ServerDiedError(str(child.died("The demo cannot go on without it.")))

    @contextmanager
    def _connected(self) -> Iterator[Database[dict[str, Any]]]:
        with MongoClient[dict[str, Any]](
            self._stage.mongodb_uri, tz_aware=True, appname="gatecall demo"
        ) as client:
            yield client.get_default_database()

    def _progress(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=self._console)


def _spread(departures: Sequence[Departure], count: int) -> list[Departure]:
    """So many of the departures, evenly over both days."""
    return [departures[number * len(departures) // count] for number in range(min(count, len(departures)))]
