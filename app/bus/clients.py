"""Kafka clients with the options that correctness needs; nobody else builds one.

kafka-python's own defaults (offset reset "latest", automatic commits, batches of 16 KB) are wrong here. The
vendor's exceptions may leave this package only as our own: see `transient`.
"""

from __future__ import annotations

from typing import Any

import structlog
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import AuthorizationError, KafkaError, SaslAuthenticationFailedError

from app.domain.errors import SetupError, TransientError
from app.runtime import StopFlag
from app.settings import Settings

log = structlog.get_logger()

# Bytes of one batch of a partition. Large enough to make lz4 and round trips cheap, below the brokers' 1 MB.
BATCH_BYTES = 256 * 1024
# The largest record that is tried at all: brokers refuse batches above 1,048,588 bytes by default.
RECORD_BYTES = 1_000_000
# A full batch goes at once; a part of one waits for company so long, unless the publisher flushes.
LINGER_MS = 10
# All attempts at one batch together; then its future fails and the watcher starts again from its token.
DELIVERY_TIMEOUT_S = 30.0
_REQUEST_TIMEOUT_S = 10.0
_BOOTSTRAP_TIMEOUT_S = 5.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0


def client_config(settings: Settings) -> dict[str, Any]:
    """Options that every client shares: where the brokers are, security, time-outs."""
    password = settings.kafka_sasl_password
    return {
        "bootstrap_servers": list(settings.kafka_bootstrap_servers),
        "security_protocol": settings.kafka_security_protocol,
        "sasl_mechanism": settings.kafka_sasl_mechanism,
        "sasl_plain_username": settings.kafka_sasl_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
        "ssl_cafile": settings.kafka_ssl_cafile,
        "request_timeout_ms": int(_REQUEST_TIMEOUT_S * 1000),
        "bootstrap_timeout_ms": int(_BOOTSTRAP_TIMEOUT_S * 1000),
        "reconnect_backoff_ms": 50,
        "reconnect_backoff_max_ms": 2_000,
        # A topic that was made again or got partitions is noticed within this time, also when nothing fails.
        "metadata_max_age_ms": 30_000,
    }


def producer(settings: Settings) -> Any:
    """A KafkaProducer: all in-sync replicas acknowledge, idempotent, lz4.

    Connects at once. Raises KafkaError when no broker answers within five seconds.
    """
    return KafkaProducer(
        **client_config(settings),
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        batch_size=BATCH_BYTES,
        linger_ms=LINGER_MS,
        max_request_size=RECORD_BYTES * 4,  # of a whole request; the publisher refuses single large records
        delivery_timeout_ms=int(DELIVERY_TIMEOUT_S * 1000),
        max_block_ms=int(_REQUEST_TIMEOUT_S * 1000),
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )


def consumer(settings: Settings, group: str) -> Any:
    """A KafkaConsumer of a group: commits by hand, begins at the earliest offset, range assignor.

    The range assignor gives one member the same partitions of all topics (flights, bookings, followings).
    group: without the configured prefix.
    """
    session_ms = int(settings.kafka_session_timeout_s * 1000)
    config = client_config(settings)
    # Joining a group takes up to a session timeout, and is one request.
    config["request_timeout_ms"] = max(session_ms + 5_000, config["request_timeout_ms"])
    return KafkaConsumer(
        **config,
        group_id=f"{settings.kafka_topic_prefix}{group}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        partition_assignment_strategy=[RangePartitionAssignor],
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=session_ms // 4,
        **_fetching(),
    )


def reader(settings: Settings) -> Any:
    """A KafkaConsumer without a group, to be given its partitions with `assign`; it commits nothing."""
    return KafkaConsumer(
        **client_config(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **_fetching(),
    )


def admin(settings: Settings) -> Any:
    """A KafkaAdminClient. Connects at once; raises KafkaError when no broker answers within five seconds."""
    return KafkaAdminClient(**client_config(settings))


def wait_until_reachable(
    settings: Settings, stop: StopFlag, *, longest_pause_s: float = _LONGEST_PAUSE_S
) -> bool:
    """Wait with growing pauses until a broker answers; False when the process is to end before that.

    Raises SetupError when the brokers refuse the credentials.
    """
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            admin(settings).close()
        except (SaslAuthenticationFailedError, AuthorizationError) as error:
            why = type(error).__name__
            raise SetupError(f"Kafka refuses the credentials ({why}). Mend KAFKA_SASL_*.") from error
        except (KafkaError, OSError) as error:
            servers = ",".join(settings.kafka_bootstrap_servers)
            why = type(error).__name__
            log.warning("Kafka is not reachable, waiting", servers=servers, retry_in_s=pause_s, why=why)
        else:
            return True
        if stop.wait(pause_s):
            return False
        pause_s = min(pause_s * 2, longest_pause_s)


def transient(doing: str, error: Exception) -> TransientError:
    """Our own error for one of Kafka's: it may work later. Use with `raise ... from error`."""
    return TransientError(f"Kafka failed while {doing}: {type(error).__name__}: {error}")


def _fetching() -> dict[str, Any]:
    return {
        "fetch_max_wait_ms": 250,
        "fetch_min_bytes": 1,
        "max_partition_fetch_bytes": 2 * 1024 * 1024,
        "max_poll_records": 2_000,
        "check_crcs": True,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }
