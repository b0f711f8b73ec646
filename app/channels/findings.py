"""What is found when a part of the system is looked at (`gatecall check`), and how a channel says what to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.settings import Settings

OK, WARN, BAD = "ok", "warn", "bad"
TIMEOUT_S = 5.0
"""As long as one server is waited for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """state: OK, WARN (works, but look at it) or BAD. remedy: what to do, None when nothing."""

    name: str
    state: str
    words: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One thing to look at. look: finds; it raises GatecallError or OSError for what is BAD. remedy: what is to be done
    then, None when nobody knows. when_off: whether it is looked at though the channel is off."""

    name: str
    look: Callable[[Settings], Iterable[Finding]]
    remedy: str | None = None
    when_off: bool = False
