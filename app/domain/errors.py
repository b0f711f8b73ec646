"""The errors that cross module borders, each with one exact meaning. Only loops catch them."""

from __future__ import annotations


class GatecallError(Exception):
    """Base of every error of our own."""


class TransientError(GatecallError):
    """It did not work now and may work later. Nothing was handed over.

    retry_after_s: seconds the other side asked us to wait; None when it named none.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PermanentError(GatecallError):
    """It will never work as it is: a repeat would get the same answer."""


class UnknownOutcomeError(GatecallError):
    """The provider may have accepted the message: the connection ended before its answer came."""


class BadEventError(GatecallError):
    """A change event that cannot be processed. It becomes a dead letter; its neighbours go on.

    reason: a short constant code, counted in metrics. field: the field at fault, None if it is the whole.
    """

    def __init__(self, reason: str, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.field = field


class ResumeTokenLostError(GatecallError):
    """MongoDB cannot continue from the stored resume token: the gap is closed by a snapshot."""


class SetupError(GatecallError):
    """The surroundings do not allow a start. The message ends with the command that mends it."""
