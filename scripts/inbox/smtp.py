"""The SMTP side of the inbox: accepts every mail, keeps it, answers at once."""

from __future__ import annotations

from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from scripts.inbox.store import Inbox

MAX_MAIL_BYTES = 2 * 1024 * 1024


class _Keeper:
    """aiosmtpd's handler: one method, named by its protocol."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the mail once for each recipient of the envelope; the answer has the last one's number."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        number = 0
        for recipient in envelope.rcpt_tos:
            number = self._inbox.add_mail(envelope.mail_from or "", recipient, raw)
        return f"250 2.0.0 kept as {number}"


def smtp_server(inbox: Inbox, host: str, port: int) -> Any:
    """A server, not yet started: `start()` listens in a thread of its own, `stop()` closes it."""
    return Controller(
        _Keeper(inbox), hostname=host, port=port, data_size_limit=MAX_MAIL_BYTES, ident="gatecall demo inbox"
    )
