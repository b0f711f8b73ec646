"""When a message may go to a person: now, or at a moment with a reason. Plain; the clock is passed in.

Hours are those of the person's own zone. An hour that does not exist on a day when clocks go forward counts as the
moment when they do; of an hour that comes twice, quiet lasts from the first until the second, and a digest comes
at the first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from app.domain import places
from app.domain.news import URGENT, Kind
from app.domain.preferences import Digest, Every, Preferences, QuietHours

_DAY: Final = timedelta(days=1)
_UTC: Final = ZoneInfo("UTC")
_AT_DEFAULT_HOUR: Final = Digest(Every.DAILY)


class Reason(StrEnum):
    """Why a message waits for its person."""

    PAUSED = "paused"
    QUIET_HOURS = "quiet_hours"
    DIGEST = "digest"
    DAILY_MAXIMUM = "daily_maximum"
    FLAPPING = "flapping"


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told, as far as its time goes. leaves_at, leaves_by: when the flight leaves and until when it still
    may, aware UTC on the domain clock; None where no departure makes it urgent."""

    kinds: Collection[Kind]
    leaves_at: datetime | None
    leaves_by: datetime | None


@dataclass(frozen=True, slots=True)
class Hold:
    """Not before `until` (aware UTC, domain clock). folds: it goes into the digest of that moment."""

    reason: Reason
    until: datetime
    folds: bool = False


def zone_of(time_zone: str | None, iata: str) -> ZoneInfo:
    """The person's zone; where it is not known, that of the airport that it is about."""
    return _zone(time_zone, iata)


@lru_cache(maxsize=1024)
def _zone(time_zone: str | None, iata: str) -> ZoneInfo:
    try:
        if time_zone:
            return ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):  # no such zone, no name, a directory of zones
        pass
    try:
        return places.zone(iata)
    except KeyError:
        return _UTC


def is_urgent(preferences: Preferences, news: News, now: datetime) -> bool:
    """Whether it cannot wait: a cancellation and its like, or anything shortly before departure."""
    if URGENT.intersection(news.kinds):
        return True
    if news.leaves_at is None or news.leaves_by is None or not preferences.urgent_h:
        return False
    return news.leaves_at - timedelta(hours=preferences.urgent_h) <= now <= news.leaves_by


def held(
    preferences: Preferences, news: News, zone: ZoneInfo, now: datetime, *, its_digest: bool = False
) -> Hold | None:
    """When a message may go to this person; None: now. now: the domain clock.

    What waits is free as soon as departure is so near that it is urgent. its_digest: the digest that it waited
    for is due; that one still waits for the end of a pause, and, where it comes late, of quiet hours.
    """
    urgent = is_urgent(preferences, news, now)
    if urgent and preferences.urgent_passes:
        return None
    paused_until, digest = preferences.paused_until, preferences.digest
    if paused_until is not None and now < paused_until:
        return _at_most(Hold(Reason.PAUSED, paused_until, its_digest), preferences, news, now)
    if digest is not None and not urgent and not its_digest:
        slot = next_digest(preferences, zone, now)
        return _at_most(Hold(Reason.DIGEST, slot, folds=True), preferences, news, now)
    quiet = preferences.quiet
    if quiet is None or (its_digest and digest is not None and _is_within(quiet, digest.at)):
        return None
    until = quiet_until(quiet, zone, now)
    if until is None:
        return None
    return _at_most(Hold(Reason.QUIET_HOURS, until, its_digest), preferences, news, now)


def over_maximum(
    preferences: Preferences, news: News, zone: ZoneInfo, now: datetime, *, tomorrow: bool
) -> Hold:
    """When that goes which is more than the person's daily maximum: with the next digest; tomorrow: at its hour of
    the person's next day, where there is none."""
    since = now
    if tomorrow:
        day = now.astimezone(zone).date() + _DAY
        since = instant(day, time(), zone, last=False) - timedelta(seconds=1)
    hold = Hold(Reason.DAILY_MAXIMUM, next_digest(preferences, zone, since), folds=True)
    return _at_most(hold, preferences, news, now)


def quiet_until(quiet: QuietHours, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the quiet hours end that are on now; None when none are."""
    end = now
    for start, until in _nights(quiet, zone, now):
        if start <= end < until:
            end = until
    return end if end > now else None


def next_digest(preferences: Preferences, zone: ZoneInfo, now: datetime) -> datetime:
    """When the next digest comes, later than now; at the usual hour for a person who chose none."""
    digest = preferences.digest or _AT_DEFAULT_HOUR
    today = now.astimezone(zone).date()
    for days in range(15):
        day = today + days * _DAY
        if digest.every is Every.DAILY or day.isoweekday() == digest.weekday:
            slot = instant(day, digest.at, zone, last=False)
            if slot > now:
                return slot
    raise AssertionError("every week has each weekday")


def local_day(zone: ZoneInfo, now: datetime) -> str:
    """The person's date now, as "YYYY-MM-DD"."""
    return now.astimezone(zone).date().isoformat()


def _at_most(hold: Hold, preferences: Preferences, news: News, now: datetime) -> Hold:
    """The same, but not past the moment from which departure makes it urgent. Who lets nothing urgent pass means quiet
    hours and pauses; no digest or maximum is meant to keep news until it is of no use."""
    passes = preferences.urgent_passes or hold.reason not in (Reason.PAUSED, Reason.QUIET_HOURS)
    if news.leaves_at is None or not passes or not preferences.urgent_h:
        return hold
    urgent_from = news.leaves_at - timedelta(hours=preferences.urgent_h)
    if not now < urgent_from < hold.until:
        return hold
    return Hold(hold.reason, urgent_from)


def _is_within(quiet: QuietHours, at: time) -> bool:
    if quiet.start < quiet.until:
        return quiet.start <= at < quiet.until
    return at >= quiet.start or at < quiet.until


def _nights(quiet: QuietHours, zone: ZoneInfo, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The quiet hours of the days around now, each from its first moment until after its last, in order."""
    over_midnight = quiet.until < quiet.start
    today = now.astimezone(zone).date()
    for days in range(-2, 3):
        day = today + days * _DAY
        start = instant(day, quiet.start, zone, last=False)
        yield start, instant(day + _DAY if over_midnight else day, quiet.until, zone, last=True)


def instant(day: date, clock: time, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """The moment at which clocks in the zone show this time; of two, the first or the last; of none, the moment
    at which they are put past it."""
    local = datetime.combine(day, clock, tzinfo=zone)
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if second < first:  # skipped: read with either offset, it lies before and after the change
        return _change(second, first, zone)
    return second if last else first


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment between the two at which the zone's offset changes."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
