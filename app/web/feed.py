"""The updates this process has read from Kafka, in memory, ready to be handed out."""

from __future__ import annotations


class Feed:
    """Updates of the last hours, safe to use from several threads."""

    def age_s(self) -> float:
        """Seconds since Kafka last answered; math.inf when it never did."""
        raise NotImplementedError

    def is_stale(self) -> bool:
        """Whether the data is older than the setting STALE_S."""
        return True

    def cursor(self) -> str:
        """The cursor of the present: `GET /update` with it returns only what comes from now on."""
        raise NotImplementedError
