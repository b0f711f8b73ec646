"""E-mail by Flask-Mail, with its message and its connection replaced.

Flask-Mail builds legacy MIMEText, lets a line break in an extra header become a real Bcc, and sets no
time-out. `Letter` writes the mail itself and refuses line breaks in headers (RFC 5322 section 2.2);
`Line` has one deadline for a whole hand-over and knows what the server may have taken. No Flask application
takes part.
"""

from __future__ import annotations

import time
from binascii import b2a_qp
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.headerregistry import HeaderRegistry
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from functools import cache, lru_cache
from html import escape
from typing import Any

import flask_mail

from app.channels import rendering
from app.channels.addresses import address_on
from app.channels.base import Parcel, Receipt, text_hash
from app.channels.deadline import Deadline
from app.channels.smtp import ConnectionLostError, SmtpSession, open_session
from app.domain.errors import PermanentError
from app.domain.mail_lists import MailList
from app.domain.people import Person
from app.domain.wording import Message
from app.settings import Settings

_IDLE_S = 5.0
"""Silence after which a connection is asked (NOOP) before it is trusted with a mail."""
_LINE = 998  # octets of a line, RFC 5321 section 4.5.3.1.6
_FOLDED = 76  # characters of a header's line, RFC 2047 section 2


class _Registry(HeaderRegistry):
    """The standard headers; but their classes are made once, not anew for every header of every mail."""

    @cache  # noqa: B019 - one registry, which lives as long as the process
    def __getitem__(self, name: str) -> type:
        """The class of a header."""
        made: type = super().__getitem__(name)
        return made


_POLICY = SMTP.clone(header_factory=_Registry())


class Letter(flask_mail.Message):
    """A mail with text and HTML. The address, subject and headers may not hold line breaks. links: what goes into the
    places that text and HTML keep for links (of `rendering`)."""

    def __init__(
        self,
        *,
        sender: str,
        recipient: str,
        subject: str,
        text: str,
        html: str,
        headers: Mapping[str, str],
        links: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            subject=subject,
            sender=sender,
            recipients=[recipient],
            body=text,
            html=html,
            extra_headers=dict(headers),
        )
        self.recipient = recipient
        self._links = links or {}

    def _message(self) -> Any:
        return message_from_bytes(self.as_bytes(), policy=SMTP)

    def as_bytes(self) -> bytes:
        """The mail as it travels. Raises PermanentError when a header cannot be written."""
        own = {
            "From": str(self.sender),
            "To": self.recipient,
            "Subject": self.subject,
            "Date": formatdate(self.date or time.time()),
            **(self.extra_headers or {}),
        }
        try:
            head = b"".join(_header(name, value) for name, value in own.items())
            return head + _with_links(_content(self.body or "", self.html or ""), self._links)
        except (ValueError, LookupError) as error:  # a line break or broken text in a header
            raise PermanentError(f"the mail cannot be written: {type(error).__name__}") from error


@lru_cache(maxsize=1024)
def _header(name: str, value: str) -> bytes:
    """One header, folded (RFC 5322 section 2.2.3). Raises ValueError when the value holds a line break."""
    line = f"{name}: {value}"
    if name == "List-Unsubscribe":
        return _of_addresses(line)
    if len(line) <= _FOLDED and value.isascii() and value.isprintable() and "=?" not in value:
        return line.encode("ascii") + b"\r\n"  # nothing to fold or encode: the library's parser is slow
    return _POLICY.fold_binary(*_POLICY.header_store_parse(name, value))


@lru_cache(maxsize=128)
def _content(text: str, html: str) -> bytes:
    """The rest of the mail: MIME headers, an empty line, both parts. The same for all who hear the same.

    Written here because EmailMessage parses every header it makes: two thirds of a mail's cost.
    """
    boundary = b"=_" + text_hash(text, html).encode("ascii")
    # As ASCII the HTML needs no transfer encoding.
    plain = html.encode("ascii", "xmlcharrefreplace").decode("ascii")
    parts = (_part("plain", text), _part("html", plain))
    return (
        b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="%b"\r\n\r\n' % boundary
        + b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
        + b"--%b--\r\n" % boundary
    )


def _of_addresses(line: str) -> bytes:
    """A header of addresses in angle brackets, one on a line. They stay as they are, however long: in an encoded word
    (RFC 2047), which the library would make of them, no mail program finds them. Raises ValueError."""
    if not (line.isascii() and line.isprintable()):
        raise ValueError("an address holds what no header may")
    folded = line.replace(">, <", ">,\r\n <").encode("ascii") + b"\r\n"
    if max(map(len, folded.split(b"\r\n"))) > _LINE:
        raise ValueError("an address is too long for a header")
    return folded


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


def _with_links(content: bytes, links: Mapping[str, str]) -> bytes:
    """The content with each person's own links in it, which leaves the rest the same for all."""
    for slot, written in links.items():
        before, found, after = content.partition(slot.encode("ascii"))
        if found:
            # A part that is encoded ends its lines softly around the link (RFC 2045 section 6.7).
            part = before.rpartition(b"Content-Transfer-Encoding: ")[2]
            is_quoted = part.startswith(b"quoted-printable")
            link = b"=\r\n%b=\r\n" % b2a_qp(written.encode("ascii")) if is_quoted else written.encode("ascii")
            content = before + link.replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n") + after
    return content


def _part(subtype: str, text: str) -> bytes:
    """One part with its headers (RFC 2045, RFC 2046 section 4.1)."""
    body = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode()
    encoding = "7bit"
    if not body.isascii() or max(map(len, body.split(b"\r\n"))) > _LINE:
        encoding, body = "quoted-printable", b2a_qp(body, istext=True)
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode("ascii") + body


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
        sender = self._news_from if parcel.mail_list is MailList.FOLLOWINGS else self._from
        own = parseaddr(sender)[1]
        stops = parcel.mail_list if parcel.stop else None
        letter = Letter(
            sender=sender,
            recipient=parcel.address,
            subject=parcel.message.subject,
            text=_as_text(parcel.message, has_why=parcel.why is not None, stops=stops),
            html=_as_html(parcel.message, has_why=parcel.why is not None, stops=stops),
            links=_links_of(parcel),
            headers={
                "Message-ID": f"<{parcel.message_id}>",
                "Auto-Submitted": "auto-generated",  # RFC 3834 section 5: no vacation notices, please
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
