"""The HTTP side of the inbox: the pages, their JSON, a mail's HTML for its frame, Twilio's and Telegram's endpoints."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from email import message_from_bytes
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from app.domain.clock import DomainClock
from scripts.inbox import telegram, telegram_web, twilio
from scripts.inbox.store import Inbox, Person, Stored, header, text_of

MAX_BODY_BYTES = 64 * 1024
_PAGE = files("scripts.inbox") / "page"
_STATIC = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/inbox.css": ("inbox.css", "text/css; charset=utf-8"),
    "/inbox.js": ("inbox.js", "text/javascript; charset=utf-8"),
    "/favicon.svg": ("favicon.svg", "image/svg+xml"),
    "/telegram": ("telegram.html", "text/html; charset=utf-8"),
    "/telegram.css": ("telegram.css", "text/css; charset=utf-8"),
    "/telegram.js": ("telegram.js", "text/javascript; charset=utf-8"),
}
_SHOWN_HEADERS = (
    *("From", "To", "Subject", "Date", "Message-ID"),
    *("Auto-Submitted", "List-Id", "List-Unsubscribe", "Content-Language", "Content-Type"),
)
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; frame-src 'self'"
)
# A mail is shown with its own style and without anything else: no script, no form, nothing from elsewhere.
_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


class _Handler(BaseHTTPRequestHandler):
    """One connection. The server carries the inbox."""

    protocol_version = "HTTP/1.1"
    # Headers and body go out in one packet: in two, Nagle and the delayed ACK cost 40 ms a request.
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 60
    server: InboxServer

    def do_GET(self) -> None:
        """The page and its parts."""
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        inbox = self.server.inbox
        message = twilio.PATH.fullmatch(url.path)
        if self._telegram(url.path, query):
            return
        if message is not None:
            self._twilio(message["account"], message["sid"], query)
        elif url.path in _STATIC:
            name, kind = _STATIC[url.path]
            self._answer(200, (_PAGE / name).read_bytes(), kind, policy=_PAGE_POLICY)
        elif url.path == "/api/messages":
            self._json(200, _messages(inbox, query))
        elif url.path == "/api/counts":
            self._json(200, inbox.counts())
        elif url.path == "/api/people":
            self._json(200, _people(inbox))
        elif url.path == "/api/receipts":
            receipts = [asdict(receipt) for receipt in inbox.receipts(_number(query.get("after")))]
            self._json(200, {"counts": inbox.counts(), "receipts": receipts})
        elif url.path == "/health/live":
            self._json(200, {"status": "alive"})
        elif url.path.startswith(("/api/messages/", "/mails/")):
            number = _number(url.path.rsplit("/", 1)[1])
            self._one(inbox, inbox.whole(number), as_mail=url.path.startswith("/mails/"))
        else:
            self._json(404, {"error": "There is nothing here. The page is at /."})

    def do_POST(self) -> None:
        """An SMS by Twilio's API, or who is known by name."""
        length = _number(self.headers.get("Content-Length"))
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            self._json(413, {"error": f"At most {MAX_BODY_BYTES} bytes."})
            return
        body = self.rfile.read(length)
        if urlsplit(self.path).path == "/api/people":
            self._know(body)
            return
        form = dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))
        if self._telegram(urlsplit(self.path).path, form, body):
            return
        message = twilio.PATH.fullmatch(urlsplit(self.path).path)
        if message is None or message["sid"]:
            self._json(404, {"error": "There is nothing here."})
        elif not twilio.authorised(message["account"], self.headers.get("Authorization")):
            self._json(*twilio.unauthorised())
        else:
            self._json(*twilio.send(self.server.inbox, message["account"], form))

    def _know(self, body: bytes) -> None:
        if self.headers.get_content_type() != "application/json":  # what another site's page cannot send
            self._json(415, {"error": "Send JSON."})
            return
        try:
            people, clock = _read_people(json.loads(body))
        except (ValueError, KeyError, TypeError) as error:
            self._json(400, {"error": f"Not understood: {type(error).__name__} {error}"})
            return
        self.server.inbox.know(people, clock)
        self._json(200, _people(self.server.inbox))

    def _telegram(self, path: str, sent: dict[str, str], body: bytes | None = None) -> bool:
        """The Bot API, its chats for the page, and what a visitor does there; False for everything else."""
        of_bot, own = telegram.PATH.fullmatch(path), "/api/telegram"
        if of_bot is not None:
            self._json(*self.server.telegram.call(of_bot["token"], of_bot["method"], sent))
        elif path == own and body is None:
            self._json(200, telegram_web.shown(self.server.telegram))
        elif path.startswith(telegram_web.LINKS) and body is None:
            self.send_response(303)
            self.send_header("Location", telegram_web.link(path, sent))
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.wfile.flush()
        elif path.startswith(f"{own}/") and body is not None:
            if self.headers.get_content_type() != "application/json":  # what another site's page cannot send
                self._json(415, {"error": "Send JSON."})
            else:
                self._json(*telegram_web.act(self.server.telegram, path.rpartition("/")[2], body))
        else:
            return False
        return True

    def _twilio(self, account: str, sid: str | None, query: dict[str, str]) -> None:
        if not twilio.authorised(account, self.headers.get("Authorization")):
            self._json(*twilio.unauthorised())
        elif sid:
            self._json(*twilio.fetch(self.server.inbox, account, sid))
        else:
            self._json(*twilio.listing(self.server.inbox, account, query))

    def _one(self, inbox: Inbox, stored: Stored | None, *, as_mail: bool) -> None:
        if stored is None or (as_mail and stored.raw is None):
            self._json(404, {"error": "No such message, or it is so old that it is no longer kept."})
        elif as_mail:
            assert stored.raw is not None
            html = text_of(message_from_bytes(stored.raw), "text/html") or "<p>This mail has no HTML part."
            self._answer(200, html.encode(), "text/html; charset=utf-8", policy=_MAIL_POLICY)
        else:
            self._json(200, _whole(inbox, stored))

    def _json(self, status: int, body: Any) -> None:
        self._answer(
            status, json.dumps(body, default=str).encode(), "application/json", policy="default-src 'none'"
        )

    def _answer(self, status: int, body: bytes, kind: str, *, policy: str) -> None:
        self.send_response(HTTPStatus(status))
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", policy),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the parent's
        """Requests are not logged."""


class InboxServer(ThreadingHTTPServer):
    """Serves one inbox over HTTP. `serve_forever` blocks until `shutdown` is called from another thread."""

    daemon_threads = True
    request_queue_size = 128
    inbox: Inbox
    telegram: telegram.Telegram
    allow_reuse_address: ClassVar[bool] = True  # type: ignore[misc]

    def __init__(self, inbox: Inbox, host: str, port: int) -> None:
        super().__init__((host, port), _Handler)
        self.inbox = inbox
        self.telegram = telegram.Telegram()


def _messages(inbox: Inbox, query: dict[str, str]) -> dict[str, Any]:
    """Messages as the list shows them, newest first, and the counts of all that ever came."""
    found = inbox.newest(
        after=_number(query.get("after")),
        limit=max(1, min(500, _number(query.get("limit"), 100))),
        channel=query.get("channel", ""),
        person=query.get("person", ""),
        who=query.get("who", ""),
    )
    return {"counts": inbox.counts(), "messages": [_line(inbox, stored) for stored in found]}


def _people(inbox: Inbox) -> dict[str, Any]:
    return {"people": [{**asdict(one), "counts": inbox.counts_of(one)} for one in inbox.people()]}


def _read_people(said: Any) -> tuple[list[Person], DomainClock | None]:
    """Who is known by name, and the clock. Raises ValueError, KeyError, TypeError when it is neither."""
    if not isinstance(said, dict):
        raise TypeError("an object was expected")
    clock = said.get("clock")
    return [Person(**one) for one in said["people"]], clock and DomainClock(
        datetime.fromisoformat(clock["start"]), datetime.fromisoformat(clock["origin"]), float(clock["rate"])
    )


def _line(inbox: Inbox, stored: Stored) -> dict[str, Any]:
    receipt = stored.receipt
    words = " ".join(stored.text.split())
    return {
        "number": receipt.number,
        "channel": receipt.channel,
        "to": receipt.address,
        "subject": receipt.subject or words[:160],
        "received_at": receipt.received_at.isoformat(timespec="milliseconds"),
        "told_at": inbox.told_at(receipt).isoformat(timespec="seconds"),
    }


def _whole(inbox: Inbox, stored: Stored) -> dict[str, Any]:
    shown = {
        **_line(inbox, stored),
        "text": stored.text,
        "id": stored.receipt.id,
        "from": stored.sender,
        "headers": [],
    }
    if stored.raw is not None:
        mail = message_from_bytes(stored.raw)
        shown["headers"] = [
            [name, header(mail, name)] for name in _SHOWN_HEADERS if mail.get(name) is not None
        ]
        shown["bytes"] = len(stored.raw)
        shown["html"] = any(part.get_content_type() == "text/html" for part in mail.walk())
    return shown


def _number(text: str | None, otherwise: int = 0) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 12 else otherwise
