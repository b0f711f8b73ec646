from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from app.web.pages.kept import Kept
from tests.pages.conftest import NOW


def test_a_value_is_made_once_until_a_change_or_a_second_makes_it_old() -> None:
    version, made = [0], []
    kept: Kept[int] = Kept(lambda: version[0])

    def ask(seconds: float) -> int:
        return kept.get("EWR", NOW + timedelta(seconds=seconds), lambda: made.append(1) or len(made))

    assert [ask(0), ask(0.5)] == [1, 1]
    version[0] = 1
    assert ask(0.6) == 2, "a change"
    assert ask(1.7) == 3, "a second"


def test_many_readers_wait_for_the_one_who_makes_it() -> None:
    made: list[int] = []

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return len(made)

    kept: Kept[int] = Kept(lambda: 0)
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(kept.get("EWR", NOW, make))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (got, made) == ([1] * 20, [1])


def test_what_could_not_be_made_is_tried_again() -> None:
    kept: Kept[int] = Kept(lambda: 0)
    with pytest.raises(ZeroDivisionError):
        kept.get("EWR", NOW, lambda: 1 // 0)
    assert kept.get("EWR", NOW, lambda: 7) == 7


def test_a_change_that_comes_while_a_value_is_made_makes_it_old() -> None:
    version = [0]
    kept: Kept[str] = Kept(lambda: version[0])

    def make() -> str:
        version[0] += 1
        return f"as of {version[0]}"

    kept.get("EWR", NOW, make)
    assert kept.get("EWR", NOW, lambda: "newer") == "newer"
