"""/api/v1: what a person owns, what programs bring, and places by name."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask
from pydantic import BaseModel

from app.web.api import (
    alerts,
    bookings,
    finding,
    followings,
    imports,
    inbox,
    keys,
    leaving,
    me,
    notifications,
    phone,
    pickups,
    rates,
    schedule,
    webhooks,
    why,
)
from app.web.services import Services

_RESOURCES = (
    me,
    phone,
    bookings,
    followings,
    pickups,
    alerts,
    inbox,
    notifications,
    webhooks,
    keys,
    leaving,
    imports,
    schedule,
    finding,
    why,
)


def register(app: Flask, services: Services) -> None:
    """Put the API on the application, with its limits. Opens nothing."""
    blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
    for resource in _RESOURCES:
        resource.register(blueprint)
    rates.register(app, blueprint, services)
    app.register_blueprint(blueprint)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    found: dict[str, Any] = {}
    for resource in _RESOURCES:
        for path, operations in resource.paths().items():
            found.setdefault(path, {}).update(operations)
    return found


def models() -> list[tuple[type[BaseModel], str]]:
    """The models for the OpenAPI document, each as it is answered or as it is read."""
    answered = [(model, "serialization") for resource in _RESOURCES for model in resource.OUT]
    return [*answered, *((model, "validation") for resource in _RESOURCES for model in resource.IN)]
