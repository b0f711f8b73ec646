"""What `make demo` can be asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scripts.demo.options import Options, OptionsError, read


def test_without_variables_the_clock_runs_sixty_times_as_fast_and_stays() -> None:
    assert read({}) == Options(seconds=None, rate=60.0, other_ports=False)


def test_empty_variables_count_as_absent_as_make_passes_them() -> None:
    assert read({"DEMO_SECONDS": "", "DEMO_RATE": " ", "DEMO_PORTS": ""}) == Options()


def test_seconds_set_the_rate_so_that_all_of_the_past_fits() -> None:
    assert read({"DEMO_SECONDS": "60"}).clock_rate(timedelta(hours=48)) == 2880


@pytest.mark.parametrize("word", ["other", "auto", "Other"])
def test_other_ports_are_taken_when_asked_for(word: str) -> None:
    assert read({"DEMO_PORTS": word}).other_ports


@pytest.mark.parametrize(
    "wrong",
    [
        {"DEMO_SECONDS": "soon"},
        {"DEMO_SECONDS": "1"},
        {"DEMO_SECONDS": "nan"},
        {"DEMO_RATE": "0"},
        {"DEMO_RATE": "1e9"},
        {"DEMO_PORTS": "8081"},
        {"DEMO_RATE": "60", "DEMO_SECONDS": "60"},
    ],
)
def test_what_cannot_be_understood_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(OptionsError) as error:
        read(wrong)
    assert all(name in str(error.value) for name in wrong)
