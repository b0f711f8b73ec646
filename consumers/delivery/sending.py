"""One sender's hand-over of a small group, already noted (D3), and what became of each message."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from app import metrics
from app.channels.base import (
    AddressDownError,
    AddressRefusedError,
    ChannelDownError,
    NoAnswerError,
    Parcel,
    Sender,
)
from app.domain.clock import Now
from app.domain.errors import PermanentError, TransientError, UnknownOutcomeError
from app.domain.reports import without_addresses
from app.store.claim_records import Noted
from app.store.digests import Counted
from app.store.notifications import Attempt, Outcome

log = structlog.get_logger()

_WORDS = 300
"""Characters of a provider's answer that are kept."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that is noted and waits for its hand-over.

    address: the id of where it goes. tells: the suppression that it tells of, None for none. counted: towards the
    person's daily maximum, None when it does not count. digest: the id of the mail that it is part of, None alone.
    rested: the link that it goes to did not work before.
    """

    noted: Noted
    parcel: Parcel
    address: str | None = None
    tells: str | None = None
    counted: Counted | None = None
    digest: str | None = None
    rested: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one hand-over. retry_after_s: what the provider asked for. channel_down: the failure
    says nothing about this message; address_down: neither does it, but it says something of this one address. answered:
    whether the provider said anything. refused: why the address is of no more use, None when it is."""

    ready: Ready
    attempt: Attempt
    retry_after_s: float | None = None
    channel_down: bool = False
    answered: bool = True
    refused: AddressRefusedError | None = None
    address_down: bool = False

    @property
    def is_no_fault(self) -> bool:
        """Whether the failure says nothing about the message, so that it is not counted as one of its tries."""
        return self.channel_down or self.address_down


def hand_over(
    sender: Sender, ready: Ready, deadline_s: float, channel: str, now: Now, provider: str | None = None
) -> Result:
    """Give one message to the provider (provider: its name when it is not the channel's first). Raises
    nothing: whatever happens is a result. The provider's words lose addresses and phone numbers here."""
    started_at = now()
    provider_id = words = retry_after_s = None
    channel_down, answered, address_down = False, True, False
    refused: AddressRefusedError | None = None
    try:
        receipt = sender.send(ready.parcel, deadline_s)
        outcome, provider_id, words = Outcome.ACCEPTED, receipt.provider_id, receipt.words
    except TransientError as error:
        outcome, words, retry_after_s = Outcome.LATER, str(error), error.retry_after_s
        channel_down, answered = isinstance(error, ChannelDownError), not isinstance(error, NoAnswerError)
        address_down = isinstance(error, AddressDownError)
    except PermanentError as error:
        outcome, words = Outcome.NEVER, str(error)
        refused = error if isinstance(error, AddressRefusedError) else None
    except UnknownOutcomeError as error:
        outcome, words, answered = Outcome.UNKNOWN, str(error), False
    except Exception as error:  # a defect of ours: whether the message left is not known
        conversation = ready.noted.conversation
        log.exception(
            "hand-over failed unexpectedly", trace=conversation.event_id, conversation=conversation.id
        )
        outcome, words, answered = Outcome.UNKNOWN, type(error).__name__, False
    ended_at = now()
    metrics.ATTEMPTS.labels(channel, outcome).inc()
    metrics.ATTEMPT_SECONDS.labels(channel).observe((ended_at - started_at).total_seconds())
    doubtful = ready.noted.previous is not None
    attempt = Attempt(
        id=ready.noted.note.attempt,
        started_at=started_at,
        ended_at=ended_at,
        outcome=outcome,
        provider_id=provider_id,
        words=without_addresses(words, _WORDS) if words else words,
        doubtful=doubtful,
        address=ready.address,
        provider=provider,
    )
    return Result(ready, attempt, retry_after_s, channel_down, answered, refused, address_down)


def group_size(average_s: float, longest: int) -> int:
    """How many messages are noted at once: a quarter of a second's worth, at least 1, so that a crash leaves
    little in doubt when the provider is slow, and writes are few when it is fast."""
    return max(1, min(longest, int(0.25 / max(average_s, 1e-6))))
