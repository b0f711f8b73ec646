"""How long things of the sign-in last, as the settings say."""

from __future__ import annotations

from datetime import timedelta

from app.settings import Settings


def sign_in_lasts(settings: Settings) -> timedelta:
    """A sign-in link."""
    return timedelta(minutes=settings.sign_in_minutes)


def phone_code_lasts(settings: Settings) -> timedelta:
    """A code sent to a phone."""
    return timedelta(minutes=settings.phone_code_minutes)
