"""What a process that starts needs of Kafka: brokers that answer, the topics, the incarnation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import structlog
from kafka.errors import KafkaError

from app.bus import clients, topics
from app.bus.incarnation import Incarnations
from app.domain.clock import Now
from app.domain.errors import TransientError
from app.runtime import StopFlag
from app.settings import Settings

log = structlog.get_logger()

_PAUSE_S = 0.5


def connected(
    settings: Settings, stop: StopFlag, incarnations: Incarnations, at_least: Callable[[], int], now: Now
) -> Any | None:
    """A KafkaAdminClient, when every topic is there and the incarnation was read; None when the process is to end
    before that. A broker can go between its first answer and the last: then all is waited for anew.

    at_least: the highest incarnation that the database knows of. Raises SetupError, KafkaError that no waiting mends,
    and what `at_least` raises.
    """
    while clients.wait_until_reachable(settings, stop):
        with ExitStack() as undo:
            try:
                admin = clients.admin(settings)
                undo.callback(admin.close)
                topics.ensure(admin, settings)
                incarnations.ready(at_least(), now())
            except (KafkaError, TransientError) as error:
                if isinstance(error, KafkaError) and not error.retriable:
                    raise
                log.warning("Kafka failed at the start, trying again", why=f"{type(error).__name__}: {error}")
                stop.wait(_PAUSE_S)
            else:
                undo.pop_all()
                return admin
    return None
