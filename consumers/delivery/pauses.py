"""How long to wait before another try: for one message, and for a provider that is down or comes back."""

from __future__ import annotations

import random

_FIRST_S = 5.0
_LONGEST_S = 3600.0
DOWN_FIRST_S = 1.0
DOWN_LONGEST_S = 30.0

_RAMP_AFTER_S = 5.0
"""A shorter outage leaves nothing behind that could be a stampede."""
_RAMP_FROM = 4.0
_RAMP_TO = 1000.0
_RAMP_STEPS_IN_OUTAGE = 60.0
_RAMP_STEP_MIN_S, _RAMP_STEP_MAX_S = 0.25, 10.0


def back_off_s(tries: int, asked_s: float | None = None) -> float:
    """Seconds before the next try, on the system clock: doubled each time up to an hour, half of it chance.

    tries: how often it was tried, at least 1. asked_s: what the provider asked for; never less than that.
    """
    longest = min(_FIRST_S * 2.0 ** min(tries - 1, 20), _LONGEST_S)
    return max(longest * random.uniform(0.5, 1.0), asked_s or 0.0)


def ramp_rate(back_for_s: float, outage_s: float) -> float | None:
    """Messages a second that a provider is given after an outage; None when it needs no such care any more.

    back_for_s: since it is back; outage_s: how long it was down. It begins with 4 and doubles: every 10 s after an
    hour, so that full speed is reached after a minute and a half, and faster after a shorter outage, which left
    less behind.
    """
    if outage_s < _RAMP_AFTER_S:
        return None
    step_s = min(max(outage_s / _RAMP_STEPS_IN_OUTAGE, _RAMP_STEP_MIN_S), _RAMP_STEP_MAX_S)
    rate: float = _RAMP_FROM * 2.0 ** min(max(back_for_s, 0.0) / step_s, 20.0)
    return rate if rate < _RAMP_TO else None
