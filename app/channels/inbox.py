"""The inbox on people's own pages: a message is an entry in the collection `inbox`, and a page shows it at once.

MongoDB is the provider, on a connection of the sender's own. A hand-over is one insert under an id of the attempt, so
it may be repeated; the driver repeats nothing, because only the sender can say what became of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pymongo
from bson.errors import BSONError
from pymongo import monitoring
from pymongo.errors import (
    ConnectionFailure,
    DuplicateKeyError,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
    WriteError,
)

from app.channels.base import ChannelDownError, Parcel, Receipt
from app.channels.linked import LinkedChannel, sentences
from app.domain.clock import Now, system_now
from app.domain.errors import PermanentError, TransientError, UnknownOutcomeError
from app.domain.people import Person
from app.domain.wording import Message
from app.settings import Settings
from app.store import client as mongodb
from app.store.inbox import SERVICE, Inbox

NAME = "inbox"

# Server error codes (MongoDB source, error_codes.yml). A member that answers so has not written anything.
_NOT_WRITTEN = frozenset({10058, 10107, 13435, 13436})
_NOT_ALLOWED = frozenset({13, 18})
_REFUSED = frozenset({2, 121, 10334})
"""Of one document: it breaks a rule, or is too large."""
_UNWRITABLE = (BSONError, OverflowError)
"""What a document raises that BSON has no room for."""
_RAISED = (PyMongoError, *_UNWRITABLE)

R = TypeVar("R")


class _HandOver:
    """One call, in a thread of its own: PyMongo cannot be interrupted, so whoever waits stops waiting. left: whether
    the command was on its way."""

    def __init__(self) -> None:
        self.left = False
        self.ended = threading.Event()


class _Watch(monitoring.CommandListener):
    """Knows whether a command of the present hand-over left this process."""

    def __init__(self) -> None:
        self.present = threading.local()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """PyMongo is about to write the command to its connection."""
        call = getattr(self.present, "call", None)
        if call is not None and event.command_name in {"insert", "find"}:
            call.left = True

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Not needed."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Not needed."""


class InboxSender:
    """Writes entries, one at a time. It can be asked what became of one (`AskableSender`)."""

    def __init__(self, settings: Settings, now: Now = system_now) -> None:
        self._settings = settings
        self._keep = timedelta(days=settings.inbox_keep_days)
        self._now = now
        self._watch = _Watch()
        self._client: mongodb.Client | None = None
        self._call: _HandOver | None = None

    def send(self, parcel: Parcel, deadline_s: float) -> Receipt:
        """Write the entry within deadline_s seconds in all; the errors are those of `Sender.send`. What is there
        already under the id of this attempt is accepted."""
        now = self._now()
        entry = entry_of(parcel, self._settings.public_url, now, now + self._keep)
        call = _HandOver()
        try:
            self._within(deadline_s, call, lambda inbox: inbox.put(entry))
        except DuplicateKeyError:
            return Receipt(entry["_id"], "it is there already")
        except PyMongoError as error:
            raise _judged(error, left=call.left) from error
        except _UNWRITABLE as error:
            raise PermanentError(f"cannot be written: {type(error).__name__}") from error
        except TimeoutError as error:
            raise _out_of_time(str(error), left=call.left) from error
        return Receipt(entry["_id"], "it is in the inbox")

    def find(
        self, person: Person, text: str, since: datetime, deadline_s: float, others: Collection[str] = ()
    ) -> Receipt | None:
        """The receipt of an entry with this text since then, None when there is none. Raises TransientError."""
        title, *lines = text.split("\n")
        try:
            id_ = self._within(
                deadline_s, _HandOver(), lambda inbox: inbox.find(person.id, title, lines, since, others)
            )
        except (PyMongoError, TimeoutError) as error:
            raise TransientError(f"cannot be asked: {type(error).__name__}") from error
        return Receipt(id_, "it is in the inbox") if id_ else None

    def abort(self) -> None:
        """End a hand-over under way, from another thread."""
        call = self._call
        if call is not None:
            call.ended.set()

    def close(self) -> None:
        """Close the connection; safe to repeat."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _within(self, deadline_s: float, call: _HandOver, ask: Callable[[Inbox], R]) -> R:
        """What the question brings. Raises what it raises, TimeoutError when there is no answer in time or the
        hand-over was aborted."""
        inbox = self._inbox()
        found: list[R] = []
        failed: list[Exception] = []

        def work() -> None:
            self._watch.present.call = call
            try:
                with pymongo.timeout(deadline_s):
                    found.append(ask(inbox))
            except _RAISED as error:  # it belongs to whoever waits
                failed.append(error)
            finally:
                call.ended.set()

        self._call = call
        threading.Thread(target=work, name="inbox hand-over", daemon=True).start()
        call.ended.wait(deadline_s)
        self._call = None
        if failed:
            raise failed[0]
        if not found:
            raise TimeoutError("no answer in time")
        return found[0]

    def _inbox(self) -> Inbox:
        if self._client is None:
            self._client = mongodb.connect(
                self._settings,
                app_name="gatecall-inbox",
                retryWrites=False,
                retryReads=False,
                event_listeners=[self._watch],
            )
        return Inbox(mongodb.database(self._client, self._settings))


class InboxChannel(LinkedChannel):
    """The channel "inbox". Opens senders; connects to nothing itself."""

    name = NAME

    def address(self, person: Person) -> str:
        """The person whose inbox it is. Raises PermanentError when they have none, or it is said to be another's."""
        owner = super().address(person)
        if person.id not in ("", owner):
            raise PermanentError("the inbox is another person's")
        return owner

    def text(self, message: Message) -> str:
        """The title, then a line for each sentence of the news."""
        return f"{message.subject}\n{sentences(message)}"

    def pack(self, conversation: str, person: Person, message: Message) -> Parcel:
        """The message, with the conversation that tells it. Raises PermanentError when the person has no inbox."""
        return replace(super().pack(conversation, person, message), data={"conversation": conversation})

    def open(self) -> InboxSender:
        """A sender with a connection of its own, made when first used."""
        return InboxSender(self._settings)


def entry_of(parcel: Parcel, public_url: str, at: datetime, expires_at: datetime) -> dict[str, Any]:
    """The document of a message. Addresses on our own pages are kept as paths."""
    title, *lines = parcel.text.split("\n")
    conversation = str(parcel.data.get("conversation", ""))
    subject = conversation.partition("|")[0] if "|" in conversation else None
    label, url = parcel.message.link
    why = {"why": parcel.why.text.removeprefix(public_url)} if parcel.why else {}
    return {
        "_id": parcel.reference or parcel.message_id,
        "person": parcel.address,
        "conversation": conversation,
        "subject": subject,
        "kind": subject.partition(":")[0] if subject else SERVICE,
        "title": title,
        "lines": lines,
        "link": {"label": label, "url": url.removeprefix(public_url)},
        **why,
        "tone": parcel.message.highlight.tone,
        "at": at,
        "unseen": True,
        "expires_at": expires_at,
    }


def _judged(error: PyMongoError, *, left: bool) -> Exception:
    """What an error of the driver means for the message. left: whether the command was on its way."""
    words = f"MongoDB: {type(error).__name__}"
    code = error.code if isinstance(error, OperationFailure) else None
    if isinstance(error, WriteError) and code in _REFUSED:
        return PermanentError(f"{words}, the entry is refused ({code})")
    if isinstance(error, NotPrimaryError):
        details = error.details if isinstance(error.details, dict) else {}
        code = details.get("code")
    if isinstance(error, ServerSelectionTimeoutError) or code in _NOT_WRITTEN | _NOT_ALLOWED or not left:
        return ChannelDownError(words)
    if isinstance(error, ConnectionFailure | WriteConcernError) or error.timeout:
        return UnknownOutcomeError(f"no answer: {words}")
    if isinstance(error, OperationFailure):
        return TransientError(f"{words} ({code})")
    return UnknownOutcomeError(words)


def _out_of_time(words: str, *, left: bool) -> Exception:
    return UnknownOutcomeError(words) if left else ChannelDownError(words)
