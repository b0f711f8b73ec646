"""Settings of notices by staff: how long people are told of one. Part of `app.settings.Settings`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class NoticeSettings(BaseSettings):
    """Fields of `Settings`; never used by itself."""

    notice_hours: float = Field(
        24.0,
        gt=0,
        le=24 * 31,
        description="A notice that does not say when it expires is told so long after it was made (hours).",
    )
    notice_max_days: float = Field(
        14.0,
        gt=0,
        le=366,
        description="No notice is told longer than this after it was made, whatever it says (days).",
    )
