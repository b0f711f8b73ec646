"""Headers of every answer: what browsers may do with it."""

from __future__ import annotations

from flask import Flask, Response

from app.settings import Settings

# Pages load everything from here: no inline script or style, no frame, no other host.
PAGE_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("X-Frame-Options", "DENY"),  # for browsers that do not know frame-ancestors
    ("Cross-Origin-Opener-Policy", "same-origin"),
)

API_HEADERS = (
    ("Cache-Control", "no-cache"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    *_ALWAYS[:2],
)
"""Of the feed: an answer may be kept, but is asked for again each time (ETag)."""

EXPOSED = "ETag, Gatecall-Data-Age, Gatecall-Data-Stale, Retry-After"
"""Headers that scripts of other origins may read."""


def register(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer of the application that has none of its own."""
    always = list(_ALWAYS)
    if settings.public_url.startswith("https://"):
        always.append(("Strict-Transport-Security", "max-age=31536000"))

    @app.after_request
    def secure(answer: Response) -> Response:
        answer.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        for name, value in always:
            answer.headers.setdefault(name, value)
        return answer
