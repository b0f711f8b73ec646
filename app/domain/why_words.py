"""The words of a chain: each thing that the pipeline wrote down, as a step that a traveller can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain import channels
from app.domain.people import masked_words
from app.domain.why import (
    SETTLE,
    SKIP,
    WAIT,
    Attempt,
    Chain,
    Changed,
    Event,
    Notification,
    Place,
    Quiet,
    Thread,
)
from app.domain.why_reasons import HELD, REASONS

__all__ = ["REASONS"]  # beside what is defined here

END, BAD = "end", "bad"

LABELS: Mapping[str, str] = {
    "departure_date": "departure date", "departure_time": "departure", "arrival_date": "arrival date",
    "arrival_time": "arrival", "estimated_departure_date": "expected departure date",
    "estimated_departure_time": "expected departure", "estimated_arrival_date": "expected arrival date",
    "estimated_arrival_time": "expected arrival", "status_reason": "reason", "arrival_gate": "gate there",
    "arrival_terminal": "terminal there", "diverted_to": "diverted to", "flight_number": "flight number",
    "offer": "cheapest fare",
}  # fmt: skip

_TIMES = frozenset(name for name in LABELS if "departure" in name or "arrival_" in name)

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "same": ("Nothing that people are told had changed", "The document says what was known already."),
    "old": ("It was older than what was known", "A later change had been dealt with before it came."),
    "repeated": ("It came again", "The same change had been dealt with before."),
    "first": (
        "The flight was seen for the first time",
        "There was nothing to compare it with, so nothing to tell.",
    ),
    "unknown": (
        "It could not be understood",
        "It is kept as a dead letter; nobody is told of what is not understood.",
    ),
    "gone_unseen": ("A document was deleted that was never understood", "Nobody knew of the flight."),
    "expired": ("It had expired when it was dealt with", "Nobody is told of what is of no more use."),
    "for_all": ("It is about no airport and no flight", "It stands in the feed; nobody is sent a message."),
}

_OUTCOME_WORDS = {
    "accepted": "accepted",
    "later": "not now, to be tried again",
    "never": "refused for good",
    "unknown": "no answer: it may or may not have arrived",
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


@dataclass(frozen=True, slots=True)
class State:
    """How a message stands, in a word or two. shape: a `.st-*` class."""

    shape: str
    words: str


def label(field: str) -> str:
    """A field as people say it: "expected departure"."""
    return LABELS.get(field, field.replace("_", " "))


def changes(changed: tuple[Changed, ...]) -> str:
    """All fields in a line: "gate C71 (was C70), expected departure 15:13"."""
    said = []
    for one in changed:
        old, new = one.old, one.new
        if one.field == "status":
            old, new = (value and value.replace("_", " ") for value in (old, new))
        was = f" (was {old})" if old else ""
        said.append(f"{label(one.field)} {new if new else 'not known any more'}{was}")
    return ", ".join(said)


def of_event(event: Event) -> list[Step]:
    """From the save to the notifier's decision."""
    what = changes(event.changes)
    saved = "A change was found late" if event.found_late else "A change was saved"
    late = "Nobody saw it happen; reading all flights afresh showed it. " if event.found_late else ""
    steps = [Step(event.changed_at, saved, _sentence(f"{late}{what}"))]
    if event.topic is not None:
        what = event.topic.removesuffix(".changes").rpartition(".")[2]
        reader = "notifier" if what == "flights" else f"{what} consumer"
        place = f"{event.topic}, partition {event.partition}, offset {event.offset:,}"
        seen = (
            f"by the watcher of {what}, as change event {short_id(event.id)}, and put in the queue: {place}."
        )
        steps.append(Step(event.published_at, "The change was seen", seen))
        steps.append(Step(event.read_at, "It was read", f"by the {reader}, which decides what is news."))
    if event.dead_letter is not None:
        dead = event.dead_letter
        words = f"{masked_words(dead.words).rstrip('.')} ({dead.reason}, {dead.status})."
        steps.append(Step(dead.at, "It could not be processed", words, BAD))
    steps += [] if event.dead_letter and event.outcome in {None, "unknown"} else [_decision(event)]
    return steps


def _decision(event: Event) -> Step:
    if event.is_announced:
        kinds = ", ".join(kind.replace("_", " ") for kind in event.kinds)
        return Step(event.decided_at, "It was decided to tell people", f"The news: {kinds}.")
    if event.outcome is None:
        return Step(None, "What was decided is not on record", "It is too old, or it was never dealt with.")
    if event.outcome == "no_news":
        fields = {one.field for one in event.changes}
        if fields and fields <= _TIMES:
            words = "It is less than the smallest step anybody can choose, since what was announced last."
        else:
            words = "First values and details like these are shown on the page; nobody is sent a message."
        return Step(event.decided_at, "It was no news", words, END)
    title, words = OUTCOMES.get(event.outcome, (event.outcome.replace("_", " ").capitalize(), ""))
    return Step(event.decided_at, title, words, BAD if event.outcome == "unknown" else END)


def of_thread(chain: Chain, thread: Thread, *, you: bool) -> list[Step]:
    """From the decision to the phone, on one channel. you: the reader is the person."""
    steps: list[Step] = []
    if thread.items and thread.role is not None:
        concerned = _concerned(thread.role, chain.kind.followed)
        first = thread.items[0]
        title = "You are among them" if you else "The person is among those concerned"
        who = f"because you {concerned}." if you else f"they {concerned}."
        steps.append(Step(_decided(first), title, who))
    for event in thread.earlier:
        words = f"Nobody had been told of it yet, so the same message tells it: {changes(event.changes)}."
        steps.append(Step(event.changed_at, "An earlier change came along", words))
    for event in thread.folded:
        words = f"It was saved before this one had gone out, and the same message tells both: {changes(event.changes)}."
        steps.append(Step(event.changed_at, "A later change took it in", words))
    for item in thread.items:
        if isinstance(item, Quiet):
            steps += _of_quiet(item, chain.kind.followed, you=you)
        else:
            steps += _of_notification(chain, item, thread.channel, you=you)
    if not thread.items or not _is_over(thread):
        steps += _standing(chain, thread)
    steps.sort(key=lambda step: (step.at is None, step.at.timestamp() if step.at else 0.0))
    return steps


def _concerned(role: str | None, noun: str) -> str:
    """What those do who hear in this role, to go after "you"."""
    named = {
        "traveller": "hold a booking",
        "alert": f"made the {noun}",
        "pickup": "agreed to hear when it arrives",
    }
    return named.get(role or "", f"follow the {noun}")


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


def _of_quiet(quiet: Quiet, noun: str, *, you: bool) -> list[Step]:
    title, words = REASONS.get(quiet.reason, (quiet.reason.replace("_", " ").capitalize(), ""))
    words = words.format(concerned=_concerned(quiet.role, noun))
    if quiet.reason == "below_threshold" and quiet.changes:
        if not {one.field for one in quiet.changes} <= _TIMES:
            words = "First values and details like these are no news of their own."
        words += f" It is: {changes(quiet.changes)}."
    if is_held(quiet):
        whose = "your" if you else "the person's"
        return [Step(quiet.decided_at, HELD[quiet.reason].format(whose=whose), words, until=quiet.until)]
    if quiet.action == WAIT:
        again = [Step(quiet.until, "It was to be looked at again", "")] if quiet.until else []
        return [Step(quiet.decided_at, title, words), *again]
    return [Step(quiet.decided_at, title, words, END)]


def _of_notification(chain: Chain, row: Notification, channel: str, *, you: bool) -> list[Step]:
    steps = []
    since = chain.event.decided_at
    if row.due_at and since and (row.due_at - since).total_seconds() >= 0.1 and row.attempts:
        waited = (row.due_at - since).total_seconds()
        words = f"It waited {length(waited)}, so that edits in a row become one message."
        steps.append(Step(row.due_at, "It was due", words))
    provider = channels.said(channel).provider
    for number, attempt in enumerate(row.attempts, 1):
        steps.append(_of_attempt(number, attempt, provider))
    for one in row.noted:
        words = "" if you and one.for_staff else masked_words(one.words)
        steps.append(Step(one.at, one.title, words, one.tone))
    if row.status == "skipped":
        title, words = REASONS.get(row.reason or "", (row.reason or "It was skipped", ""))
        steps.append(Step(row.created_at, title, words, END))
    elif row.status == "failed":
        last = row.attempts[-1].ended_at if row.attempts else row.created_at
        words = masked_words(row.reason or "").rstrip(".")
        steps.append(Step(last, "It failed for good", f"The last words: {words}." if words else "", BAD))
    elif row.status == "sent" and row.sent_at is not None:
        after = _after(row)
        steps.append(Step(row.sent_at, f"The {provider} has it", after, END))
    return steps


def _after(row: Notification) -> str:
    if row.sent_at is None or row.changed_at is None:
        return ""
    return f"{length((row.sent_at - row.changed_at).total_seconds())} after the change was saved."


def _of_attempt(number: int, attempt: Attempt, provider: str) -> Step:
    said = [f"Attempt {number}, {_OUTCOME_WORDS.get(attempt.outcome, attempt.outcome)}"]
    if attempt.provider_id and attempt.outcome == "accepted" and "@" not in attempt.provider_id:
        said.append(f"reference {short_id(attempt.provider_id)}")
    words = ", ".join(said) + "."
    if attempt.words:
        words += f" It said: {masked_words(attempt.words).rstrip('.')}."
    tone = BAD if attempt.outcome == "never" else ""
    return Step(attempt.started_at, f"It was handed to the {provider}", words, tone)


def _standing(chain: Chain, thread: Thread) -> list[Step]:
    """How things are where nothing settled it: from the conversation as it stands."""
    talk = thread.talk
    if talk is None:
        return [_no_conversation(chain)]
    if thread.undone_at is not None:
        return [
            Step(
                thread.undone_at,
                "It was taken back before anybody was told",
                "So there was nothing to tell.",
                END,
            )
        ]
    if talk.due_at is not None:
        if talk.is_claimed:
            return [Step(talk.due_at, "It is being sent now", "")]
        if talk.not_before is not None:
            return [Step(talk.not_before, "It is tried again then", masked_words(talk.reason or ""))]
        return [Step(talk.due_at, "It is due then", "It is sent if it is still true.")]
    if talk.start and talk.start >= chain.event.version:
        return [
            Step(
                None, "The booking already showed it", "It was made after the change, so it was no news.", END
            )
        ]
    if talk.order < chain.event.version:
        return [Step(None, "The conversation has not learned of it yet", "", "")]
    if talk.agrees:
        words = "What was heard last and what is true now are the same."
        return [Step(None, "There is nothing left to tell", words, END)]
    return [Step(None, "It is settled", (talk.reason or "").replace("_", " "), END)]


def _no_conversation(chain: Chain) -> Step:
    place = chain.place
    if place is not None and not place.is_concerned:
        words = (
            f"The booking is {place.booking}."
            if place.booking
            else "No booking is held and nothing followed."
        )
        return Step(None, "Not among those concerned", f"{words} Looked up just now.", END)
    if place is not None and chain.event.is_announced:
        return Step(None, "There is no record for this channel", "It is switched off, or too long ago.", END)
    return Step(None, "Nobody was to be told", "", END)


def place_words(place: Place, noun: str, *, you: bool) -> str:
    """How a person stands to a flight, or what the noun says, at this moment, in a sentence."""
    who = "You hold" if you else "Now: holds"
    if place.is_held:
        return f"{who} a booking on this flight ({place.booking})."
    if noun == "fare alert":
        return "It is your fare alert." if place.follows else "The fare alert is not there any more."
    if place.follows:
        return f"You follow this {noun}." if you else f"Now: follows this {noun}."
    if place.booking:
        return f"{'Your' if you else 'Now: the'} booking on this flight is {place.booking}."
    if noun != "flight":
        return f"You do not follow this {noun} any more." if you else f"Now: does not follow this {noun}."
    if you:
        return "You hold no booking on this flight and do not follow it."
    return "Now: holds no booking on this flight and does not follow it."


def state_of(thread: Thread) -> State:
    """How one channel stands."""
    last = thread.last
    if isinstance(last, Notification):
        return state_of_row(last)
    if isinstance(last, Quiet):
        title = REASONS.get(last.reason, (last.reason.replace("_", " "), ""))[0]
        if last.action == WAIT:
            return State("held", "Held")
        return State("skipped", f"Not sent: {title[:1].lower()}{title[1:]}")
    if thread.talk is not None and thread.talk.due_at is not None:
        return State("held", "Waiting")
    return State("skipped", "Not sent")


_STATES: Mapping[str, tuple[str, str]] = {
    "sent": ("departed", "Sent"),
    "delivered": ("ok", "Delivered"),
    "failed": ("failed", "Failed"),
    "undelivered": ("failed", "Not delivered"),
    "retrying": ("held", "Trying again"),
    "unknown": ("held", "Not known whether it arrived"),
}


def state_of_row(row: Notification) -> State:
    """How a notification stands."""
    if row.status == "skipped":
        title = REASONS.get(row.reason or "", (row.reason or "", ""))[0]
        return State("skipped", f"Skipped: {title[:1].lower()}{title[1:]}")
    status = row.delivery if row.delivery in {"delivered", "undelivered"} else row.status
    shape, words = _STATES.get(status, ("held", status.capitalize()))
    return State(shape, words)


def channel_name(channel: str) -> str:
    """E-mail, SMS."""
    return channels.said(channel).title


def short_id(text: str) -> str:
    """A long id as people can compare it: "82A1…5E04"."""
    return text if len(text) <= 14 else f"{text[:6]}…{text[-4:]}"


def length(seconds: float) -> str:
    """A measured time: "0.16 s", "28 s", "3 min"."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} d"


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}." if text and not text.endswith(".") else text
