"""Settings of Apprise: which services people may link, and how patient delivery is. Part of `app.settings.Settings`."""

from __future__ import annotations

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from app.channels.apprise_schemas import listed


class AppriseSettings(BaseSettings):
    """Fields of `Settings`; never used by itself."""

    apprise_schemas: str = Field(
        "",
        description="Schemas of Apprise that people may link, comma separated, like ntfys,slack,matrixs; "
        "without any the channel is off. Needs SECRET_KEY.",
    )
    apprise_timeout_s: float = Field(
        10.0, ge=0.1, le=300, description="Deadline of one hand-over by Apprise, at most SEND_TIMEOUT_S."
    )
    apprise_connections: int = Field(4, ge=1, le=64, description="Hand-overs by Apprise at the same time.")
    apprise_allow_local: bool = Field(
        False,
        description="For tests and development alone: Apprise may use http, and reach into private networks.",
    )

    @field_validator("apprise_schemas")
    @classmethod
    def _usable(cls, value: str) -> str:
        return ",".join(listed(value))

    @property
    def apprise_allowed(self) -> frozenset[str]:
        """The schemas that people may link."""
        return frozenset(listed(self.apprise_schemas))
