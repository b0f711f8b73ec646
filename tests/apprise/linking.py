"""Links of Apprise as they are stored, and settings with which they go to this machine."""

from __future__ import annotations

from typing import Any

from app.channels.apprise_address import AddressSeal
from app.settings import Settings, load

KEY = "k" * 40


def apprise_settings(**more: Any) -> Settings:
    """Settings with which Apprise is on, and may go to this machine."""
    plain: dict[str, Any] = {
        "mongodb_uri": "mongodb://127.0.0.1/x",
        "kafka_bootstrap_servers": "127.0.0.1:9",
        "secret_key": KEY,
        "apprise_schemas": "ntfy,ntfys,json,jsons,slack,discord",
        "apprise_allow_local": True,
        "apprise_connections": 1,
        "health_port": 0,
    }
    return load(**(plain | more))


def apprise_link(http: str, schema: str = "ntfy") -> dict[str, Any]:
    """`users.linked.apprise` of somebody who linked this address; http: it, as a browser would write it."""
    url = f"{schema}://{http.partition('://')[2]}"
    seal = AddressSeal((KEY,))
    return {"address": seal.name_of(schema, url), "sealed": seal.sealed(url)}
