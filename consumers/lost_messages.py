"""What a consumer does when Kafka deleted messages that it had not read."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from app.domain.clock import Now
from app.domain.errors import TransientError
from app.store.resume_tokens import ResumeTokens


def ask_anew(database: Database[dict[str, Any]], collection: str, now: Now) -> None:
    """N5: ask the watcher to read the collection anew. now: system clock. Raises TransientError when MongoDB does not
    take it; then nothing may be committed."""
    try:
        ResumeTokens(database).ask(collection, now())
    except PyMongoError as error:
        raise TransientError(f"MongoDB: {type(error).__name__}: {error}") from error
