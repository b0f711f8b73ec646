"""Settings of fare alerts. Part of `app.settings.Settings`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class AlertSettings(BaseSettings):
    """Fields of `Settings`; never used by itself."""

    alerts_per_person: int = Field(
        50,
        ge=1,
        le=1000,
        description="Fare alerts that one person may have at a time, those that ended aside.",
    )
    alert_settle_s: float = Field(
        1.0,
        ge=0,
        le=600,
        description="An alert is read once in this time, however many fares change (seconds).",
    )
    alert_readers: int = Field(
        2, ge=1, le=32, description="Threads of a consumer that read the fares of alerts at the same time."
    )
