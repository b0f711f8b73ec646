"""TCP ports of this machine: which are free, and who holds the others.

Knows nothing of the servers that will use them. Looks at 127.0.0.1 only.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psutil

# Below the range from which Linux (32768-) and macOS (49152-) take the ports of outgoing connections,
# so that a port found free is still free a moment later.
_FREE_RANGE = range(20_000, 32_000)


@dataclass(frozen=True)
class Holder:
    """The process that listens on a port. pid and name are None where the system does not tell us."""

    port: int
    pid: int | None
    name: str | None

    def __str__(self) -> str:
        """Return 'port 8080 is held by nginx (pid 4711)', or who-less when the system does not tell."""
        if self.pid is None:
            return f"port {self.port} is held by another process (whose, only root may see)"
        return f"port {self.port} is held by {self.name or 'a process'} (pid {self.pid})"


class PortsTakenError(Exception):
    """One or more of the wanted ports are taken; `holders` says by whom, in the order asked for."""

    def __init__(self, holders: Sequence[Holder], remedy: str) -> None:
        self.holders = tuple(holders)
        super().__init__("; ".join(str(holder) for holder in holders) + f". {remedy}")


def is_free(port: int) -> bool:
    """Return whether a server could listen on 127.0.0.1:port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set this too: a port in TIME_WAIT is free for them.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    # A server on 0.0.0.0 lets the bind above succeed on macOS; then only a connection shows it.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def holder_of(port: int) -> Holder | None:
    """Return who listens on the port, or None when it is free."""
    if is_free(port):
        return None
    try:
        pid = next((pid for pid, held in _listening() if held == port), None)
        name = psutil.Process(pid).name() if pid is not None else None
    except psutil.Error:
        pid, name = None, None
    return Holder(port, pid, name)


def free_ports(count: int, *, avoid: Iterable[int] = ()) -> list[int]:
    """Return `count` different free ports, none of them in `avoid`, picked at random."""
    taken = set(avoid)
    found: list[int] = []
    for port in random.sample(_FREE_RANGE, len(_FREE_RANGE)):
        if len(found) == count:
            break
        if port not in taken and is_free(port):
            found.append(port)
    if len(found) < count:
        raise RuntimeError(f"only {len(found)} of {count} ports could be found free in {_FREE_RANGE}")
    return found


def require_free(ports: Sequence[int], *, remedy: str = "Stop it, or choose other ports.") -> None:
    """Raise PortsTakenError, naming every holder, unless all the ports are free."""
    holders = [holder for port in ports if (holder := holder_of(port)) is not None]
    if holders:
        raise PortsTakenError(holders, remedy)


def free_or_others(ports: Sequence[int]) -> list[int]:
    """Return the wanted ports in their order, each that is taken replaced by a free one."""
    others = iter(free_ports(len(ports), avoid=ports))
    return [port if is_free(port) else next(others) for port in ports]


def _listening() -> Iterable[tuple[int, int]]:
    """Yield (pid, port) of every listening socket that this user may see."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS, unless root: ask each process, those of others refuse
        for process in psutil.process_iter():
            try:
                for own in process.net_connections(kind="tcp"):
                    if own.status == psutil.CONN_LISTEN and own.laddr:
                        yield process.pid, own.laddr.port
            except psutil.Error:
                continue
        return
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.pid and connection.laddr:
            yield connection.pid, connection.laddr.port
