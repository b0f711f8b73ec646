"""What D3 writes down about a message before it is handed over."""

from __future__ import annotations

from datetime import datetime

from app.store.claim_records import DoubtNote, Noted
from consumers.delivery.terms import Told


def noted_of(told: Told, attempt: str, now: datetime, text: str | None = None) -> Noted:
    """The attempt at one conversation. text: kept where the provider can be asked for it."""
    conversation, verdict = told.conversation, told.verdict
    want = conversation.want
    assert want is not None, "D2 settles what has no want"
    heard = verdict.heard or want
    note = DoubtNote(
        attempt=attempt,
        to=conversation.kind.said(want, heard),
        kinds=verdict.kinds,
        order=conversation.order,
        started_at=now,
        text=text,
        alone=verdict.doubt is None,
    )
    previous_note = conversation.doubt_note if verdict.doubt else None
    return Noted(conversation, heard, note, verdict.doubt, previous_note, told.grounds)
