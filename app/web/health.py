"""/health/live, /health/ready and /metrics of the web process. The page for people is /health."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pymongo
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pymongo.errors import PyMongoError

from app.web import access
from app.web.services import Services, services

_DATABASE_WITHIN_S = 0.9

probes = Blueprint("probes", __name__)
access.of_blueprint(probes, access.PUBLIC)
_STARTED = time.monotonic()


@probes.get("/health/live")
def live() -> Response:
    """Whether the process answers at all."""
    return _json(200, {"status": "alive", "uptime_s": round(time.monotonic() - _STARTED, 1)})


@probes.get("/health/ready")
def ready() -> Response:
    """Whether the process should be sent requests.

    503 "not ready": the log was never read to its end, or the thread that reads it died: another process does
    better. 200 "degraded": Kafka or MongoDB is lost. All processes have lost it alike, and one that serves what
    it has, marked stale, is better than none.
    """
    parts = services()
    broken = _broken(parts)
    lost = {} if broken else _lost(parts)
    status = "not ready" if broken else "degraded" if lost else "ready"
    return _json(503 if broken else 200, {"status": status, "problems": broken or lost})


@probes.get("/metrics")
def metrics() -> Response:
    """Every metric of this process, for Prometheus."""
    return Response(generate_latest(), 200, {"Cache-Control": "no-store"}, content_type=CONTENT_TYPE_LATEST)


def _broken(parts: Services) -> dict[str, str]:
    found = parts.health.problems()
    if not parts.feed.is_ready():
        found["feed"] = "the log has not been read to its end since the start"
    return found


def _lost(parts: Services) -> dict[str, str]:
    found = {}
    if parts.feed.is_stale():
        found["kafka"] = f"no answer for {parts.feed.age_s():.0f} s; the feed is marked stale"
    try:
        with pymongo.timeout(_DATABASE_WITHIN_S):
            parts.database.command("ping")
    except PyMongoError as error:
        found["mongodb"] = f"no answer ({type(error).__name__}); the pages cannot be drawn"
    return found


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(
        orjson.dumps(body), status, {"Cache-Control": "no-store"}, content_type="application/json"
    )
