"""The look-alike of Telegram's Bot API on the wire, which misbehaves when it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.settings import Settings, load
from scripts.inbox.telegram import PATH, Answer, ApiError, Telegram

TOKEN = "4711:AAtest-token_of_nobody"
KEY = "k" * 40


class BadTelegram(Telegram):
    """answers: what is said instead, once each, to the next call of any method in it (lower case). drop: how many
    answers are cut off; keep_dropped: whether their calls were done all the same. delay_s: before every answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, list[Answer | bytes]] = {}
        self.drop = 0
        self.keep_dropped = True
        self.delay_s = 0.0
        self.drip = False
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    def refuse(self, method: str, code: int, description: str, **parameters: int) -> None:
        """Say this to the next call of the method."""
        self.answers.setdefault(method.lower(), []).append(ApiError(code, description, **parameters).answer)

    def number_from(self, number: int) -> None:
        """A quiet week goes by: nothing is kept, and the next update has this number."""
        with self._changed:
            self._updates.clear()
            self.last_update = number - 1

    def _do_getupdates(self, sent: Mapping[str, str], token: str) -> list[dict[str, Any]]:
        """As the real one does: of an offset above all its numbers it knows nothing, and answers from its first."""
        if int(sent.get("offset", 0)) > self.last_update + 1:
            sent = {name: value for name, value in sent.items() if name != "offset"}
        return super()._do_getupdates(sent, token)

    def of(self, method: str) -> list[dict[str, str]]:
        """The calls of a method, in order."""
        return [sent for name, sent in self.calls if name == method.lower()]

    def texts(self, chat: int) -> list[str]:
        """What the bot's messages in a chat say now, in order."""
        return [one.text for one in self.chat(chat).messages if one.by_bot]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._do(dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._do(dict(parse_qsl(body, keep_blank_values=True)))

    def _do(self, sent: dict[str, str]) -> None:
        telegram = self.server.telegram
        found = PATH.fullmatch(urlsplit(self.path).path)
        if found is None:
            self._answer((404, {"ok": False, "error_code": 404, "description": "Not Found"}))
            return
        method = found["method"].lower()
        telegram.calls.append((method, sent))
        if telegram.delay_s:
            time.sleep(telegram.delay_s)
        given = telegram.answers.get(method)
        if given:
            self._answer(given.pop(0))
            return
        dropped = telegram.drop > 0 and method != "getupdates"
        answer = (
            telegram.call(found["token"], method, sent)
            if not dropped or telegram.keep_dropped
            else (200, {"ok": True})
        )
        if dropped:
            telegram.drop -= 1
            self.close_connection = True
            self.connection.close()
            return
        self._answer(answer)

    def _answer(self, answer: Answer | bytes) -> None:
        status, body = (
            (200, answer) if isinstance(answer, bytes) else (answer[0], json.dumps(answer[1]).encode())
        )
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.telegram.drip:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)
            return
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the parent's
        """Not logged."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    telegram: BadTelegram

    def handle_error(self, *_: object) -> None:
        """A client that went away is no error here."""


@contextmanager
def telegram_server() -> Iterator[BadTelegram]:
    """The Bot API on loopback while the block runs."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.telegram = BadTelegram()
    server.telegram.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.telegram
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def telegram_settings(url: str, **more: Any) -> Settings:
    """Settings of a system whose bot talks to this address."""
    given = {
        "mongodb_uri": "mongodb://127.0.0.1/x",
        "kafka_bootstrap_servers": "127.0.0.1:9",
        "secret_key": KEY,
    }
    return load(**given | {"telegram_bot_token": TOKEN, "telegram_api_base_url": url} | more)
