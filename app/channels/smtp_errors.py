"""What an answer of an SMTP server means for the message: now, later or never.

* Connecting, TLS, EHLO, AUTH; 4yz, 5yz, silence or a lost connection: ChannelDownError, no message would pass
  (RFC 5321 section 3.1; RFC 4954 section 6).
* Anywhere; 421, 454: ChannelDownError, the service is closing or busy (RFC 5321 section 3.8;
  RFC 4954 section 6).
* MAIL, RCPT, DATA; 530, 534, 535, 538: ChannelDownError, it wants another login, which is ours to mend
  (RFC 4954 section 6).
* MAIL, RCPT, DATA, after the dot; other 4yz: TransientError, the same may work later (RFC 5321
  section 4.2.1).
* MAIL; other 5yz but 552 and 555: ChannelDownError, our own address is refused (account suspended, not ours, quota)
  before the server knows to whom (RFC 5321 section 4.1.1.2). 552 and 555 are about this message's size and parameters
  (RFC 1870 section 6, RFC 5321 section 4.1.1.11).
* MAIL, RCPT, DATA, after the dot; other 5yz: PermanentError, the same will not work (RFC 5321 section 4.2.1).
* RCPT or after the dot; 5yz with an enhanced status that says the mailbox or its domain does not exist or is
  closed (RFC 2034, RFC 3463; `app.domain.reports`): AddressRefusedError, no other mail will work either. A bare
  550 is not enough: servers also give it to senders whom they do not like (RFC 5321 section 4.2.2).
* Before the dot was sent; silence or a lost connection: TransientError, it cannot have been accepted
  (RFC 5321 section 4.1.1.4).
* After the dot was sent; silence, a lost connection, no number: UnknownOutcomeError, it may have been
  accepted (RFC 5321 section 6.1; RFC 1047).
"""

from __future__ import annotations

from app.channels.base import AddressRefusedError, ChannelDownError
from app.domain.errors import GatecallError, PermanentError, TransientError, UnknownOutcomeError
from app.domain.reports import enhanced_status, mail_refusal

_CLOSING = frozenset({421, 454})
_WANTS_LOGIN = frozenset({530, 534, 535, 538})
_OF_THE_MESSAGE = frozenset({552, 555})
_WORDS = 300  # characters of an answer that are kept


def words_of(code: int, answer: bytes) -> str:
    """The answer as text, without control characters and not longer than the ledger wants."""
    text = answer.decode("utf-8", "replace")
    return f"{code} " + " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_WORDS]


def refused_session(step: str, code: int, answer: bytes) -> ChannelDownError:
    """The error for a refusal before any message was at stake. step: "connect", "EHLO", "AUTH"..."""
    return ChannelDownError(f"{step}: {words_of(code, answer)}")


def refused_message(step: str, code: int, answer: bytes) -> GatecallError:
    """The error for a refusal of one message. step: "MAIL", "RCPT", "DATA" or "end of data"."""
    words = f"{step}: {words_of(code, answer)}"
    if code in _CLOSING or code in _WANTS_LOGIN:
        return ChannelDownError(words)
    if 400 <= code <= 499:
        return TransientError(words)
    if 500 <= code <= 599:
        if step == "MAIL" and code not in _OF_THE_MESSAGE:
            return ChannelDownError(words)
        status = enhanced_status(words_of(code, answer))
        refusal = mail_refusal(status)
        if refusal is not None and step in ("RCPT", "end of data"):
            return AddressRefusedError(words, refusal, status)
        return PermanentError(words)
    # Neither yes nor no, so not SMTP (RFC 5321 4.2.1 knows 2yz to 5yz).
    return UnknownOutcomeError(words) if step == "end of data" else TransientError(words)
