"""A mail as it travels: headers, text and HTML, each person's own links, perhaps a calendar file.

Written here and not by `EmailMessage`, which parses every header it makes: two thirds of a mail's cost.
"""

from __future__ import annotations

import hashlib
import re
import time
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Mapping
from email import message_from_bytes
from email.headerregistry import HeaderRegistry
from email.policy import SMTP
from email.utils import formatdate
from functools import cache, lru_cache
from typing import Any

import flask_mail

from app.channels.base import CalendarFile, text_hash
from app.channels.rendering import LINK_PLACES
from app.domain.errors import PermanentError

_LINE = 998  # octets of a line, RFC 5321 section 4.5.3.1.6
_PLACE = re.compile("({})".format("|".join(LINK_PLACES)).encode("ascii"))
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
        calendar: CalendarFile | None = None,
    ) -> None:
        # Not by Message.__init__: it makes a Message-ID that is never used, and asks a name server for it, each time.
        self.alts = {}
        self.subject, self.body, self.html = subject, text, html
        self.sender, self.recipients = sender, [recipient]
        self.date, self.extra_headers = None, dict(headers)
        self.recipient = recipient
        self._links = links or {}
        self._calendar = calendar

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
            content = _with_links(_content(self.body or "", self.html or ""), self._links)
            return head + b"MIME-Version: 1.0\r\n" + _with_calendar(content, self._calendar)
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
    """Both parts as one, with its own headers. The same for all who hear the same."""
    boundary = b"=_" + text_hash(text, html).encode("ascii")
    # As ASCII the HTML needs no transfer encoding.
    plain = html.encode("ascii", "xmlcharrefreplace").decode("ascii")
    parts = (_part("plain", text), _part("html", plain))
    return (
        b'Content-Type: multipart/alternative; boundary="%b"\r\n\r\n' % boundary
        + b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
        + b"--%b--\r\n" % boundary
    )


def _with_calendar(content: bytes, calendar: CalendarFile | None) -> bytes:
    """The content with the file as an attachment that says what it does (RFC 6047 section 2.4)."""
    if calendar is None:
        return content
    boundary = b"=_" + hashlib.sha256(content + calendar.content).hexdigest()[:32].encode("ascii")
    method = "CANCEL" if calendar.cancels else "PUBLISH"
    head = (
        f'Content-Type: text/calendar; charset="utf-8"; method={method}; name="{calendar.name}"\r\n'
        f'Content-Disposition: attachment; filename="{calendar.name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    file = head.encode("ascii") + encodebytes(calendar.content).replace(b"\n", b"\r\n")
    return (
        b'Content-Type: multipart/mixed; boundary="%b"\r\n\r\n' % boundary
        + b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in (content, file))
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


def _with_links(content: bytes, links: Mapping[str, str]) -> bytes:
    """The content with each person's own links in it, which leaves the rest the same for all."""
    for slot, written in links.items():
        before, found, after = content.partition(slot.encode("ascii"))
        if found:
            part = before.rpartition(b"Content-Transfer-Encoding: ")[2]
            is_quoted = part.startswith(b"quoted-printable")
            link = written.encode("ascii")
            content = before + (_encoded(link) if is_quoted else link) + after
    return content


def _quoted(body: bytes) -> bytes:
    """Quoted-printable, with soft ends of lines around each place for a link (RFC 2045 section 6.7): no place is cut in
    two, and any link fits."""
    pieces = _PLACE.split(body)
    return b"=\r\n".join(piece if _PLACE.fullmatch(piece) else _encoded(piece) for piece in pieces)


def _encoded(piece: bytes) -> bytes:
    # Where no line ends in it, the library ends its own as Unix does.
    return b2a_qp(piece, istext=True).replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n")


def _part(subtype: str, text: str) -> bytes:
    """One part with its headers (RFC 2045, RFC 2046 section 4.1)."""
    body = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode()
    encoding = "7bit"
    if not body.isascii() or max(map(len, body.split(b"\r\n"))) > _LINE:
        encoding, body = "quoted-printable", _quoted(body)
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode("ascii") + body
