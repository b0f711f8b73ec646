"""`gatecall dead-letters`: what operators type, and what they are told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pymongo.database import Database

from app.__main__ import main
from app.store.dead_letters import DISCARDED, REPLAYED, DeadLetter, DeadLetters
from app.store.read_requests import ReadRequests

NOW = datetime.now(UTC)
Documents = Database[dict[str, Any]]


@pytest.fixture
def run(database_uri: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("MONGODB_URI", database_uri)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9")

    def command(*words: str, answer: str | None = None) -> Result:
        return CliRunner().invoke(main, ["dead-letters", *words], input=answer)

    return command


@pytest.fixture
def letters(database: Documents) -> DeadLetters:
    """Three letters: two flights that cannot be understood, and a fare."""
    found = DeadLetters(database, lambda: datetime.now(UTC))
    for number in (1, 2):
        found.add(
            DeadLetter("notifier", "flights", f"f{number}", "bad_field", "gate: odd", event_id=f"e{number}")
        )
    found.add(
        DeadLetter("watcher", "prices", "p1", "unencodable", "amount: nan", event_id="e3", document_id="p1")
    )
    return found


@pytest.fixture
def serving(database: Documents, letters: DeadLetters) -> Iterator[None]:
    """Something that serves read requests as a watcher does, but publishes nothing."""
    stop = threading.Event()

    def work() -> None:
        requests = ReadRequests(database)
        while not stop.wait(0.05):
            for collection in ("flights", "prices"):
                for request_id in requests.waiting(collection, 9):
                    if begun := requests.begin(request_id):
                        counts = letters.begin_replay(begun[0].letters, begun[0].run)
                        if "f2" in request_id:  # met again meanwhile
                            event_id = f"replay:{begun[0].run}:f2"
                            letters.add(
                                DeadLetter("notifier", "flights", "f2", "bad_field", "odd", event_id=event_id)
                            )
                        letters.end_replay(counts, "read")
                        requests.end(begun[0])

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join(10)


def test_list_shows_the_latest_and_counts_the_reasons(
    run: Callable[..., Result], letters: DeadLetters
) -> None:
    printed = run("list").output
    assert "flights f1: bad_field" in printed
    assert "prices p1: unencodable" in printed
    assert "3 dead letters" in printed
    assert "     2  bad_field, waiting" in printed


def test_the_counts_are_of_what_the_filters_leave(run: Callable[..., Result], letters: DeadLetters) -> None:
    letters.discard("notifier:flights:e1", "staff:abc")
    assert counted(run("list", "--key", "f2")) == ["1  bad_field, waiting"]
    assert counted(run("list", "--collection", "prices")) == ["1  unencodable, waiting"]
    assert counted(run("list", "--until", "1h")) == []
    of_all = ["1  bad_field, discarded", "1  bad_field, waiting", "1  unencodable, waiting"]
    assert counted(run("list", "--status", "all")) == of_all


def counted(done: Result) -> list[str]:
    """The lines that count, below the total."""
    lines = [line.strip() for line in done.output.splitlines()]
    total = next(number for number, line in enumerate(lines) if "dead letter" in line)
    return lines[total + 1 :]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--reason", "bad_field"], {"e1", "e2"}),
        (["--collection", "prices"], {"e3"}),
        (["--key", "f2"], {"e2"}),
        (["--source", "watcher"], {"e3"}),
        (["--status", "discarded"], set()),
        (["--since", "1h"], {"e1", "e2", "e3"}),
        (["--until", "1h"], set()),
        (["--since", (NOW + timedelta(days=2)).date().isoformat()], set()),
    ],
)
def test_filters(
    run: Callable[..., Result], letters: DeadLetters, options: list[str], found: set[str]
) -> None:
    done = run("list", "--json", *options)
    assert done.exit_code == 0
    assert {json.loads(line)["event_id"] for line in done.output.splitlines()} == found


def test_show_prints_all_that_is_kept(run: Callable[..., Result], letters: DeadLetters) -> None:
    assert json.loads(run("show", "watcher:prices:e3").output)["words"] == "amount: nan"
    missing = run("show", "nothing")
    assert missing.exit_code == 1
    assert "There is no dead letter nothing" in missing.output


@pytest.mark.usefixtures("serving")
def test_replay_waits_and_says_what_became_of_each(run: Callable[..., Result], letters: DeadLetters) -> None:
    done = run("replay", "--all", "--yes")
    assert "2 replayed, 1 failed again, 0 refused, 0 not served yet" in done.output
    assert done.exit_code == 1
    assert letters.count(status=REPLAYED) == 2
    one = run("replay", "notifier:flights:e1")
    assert one.exit_code == 0, "a replay may be repeated"


def test_replay_without_a_watcher_says_so_and_leaves_the_request(
    run: Callable[..., Result], letters: DeadLetters, database: Documents
) -> None:
    done = run("replay", "notifier:flights:e1", "--wait", "0.1")
    assert done.exit_code == 1
    assert "1 not served yet" in done.output
    assert "is `gatecall watch` running?" in done.output
    assert ReadRequests(database).count() == 1
    assert letters.count() == 3


def test_many_are_not_touched_without_a_yes(run: Callable[..., Result], letters: DeadLetters) -> None:
    asked = run("discard", "--all", answer="n\n")
    assert "Discard 3 dead letters?" in asked.output
    assert asked.exit_code == 1
    assert letters.count() == 3
    assert run("discard", "--all", "--reason", "bad_field", answer="y\n").exit_code == 0
    assert letters.count(status=DISCARDED) == 2


@pytest.mark.parametrize("words", [[], ["e1", "--all"], ["e1", "--reason", "x"]])
def test_it_must_be_clear_which_are_meant(
    run: Callable[..., Result], letters: DeadLetters, words: list[str]
) -> None:
    assert run("discard", *words).exit_code == 2
    assert letters.count() == 3


def test_what_cannot_be_done_is_said_with_its_reason(
    run: Callable[..., Result], letters: DeadLetters
) -> None:
    done = run("discard", "nothing")
    assert done.exit_code == 1
    assert "nothing: there is no such dead letter" in done.output
