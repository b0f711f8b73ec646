"""Leases: one holder at a time, by the server's clock."""

from __future__ import annotations

import threading
from typing import Any

from pymongo.database import Database

from app.store.leases import Leases
from tests.watchers.conftest import eventually

Documents = Database[dict[str, Any]]


def test_a_lease_is_taken_kept_and_given_back(database: Documents) -> None:
    first, second = Leases(database, "first"), Leases(database, "$second")
    assert first.held_by("work") is None
    assert first.take("work", 30)
    assert first.take("work", 30)
    assert not second.take("work", 30)
    second.release("work")
    assert second.held_by("work") == "first"
    first.release("work")
    assert second.take("work", 30)
    assert first.held_by("work") == "$second"


def test_a_lease_that_ran_out_is_free(database: Documents) -> None:
    first, second = Leases(database, "first"), Leases(database, "second")
    assert first.take("work", 0.3)
    eventually(lambda: second.take("work", 30))
    assert not first.take("work", 30)


def test_of_many_who_want_a_new_lease_at_once_one_gets_it(database: Documents) -> None:
    got: list[str] = []
    barrier = threading.Barrier(8)

    def want(name: str) -> None:
        barrier.wait()
        if Leases(database, name).take("work", 30):
            got.append(name)

    threads = [threading.Thread(target=want, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
