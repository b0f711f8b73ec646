"""The operators' page: `/staff/ops`. It answers whatever is down, and says what is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pymongo
import structlog
from flask import render_template
from pymongo.errors import PyMongoError

from app.domain import speech
from app.domain.namespaces import WATCHED
from app.store import leases, overview
from app.store.gaps import Gaps
from app.store.samples import Samples
from app.web.pages import live
from app.web.pages.health import feed_figures, shown_channels
from app.web.services import Services, services
from app.web.staff import ops_view
from app.web.staff.history import MINUTES
from app.web.staff.ops_findings import Seen

log = structlog.get_logger()

_MONGODB_WITHIN_S = 3.0
_CHANNELS_OVER = timedelta(minutes=15)
_GAPS_SHOWN = 10


def view() -> tuple[str, int]:
    """The page, with status 200 even when things are wrong: the page itself works."""
    parts = services()
    now = parts.now()
    try:
        # A member that answers does so at once; operators should not wait for one that does not.
        with pymongo.timeout(_MONGODB_WITHIN_S):
            seen = _seen(parts, now)
    except PyMongoError as error:
        log.warning("MongoDB did not answer the operators' page", why=type(error).__name__)
        seen = Seen(None, (), (), (), feed_figures(parts), parts.settings.channels, now)
    page = ops_view.page(seen, shown_channels(parts.settings.channels))
    return render_template(
        "staff/ops.html",
        page=page,
        now=now,
        clock_seconds=speech.clock_time(now, seconds=True),
        live=live.of(parts),
    ), 200


def _seen(parts: Services, now: datetime) -> Seen:
    database, on = parts.database, parts.settings.channels
    names = {leases.of_watcher(namespace.collection): namespace.collection for namespace in WATCHED}
    held = leases.held(database, names)
    return Seen(
        overview=overview.read(database, on, now, now - _CHANNELS_OVER),
        samples=Samples(database).since(now - timedelta(minutes=MINUTES)),
        gaps=Gaps(database).latest(_GAPS_SHOWN),
        unwatched=[collection for name, collection in names.items() if name not in held],
        feed=feed_figures(parts),
        on=on,
        now=now,
    )
