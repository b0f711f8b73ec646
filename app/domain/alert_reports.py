"""When the next report of a fare alert comes where its person's zone is another by now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.alert_conditions import Report

_MOMENT = timedelta(milliseconds=1)


def report_after(
    report: Report,
    follows: Callable[[datetime], datetime],
    zone: ZoneInfo,
    now: datetime,
    pending: datetime | None,
) -> datetime:
    """When the next report is, after now. follows: the first time of a report after a moment, in this zone. pending:
    when it was to be, None without.

    Where that is no time of a report in this zone, the zone was another: then the next one is not on the day, here, of
    the last one.
    """
    found = follows(now)
    if pending is None or report.at is None:
        return found
    if follows(pending - _MOMENT) == pending:
        return max(found, pending)
    last = now if now >= pending else pending - timedelta(hours=report.every_h)
    while found.astimezone(zone).date() <= last.astimezone(zone).date():
        found = follows(found)
    return found
