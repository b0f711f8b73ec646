"""The dead letter of a message that a consumer of topics did not understand."""

from __future__ import annotations

from app.bus.consumer import Received
from app.domain.errors import BadEventError
from app.store.dead_letters import DeadLetter


def letter_of(received: Received, source: str, collection: str, error: BadEventError) -> DeadLetter:
    """N7: what is kept of it. source: the consumer's name; collection: that the topic is about."""
    event = None if isinstance(received.event, BadEventError) else received.event
    return DeadLetter(
        source=source,
        collection=collection,
        key=received.key,
        reason=error.reason,
        words=str(error),
        event_id=event.id if event else None,
        field=error.field,
        topic=received.topic,
        partition=received.partition,
        offset=received.offset,
        document_id=event.document_key if event else None,
        document=event.after if event else None,
    )
