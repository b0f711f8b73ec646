"""A process that starts while brokers come and go."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

import pytest
from kafka.errors import KafkaConnectionError, TopicAuthorizationFailedError

from app import settings as settings_module
from app.bus import starting, topics
from app.bus.incarnation import Incarnations
from app.domain.clock import system_now
from app.domain.errors import TransientError
from app.runtime import StopFlag
from app.settings import Settings


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    return settings_module.load(
        mongodb_uri="mongodb://localhost/unused",
        kafka_bootstrap_servers=kafka,
        kafka_topic_prefix=topic_prefix,
    )


class _Failing(Incarnations):
    """Fails so often as there are errors."""

    def __init__(self, settings: Settings, *errors: Exception) -> None:
        super().__init__(settings)
        self.errors = list(errors)

    def ready(self, at_least: int, at: datetime) -> int:
        if self.errors:
            raise self.errors.pop(0)
        return super().ready(at_least, at)


def test_a_broker_that_goes_during_the_start_is_waited_for(settings: Settings) -> None:
    failing = _Failing(settings, KafkaConnectionError("reset by peer"), TransientError("no answer"))
    with closing(failing):
        admin = starting.connected(settings, StopFlag(), failing, lambda: 1, system_now)
    assert admin is not None
    assert failing.errors == []
    assert topics.missing(admin, settings) == []
    admin.close()


def test_the_stop_ends_the_waiting(settings: Settings) -> None:
    nobody = settings.model_copy(update={"kafka_bootstrap_servers": ("127.0.0.1:1",)})
    stop = StopFlag()
    stop.set()
    with closing(Incarnations(nobody)) as incarnations:
        assert starting.connected(nobody, stop, incarnations, lambda: 1, system_now) is None


def test_what_no_waiting_mends_ends_the_start(settings: Settings) -> None:
    failing = _Failing(settings, TopicAuthorizationFailedError("flights.changes"))
    with pytest.raises(TopicAuthorizationFailedError):
        starting.connected(settings, StopFlag(), failing, lambda: 1, system_now)
