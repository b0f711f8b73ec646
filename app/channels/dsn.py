"""Bounces as mail servers send them (RFC 3464: multipart/report with a message/delivery-status part).

Which of our mails it is about says its Message-ID: the envelope id that we gave (RFC 3461), else the header of
the mail that comes back (RFC 6522 section 3). Neither the recipient's address nor free text is gone by: both can
be made up by anybody who writes to the mailbox of bounces, a Message-ID of ours cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, Message

from app.domain.reports import Report, State, enhanced_status, mail_refusal, without_addresses

# What `text_hash` makes, in front of our domain.
_OURS = re.compile(r"\b([0-9a-f]{32}@[A-Za-z0-9.-]+)")
_ACTIONS = {
    "failed": State.UNDELIVERED,
    "delayed": State.DELAYED,
    "delivered": State.DELIVERED,
    "relayed": State.SENT,
    "expanded": State.SENT,
}


def reports_of(raw: bytes) -> list[Report]:
    """What a bounce says of our mail; empty when it is no report, or about a mail that is not ours. Raises
    nothing: whatever arrives in a mailbox is looked at."""
    try:
        mail = message_from_bytes(raw, policy=policy.default)
        if mail.get_content_type() != "multipart/report":
            return []
        blocks = list(_status_blocks(mail))
        message_id = _message_id(mail, blocks)
        if message_id is None:
            return []
        found = [_report(message_id, block) for block in blocks[1:]]
    except (
        MessageError,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
        RecursionError,
    ):  # the parser's, for broken mails, and for those nested to do harm
        return []
    return [report for report in found if report is not None]


def _status_blocks(mail: Message) -> Iterator[Message]:
    """The groups of fields: first those of the message, then those of each recipient (RFC 3464 section 2.1)."""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            if isinstance(payload, list):
                yield from (block for block in payload if isinstance(block, Message))
            return


def is_ours(message_id: str) -> bool:
    """Whether a Message-ID, without brackets, has the form of those that we give."""
    return _OURS.fullmatch(message_id) is not None


def _message_id(mail: Message, blocks: list[Message]) -> str | None:
    envelope_id = blocks[0].get("Original-Envelope-Id") if blocks else None
    if envelope_id and (found := _OURS.search(str(envelope_id))):
        return found[1]
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "message/rfc822":
            inner = part.get_payload()
            first = inner[0] if isinstance(inner, list) and inner else None
            header = first.get("Message-ID") if isinstance(first, Message) else None
        elif kind == "text/rfc822-headers" and isinstance(part, EmailMessage):
            header = message_from_bytes(part.get_content().encode("utf-8", "replace")).get("Message-ID")
        else:
            continue
        if header and (found := _OURS.search(str(header))):
            return found[1]
    return None


def _report(message_id: str, block: Message) -> Report | None:
    """One recipient's group. Our mails have one recipient each."""
    state = _ACTIONS.get(str(block.get("Action", "")).strip().lower().partition(" ")[0])
    if state is None:
        return None
    diagnostic = str(block.get("Diagnostic-Code", ""))
    # what the far server said is more exact than a general status of the near one (RFC 3464 section 2.3.6)
    status = enhanced_status(str(block.get("Status", ""))) or enhanced_status(diagnostic)
    if status in (None, "5.0.0"):
        status = enhanced_status(diagnostic) or status
    refusal = mail_refusal(status) if state is State.UNDELIVERED else None
    words = without_addresses(diagnostic.partition(";")[2] or diagnostic) or None
    return Report("email", message_id, state, status, words, refusal)
