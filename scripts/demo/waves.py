"""When cancellations become known: in waves, as airlines' storm desks decide them, hours ahead. Made up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random

from scripts.demo.data import Departure

_EST = timedelta(hours=5)
_MIDNIGHT = datetime.fromisoformat("2013-02-08T00:00:00+00:00") + _EST

# Hours after midnight (EST) of 8 February. At 11:40 every airline decides about the evening, else some do.
_EVERYBODY = 11 + 40 / 60
_DESKS = (
    *(5.1, 5.6, 7.6, 9.8, _EVERYBODY, 12.5, 13.2, 14.55, 15.3, 16.5, 18.75, 21.5),
    *(24 + hour for hour in (5.2, 7.5, 9.7, 12.2, 14.7, 17.1)),
)
_LAST_CALL = timedelta(minutes=40)
"""A wave closer to the departure than this comes too late for a flight."""


def announced(cancelled: Iterable[Departure], starts: datetime, random: Random) -> dict[Departure, datetime]:
    """When each of these flights is cancelled: hours before its departure, after `starts`."""
    desks = {carrier: _desks(random) for carrier in sorted({d.carrier for d in cancelled})}
    waves: dict[tuple[str, float], list[Departure]] = {}
    alone: dict[Departure, datetime] = {}
    for departure in cancelled:
        ahead = timedelta(hours=min(15.0, max(0.7, random.lognormvariate(1.55, 0.5))))
        wave = _nearest(desks[departure.carrier], departure.departs, departure.departs - ahead, starts)
        if wave is None:
            latest = departure.departs - timedelta(minutes=random.uniform(27, 45))
            alone[departure] = max(starts + timedelta(minutes=random.uniform(3, 20)), latest)
        else:
            waves.setdefault((departure.carrier, wave), []).append(departure)
    for (_, wave), departures in waves.items():
        at = _MIDNIGHT + timedelta(hours=wave, seconds=random.uniform(0, 240))
        for departure in sorted(departures, key=lambda d: d.departs):
            alone[departure] = at
            at += timedelta(seconds=random.uniform(2, 9))  # the desk works its list from the top
    return alone


def _desks(random: Random) -> list[float]:
    return [hour for hour in _DESKS if hour == _EVERYBODY or random.random() < 0.6]


def _nearest(desks: list[float], departs: datetime, wanted: datetime, starts: datetime) -> float | None:
    """The desk's wave nearest to the wanted time, early enough for the flight; None when there is none."""

    def moment(hour: float) -> datetime:
        return _MIDNIGHT + timedelta(hours=hour)

    possible = [hour for hour in desks if starts < moment(hour) <= departs - _LAST_CALL]
    # 18 hours: nobody cancels tomorrow's evening this morning
    possible = [hour for hour in possible if departs - moment(hour) <= timedelta(hours=18)]
    return min(possible, key=lambda hour: abs(moment(hour) - wanted), default=None)
