"""Settings of webhooks: whether people may link one, and how patient delivery is. Part of `app.settings.Settings`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class WebhookSettings(BaseSettings):
    """Fields of `Settings`; never used by itself."""

    webhooks: bool = Field(False, description="People may link webhooks; needs SECRET_KEY.")
    webhook_timeout_s: float = Field(
        10.0, ge=0.1, le=300, description="Deadline of one hand-over to a webhook, at most SEND_TIMEOUT_S."
    )
    webhook_connections: int = Field(8, ge=1, le=64, description="Webhooks called at the same time.")
    webhook_stop_days: float = Field(
        3.0, gt=0, le=90, description="A webhook without one success for so long is stopped (days)."
    )
    webhook_allow_local: bool = Field(
        False,
        description="For tests and development alone: webhooks may be http, and lead into private networks.",
    )
