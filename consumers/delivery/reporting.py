"""What providers reported, brought to the ledger: bounces out of a Maildir, and reports that came too early."""

from __future__ import annotations

from pathlib import Path

import structlog
from pymongo.errors import PyMongoError

from app import metrics
from app.channels import mailboxes
from app.channels.dsn import reports_of
from app.domain.clock import Now
from app.runtime import StopFlag
from app.store.callbacks import Callbacks

log = structlog.get_logger()

_EVERY_S = 5.0


class Reporting:
    """maildir: None when bounces do not come that way. now: the system clock."""

    def __init__(self, callbacks: Callbacks, maildir: Path | None, now: Now) -> None:
        self._callbacks = callbacks
        self._maildir = maildir
        self._now = now

    def run(self, stop: StopFlag) -> None:
        """Look every few seconds until the stop; what cannot be had now is had later."""
        while not stop.wait(_EVERY_S):
            try:
                self.look()
            except (PyMongoError, OSError) as error:
                log.warning("reports of providers wait", why=type(error).__name__)

    def look(self) -> int:
        """One look; how many reports were written that had come too early. Raises PyMongoError, OSError."""
        settled = self._callbacks.settle_kept()  # first: whatever the Maildir does, it does not wait for that
        if self._maildir is not None:
            mailboxes.take_new(self._maildir, self._bounce)
        return settled

    def _bounce(self, raw: bytes) -> None:
        for report in reports_of(raw):
            taken = self._callbacks.take(report, self._now())
            metrics.REPORTS.labels(report.channel, report.state).inc()
            log.info(
                "provider reported",
                trace=taken.trace,
                channel=report.channel,
                state=str(report.state),
                fate=str(taken.fate),
            )
