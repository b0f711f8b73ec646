"""Settings of the channels that people link themselves, all together. Part of `app.settings.Settings`."""

from __future__ import annotations

from app.apprise_settings import AppriseSettings
from app.telegram_settings import TelegramSettings
from app.webhook_settings import WebhookSettings


class LinkedSettings(TelegramSettings, WebhookSettings, AppriseSettings):
    """Fields of `Settings`; never used by itself."""
