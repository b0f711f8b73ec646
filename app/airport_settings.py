"""Settings of the news about airports: from where on a day there is disrupted. Part of `app.settings.Settings`."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings


class AirportSettings(BaseSettings):
    """Fields of `Settings`; never used by itself."""

    airport_late_min: int = Field(
        60, ge=15, le=600, description="A flight counts as late for its airport from this on (minutes)."
    )
    airport_disrupted_percent: int = Field(
        15, ge=1, le=100, description="An airport is disrupted from this share of its day's flights on."
    )
    airport_severe_percent: int = Field(
        40, ge=1, le=100, description="An airport is severely disrupted from this share on."
    )
    airport_least_flights: int = Field(
        5, ge=1, le=1000, description="Fewer cancelled, diverted or late flights are no disruption."
    )
    airport_settle_s: float = Field(
        5.0, ge=0, le=600, description="An airport's day is counted once in this time (seconds)."
    )

    @model_validator(mode="after")
    def _severe_is_worse(self) -> Self:
        if self.airport_severe_percent <= self.airport_disrupted_percent:
            raise ValueError("AIRPORT_SEVERE_PERCENT must be above AIRPORT_DISRUPTED_PERCENT")
        return self
