"""The form of a person's choices: what it shows, and what it sends back as `Preferences`.

Two pages have it: the one behind the signed link in mails, and the person's own when they are signed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain import people
from app.domain import preferences as choices
from app.domain.channels import BASE, CHANNELS, LINKED, ChannelKind
from app.domain.mail_lists import MailList
from app.domain.news import TOLD_BY_DEFAULT, Role, Rules
from app.domain.preferences import KINDS, Group, Preferences, PreferencesError
from app.domain.speech import say, say_as, to_say
from app.web import refusals, routing_form

_GROUPS: Mapping[Group, tuple[str, str]] = {
    Group.CANCELLED: (to_say("Cancelled or back on"), ""),
    Group.DIVERTED: (to_say("Diverted"), ""),
    Group.RESCHEDULED: (to_say("Moved to another day or time"), ""),
    Group.DELAYED: (to_say("Delayed or earlier"), ""),
    Group.GATE: (to_say("New gate or terminal"), ""),
    Group.BOARDING: (to_say("Boarding"), ""),
    Group.GATE_CLOSED: (to_say("Gate closed"), ""),
    Group.PROGRESS: (to_say("Left and landed"), to_say("of flights you follow, if you chose nothing")),
    Group.BELT: (to_say("Baggage belt"), ""),
    Group.AIRCRAFT: (to_say("Another aircraft"), ""),
    Group.AIRPORT: (to_say("Disruptions of an airport"), to_say("that you follow")),
    Group.NOTICE: (to_say("Notices by staff"), to_say("about your flights and airports")),
    Group.FARE: (to_say("Fare alerts"), to_say("that do not say where themselves")),
}
_LISTS: Mapping[MailList, str] = {
    MailList.BOOKINGS: to_say("E-mails about your bookings"),
    MailList.FOLLOWINGS: to_say("E-mails about flights and airports you follow"),
    MailList.ALERTS: to_say("E-mails about your fare alerts"),
    MailList.PICKUPS: to_say("E-mails about people you pick up"),
}
_WHOLE = ("delay_min", "gate_h", "urgent_h", "daily_max")
# What a faulty field is called in the form, where the two differ.
_PLACES = {"quiet": "quiet_from", "quiet.from": "quiet_from", "quiet.until": "quiet_until"}
_PLACES |= {
    "digest": "digest_every",
    "digest.every": "digest_every",
    "digest.at": "digest_at",
    "digest.weekday": "digest_weekday",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One box of the matrix. name: of the field."""

    name: str
    channel: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A group of news with a box for each channel."""

    label: str
    note: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """What the template draws. fields: texts by name, as typed or as they stand. faults: a sentence by field. zone: the
    person's, which all times of day are in. channels: the columns, those that everybody has and those they linked.
    weekdays: their names, Monday first. routing: which channel is told first."""

    rows: tuple[Row, ...]
    lists: tuple[Cell, ...]
    fields: Mapping[str, str]
    urgent_passes: bool
    faults: Mapping[str, str]
    zone: str
    version: int
    delay_default: int
    gate_default: int
    channels: tuple[ChannelKind, ...]
    weekdays: tuple[str, ...]
    routing: routing_form.Part


def zone_of(user: Mapping[str, Any]) -> ZoneInfo:
    """The person's zone; UTC when they have none that is known."""
    name = user.get("time_zone")
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else ZoneInfo("UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def shown(chosen: Preferences, user: Mapping[str, Any], version: int, base: Rules) -> Form:
    """The form with what stands. base: the rules of those who chose nothing."""
    zone = zone_of(user)
    columns = _columns(user)
    order = routing_form.shown(chosen.routing, columns, _labels())
    return _form(chosen, _texts(chosen, zone), {}, str(zone), version, base, columns, order)


def typed(
    before: Preferences,
    sent: Mapping[str, str],
    faults: PreferencesError,
    user: Mapping[str, Any],
    base: Rules,
) -> Form:
    """The form with what was typed, nothing lost, and what is wrong with it."""
    places = dict(_placed(name, sentence, sent) for name, sentence in faults.faults)
    texts = {name: sent.get(name, "") for name in _texts(before, zone_of(user))}
    boxes = replace(
        before,
        channels=_channels(before, sent),
        urgent_passes="urgent_passes" in sent,
        stopped=frozenset(one for one in MailList if f"list.{one}" not in sent),
    )
    columns = _columns(user)
    order = routing_form.typed(sent, columns, _labels())
    return _form(boxes, texts, places, str(zone_of(user)), version_in(sent), base, columns, order)


def _placed(name: str, sentence: str, sent: Mapping[str, str]) -> tuple[str, str]:
    """The field of the form that a fault is about, and what the page says of it."""
    if name.partition(".")[0] == "routing":
        return routing_form.fault(name, sentence, sent)
    return _PLACES.get(name, name), refusals.said(sentence)


def version_in(sent: Mapping[str, str]) -> int:
    """The version of the person that the form was drawn from; -1, which no document has, when it is missing."""
    text = sent.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def read(sent: Mapping[str, str], before: Preferences, zone: ZoneInfo) -> Preferences:
    """The choices in a form that was sent. before: what stood; a box that shows the default and was not touched stays
    unchosen. Raises PreferencesError with the fields of the form."""
    document: dict[str, Any] = before.to_document()
    document["channels"] = _channels(before, sent)
    document["urgent_passes"] = "urgent_passes" in sent
    document["stopped"] = [str(one) for one in MailList if f"list.{one}" not in sent]
    for name in _WHOLE:
        document[name] = _number(sent.get(name, ""))
    if "fare_change" in sent:
        document["fare_change"] = sent["fare_change"].strip() or None
    start, until = sent.get("quiet_from", "").strip(), sent.get("quiet_until", "").strip()
    document["quiet"] = {"from": start, "until": until} if start or until else None
    every = sent.get("digest_every", "none")
    at, weekday = sent.get("digest_at", "").strip(), sent.get("digest_weekday", "")
    document["digest"] = {"every": every, "at": at or None, "weekday": _number(weekday)}
    document["routing"] = routing_form.document(sent, before.routing)
    document["paused_until"] = _moment(sent.get("paused_until", "").strip(), zone)
    return choices.read(document)


def _form(
    chosen: Preferences,
    texts: Mapping[str, str],
    faults: Mapping[str, str],
    zone: str,
    version: int,
    base: Rules,
    columns: Sequence[str],
    order: routing_form.Part,
) -> Form:
    rows = tuple(
        Row(
            say(label),
            say(note) if note else "",
            tuple(
                Cell(f"channel.{channel}.{group}", channel, is_on(chosen, channel, group))
                for channel in columns
            ),
        )
        for group, (label, note) in _GROUPS.items()
    )
    lists = tuple(Cell(f"list.{one}", say(_LISTS[one]), one not in chosen.stopped) for one in MailList)
    return Form(
        rows,
        lists,
        texts,
        chosen.urgent_passes,
        faults,
        zone,
        version,
        int(base.steps.delay.total_seconds() // 60),
        int(base.gate_window.total_seconds() // 3600),
        tuple(CHANNELS[name] for name in columns),
        _weekdays(),
        order,
    )


def _labels() -> dict[str, str]:
    return {str(group): say(label) for group, (label, _) in _GROUPS.items()}


def _weekdays() -> tuple[str, ...]:
    """From Monday on, as they stand behind "on"."""
    return (
        say_as("on a day of the week", "Monday"),
        say_as("on a day of the week", "Tuesday"),
        say_as("on a day of the week", "Wednesday"),
        say_as("on a day of the week", "Thursday"),
        say_as("on a day of the week", "Friday"),
        say_as("on a day of the week", "Saturday"),
        say_as("on a day of the week", "Sunday"),
    )


def _columns(user: Mapping[str, Any]) -> tuple[str, ...]:
    linked = people.links(user.get("linked"))
    return (*BASE, *(name for name in LINKED if name in linked))


def is_on(chosen: Preferences, channel: str, group: Group) -> bool:
    """Whether a person hears news of a group by a channel."""
    own = chosen.channels.get(channel, {}).get(group)
    return _is_told(group) if own is None else own


def _is_told(group: Group) -> bool:
    """Whether anybody hears of it by default."""
    return any(TOLD_BY_DEFAULT.get(kind, frozenset[Role]()) for kind in KINDS[group])


def _channels(before: Preferences, sent: Mapping[str, str]) -> dict[str, dict[Group, bool]]:
    found = {channel: dict(before.channels.get(channel, {})) for channel in CHANNELS}
    # A box that was not on the page was not left empty.
    for channel in (*BASE, *(name for name in LINKED if f"shown.{name}" in sent)):
        for group in _GROUPS:
            is_on = f"channel.{channel}.{group}" in sent
            if group in found[channel] or is_on != _is_told(group):
                found[channel][group] = is_on
    return {channel: groups for channel, groups in found.items() if groups}


def _texts(chosen: Preferences, zone: ZoneInfo) -> dict[str, str]:
    whole = {name: getattr(chosen, name) for name in _WHOLE}
    quiet, digest = chosen.quiet, chosen.digest
    paused = chosen.paused_until.astimezone(zone) if chosen.paused_until else None
    return {
        **{name: "" if value is None else str(value) for name, value in whole.items()},
        "fare_change": "" if chosen.fare_change is None else str(chosen.fare_change),
        "quiet_from": f"{quiet.start:%H:%M}" if quiet else "",
        "quiet_until": f"{quiet.until:%H:%M}" if quiet else "",
        "digest_every": str(digest.every) if digest else "none",
        "digest_at": f"{digest.at:%H:%M}" if digest else "20:00",
        "digest_weekday": str(digest.weekday) if digest else "1",
        "paused_until": f"{paused:%Y-%m-%dT%H:%M}" if paused else "",
    }


def _number(text: str) -> int | str | None:
    """The whole number; the text itself when it is none, so that the reader says what is wrong; None for none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text or None


def _moment(text: str, zone: ZoneInfo) -> datetime | str | None:
    """A local time as browsers send it ("2026-12-01T08:00"), as a moment; the text itself when it is none."""
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return text
    try:
        return local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return text
