"""Channels whose messages can be edited: in which message a conversation goes on, and what of it makes a sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.channels.base import Parcel
from app.domain.channels import CHANNELS
from app.domain.sounds import sounds
from consumers.delivery.terms import Terms, Told


def living_of(terms: Terms, told: Sequence[Told]) -> Mapping[str, str]:
    """The provider's id of each conversation's last accepted message at the present address, by conversation: one query
    for the batch, none on channels whose messages stay as they are. Raises PyMongoError."""
    kind = CHANNELS.get(terms.channel.name)
    if kind is None or not kind.edits:
        return {}
    return terms.ledger.last_accepted({one.conversation.id: one.address for one in told if one.address})


def alive(parcel: Parcel, terms: Terms, told: Told, living: Mapping[str, str]) -> Parcel:
    """The parcel with the message that it goes on in, and whether it makes a sound; the same on other channels."""
    kind, want = CHANNELS.get(terms.channel.name), told.conversation.want
    if kind is None or not kind.edits or want is None:
        return parcel
    leaves_at = told.conversation.kind.leaves_at(want)
    loud = sounds(told.verdict.kinds, leaves_at, terms.domain_clock())
    return replace(parcel, living=living.get(told.conversation.id), sounds=loud)
