"""Each mutant still changes the product as it is now: one that no longer fits would find nothing and say nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.torture.faults import FAULTS
from tests.torture.mutants import MUTANTS, Mutant, rewritten

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", list(MUTANTS.values()), ids=lambda m: m.name)
def test_the_words_of_a_mutant_stand_in_the_source(mutant: Mutant) -> None:
    for change in mutant.changes:
        assert rewritten(change)
    assert set(mutant.faults) <= set(FAULTS)


def test_a_mutant_changes_the_process_that_applies_it() -> None:
    probe = """
from tests.torture import mutants
mutants.apply("order without token")
from app.domain import order
assert order.of_event(1, (1, 1), "82AA") == order.of_event(1, (1, 1), "82BB")
"""
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_mutant_has_a_name_that_is_not_known() -> None:
    from tests.torture import mutants

    with pytest.raises(LookupError, match="no mutant nonsense"):
        mutants.apply("nonsense")
