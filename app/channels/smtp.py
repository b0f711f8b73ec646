"""One SMTP session: smtplib's, with a deadline for the whole and the point after which mail may be gone.

Knows nothing of messages beyond their bytes.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from typing import Any

from app.channels import deadline
from app.channels.base import ChannelDownError, NoAnswerError
from app.channels.smtp_errors import refused_message, refused_session, words_of
from app.domain.errors import GatecallError, UnknownOutcomeError

_LINE_END = re.compile(rb"\r\n|\n|\r")


class ConnectionLostError(NoAnswerError):
    """The connection ended before the message was handed over: it was not accepted."""


class SmtpSession(smtplib.SMTP):
    """A session that `open_session` has brought to the point where mail can be given."""

    sock: Any  # a DeadlineSocket; smtplib asks no more of it than it has

    def __init__(self, sock: deadline.DeadlineSocket, server: str) -> None:
        # No host: the constructor must not connect. A name spares a DNS query (RFC 5321 section 4.1.4).
        super().__init__(local_hostname=_own_name())
        self.sock = sock
        self._server = server
        self.last_used = time.monotonic()

    def greet(self) -> None:
        """Read the greeting and say EHLO, or HELO. Raises ChannelDownError."""
        code, answer = self.getreply()
        if code != 220:
            raise refused_session("connect", code, answer)
        self._hello()

    def start_tls(self, context: ssl.SSLContext) -> None:
        """STARTTLS and a fresh EHLO (RFC 3207 section 4.2). Raises ChannelDownError, OSError."""
        code, answer = self.docmd("STARTTLS")
        if code != 220:
            raise refused_session("STARTTLS", code, answer)
        if self.file is not None:
            self.file.close()  # what came in plain text after the answer is not to be believed
        self.sock.start_tls(context, self._server)
        self.file = None
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False
        self._hello()

    def _hello(self) -> None:
        code, answer = self.ehlo()
        if 500 <= code <= 599:
            code, answer = self.helo()
        if code != 250:
            raise refused_session("EHLO", code, answer)

    def is_alive(self, idle_s: float) -> bool:
        """Whether an idle connection still stands; asks the server after idle_s seconds of silence."""
        if self.sock is None or self.sock.is_stale():
            return False
        if time.monotonic() - self.last_used < idle_s:
            return True
        try:
            return bool(self.noop()[0] == 250)
        except (smtplib.SMTPException, OSError):
            return False

    def hand_over(self, sender: str, recipient: str, payload: bytes, envelope_id: str = "") -> str:
        """One mail: MAIL, RCPT, DATA, the dot. Returns the server's words.

        envelope_id: letters, digits and "@.-", which a bounce brings back where the server knows RFC 3461; there
        bounces are asked for with the mail's headers, and not for delays.

        Raises ConnectionLostError, another TransientError, PermanentError or UnknownOutcomeError as the
        table in smtp_errors says.
        """
        knows_dsn = bool(envelope_id) and self.has_extn("dsn")
        asked = f" RET=HDRS ENVID={envelope_id}" if knows_dsn else ""
        self._ask("MAIL", f"MAIL FROM:<{sender}>{asked}", 250)
        self._ask("RCPT", f"RCPT TO:<{recipient}>{' NOTIFY=FAILURE' if knows_dsn else ''}", 250, 251)
        self._ask("DATA", "DATA", 354)
        return self._give(payload)

    def _ask(self, step: str, line: str, *wanted: int) -> None:
        try:
            self.send(f"{line}\r\n".encode())
            code, answer = self.getreply()
        except (smtplib.SMTPException, OSError) as error:
            raise ConnectionLostError(f"{step}: {_why(error)}") from error
        if code not in wanted:
            self._reset()
            raise refused_message(step, code, answer)

    def _give(self, payload: bytes) -> str:
        quoted = _quoted(payload)
        ending = b".\r\n" if quoted.endswith(b"\r\n") else b"\r\n.\r\n"
        sock = self.sock  # smtplib forgets it when the connection breaks
        try:
            self.send(quoted + ending)
            code, answer = self.getreply()
        except (smtplib.SMTPException, OSError) as error:
            words = f"end of data: {_why(error)}"
            raise (UnknownOutcomeError(words) if sock.sent_all else ConnectionLostError(words)) from error
        self.last_used = time.monotonic()
        if code != 250:
            raise refused_message("end of data", code, answer)
        return words_of(code, answer)

    def _reset(self) -> None:
        """Forget the mail that was refused, so that the connection is usable (RFC 5321 section 4.1.1.5)."""
        try:
            if self.rset()[0] != 250:
                self.close()
        except (smtplib.SMTPException, OSError):
            self.close()

    def leave(self) -> None:
        """QUIT politely, within the deadline; safe to repeat."""
        if self.sock is None:
            return
        try:
            self.quit()
        except (smtplib.SMTPException, OSError):
            self.close()


def open_session(
    server: str,
    port: int,
    *,
    within: deadline.Deadline,
    use_ssl: bool = False,
    use_tls: bool = False,
    login: tuple[str, str] | None = None,
) -> SmtpSession:
    """Connect, greet, encrypt and log in, all within the deadline. Raises ChannelDownError."""
    sock = deadline.connect(server, port, within)
    session = SmtpSession(sock, server)
    try:
        if use_ssl:
            sock.start_tls(ssl.create_default_context(), server)
        session.greet()
        if use_tls:
            session.start_tls(ssl.create_default_context())
        if login:
            session.login(*login)
    except GatecallError:
        session.close()
        raise
    except smtplib.SMTPAuthenticationError as error:
        session.close()
        raise refused_session("AUTH", error.smtp_code, _bytes(error.smtp_error)) from error
    except (smtplib.SMTPException, OSError) as error:
        session.close()
        raise ChannelDownError(f"connect: {_why(error)}") from error
    return session


def _quoted(payload: bytes) -> bytes:
    """With every line ended by CRLF, and lines that begin with a dot given another (RFC 5321 section 4.5.2)."""
    if not payload.count(b"\r\n") == payload.count(b"\n") == payload.count(b"\r"):
        payload = _LINE_END.sub(b"\r\n", payload)  # a bare one would end the mail early on some servers
    quoted = payload.replace(b"\r\n.", b"\r\n..")
    return b"." + quoted if quoted.startswith(b".") else quoted


def _own_name() -> str:
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


def _bytes(answer: bytes | str) -> bytes:
    return answer if isinstance(answer, bytes) else answer.encode()


def _why(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
