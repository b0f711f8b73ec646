"""What the demo is asked for, by variables that `make demo` passes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

DEFAULT_RATE = 60.0


class OptionsError(Exception):
    """A variable cannot be understood; the text names it and shows how to write it."""


@dataclass(frozen=True, slots=True)
class Options:
    """seconds: the whole replay in so many, then end; None: at `rate`, and stay until Ctrl-C.

    rate: how fast the demo's clock runs. other_ports: take free ports in place of those that are taken.
    flights: how many of the flights, spread over both days; None for all.
    """

    seconds: float | None = None
    rate: float = DEFAULT_RATE
    other_ports: bool = False
    flights: int | None = None

    def clock_rate(self, replayed: timedelta) -> float:
        """How fast the clock must run for a replay of so much of the past."""
        return self.rate if self.seconds is None else replayed.total_seconds() / self.seconds


def read(environment: Mapping[str, str]) -> Options:
    """Options from DEMO_SECONDS, DEMO_RATE, DEMO_PORTS and DEMO_FLIGHTS; an empty one counts as absent.

    Raises OptionsError.
    """
    seconds = _number(environment, "DEMO_SECONDS", 10, 3600, "seconds for the whole replay, like 60")
    rate = _number(environment, "DEMO_RATE", 1, 5000, "how fast the clock runs, like 60")
    if seconds is not None and rate is not None:
        raise OptionsError("DEMO_SECONDS and DEMO_RATE both set how fast the clock runs: choose one")
    ports = environment.get("DEMO_PORTS", "").strip().lower()
    if ports not in ("", "other", "auto"):
        raise OptionsError(f"DEMO_PORTS={ports!r} is not known: write DEMO_PORTS=other, or leave it out")
    flights = _number(environment, "DEMO_FLIGHTS", 50, 2000, "how many flights, like 200")
    return Options(seconds, rate or DEFAULT_RATE, bool(ports), None if flights is None else int(flights))


def _number(
    environment: Mapping[str, str], name: str, least: float, most: float, meaning: str
) -> float | None:
    text = environment.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise OptionsError(f"{name}={text!r}: write {meaning}, from {least:g} to {most:g}")
    return value
