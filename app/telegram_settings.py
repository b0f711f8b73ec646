"""Settings of Telegram: the bot that tells people, and how fast it may. Part of `app.settings.Settings`."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class TelegramSettings(BaseSettings):
    """Fields of `Settings`; never used by itself."""

    telegram_bot_token: SecretStr | None = Field(
        None, description="Token of the bot, as @BotFather gives it; without it Telegram is off."
    )
    telegram_api_base_url: str | None = Field(
        None, description="Another address of the Bot API: a server of one's own, or for tests."
    )
    telegram_link_base_url: str = Field(
        "https://t.me", description="Where a link to the bot leads; another one for the demo."
    )
    # "Broadcasting to users" in https://core.telegram.org/bots/faq: about 30 messages a second.
    telegram_rate: float | None = Field(
        25.0, gt=0, description="Most messages a second of the bot, of all processes together."
    )
    telegram_connections: int = Field(4, ge=1, le=64, description="Requests to Telegram at the same time.")

    @field_validator("telegram_bot_token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        number, colon, secret = value.get_secret_value().partition(":") if value else ("1", ":", "x")
        if not (number.isascii() and number.isdigit() and colon and secret) or "/" in secret:
            raise ValueError("not a bot's token; @BotFather gives one like 123456:ABC-DEF")
        return value

    @field_validator("telegram_api_base_url", "telegram_link_base_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("begin with https://")
        return value.rstrip("/") if value else value

    @property
    def telegram_bot_id(self) -> str:
        """The bot's number, which is the first part of its token and no secret; "" without a bot."""
        token = self.telegram_bot_token
        return token.get_secret_value().partition(":")[0] if token else ""
