"""Bounces as mail servers write them."""

from __future__ import annotations

MESSAGE_ID = "0123456789abcdef0123456789abcdef@gatecall.example"


def bounce(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <p1@example.org>: Recipient address rejected: User unknown",
    message_id: str | None = MESSAGE_ID,
    envelope_id: str | None = None,
    returned: str = "message/rfc822",
) -> bytes:
    """A multipart/report as Postfix makes it (RFC 3464, RFC 6522)."""
    headers = f"Message-ID: <{message_id}>\r\n" if message_id else ""
    envelope = f"Original-Envelope-Id: {envelope_id}\r\n" if envelope_id else ""
    return (
        "From: MAILER-DAEMON@mx.example.org (Mail Delivery System)\r\n"
        "To: hello@gatecall.example\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b/1"\r\n'
        "\r\n"
        "--b/1\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        "I'm sorry to have to inform you that your message could not be delivered.\r\n"
        "--b/1\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example.org\r\n{envelope}Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
        "\r\n"
        f"Final-Recipient: rfc822; p1@example.org\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: {diagnostic}\r\n"
        "\r\n"
        f"--b/1\r\nContent-Type: {returned}\r\n\r\n"
        f"From: hello@gatecall.example\r\n{headers}Subject: UA 407: gate C71\r\n\r\n"
        "--b/1--\r\n"
    ).encode()
