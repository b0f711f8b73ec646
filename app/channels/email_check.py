"""What `gatecall check` looks at of e-mail: both servers, and what tells that a mail came back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from app.channels.deadline import Deadline
from app.channels.email import Server, first_server, second_server
from app.channels.findings import OK, TIMEOUT_S, WARN, Finding, Look
from app.channels.smtp import open_session
from app.settings import Settings


def _first(settings: Settings) -> Iterator[Finding]:
    yield _answers("email", first_server(settings))


def _second(settings: Settings) -> Iterator[Finding]:
    server = second_server(settings)
    if server is not None and settings.mail_server is None:
        yield Finding("email-fallback", WARN, "not used, for e-mail is off", "set MAIL_SERVER too")
    elif server is not None:
        yield _answers("email-fallback", server)


def _answers(name: str, server: Server) -> Finding:
    """The very connection that delivery makes. Raises ChannelDownError."""
    within = Deadline()
    within.restart(TIMEOUT_S)
    login = (server.username, server.password) if server.username and server.password else None
    session = open_session(
        server.host or "",
        server.port,
        within=within,
        use_ssl=server.use_ssl,
        use_tls=server.use_tls,
        login=login,
    )
    session.leave()
    let_in = " and lets us in" if login else ""
    return Finding(name, OK, f"{server.host}:{server.port} answers{let_in}")


def _bounces(settings: Settings) -> Iterator[Finding]:
    """What tells that a mail came back. Raises OSError."""
    keys = len(settings.callback_key_hashes)
    by_key = f"{keys} key{'s' if keys != 1 else ''} may report" if keys else ""
    if settings.mail_bounce_maildir is None:
        if by_key:
            yield Finding("bounces", OK, by_key)
        else:
            words = "nothing tells when a mail comes back: such addresses are tried again and again"
            yield Finding("bounces", WARN, words, "set MAIL_BOUNCE_MAILDIR or CALLBACK_KEY_HASHES")
        return
    maildir = Path(settings.mail_bounce_maildir)
    waiting = 0
    for part in (maildir / "cur", maildir / "new"):
        waiting = len(list(part.iterdir()))
        if not os.access(part, os.W_OK | os.X_OK):
            raise PermissionError(f"{part} may not be written: what was read could not be moved")
    yield Finding("bounces", OK, f"{maildir} can be read, {waiting} wait" + (f"; {by_key}" if by_key else ""))


LOOKS = (
    Look("email", _first, "look at the MAIL_* settings and at the server"),
    Look("email-fallback", _second, "look at the MAIL_FALLBACK_* settings and at the server", when_off=True),
    Look("bounces", _bounces, "look at MAIL_BOUNCE_MAILDIR"),
)
