"""The consumer loop when the group is divided anew before a batch could be committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from kafka import KafkaConsumer
from kafka.errors import RebalanceInProgressError

from app.bus.topics import TopicIds
from tests.notifier.reading import Line, until


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """No commit is taken; those that were tried are noted."""
    refused: list[object] = []

    def refuse(_: KafkaConsumer, offsets: object) -> None:
        refused.append(offsets)
        raise RebalanceInProgressError

    with monkeypatch.context() as patch:
        patch.setattr(KafkaConsumer, "commit", refuse)
        yield refused


def test_a_batch_that_could_not_be_committed_is_no_suspect_for_the_next_member(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.publish("a", "b", "c")
    batches: list[list[str]] = []
    for _ in range(2):
        with (
            refusing(monkeypatch) as refused,
            line.reading(lambda batch: batches.append([r.key for r in batch])),
        ):
            until(lambda refused=refused: refused, "the commit is refused")  # type: ignore[misc]
    with line.reading(lambda batch: batches.append([r.key for r in batch])):
        until(lambda: len(batches) == 3, "the third member handles it")
    assert batches == [["a", "b", "c"]] * 3
    assert line.committed().offset == 3


def test_messages_taken_one_by_one_are_left_to_the_next_member_and_none_is_blamed(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.publish("a", "b", "c")
    line.attempts.count(f"test/{line.topic}/{TopicIds(line.admin).current(line.topic).id}/0", 0)
    keys: list[str] = []
    for _ in range(5):
        with (
            refusing(monkeypatch) as refused,
            line.reading(lambda batch: keys.extend(r.key for r in batch)) as loop,
        ):
            until(lambda refused=refused: refused, "the commit is refused")  # type: ignore[misc]
            turned_at = loop._last_turn
            until(lambda loop=loop, at=turned_at: loop._last_turn > at, "its turn ends")  # type: ignore[misc]
    assert set(keys) == {"a"}
    keys.clear()
    with line.reading(lambda batch: keys.extend(r.key for r in batch)):
        until(lambda: "c" in keys, "the next member handles them")
    assert keys == ["a", "b", "c"]
    assert line.set_aside == []
