"""The health page: `/health`, for operators and for travellers who wonder. Counts only, never a person."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import structlog
from flask import render_template
from pymongo.errors import PyMongoError

from app.domain import speech
from app.domain.channels import BASE, linked_of
from app.store import overview
from app.store.overview import Overview
from app.web.pages import health_view, live
from app.web.pages.kept import Kept
from app.web.services import Services, services

log = structlog.get_logger()

_LOOK_BACK = timedelta(minutes=15)


def view(kept: Kept[Overview]) -> tuple[str, int]:
    """The state of everything, with status 200 even when things are wrong: the page itself works.

    Machines ask /health/ready, whose status tells.
    """
    parts = services()
    now = parts.now()
    on = parts.settings.channels
    found: Overview | None
    try:
        found = kept.get("health", now, lambda: overview.read(parts.database, on, now, now - _LOOK_BACK))
    except PyMongoError as error:
        log.warning("MongoDB did not answer the health page", why=type(error).__name__)
        found = None
    page = health_view.page(found, feed_figures(parts), shown_channels(on), on, now)
    return render_template(
        "health.html",
        page=page,
        now=now,
        clock_seconds=speech.clock_time(now, seconds=True),
        live=live.of(parts),
    ), 200


def shown_channels(on: Sequence[str]) -> tuple[str, ...]:
    """Channels that a health page speaks of: those that everybody has, and what else is on."""
    return (*BASE, *linked_of(on))


def feed_figures(parts: Services) -> health_view.FeedFigures:
    """What this process knows of Kafka, for the two health pages."""
    age = parts.feed.age_s()
    return health_view.FeedFigures(
        age_s=age if math.isfinite(age) else None,
        stale=parts.feed.is_stale(),
        updates=parts.feed.count(),
        last_at=parts.feed.last_at(),
    )
