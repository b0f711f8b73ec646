"""E-mail by Flask-Mail, with its message and its connection replaced.

Flask-Mail builds legacy MIMEText, lets a line break in an extra header become a real Bcc, and sets no
time-out. `Letter` writes the mail itself and refuses line breaks in headers (RFC 5322 section 2.2);
`Line` has one deadline for a whole hand-over and knows what the server may have taken. No Flask application
takes part.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from html import escape

import flask_mail

from app.channels import rendering
from app.channels.addresses import address_on
from app.channels.base import Parcel, Receipt, text_hash
from app.channels.deadline import Deadline
from app.channels.letter import Letter
from app.channels.smtp import ConnectionLostError, SmtpSession, open_session
from app.domain.mail_lists import MailList
from app.domain.people import Person
from app.domain.wording import Message
from app.settings import Settings

_IDLE_S = 5.0
"""Silence after which a connection is asked (NOOP) before it is trusted with a mail."""


def _links_of(parcel: Parcel) -> dict[str, str]:
    """What goes into the places for links of both parts."""
    links: dict[str, str] = {}
    if parcel.why is not None:
        links |= {rendering.WHY_IN_TEXT: parcel.why.text, rendering.WHY_IN_HTML: escape(parcel.why.text)}
    if parcel.stop is not None:
        stop, choices = parcel.stop.unsubscribe, parcel.stop.preferences
        links |= {rendering.STOP_IN_TEXT: stop, rendering.STOP_IN_HTML: escape(stop)}
        links |= {rendering.CHOICES_IN_TEXT: choices, rendering.CHOICES_IN_HTML: escape(choices)}
    return links


def _thread_headers(thread: str, domain: str) -> dict[str, str]:
    """What makes one thread of all mails about a subject (RFC 5322 section 3.6.4): each refers to the same message,
    which was never sent, so that none depends on another's arrival."""
    return dict.fromkeys(("In-Reply-To", "References"), f"<{thread}@{domain}>") if thread else {}


_as_html = lru_cache(maxsize=128)(rendering.as_html)
_as_text = lru_cache(maxsize=128)(rendering.as_text)


@dataclass(frozen=True, slots=True)
class Server:
    """An SMTP server and how to get in."""

    host: str | None
    port: int
    username: str | None
    password: str | None
    use_tls: bool
    use_ssl: bool


def first_server(settings: Settings) -> Server:
    """The server of MAIL_SERVER and its settings."""
    password = settings.mail_password
    return Server(
        settings.mail_server,
        settings.mail_port,
        settings.mail_username,
        password.get_secret_value() if password else None,
        settings.mail_use_tls,
        settings.mail_use_ssl,
    )


def second_server(settings: Settings) -> Server | None:
    """The server of MAIL_FALLBACK_SERVER and its settings; None without."""
    if settings.mail_fallback_server is None:
        return None
    password = settings.mail_fallback_password
    return Server(
        settings.mail_fallback_server,
        settings.mail_fallback_port,
        settings.mail_fallback_username,
        password.get_secret_value() if password else None,
        settings.mail_fallback_use_tls,
        settings.mail_fallback_use_ssl,
    )


class Line(flask_mail.Connection):
    """One persistent connection to the mail server, made when used, and again when the server went away."""

    host: SmtpSession | None

    def __init__(self, server: Server, default_sender: str) -> None:
        super().__init__(
            flask_mail.Mail().init_mail(  # the state Flask-Mail keeps of its settings; no application needed
                {
                    "MAIL_SERVER": server.host,
                    "MAIL_PORT": server.port,
                    "MAIL_USERNAME": server.username,
                    "MAIL_PASSWORD": server.password,
                    "MAIL_USE_TLS": server.use_tls,
                    "MAIL_USE_SSL": server.use_ssl,
                    "MAIL_DEFAULT_SENDER": default_sender,
                }
            )  # type: ignore[arg-type]  # annotated as Mail; Mail.connect passes this state too
        )
        self.deadline = Deadline()

    def configure_host(self) -> SmtpSession:
        """A fresh session, within the deadline. Raises ChannelDownError."""
        mail = self.mail
        login = (mail.username, mail.password) if mail.username and mail.password else None
        return open_session(
            mail.server,
            mail.port,
            within=self.deadline,
            use_ssl=mail.use_ssl,
            use_tls=mail.use_tls,
            login=login,
        )

    def deliver(self, letter: Letter, envelope_from: str, message_id: str) -> str:
        """Send it within the deadline; returns the server's words. A connection that turns out to be dead
        before the mail was given is replaced once. Errors as `SmtpSession.hand_over`, `configure_host`."""
        payload = letter.as_bytes()
        # RFC 3461 section 4.4 takes at most 100 characters
        given = (envelope_from, letter.recipient, payload, message_id if len(message_id) <= 100 else "")
        reused = self._reuse()
        if self.host is None:
            self.host = self.configure_host()
        try:
            return self.host.hand_over(*given)
        except ConnectionLostError:
            self.host.close()
            if not reused:
                raise
        self.host = self.configure_host()
        return self.host.hand_over(*given)

    def _reuse(self) -> bool:
        if self.host is None:
            return False
        if not self.host.is_alive(_IDLE_S):
            self.host.close()
            self.host = None
        return self.host is not None


class EmailSender:
    """Hands mails over, one at a time, on a connection of its own."""

    def __init__(self, settings: Settings, server: Server | None = None) -> None:
        self._line = Line(server or first_server(settings), settings.mail_default_sender)
        self._from = settings.mail_default_sender
        self._news_from = settings.mail_news_sender or self._from
        self._bounces = settings.mail_bounce_address  # where bounces come (RFC 5321 section 4.4)
        self._stop_mailbox = settings.mail_stop_mailbox

    def send(self, parcel: Parcel, deadline_s: float) -> Receipt:
        """Hand the mail over within deadline_s seconds in all; the errors are those of `Sender.send`."""
        self._line.deadline.restart(deadline_s)
        subscribed = parcel.mail_list in {MailList.FOLLOWINGS, MailList.ALERTS, MailList.PICKUPS}
        sender = self._news_from if subscribed else self._from
        own = parseaddr(sender)[1]
        stops = parcel.mail_list if parcel.stop else None
        letter = Letter(
            sender=sender,
            recipient=parcel.address,
            subject=parcel.message.subject,
            text=_as_text(parcel.message, has_why=parcel.why is not None, stops=stops),
            html=_as_html(parcel.message, has_why=parcel.why is not None, stops=stops),
            links=_links_of(parcel),
            calendar=parcel.calendar,
            headers={
                "Message-ID": f"<{parcel.message_id}>",
                "Auto-Submitted": "auto-generated",  # RFC 3834 section 5: no vacation notices, please
                "Content-Language": parcel.message.language,  # RFC 3282
                **_thread_headers(parcel.thread, own.rpartition("@")[2]),
                **self._list_headers(parcel, own.rpartition("@")[2]),
            },
        )
        words = self._line.deliver(letter, self._bounces or own, parcel.message_id)
        return Receipt(provider_id=parcel.message_id, words=words)

    def _list_headers(self, parcel: Parcel, domain: str) -> dict[str, str]:
        """Which list the mail belongs to (RFC 2919), and how one click stops it (RFC 2369, RFC 8058)."""
        if parcel.mail_list is None:
            return {}
        headers = {"List-Id": f"Gatecall {parcel.mail_list} <{parcel.mail_list}.{domain}>"}
        if parcel.stop is not None:
            ways = [f"<{parcel.stop.unsubscribe}>"]
            if self._stop_mailbox:
                # What the mail's reader opens in a browser, to do what is asked.
                ways.append(f"<mailto:{self._stop_mailbox}?subject=unsubscribe%20{parcel.stop.token}>")
            headers["List-Unsubscribe"] = ", ".join(ways)
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return headers

    def abort(self) -> None:
        """End a hand-over under way, from another thread."""
        self._line.deadline.abort()
        session = self._line.host
        sock = session.sock if session is not None else None
        if sock is not None:
            sock.abort()

    def close(self) -> None:
        """Leave the server; safe to repeat."""
        if self._line.host is not None:
            self._line.deadline.restart(0.5)
            self._line.host.leave()
            self._line.host = None


class EmailChannel:
    """The channel "email". Opens senders; connects to nothing itself."""

    name = "email"

    def __init__(self, settings: Settings, server: Server | None = None) -> None:
        self._settings = settings
        self._server = server
        spare = second_server(settings) if server is None else None
        self.fallback: EmailChannel | None = EmailChannel(settings, spare) if spare else None
        self._domain = parseaddr(settings.mail_default_sender)[1].rpartition("@")[2]

    def reaches(self, person: Person) -> bool:
        """Whether the person has an e-mail address."""
        return person.email is not None

    def address(self, person: Person) -> str:
        """The address as it goes into the envelope. Raises PermanentError without a usable one."""
        return address_on(self.name, person)

    def pack(self, conversation: str, person: Person, message: Message) -> Parcel:
        """The mail's address, text and Message-ID. Raises PermanentError without a usable address."""
        text = _as_text(message)
        message_id = f"{text_hash(conversation, text)}@{self._domain}"
        return Parcel(self.address(person), message_id, text, message)

    def open(self) -> EmailSender:
        """A sender with a connection of its own, made when first used."""
        return EmailSender(self._settings, self._server)
