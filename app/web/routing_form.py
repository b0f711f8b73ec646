"""The part of the form of choices that says which channel is told first, and when the next one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.channels import CHANNELS
from app.domain.routing import DEFAULT_MIN, DEFAULT_NEWS, Routing
from app.domain.speech import say
from app.web import refusals

_NEWS = "routing.news."


@dataclass(frozen=True, slots=True)
class Line:
    """One place in the order. number: from 1. channel: "" for none. after: minutes after the one before, as typed."""

    number: int
    channel: str
    after: str


@dataclass(frozen=True, slots=True)
class Box:
    """One group of news. name: of the field."""

    name: str
    label: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What the template draws. channels: name and title of those that can be chosen."""

    lines: tuple[Line, ...]
    channels: tuple[tuple[str, str], ...]
    news: tuple[Box, ...]


def shown(chosen: Routing | None, columns: Sequence[str], labels: Mapping[str, str]) -> Part:
    """The part with what stands. columns: the channels that the person has. labels: of the groups of news, spoken."""
    ranks = chosen.ranks if chosen else ()
    lines = [Line(1, ranks[0].channel if ranks else "", "")]
    for number in range(2, max(len(columns), len(ranks)) + 1):
        is_there = number <= len(ranks)
        after = ranks[number - 2].minutes if is_there else DEFAULT_MIN
        lines.append(Line(number, ranks[number - 1].channel if is_there else "", str(after)))
    return _part(lines, columns, labels, chosen.news if chosen else DEFAULT_NEWS)


def typed(sent: Mapping[str, str], columns: Sequence[str], labels: Mapping[str, str]) -> Part:
    """The part as it was typed."""
    count = max(len(columns), *(int(name[-1]) for name in _lines(sent)), 1)
    lines = [
        Line(number, sent.get(f"routing_{number}", ""), sent.get(f"routing_after_{number}", ""))
        for number in range(1, count + 1)
    ]
    return _part(lines, columns, labels, frozenset(_news(sent)))


def document(sent: Mapping[str, str], before: Routing | None) -> dict[str, Any] | None:
    """The choice in a form that was sent, as the reader of choices takes it; None where all are told at once.

    before: what stood, for a form that has no such part.
    """
    if "routing_1" not in sent:
        return before.to_document() if before else None
    lines = _lines(sent)
    steps: list[dict[str, Any]] = [{"channel": sent[name]} for name in lines]
    for step, name in zip(steps, lines[1:], strict=False):
        typed_after = sent.get(name.replace("routing_", "routing_after_"), "").strip()
        step["minutes"] = int(typed_after) if _is_number(typed_after) else typed_after or None
    return {"steps": steps, "news": _news(sent)} if steps else None


def fault(name: str, sentence: str, sent: Mapping[str, str]) -> tuple[str, str]:
    """The field of the form that a fault of the reader is about, and the sentence as a page says it."""
    if name == "routing.steps":
        return "routing_2", say("Choose a second channel, or none at all.")
    if name == "routing.news":
        return "routing_news", say("Tick at least one kind of news.")
    parts, lines = name.split("."), _lines(sent)
    if parts[:2] == ["routing", "steps"] and len(parts) == 4 and parts[2].isdigit():
        number = int(parts[2]) + (parts[3] == "minutes")
        field = lines[number] if number < len(lines) else "routing_1"
        if parts[3] == "minutes":
            field = field.replace("routing_", "routing_after_")
        return field, refusals.said(sentence)
    return "routing_1", refusals.said(sentence)


def _part(
    lines: Sequence[Line], columns: Sequence[str], labels: Mapping[str, str], news: frozenset[str]
) -> Part:
    names = [*columns, *(one.channel for one in lines if one.channel in CHANNELS)]
    channels = tuple((name, say(CHANNELS[name].title)) for name in dict.fromkeys(names))
    boxes = tuple(Box(f"{_NEWS}{group}", label, group in news) for group, label in labels.items())
    return Part(tuple(lines), channels, boxes)


def _lines(sent: Mapping[str, str]) -> list[str]:
    """The fields of the places that were filled, in their order."""
    names = [f"routing_{number}" for number in range(1, len(CHANNELS) + 1)]
    return [name for name in names if sent.get(name)]


def _news(sent: Mapping[str, str]) -> list[str]:
    return [name.removeprefix(_NEWS) for name in sent if name.startswith(_NEWS)]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
