"""How much one asker may ask of the API: a person, a key or, of nobody known, an address.

Counted by flask-limiter in MongoDB, so all web processes count together. Every answer says what is left.
"""

from __future__ import annotations

import hashlib
import math
import time
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, request
from flask_limiter import Limiter, RateLimitExceeded

from app.settings import Settings
from app.store import rate_limits
from app.web import access
from app.web.problems import Problem
from app.web.problems import response as problem_response
from app.web.services import Services

SCOPE = "api"
HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_EXTENSION = "gatecall_rates"


def register(app: Flask, blueprint: Blueprint, services: Services) -> None:
    """Limit every view of the blueprint together, as RATE_LIMIT says. Opens nothing."""
    limiter = Limiter(
        _who,
        app=app,
        storage_uri=rate_limits.ADDRESS,
        storage_options=cast(dict[str, Any], {"database": services.database}),
        strategy="fixed-window",
    )
    limiter.shared_limit(_limit_of(services.settings), SCOPE)(blueprint)
    app.extensions[_EXTENSION] = limiter
    app.register_error_handler(RateLimitExceeded, _too_many)
    blueprint_name = blueprint.name

    @app.after_request
    def tell(answer: Response) -> Response:
        if request.blueprint == blueprint_name:
            for name, value in _told().items():
                answer.headers[name] = value
        return answer


def _limit_of(settings: Settings) -> str:
    return settings.rate_limit


def _who() -> str:
    """A digest of who asks: rows of the store name nobody."""
    asker = access.asker()
    who = asker.owner if asker is not access.NOBODY else f"address:{request.remote_addr}"
    return hashlib.sha256(who.encode()).hexdigest()[:32]


def _told() -> dict[str, str]:
    limiter: Limiter = current_app.extensions[_EXTENSION]
    found = limiter.current_limit
    if found is None:
        return {}
    left = max(0, math.ceil(found.reset_at - time.time()))
    return dict(zip(HEADERS, (str(found.limit.amount), str(found.remaining), str(left)), strict=True))


def _too_many(_error: RateLimitExceeded) -> Response:
    told = _told()
    wait = max(1, int(told.get("RateLimit-Reset", "1")))
    detail = f"There were too many requests; the next one is answered in {wait} s. RateLimit headers say what is left."
    return problem_response(
        Problem(429, "Too Many Requests", detail, headers={"Retry-After": str(wait)} | told)
    )
