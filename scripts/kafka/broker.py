"""What a local broker is, whichever program it is: an address, and processes to stop and start again."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from scripts.children import Child, wait_until

_STOP_GRACE_S = 15


class BrokerError(Exception):
    """A broker cannot be started here; the text says why and what to do."""


class Broker:
    """A running local broker of one or more nodes. A context manager: leaving it stops the nodes."""

    def __init__(self, ports: Sequence[int], spawn: Callable[[int], Child], *, ready_s: float) -> None:
        """Start a node for each port by spawn(index), and wait at most ready_s seconds for all of them."""
        self.ports = tuple(ports)
        self._spawn = spawn
        self._ready_s = ready_s
        self._nodes: list[Child] = []
        try:
            for index in range(len(ports)):
                self._nodes.append(spawn(index))
            self.wait_until_ready()
        except BaseException:
            self.kill()
            raise

    @property
    def bootstrap_servers(self) -> str:
        """The nodes' addresses, host:port separated by commas."""
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    @property
    def nodes(self) -> tuple[Child, ...]:
        """The processes, in the order of the ports."""
        return tuple(self._nodes)

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the nodes, in the order of the ports."""
        return tuple(node.pid for node in self._nodes)

    def stop(self) -> None:
        """Stop all nodes in good order, killing what does not end in time. May be repeated."""
        for node in self._nodes:
            node.terminate()
        for node in self._nodes:
            node.wait_gone(grace_s=_STOP_GRACE_S)

    def kill(self) -> None:
        """Kill all nodes as a crash would (SIGKILL)."""
        for node in self._nodes:
            node.kill()

    def pause(self) -> None:
        """Freeze all nodes: connections stay open, nothing is answered."""
        for node in self._nodes:
            node.pause()

    def resume(self) -> None:
        """Let frozen nodes go on."""
        for node in self._nodes:
            node.resume()

    def restart(self) -> None:
        """Start again, on the same ports, the nodes that do not run; returns when all are ready.

        Apache Kafka comes back with its log; Tansu with none, its topics gone and their next ids new.
        """
        for index, node in enumerate(self._nodes):
            if not node.alive:
                self._nodes[index] = self._spawn(index)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return when every node answers and knows all others; raises ServerDiedError when one does not."""
        for node, port in zip(self._nodes, self.ports, strict=True):
            if not wait_until(partial(_listens, port, node), timeout_s=self._ready_s):
                raise node.died(f"It was given {self._ready_s:.0f} s to listen on port {port}.")
        if not wait_until(self._answers, timeout_s=self._ready_s):
            raise self._nodes[0].died(f"It was given {self._ready_s:.0f} s to answer.")

    def _answers(self) -> bool:
        for node in self._nodes:
            if not node.alive:
                raise node.died("See its log.")
        try:
            admin = KafkaAdminClient(
                bootstrap_servers=self.bootstrap_servers.split(","), request_timeout_ms=5_000
            )
        except KafkaError:
            return False
        try:
            brokers = admin.describe_cluster()["brokers"]
        except KafkaError:
            return False
        finally:
            admin.close()
        return sum(not broker.get("is_fenced") for broker in brokers) >= len(self._nodes)

    def __enter__(self) -> Self:
        """Return itself, running."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the nodes."""
        self.stop()


def _listens(port: int, node: Child) -> bool:
    if not node.alive:
        raise node.died("See its log.")
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
