"""The words of a chain: each thing that the pipeline wrote down, as a step that a traveller can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain import channels, why_nouns
from app.domain.people import masked_words
from app.domain.speech import measured, number, say, say_as, to_say
from app.domain.why import (
    SETTLE,
    SKIP,
    WAIT,
    Attempt,
    Chain,
    Event,
    Notification,
    Place,
    Quiet,
    Thread,
)
from app.domain.why_fields import TIMES, changes, kind_words
from app.domain.why_reasons import HELD, REASONS, held_by, title
from app.domain.why_states import State, state_of, state_of_row
from app.domain.wording_lead import ended

__all__ = ["REASONS", "State", "changes", "state_of", "state_of_row"]  # beside what is defined here

END, BAD = "end", "bad"

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "same": (
        to_say("Nothing that people are told had changed"),
        to_say("The document says what was known already."),
    ),
    "old": (
        to_say("It was older than what was known"),
        to_say("A later change had been dealt with before it came."),
    ),
    "repeated": (to_say("It came again"), to_say("The same change had been dealt with before.")),
    "first": (
        to_say("The flight was seen for the first time"),
        to_say("There was nothing to compare it with, so nothing to tell."),
    ),
    "unknown": (
        to_say("It could not be understood"),
        to_say("It is kept as a dead letter; nobody is told of what is not understood."),
    ),
    "gone_unseen": (
        to_say("A document was deleted that was never understood"),
        to_say("Nobody knew of the flight."),
    ),
    "expired": (
        to_say("It had expired when it was dealt with"),
        to_say("Nobody is told of what is of no more use."),
    ),
    "for_all": (
        to_say("It is about no airport and no flight"),
        to_say("It stands in the feed; nobody is sent a message."),
    ),
}

_ATTEMPTS = {
    "accepted": to_say("Attempt {number}, accepted"),
    "later": to_say("Attempt {number}, not now, to be tried again"),
    "never": to_say("Attempt {number}, refused for good"),
    "unknown": to_say("Attempt {number}, no answer: it may or may not have arrived"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step. at: system clock, None when nobody wrote it down. tone: "", "end" or "bad". until: the title begins
    with "Held until" this time, system clock; None where nothing is held."""

    at: datetime | None
    title: str
    words: str
    tone: str = ""
    until: datetime | None = None


def of_event(event: Event) -> list[Step]:
    """From the save to the notifier's decision."""
    what = changes(event.changes)
    saved = say("A change was found late") if event.found_late else say("A change was saved")
    late = say("Nobody saw it happen; reading all flights afresh showed it.") if event.found_late else ""
    steps = [Step(event.changed_at, saved, _sentence(f"{late} {what}"))]
    if event.topic is not None:
        collection = event.topic.removesuffix(".changes").rpartition(".")[2]
        seen = say(
            "by the watcher of {collection}, as change event {event}, and put in the queue: "
            "{topic}, partition {partition}, offset {offset}.",
            collection=collection,
            event=short_id(event.id),
            topic=event.topic,
            partition=event.partition,
            offset=number(event.offset or 0),
        )
        steps.append(Step(event.published_at, say("The change was seen"), seen))
        by = (
            say("by the notifier, which decides what is news.")
            if collection == "flights"
            else say("by the {collection} consumer, which decides what is news.", collection=collection)
        )
        steps.append(Step(event.read_at, say("It was read"), by))
    if event.dead_letter is not None:
        dead = event.dead_letter
        words = f"{masked_words(dead.words).rstrip('.')} ({dead.reason}, {dead.status})."
        steps.append(Step(dead.at, say("It could not be processed"), words, BAD))
    steps += [] if event.dead_letter and event.outcome in {None, "unknown"} else [_decision(event)]
    return steps


def _decision(event: Event) -> Step:
    at = event.decided_at
    if event.is_announced:
        kinds = ", ".join(map(kind_words, event.kinds))
        return Step(at, say("It was decided to tell people"), say("The news: {kinds}.", kinds=kinds))
    if event.outcome is None:
        words = say("It is too old, or it was never dealt with.")
        return Step(None, say("What was decided is not on record"), words)
    if event.outcome == "no_news":
        fields = {one.field for one in event.changes}
        if fields and fields <= TIMES:
            words = say(
                "It is less than the smallest step anybody can choose, since what was announced last."
            )
        else:
            words = say(
                "First values and details like these are shown on the page; nobody is sent a message."
            )
        return Step(at, say("It was no news"), words, END)
    if event.outcome not in OUTCOMES:
        return Step(at, event.outcome.replace("_", " ").capitalize(), "", END)
    what, words = map(say, OUTCOMES[event.outcome])
    return Step(at, what, words, BAD if event.outcome == "unknown" else END)


def of_thread(chain: Chain, thread: Thread, *, you: bool) -> list[Step]:
    """From the decision to the phone, on one channel. you: the reader is the person."""
    steps: list[Step] = []
    if thread.items and thread.role is not None:
        first = thread.items[0]
        among = say("You are among them") if you else say("The person is among those concerned")
        steps.append(
            Step(_decided(first), among, why_nouns.because(thread.role, chain.kind.followed, you=you))
        )
    for event in thread.earlier:
        words = say(
            "Nobody had been told of it yet, so the same message tells it: {changes}.",
            changes=changes(event.changes),
        )
        steps.append(Step(event.changed_at, say("An earlier change came along"), words))
    for event in thread.folded:
        words = say(
            "It was saved before this one had gone out, and the same message tells both: {changes}.",
            changes=changes(event.changes),
        )
        steps.append(Step(event.changed_at, say("A later change took it in"), words))
    for item in thread.items:
        if isinstance(item, Quiet):
            steps += _of_quiet(item, chain.kind.followed, you=you)
        else:
            steps += _of_notification(chain, item, thread.channel, you=you)
    if not thread.items or not _is_over(thread):
        steps += _standing(chain, thread)
    steps.sort(key=lambda step: (step.at is None, step.at.timestamp() if step.at else 0.0))
    return steps


def _is_over(thread: Thread) -> bool:
    last = thread.last
    return (
        last.action in {SETTLE, SKIP}
        if isinstance(last, Quiet)
        else bool(last and last.status not in {"retrying", "unknown"})
    )


def _decided(item: Quiet | Notification) -> datetime | None:
    return item.decided_at if isinstance(item, Quiet) else item.decided_at or item.created_at


def is_held(item: Quiet | Notification | None) -> bool:
    """Whether it waits because the person chose so."""
    return isinstance(item, Quiet) and item.action == WAIT and item.reason in HELD


def _of_quiet(quiet: Quiet, followed: str, *, you: bool) -> list[Step]:
    words = _words(quiet.reason, quiet.role, followed)
    if quiet.reason == "below_threshold" and quiet.changes:
        if not {one.field for one in quiet.changes} <= TIMES:
            words = say("First values and details like these are no news of their own.")
        words = " ".join((words, say("It is: {changes}.", changes=changes(quiet.changes))))
    if is_held(quiet):
        return [Step(quiet.decided_at, held_by(quiet.reason, you=you), words, until=quiet.until)]
    what = _title(quiet.reason)
    if quiet.action == WAIT:
        again = [Step(quiet.until, say("It was to be looked at again"), "")] if quiet.until else []
        return [Step(quiet.decided_at, what, words), *again]
    return [Step(quiet.decided_at, what, words, END)]


def _title(code: str) -> str:
    """The title of a reason; of one without words, its code as a sentence begins."""
    return title(code) if code in REASONS else title(code).capitalize()


def _words(code: str, role: str | None, followed: str) -> str:
    """The words of a reason; "" for one without."""
    if code == "not_wanted":
        return why_nouns.not_told(role, followed)
    words = REASONS.get(code, ("", ""))[1]
    return say(words) if words else ""


def _of_notification(chain: Chain, row: Notification, channel: str, *, you: bool) -> list[Step]:
    steps = []
    since = chain.event.decided_at
    if row.due_at and since and (row.due_at - since).total_seconds() >= 0.1 and row.attempts:
        waited = (row.due_at - since).total_seconds()
        words = say("It waited {time}, so that edits in a row become one message.", time=length(waited))
        steps.append(Step(row.due_at, say("It was due"), words))
    provider = channels.provider(channel)
    for count, attempt in enumerate(row.attempts, 1):
        steps.append(_of_attempt(count, attempt, provider))
    for one in row.noted:
        words = "" if you and one.for_staff else masked_words(one.words)
        steps.append(Step(one.at, one.title, words, one.tone))
    if row.status == "skipped":
        code = row.reason or ""
        what = title(code) if code in REASONS else code or say("It was skipped")
        steps.append(Step(row.created_at, what, _words(code, row.role, chain.kind.followed), END))
    elif row.status == "failed":
        last = row.attempts[-1].ended_at if row.attempts else row.created_at
        words = masked_words(row.reason or "").rstrip(".")
        said = say("The last words: {words}.", words=words) if words else ""
        steps.append(Step(last, say("It failed for good"), said, BAD))
    elif row.status == "sent" and row.sent_at is not None:
        after = _after(row)
        steps.append(Step(row.sent_at, say("The {provider} has it", provider=provider), after, END))
    return steps


def _after(row: Notification) -> str:
    if row.sent_at is None or row.changed_at is None:
        return ""
    took = length((row.sent_at - row.changed_at).total_seconds())
    return say("{time} after the change was saved.", time=took)


def _of_attempt(count: int, attempt: Attempt, provider: str) -> Step:
    form = _ATTEMPTS.get(attempt.outcome) or to_say("Attempt {number}, {outcome}")
    words = say(form, number=number(count), outcome=attempt.outcome)
    if attempt.provider_id and attempt.outcome == "accepted" and "@" not in attempt.provider_id:
        reference = say("reference {reference}", reference=short_id(attempt.provider_id))
        words = f"{words}, {reference}"
    words = ended(words)
    if attempt.words:
        answer = masked_words(attempt.words).rstrip(".")
        words = " ".join((words, say("It said: {words}.", words=answer)))
    tone = BAD if attempt.outcome == "never" else ""
    return Step(attempt.started_at, say("It was handed to the {provider}", provider=provider), words, tone)


def _standing(chain: Chain, thread: Thread) -> list[Step]:
    """How things are where nothing settled it: from the conversation as it stands."""
    talk = thread.talk
    if talk is None:
        return [_no_conversation(chain)]
    if thread.undone_at is not None:
        what = say("It was taken back before anybody was told")
        return [Step(thread.undone_at, what, say("So there was nothing to tell."), END)]
    if talk.due_at is not None:
        if talk.is_claimed:
            return [Step(talk.due_at, say("It is being sent now"), "")]
        if talk.not_before is not None:
            return [Step(talk.not_before, say("It is tried again then"), masked_words(talk.reason or ""))]
        return [Step(talk.due_at, say("It is due then"), say("It is sent if it is still true."))]
    if talk.start and talk.start >= chain.event.version:
        words = say("It was made after the change, so it was no news.")
        return [Step(None, say("The booking already showed it"), words, END)]
    if talk.order < chain.event.version:
        return [Step(None, say("The conversation has not learned of it yet"), "", "")]
    if talk.agrees:
        words = say("What was heard last and what is true now are the same.")
        return [Step(None, say("There is nothing left to tell"), words, END)]
    return [Step(None, say("It is settled"), title(talk.reason) if talk.reason else "", END)]


def _no_conversation(chain: Chain) -> Step:
    place = chain.place
    if place is not None and not place.is_concerned:
        words = (
            say("The booking is {status}. Looked up just now.", status=_booking(place.booking))
            if place.booking
            else say("No booking is held and nothing followed. Looked up just now.")
        )
        return Step(None, say("Not among those concerned"), words, END)
    if place is not None and chain.event.is_announced:
        words = say("It is switched off, or too long ago.")
        return Step(None, say("There is no record for this channel"), words, END)
    return Step(None, say("Nobody was to be told"), "", END)


def _booking(status: str) -> str:
    """The status of a booking; one that we have no word for as it is written."""
    if status == "confirmed":
        return say_as("booking", "confirmed")
    return say_as("booking", "cancelled") if status in {"cancelled", "canceled"} else status


def place_words(place: Place, noun: str, *, you: bool) -> str:
    """How a person stands to a flight, or what the noun says, at this moment, in a sentence."""
    if place.is_held:
        status = _booking(place.booking or "")
        if you:
            return say("You hold a booking on this flight ({status}).", status=status)
        return say("Now: holds a booking on this flight ({status}).", status=status)
    if noun == "fare alert":
        return (
            say("It is your fare alert.") if place.follows else say("The fare alert is not there any more.")
        )
    if place.follows:
        return why_nouns.follows(noun, you=you)
    if place.booking:
        status = _booking(place.booking)
        if you:
            return say("Your booking on this flight is {status}.", status=status)
        return say("Now: the booking on this flight is {status}.", status=status)
    return why_nouns.follows_not(noun, you=you)


def channel_name(channel: str) -> str:
    """E-mail, SMS."""
    return channels.title(channel)


def short_id(text: str) -> str:
    """A long id as people can compare it: "82A1…5E04"."""
    return text if len(text) <= 14 else f"{text[:6]}…{text[-4:]}"


def length(seconds: float) -> str:
    """A measured time: "0.16 s", "28 s", "3 min"."""
    if seconds < 120:
        return say("{number} s", number=measured(seconds, 2 if seconds < 10 else 0))
    if seconds < 7200:
        return say("{number} min", number=measured(seconds / 60, 0))
    if seconds < 172_800:
        return say("{number} h", number=measured(seconds / 3600, 0))
    # Translators: days, in short.
    return say("{number} d", number=measured(seconds / 86_400, 0))


def _sentence(text: str) -> str:
    text = text.strip()
    return ended(f"{text[:1].upper()}{text[1:]}") if text and not text.endswith((".", "।")) else text
