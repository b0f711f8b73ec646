"""An SMTP server and a Twilio that lie, drop, drip and refuse, as they are told; and what they accepted."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import format_datetime
from random import Random
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

from tests.providers import free_port

_HUNG_S = 30.0
_DRIP_S = 1.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that a provider took. address: mail address or number. text: a mail's with the subject as first
    line. id: Message-ID or SID. answer_lost: the product cannot have read that it was taken."""

    at: float
    channel: str
    address: str
    text: str
    id: str
    answer_lost: bool


class HangUpError(Exception):
    """Cut the connection now."""


# How a connection ends. Cancelled at the end of a run, it would be told by Python 3.11 as a fault.
_ENDED = (
    OSError,
    HangUpError,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    asyncio.CancelledError,
)


class Providers:
    """Both servers, on ports of their own, from `__enter__` to `__exit__`.

    accepted: in order. refused: addresses that were told "never", with the words.
    """

    SMTP_MOODS: ClassVar[tuple[str, ...]] = (
        *("421", "450", "452", "550 for some", "drop after DATA", "slow drip", "half-open", "down"),
    )
    TWILIO_MOODS: ClassVar[tuple[str, ...]] = (
        *("429", "500", "21610 for some", "answer lost", "slow drip", "list behind", "down"),
    )

    def __init__(self, rng: Random) -> None:
        self.accepted: list[Accepted] = []
        self.refused: dict[str, str] = {}
        self.smtp_port, self.twilio_port = free_port(), free_port()
        self._rng = Random(rng.random())
        self._mood: dict[str, str | None] = {"smtp": None, "twilio": None}
        self._listed: list[dict[str, Any]] = []
        self._connections: dict[str, set[asyncio.StreamWriter]] = {"smtp": set(), "twilio": set()}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="providers", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def settings(self) -> dict[str, str]:
        """The environment that leads the product here."""
        return {
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": str(self.smtp_port),
            "TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000000",
            "TWILIO_AUTH_TOKEN": "token",
            "TWILIO_FROM": "+15550100000",
            "TWILIO_API_BASE_URL": f"http://127.0.0.1:{self.twilio_port}",
        }

    def mood(self, provider: str, name: str | None) -> None:
        """How "smtp" or "twilio" behaves from now on; None: well."""
        moods = {"smtp": self.SMTP_MOODS, "twilio": self.TWILIO_MOODS}[provider]
        if name is not None and name not in moods:
            raise ValueError(f"{provider} has no mood {name}; there are {', '.join(moods)}")
        self._mood[provider] = name
        if name in ("down", "half-open"):
            self._loop.call_soon_threadsafe(self._cut, provider)

    def dump(self) -> Iterator[dict[str, Any]]:
        """All that was accepted, for the evidence."""
        return (asdict(one) for one in list(self.accepted))

    async def _listen(self) -> None:
        self._servers = [
            await asyncio.start_server(self._smtp, "127.0.0.1", self.smtp_port, limit=2**22),
            await asyncio.start_server(self._twilio, "127.0.0.1", self.twilio_port, limit=2**22),
        ]

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for provider in self._connections:
            self._cut(provider)
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _cut(self, provider: str) -> None:
        for writer in list(self._connections[provider]):
            writer.transport.abort()

    def _accept(self, channel: str, address: str, text: str, id_: str, *, answer_lost: bool) -> None:
        self.accepted.append(Accepted(time.time(), channel, address, text, id_, answer_lost))

    def _some(self, address: str) -> bool:
        """The same third of all addresses, whenever one asks."""
        return sum(address.encode()) % 3 == 0

    async def _smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections["smtp"].add(writer)
        try:
            await _SmtpTalk(self, reader, writer).run()
        except _ENDED:
            writer.transport.abort()
        finally:
            self._connections["smtp"].discard(writer)
            writer.close()

    async def _twilio(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections["twilio"].add(writer)
        try:
            while self._mood["twilio"] != "down":
                await self._request(reader, writer)
        except _ENDED:
            writer.transport.abort()
        finally:
            self._connections["twilio"].discard(writer)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, path, _ = head.split(" ", 2)
        lengths = (line for line in head.splitlines() if line.lower().startswith("content-length:"))
        length = int(next(lengths, ":0").partition(":")[2])
        form = parse_qs((await reader.readexactly(length)).decode())
        if self._mood["twilio"] == "down":
            raise HangUpError
        if method == "GET":
            await _answer(writer, 200, self._list(path))
        else:
            await self._create(form["To"][0], form["Body"][0], writer)

    def _list(self, path: str) -> dict[str, Any]:
        to = parse_qs(urlsplit(path).query).get("To", [None])[0]
        behind = self._mood["twilio"] == "list behind"
        found = [] if behind else [m for m in reversed(self._listed) if to in (None, m["to"])]
        return {"messages": found[:50], "next_page_uri": None, "page": 0, "page_size": 50}

    async def _create(self, to: str, body: str, writer: asyncio.StreamWriter) -> None:
        mood, chance = self._mood["twilio"], self._rng.random()
        if mood == "429":
            error = {"code": 20429, "message": "Too many requests", "status": 429}
            await _answer(writer, 429, error, "Retry-After: 1\r\n")
        elif mood == "21610 for some" and self._some(to):
            self.refused[to] = "21610"
            error = {"code": 21610, "message": "Attempt to send to unsubscribed recipient", "status": 400}
            await _answer(writer, 400, error)
        elif mood == "500" and chance < 0.7:
            if chance < 0.3:  # made all the same
                self._make(to, body, answer_lost=True)
            await _answer(writer, 500, {"code": 20500, "message": "Internal error", "status": 500})
        elif mood in ("answer lost", "list behind") and chance < 0.6:
            self._make(to, body, answer_lost=True)
            raise HangUpError
        else:
            slow = mood == "slow drip" and chance < 0.5
            made = self._make(to, body, answer_lost=slow)
            await _answer(writer, 201, made, drip_s=_DRIP_S if slow else 0.0)

    def _make(self, to: str, body: str, *, answer_lost: bool) -> dict[str, Any]:
        made = {"sid": f"SM{uuid.uuid4().hex}", "to": to, "from": "+15550100000", "body": body}
        made |= {"status": "queued", "date_created": format_datetime(datetime.now(UTC)), "num_segments": "1"}
        self._listed.append(made)
        self._accept("sms", to, body, made["sid"], answer_lost=answer_lost)
        return made

    async def _data(self, recipient: str, content: bytes) -> str | None:
        """What to answer to a mail; None: drip."""
        mood, chance = self._mood["smtp"], self._rng.random()
        if mood == "452" and chance < 0.5:
            return "452 4.3.1 insufficient storage"
        lost = mood == "drop after DATA" and chance < 0.7
        drips = mood == "slow drip" and chance < 0.5
        if not (lost and chance < 0.2):  # else it was not even taken
            message = message_from_bytes(content, policy=policy.default)
            body = message.get_body(("plain",))
            text = f"{message['Subject']}\n{body.get_content() if body else ''}"
            id_ = str(message["Message-ID"]).strip("<>")
            self._accept("email", recipient, text, id_, answer_lost=lost or drips)
        if lost:
            raise HangUpError
        return None if drips else f"250 2.0.0 accepted as {len(self.accepted)}"


class _SmtpTalk:
    """One connection of a client."""

    def __init__(
        self, providers: Providers, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._providers = providers
        self._reader, self._writer = reader, writer
        self._recipient = ""

    async def run(self) -> None:
        """Until either side leaves."""
        if self._mood == "down":
            raise HangUpError
        if self._mood == "half-open":
            await asyncio.sleep(_HUNG_S)
            raise HangUpError
        await self._say("220 localhost ESMTP torture")
        while line := await self._reader.readline():
            await self._command(line.decode("latin-1").strip())

    @property
    def _mood(self) -> str | None:
        return self._providers._mood["smtp"]

    async def _command(self, line: str) -> None:
        verb, mood = line[:4].upper(), self._mood
        if verb == "EHLO":
            await self._say("250-localhost", "250-8BITMIME", "250 SMTPUTF8")
        elif verb == "MAIL" and mood == "421":
            await self._say("421 4.3.2 closing")
            raise HangUpError
        elif verb == "RCPT":
            await self._rcpt(line.partition("<")[2].partition(">")[0])
        elif verb == "DATA":
            await self._say("354 go on")
            content = (await self._reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
            answer = await self._providers._data(self._recipient, content)
            await (self._drip("250 2.0.0 accepted") if answer is None else self._say(answer))
        elif verb == "QUIT":
            await self._say("221 bye")
            raise HangUpError
        else:
            await self._say("250 OK")

    async def _rcpt(self, recipient: str) -> None:
        mood = self._mood
        self._recipient = recipient
        if mood == "450" and self._providers._rng.random() < 0.7:
            await self._say("450 4.2.1 mailbox busy")
        elif mood == "550 for some" and self._providers._some(recipient):
            self._providers.refused[recipient] = "550"
            await self._say("550 5.1.1 no such user")
        else:
            await self._say("250 OK")

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()

    async def _drip(self, line: str) -> None:
        for character in f"{line}\r\n":
            self._writer.write(character.encode())
            await self._writer.drain()
            await asyncio.sleep(_DRIP_S)


async def _answer(
    writer: asyncio.StreamWriter, status: int, body: dict[str, Any], headers: str = "", drip_s: float = 0.0
) -> None:
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} Torture\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    writer.write(f"{head}{headers}\r\n".encode())
    pieces = [data[i : i + 1] for i in range(len(data))] if drip_s else [data]
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        if drip_s:
            await asyncio.sleep(drip_s)
