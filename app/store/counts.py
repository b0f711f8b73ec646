"""D2: what counted subjects come to now, whatever kind they are: airports' days, and fare alerts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pymongo.database import Database

from app.domain import airport_day, alert
from app.domain.subject import Value
from app.store.airport_days import AirportDays
from app.store.due_alerts import DueAlerts


class Counts:
    """Reads the values that move without anybody being told. Raises PyMongoError."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._days = AirportDays(database)
        self._alerts = DueAlerts(database)

    def values(self, subjects: Collection[str]) -> dict[str, Value]:
        """As they were read last, those that were; one query for each kind that is among them."""
        days = [one for one in subjects if one.startswith(f"{airport_day.PREFIX}:")]
        alerts = [one for one in subjects if one.startswith(f"{alert.PREFIX}:")]
        found: dict[str, Value] = {}
        if days:
            found |= self._days.values(days)
        if alerts:
            found |= self._alerts.values(alerts)
        return found
