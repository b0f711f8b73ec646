"""The web process of the tests about stopping: a real MongoDB and a person in it."""

from __future__ import annotations

from tests.stopping.conftest import web

__all__ = ["web"]
