"""What the views of the web process work with, handed to them by `create_app`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from flask import current_app
from pymongo.database import Database

from app.domain.clock import DomainClock, Now
from app.runtime import Health
from app.settings import Settings
from app.web.feed import Feed


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a view needs; nothing in here is global.

    database: MongoDB, read concern and time-outs already set. feed: what this process read from Kafka. clock:
    the domain's present (departures, times shown). now: the system's present (ages, latency). health: what makes
    the process not ready.
    """

    settings: Settings
    database: Database[dict[str, Any]]
    feed: Feed
    health: Health
    clock: DomainClock
    now: Now


def services() -> Services:
    """The services of the application that answers the present request."""
    return cast(Services, current_app.extensions["gatecall"])
