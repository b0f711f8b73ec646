"""A TCP proxy in a process of its own, between all clients and servers of the stack: it partitions and delays.

The servers know each other by the proxy's addresses, so what they say to each other passes through it as well.
Commands come as JSON lines on standard input, each is answered by a line; the process ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]


class Proxy:
    """The proxy's process, seen from the one that runs the stack. Links are named by their place in `targets`."""

    def __init__(self, ports: Sequence[int], targets: Sequence[int]) -> None:
        """Listen on each port and pass what comes on to the target at the same place."""
        pairs = [f"{port}:{target}" for port, target in zip(ports, targets, strict=True)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.proxy", *pairs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            start_new_session=True,
        )
        self._lock = threading.Lock()
        self.heal(range(len(pairs)))

    def isolate(self, link: int, pid: int) -> None:
        """Nothing comes to the server behind this link any more, and nothing from its process to the others."""
        self._tell({"do": "hold", "to": link, "pid": pid})

    def mute(self, link: int, but: Sequence[int]) -> None:
        """The server hears its clients, they do not hear it; `but`: processes that hear it as before."""
        self._tell({"do": "mute", "to": link, "but": list(but)})

    def delay(self, link: int, seconds: float) -> None:
        """All that passes takes so long, each way."""
        self._tell({"do": "delay", "to": link, "seconds": seconds})

    def cut(self, link: int) -> None:
        """Reset every connection of this link; new ones are made at once."""
        self._tell({"do": "cut", "to": link})

    def heal(self, links: Sequence[int]) -> None:
        """All passes as before. What was held is delivered, what was muted is cut."""
        self._tell({"do": "heal", "links": list(links)})

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _tell(self, command: dict[str, Any]) -> None:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
            if self._process.stdout.readline() != "ok\n":
                raise RuntimeError(f"the proxy did not do {command}")


@dataclass
class _Rules:
    """What is wrong now, by link. held: and the process behind it."""

    held: dict[int, int] = field(default_factory=dict)
    muted: dict[int, set[int]] = field(default_factory=dict)
    delays: dict[int, float] = field(default_factory=dict)


def _ports_of(pids: set[int]) -> set[int]:
    """Local ports of the processes' connections."""
    found: set[int] = set()
    for pid in pids:
        try:
            found |= {c.laddr.port for c in psutil.Process(pid).net_connections(kind="tcp4") if c.laddr}
        except psutil.Error:
            continue
    return found


class _Side(asyncio.Protocol):
    """One of the two connections of a link."""

    transport: asyncio.Transport

    def __init__(self, link: _Link) -> None:
        self.link = link
        self.pauses: set[str] = set()
        self.queue: deque[tuple[float, bytes]] = deque()
        self.open = False

    @property
    def other(self) -> _Side:
        return self.link.server if self is self.link.client else self.link.client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.open = True
        self.link.made(self)

    def data_received(self, data: bytes) -> None:
        link = self.link
        if link.muted and self is link.server:
            return
        seconds = link.rules.delays.get(link.index, 0.0)
        if not seconds and not self.queue:
            self.other.write(data)
            return
        loop = asyncio.get_running_loop()
        self.queue.append((loop.time() + seconds, data))
        if len(self.queue) == 1:
            loop.call_later(seconds, self._pass_on)

    def _pass_on(self) -> None:
        loop = asyncio.get_running_loop()
        while self.queue and self.queue[0][0] <= loop.time() + 0.001:
            self.other.write(self.queue.popleft()[1])
        if self.queue:
            loop.call_later(self.queue[0][0] - loop.time(), self._pass_on)

    def write(self, data: bytes) -> None:
        if self.open and not self.transport.is_closing():
            self.transport.write(data)

    def pause_writing(self) -> None:
        self.other.pause("full")

    def resume_writing(self) -> None:
        self.other.go_on("full")

    def pause(self, why: str) -> None:
        self.pauses.add(why)
        if self.open and not self.transport.is_closing():
            self.transport.pause_reading()

    def go_on(self, why: str) -> None:
        self.pauses.discard(why)
        if self.open and not self.pauses and not self.transport.is_closing():
            self.transport.resume_reading()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        self.link.lost(self)


class _Link:
    """One connection of a client, and the one to its server."""

    def __init__(self, index: int, target: int, rules: _Rules, links: set[_Link]) -> None:
        self.index = index
        self.target = target
        self.rules = rules
        self.links = links
        self.client = _Side(self)
        self.server = _Side(self)
        self.held = self.muted = False
        self.port = 0
        self._connecting: asyncio.Task[None] | None = None

    def made(self, side: _Side) -> None:
        if side is self.server:
            if not self.client.open:
                side.transport.abort()
            self.client.go_on("connecting")
            return
        self.links.add(self)
        self.port = side.transport.get_extra_info("peername")[1]
        side.pause("connecting")
        self.obey()
        if not self.held:
            self.connect()

    def obey(self) -> None:
        """Look at the rules anew."""
        rules = self.rules
        by_pid = bool(rules.held) and self.port in _ports_of(set(rules.held.values()))
        if self.index in rules.held or by_pid:
            self.held = True
            self.client.pause("held")
            self.server.pause("held")
        if self.index in rules.muted and self.port not in _ports_of(rules.muted[self.index]):
            self.muted = True

    def connect(self) -> None:
        if self._connecting is None:
            self._connecting = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: self.server, "127.0.0.1", self.target)
        except OSError:
            self.client.transport.abort()

    def heal(self) -> None:
        if self.muted and self.index not in self.rules.muted:
            self.cut()
        elif self.held and not self.rules.held:
            self.held = False
            self.client.go_on("held")
            self.server.go_on("held")
            self.connect()

    def cut(self) -> None:
        for side in (self.client, self.server):
            if side.open:
                side.transport.abort()

    def lost(self, side: _Side) -> None:
        self.links.discard(self)
        other = side.other
        if other.open:
            other.transport.close()


async def _serve(pairs: list[tuple[int, int]]) -> None:
    rules, links = _Rules(), set[_Link]()
    loop = asyncio.get_running_loop()
    for index, (port, target) in enumerate(pairs):

        def accept(index: int = index, target: int = target) -> _Side:
            return _Link(index, target, rules, links).client

        await loop.create_server(accept, "127.0.0.1", port)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        _obey(json.loads(line), rules, links)
        sys.stdout.write("ok\n")
        sys.stdout.flush()


def _obey(command: dict[str, Any], rules: _Rules, links: set[_Link]) -> None:
    what, to = command["do"], command.get("to")
    if what == "heal":
        for healed in command["links"]:
            rules.held.pop(healed, None)
            rules.muted.pop(healed, None)
            rules.delays.pop(healed, None)
        for link in list(links):
            link.heal()
    elif what == "cut":
        for link in [link for link in links if link.index == to]:
            link.cut()
    elif what == "delay":
        rules.delays[to] = command["seconds"]
    else:
        if what == "hold":
            rules.held[to] = command["pid"]
        elif what == "mute":
            rules.muted[to] = set(command["but"])
        for link in list(links):
            link.obey()


if __name__ == "__main__":
    asyncio.run(_serve([tuple(map(int, pair.split(":"))) for pair in sys.argv[1:]]))  # type: ignore[misc]
