"""The model of the protocol (docs/model): a small part of it holds, and what is taken out of it is found."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.servers import ROOT

MODEL = ROOT / "docs" / "model"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(MODEL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.timeout(300)
def test_the_quick_part_holds_and_its_mutants_are_found() -> None:
    done = run("--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All as it should be" in done.stdout
    assert done.stdout.count("holds") == 5


def test_a_step_taken_out_is_found_with_the_shortest_way_to_what_breaks() -> None:
    done = run("restore", "--without", "restored doubt", "--without", "incarnation")
    assert done.returncode == 1
    assert "false: A->B" in done.stdout
    assert "1 database: backup" in done.stdout


def test_every_step_that_is_taken_out_stands_in_the_page() -> None:
    page = (ROOT / "docs" / "protocol.md").read_text()
    source = (MODEL / "scenarios.py").read_text().partition("MUTANTS = (")[2]
    taken_out = {line.split('"')[1] for line in source.splitlines() if line.startswith('    ("')}
    assert len(taken_out) > 25
    missing = {step for step in taken_out if f"`{step}`" not in page}
    assert not missing
