"""Settings of the channels that people link themselves, all together. Part of `app.settings.Settings`."""

from __future__ import annotations

from app.apprise_settings import AppriseSettings
from app.inbox_settings import InboxSettings
from app.telegram_settings import TelegramSettings
from app.webhook_settings import WebhookSettings


class LinkedSettings(TelegramSettings, WebhookSettings, AppriseSettings, InboxSettings):
    """Fields of `Settings`; never used by itself."""
