"""Settings about people: how they sign in, how much they may ask for. Part of `app.settings.Settings`."""

from __future__ import annotations

from datetime import timedelta

from limits import parse_many
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from app.domain.flapping import Flapping


class PeopleSettings(BaseSettings):
    """Fields of `Settings`; never used by itself."""

    sign_in_minutes: int = Field(15, ge=1, le=60, description="A sign-in link works so long (minutes).")
    phone_code_minutes: int = Field(
        10, ge=1, le=60, description="A code sent to a phone works so long (minutes)."
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="Proxies before the web server that add to X-Forwarded-For; limits go by what they say.",
    )
    session_days: int = Field(30, ge=1, le=366, description="People sign in again after so long (days).")
    mail_news_sender: str | None = Field(
        None,
        description="From: of mails about followed flights and digests; without it, MAIL_DEFAULT_SENDER.",
    )
    mail_stop_mailbox: str | None = Field(
        None,
        pattern=r"^[^@\s<>,?&=]+@[^@\s<>,?&=]+$",
        description="Mailbox in List-Unsubscribe, besides the link; only if somebody reads it and stops what is asked.",
    )
    preferences_link_days: int = Field(
        30, ge=1, le=366, description='The link "choose what you hear" in mails works so long (days).'
    )
    rate_limit: str = Field(
        "120/minute", description="Requests to /api/v1 that one person, key or address may make."
    )
    idempotency_keep_h: int = Field(
        24, ge=1, le=720, description="A repeat with the same Idempotency-Key is known so long (hours)."
    )
    export_every_min: int = Field(
        1, ge=0, le=1440, description="A person may export their data once in so long (minutes)."
    )

    flapping_messages: int = Field(
        3,
        ge=0,
        le=10,
        description="So many messages about one field (a gate, a delay) of one flight within an hour, then one when it"
        " has settled; 0 for no limit.",
    )
    flapping_calm_min: int = Field(
        15, ge=1, le=60, description="A field has settled when it did not change for so long (minutes)."
    )

    @property
    def flapping(self) -> Flapping:
        """When news that goes back and forth is held."""
        return Flapping(self.flapping_messages, timedelta(minutes=self.flapping_calm_min))

    @field_validator("rate_limit")
    @classmethod
    def _rate(cls, value: str) -> str:
        try:
            parse_many(value)
        except ValueError:
            raise ValueError('write it like "120/minute"') from None
        return value
