"""Cursors are opaque, safe in an address, and refused when anybody else made them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import cursor as cursors


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=40))
def test_a_cursor_says_what_was_put_into_it(offsets: list[int]) -> None:
    log = cursors.log_digest(["a/6", "b/6"])
    text = cursors.encode(log, offsets)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert cursors.decode(text) == cursors.Cursor(log, tuple(offsets))


def test_a_cursor_of_18_partitions_with_a_million_messages_each_is_short() -> None:
    assert len(cursors.encode(cursors.log_digest(["a"]), [1_000_000] * 18)) < 100


@given(st.text(max_size=200))
def test_any_other_text_is_refused_and_nothing_worse(text: str) -> None:
    with pytest.raises(cursors.BadCursorError):
        cursors.decode(text)


@given(st.data())
def test_a_damaged_cursor_is_refused(data: st.DataObject) -> None:
    text = cursors.encode(cursors.log_digest(["a"]), [5, 500, 50_000])
    place = data.draw(st.integers(0, len(text) - 2))  # the last character has bits that mean nothing
    letter = data.draw(st.sampled_from("abcXYZ019-_"))
    damaged = text[:place] + letter + text[place + 1 :]
    if damaged != text:
        with pytest.raises(cursors.BadCursorError):
            cursors.decode(damaged)


def test_a_very_long_cursor_is_refused_at_once() -> None:
    with pytest.raises(cursors.BadCursorError):
        cursors.decode("A" * 1_000_000)
