"""The health page's view of providers, and documents of several processes at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

from app.store import overview
from app.store.provider_state import ProviderState
from app.web.pages.health_view import FeedFigures, page


def test_health_page_says_which_provider_is_down_and_since_when(database: Database[dict[str, Any]]) -> None:
    now = datetime.now(UTC)
    state = ProviderState(database, "email")
    state.trip(now - timedelta(minutes=9), "connect: 10.1.2.3 refused", first_s=1, longest_s=30, least_s=0)
    found = overview.read(database, ("email", "sms"), now, now - timedelta(minutes=15))
    shown = page(found, FeedFigures(1.0, False, 0, None), ("email", "sms"), ("email", "sms"), now)
    email, sms = shown.channels
    assert (email.word, sms.word) == ("Down", "Well")
    assert "9 min" in email.wrong
    assert "E-mail: the provider is down." in shown.problems
    assert "10.1.2.3" not in str(shown), "what a server says of itself is for staff"
    state.close(now, tokens=1.0)
    found = overview.read(database, ("email",), now, now - timedelta(minutes=15))
    assert found.channels["email"].down_since is None
