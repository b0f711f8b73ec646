"""The pages people look at."""

from __future__ import annotations

from flask import Blueprint

from app.web.services import Services


def blueprint(services: Services) -> Blueprint:
    """All pages, drawn by the server."""
    return Blueprint("pages", __name__)
