"""Readers that go from process to process miss nothing and see nothing twice."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from app.domain.feed import Tags
from app.web.index import Index, Shown

TAGS = Tags(frozenset(), frozenset(), frozenset(), frozenset())


def shown(partition: int, offset: int, at: float = 0.0) -> Shown:
    return Shown(partition, offset, at, "flight", TAGS, b"%d/%d" % (partition, offset))


def log(sizes: list[int], seed: int) -> list[Shown]:
    """Messages of partitions; some offsets are not shown (markers, repeats)."""
    chosen = random.Random(seed)
    return [
        shown(p, offset, at=float(offset))
        for p, size in enumerate(sizes)
        for offset in range(size)
        if chosen.random() < 0.7
    ]


class Process:
    """One web process that reads the log at its own pace, the partitions interleaved in its own way."""

    def __init__(self, sizes: list[int], updates: list[Shown], seed: int) -> None:
        self._random = random.Random(seed)
        self._sizes = sizes
        self._updates = updates
        self.index = Index(b"12345678", [0] * len(sizes), 10_000)

    def read_some(self) -> None:
        partition = self._random.randrange(len(self._sizes))
        start = self.index.positions[partition]
        end = min(self._sizes[partition], start + self._random.randint(0, 4))
        self.read(partition, start, end)

    def read(self, partition: int, start: int, end: int) -> None:
        new = [u for u in self._updates if u.partition == partition and start <= u.offset < end]
        self.index.add(new)
        self.index.positions[partition] = end

    def read_all(self) -> None:
        for partition, size in enumerate(self._sizes):
            self.read(partition, self.index.positions[partition], size)


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=4),
    st.integers(0, 2**32),
    st.integers(1, 5),
    st.booleans(),
)
def test_each_update_is_seen_exactly_once_whatever_process_answers(
    sizes: list[int], seed: int, limit: int, restarts: bool
) -> None:
    updates = log(sizes, seed)
    chosen = random.Random(seed + 1)
    processes = [Process(sizes, updates, seed + n) for n in range(3)]
    offsets: list[int] = [0] * len(sizes)
    seen: list[bytes] = []
    for turn in range(60):
        process = processes[turn % 3]
        process.read_some()
        if restarts and chosen.random() < 0.1:
            processes[turn % 3] = process = Process(sizes, updates, seed + turn)
            process.read_all()
            process.index.sort()
        page = process.index.since(offsets, None, limit)
        assert len(page.updates) <= limit
        seen += [update.body for update in page.updates]
        offsets = list(page.after)
    for process in processes:
        process.read_all()
    while True:
        page = processes[0].index.since(offsets, None, limit)
        seen += [update.body for update in page.updates]
        offsets = list(page.after)
        if not page.more:
            break
    assert sorted(seen) == sorted(update.body for update in updates)


def test_a_filter_shows_its_own_and_moves_past_the_rest() -> None:
    index = Index(b"12345678", [0, 0], 100)
    index.add([shown(0, n) for n in range(10)])
    index.positions = [10, 0]
    page = index.since([0, 0], lambda update: update.offset % 5 == 4, 1)
    assert [u.offset for u in page.updates] == [4]
    assert page.more
    rest = index.since(page.after, lambda update: update.offset % 5 == 4, 1)
    assert [u.offset for u in rest.updates] == [9]
    assert not rest.more
    assert list(rest.after) == [10, 0]


def test_what_was_read_partition_by_partition_is_shown_by_time() -> None:
    index = Index(b"12345678", [0, 0], 100)
    index.add([shown(0, 0, 1.0), shown(0, 1, 3.0)])
    index.add([shown(1, 0, 2.0), shown(1, 1, 4.0)])
    index.positions = [2, 2]
    index.sort()
    assert [u.at for u in index.newest(None, None).updates] == [1.0, 2.0, 3.0, 4.0]


def test_the_order_within_a_partition_wins_over_the_clock() -> None:
    index = Index(b"12345678", [0, 0], 100)
    index.add([shown(0, 0, 9.0), shown(0, 1, 1.0), shown(1, 0, 5.0)])
    index.sort()
    found = [(u.partition, u.offset) for u in index.newest(None, None).updates]
    assert found == [(1, 0), (0, 0), (0, 1)]


def test_memory_is_bounded_and_older_cursors_do_not_reach() -> None:
    index = Index(b"12345678", [0], 100)
    for offset in range(1000):
        index.add([shown(0, offset)])
    index.positions = [1000]
    assert 100 <= len(index) <= 113
    assert not index.reaches([0])
    assert index.reaches([1000 - len(index)])
    kept = index.since([1000 - len(index)], None, 500)
    assert [u.offset for u in kept.updates] == list(range(1000 - len(index), 1000))


def test_what_is_dropped_while_a_log_is_read_is_the_oldest_of_all_partitions() -> None:
    index = Index(b"12345678", [0, 0], 100)
    index.add([shown(0, 0, 1.0), shown(0, 1, 1000.0)])
    for offset in range(150):
        index.add([shown(1, offset, 100.0 + offset)])
    index.positions = [2, 150]
    index.sort()
    kept = index.newest(None, None).updates
    assert 100 <= len(kept) <= 113
    first = 151 - len(kept)
    assert [(u.partition, u.offset) for u in kept] == [*((1, n) for n in range(first, 150)), (0, 1)]
    assert not index.reaches([0, first])
    assert not index.reaches([1, first - 1])
    assert index.reaches([1, first])
    assert list(index.since([1, first], None, 500).updates) == list(kept)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=4), st.integers(0, 2**32))
def test_whatever_was_dropped_while_a_log_was_read_no_cursor_skips_it(sizes: list[int], seed: int) -> None:
    chosen = random.Random(seed)
    updates = [shown(p, n, chosen.uniform(0, 500)) for p, size in enumerate(sizes) for n in range(size)]
    index = Index(b"12345678", [0] * len(sizes), 100)
    at = 0
    while at < len(updates):
        index.add(updates[at : (at := at + chosen.randint(1, 60))])
    index.positions = list(sizes)
    index.sort()
    kept = index.newest(None, None).updates
    assert len(kept) >= min(len(updates), 100)
    for _ in range(20):
        offsets = [chosen.randint(0, size) for size in sizes]
        wanted = {u.body for u in updates if u.offset >= offsets[u.partition]}
        if index.reaches(offsets):
            assert {u.body for u in index.since(offsets, None, 1000).updates} == wanted
        else:
            assert not wanted <= {u.body for u in kept}


def test_a_process_that_is_behind_does_not_take_its_reader_back() -> None:
    index = Index(b"12345678", [0, 0], 100)
    index.add([shown(0, 0)])
    index.positions = [1, 0]
    page = index.since([5, 7], None, 10)
    assert list(page.after) == [5, 7]
    assert not page.updates
