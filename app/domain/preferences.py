"""What a person chose: which news by which channel, from which size on, and when.

Read leniently from a `users` document (`parse`: what cannot be understood counts as not chosen, so that no
document stops a message) and strictly from what somebody sends (`read`: every wrong field is named).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from re import compile as pattern
from types import MappingProxyType
from typing import Any, Final

from app.domain import routing
from app.domain.channels import NAMES
from app.domain.errors import GatecallError
from app.domain.news import Kind, Role, Rules
from app.domain.routing import Routing

CHANNELS: Final = NAMES
LISTS: Final = ("bookings", "followings", "alerts", "pickups")
"""Lists of mail that one click stops: news about what the person booked, what they follow, their fare alerts, and the
arrival of those they pick up."""

FLOOR_MIN: Final = 5
"""The smallest delay anybody can choose to be told of, minutes; the notifier passes on nothing smaller."""
_GATE_H: Final = (1, 168)
_URGENT_H: Final = (0, 48)
_DAILY_MAX: Final = (1, 100)
_DELAY_MIN: Final = (FLOOR_MIN, 24 * 60)

_DIGEST_AT: Final = time(20, 0)
_TIME = pattern(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_AMOUNT = pattern(r"[0-9]{1,7}(\.[0-9]{1,3})?")


class Group(StrEnum):
    """News that is chosen together."""

    CANCELLED = "cancelled"
    DIVERTED = "diverted"
    RESCHEDULED = "rescheduled"
    DELAYED = "delayed"
    GATE = "gate"
    BOARDING = "boarding"
    GATE_CLOSED = "gate_closed"
    PROGRESS = "progress"
    BELT = "belt"
    AIRCRAFT = "aircraft"
    AIRPORT = "airport"
    FARE = "fare"
    NOTICE = "notice"


KINDS: Final[Mapping[Group, frozenset[Kind]]] = MappingProxyType(
    {
        Group.CANCELLED: frozenset({Kind.CANCELLED, Kind.REMOVED, Kind.REINSTATED}),
        Group.DIVERTED: frozenset({Kind.DIVERTED}),
        Group.RESCHEDULED: frozenset({Kind.RESCHEDULED, Kind.REROUTED}),
        Group.DELAYED: frozenset({Kind.DELAYED, Kind.EARLIER}),
        Group.GATE: frozenset({Kind.GATE, Kind.TERMINAL}),
        Group.BOARDING: frozenset({Kind.BOARDING}),
        Group.GATE_CLOSED: frozenset({Kind.GATE_CLOSED}),
        Group.PROGRESS: frozenset({Kind.DEPARTED, Kind.ARRIVAL, Kind.LANDED, Kind.ARRIVED}),
        Group.BELT: frozenset({Kind.BELT}),
        Group.AIRCRAFT: frozenset({Kind.AIRCRAFT}),
        Group.AIRPORT: frozenset({Kind.AIRPORT_SEVERE, Kind.AIRPORT_DISRUPTED, Kind.AIRPORT_NORMAL}),
        Group.FARE: frozenset({Kind.FARE, Kind.FARE_REPORT, Kind.FARE_ENDED}),
        Group.NOTICE: frozenset(kind for kind in Kind if kind.startswith("notice")),
    }
)
"""The kinds of news in each group."""


class Every(StrEnum):
    """How often a digest comes."""

    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of day until another, in the person's zone; over midnight where `until` is the earlier."""

    start: time
    until: time


@dataclass(frozen=True, slots=True)
class Digest:
    """at: the time of day in the person's zone. weekday: 1 Monday to 7 Sunday, for weekly ones."""

    every: Every
    at: time = _DIGEST_AT
    weekday: int = 1


@dataclass(frozen=True, slots=True)
class Preferences:
    """The choices of one person; a field that is None is not chosen.

    channels: channel -> group -> whether its news goes by it; what is missing goes as each role hears it by
    default. delay_min: minutes. gate_h, urgent_h: hours before departure. fare_change: in the fare's currency.
    daily_max: messages a day, all channels together. routing: channels that are told one after the other. paused_until:
    aware UTC, on the domain clock. stopped: those of LISTS that come by e-mail no more.
    """

    channels: Mapping[str, Mapping[Group, bool]] = field(default_factory=dict, hash=False)
    delay_min: int | None = None
    gate_h: int | None = None
    fare_change: Decimal | None = None
    quiet: QuietHours | None = None
    urgent_passes: bool = True
    urgent_h: int = 3
    digest: Digest | None = None
    daily_max: int | None = None
    routing: Routing | None = None
    paused_until: datetime | None = None
    stopped: frozenset[str] = frozenset()

    def to_document(self) -> dict[str, Any]:
        """What `users.preferences` holds: only what differs from the defaults. `paused_until` is a datetime."""
        document: dict[str, Any] = {}
        for choice in fields(self):
            value = getattr(self, choice.name)
            if value != getattr(DEFAULTS, choice.name):
                document[choice.name] = _written(value)
        return document


DEFAULTS: Final = Preferences()


class PreferencesError(GatecallError):
    """What was sent is not understood. faults: (field, sentence with the remedy), one for each wrong field."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {sentence}" for field, sentence in faults))
        self.faults = faults


class _FieldError(Exception):
    """One field is wrong. at: what of it, "" for the whole."""

    def __init__(self, sentence: str, at: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.at = at


def parse(document: object) -> Preferences:
    """The choices in `users.preferences`, None when there are none. Raises nothing: what is not understood
    counts as not chosen, and does not touch the rest."""
    if not isinstance(document, Mapping):
        return DEFAULTS
    chosen: dict[str, Any] = {}
    for name, reader in _READERS.items():
        if document.get(name) is None:
            continue
        try:
            chosen[name] = reader(document[name], [])
        except _FieldError:
            continue
    return replace(DEFAULTS, **chosen)


def read(document: object) -> Preferences:
    """The choices that somebody sent, complete: what is missing or null is the default.

    `paused_until` may be a datetime or ISO 8601 text with its offset. Raises PreferencesError.
    """
    if not isinstance(document, Mapping):
        raise PreferencesError([("preferences", "Send an object with the choices as its fields.")])
    faults: list[tuple[str, str]] = [
        (str(name), f"There is no such choice; there are {', '.join(_READERS)}.")
        for name in document
        if name not in _READERS
    ]
    chosen: dict[str, Any] = {}
    for name, reader in _READERS.items():
        if document.get(name) is None:
            continue
        inner: list[_FieldError] = []
        try:
            chosen[name] = reader(document[name], inner)
        except _FieldError as fault:
            inner.append(fault)
        faults += [(f"{name}.{fault.at}" if fault.at else name, fault.sentence) for fault in inner]
    if faults:
        raise PreferencesError(faults)
    return replace(DEFAULTS, **chosen)


def rules(preferences: Preferences, channel: str, base: Rules) -> Rules:
    """What this person wants to hear by this channel. base: the rules of those who chose nothing."""
    delay, gate = preferences.delay_min, preferences.gate_h
    steps = base.steps if delay is None else replace(base.steps, delay=timedelta(minutes=delay))
    window = base.gate_window if gate is None else timedelta(hours=gate)
    told = dict(base.told)
    for group, wanted in preferences.channels.get(channel, {}).items():
        told |= dict.fromkeys(KINDS[group], frozenset(Role) if wanted else frozenset())
    return Rules(steps, window, told)


def in_turn(preferences: Preferences, kinds: Collection[Kind]) -> Routing | None:
    """The order in which channels tell news of these kinds; None where all tell at once.

    News of several groups comes at once as soon as one of them does.
    """
    chosen = preferences.routing
    if chosen is None or not all(any(kind in KINDS[Group(one)] for one in chosen.news) for kind in kinds):
        return None
    return chosen


def _written(value: Any) -> Any:
    if isinstance(value, Routing):
        return value.to_document()
    if isinstance(value, QuietHours):
        return {"from": f"{value.start:%H:%M}", "until": f"{value.until:%H:%M}"}
    if isinstance(value, Digest):
        return {"every": str(value.every), "at": f"{value.at:%H:%M}", "weekday": value.weekday}
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return {
            name: {str(group): on for group, on in groups.items()} for name, groups in value.items() if groups
        }
    return value


# Each reader returns the value, raises a _FieldError when nothing of it can be used, and adds to the list what is wrong
# with a part while the rest can be used.


def _channels(value: object, faults: list[_FieldError]) -> Mapping[str, Mapping[Group, bool]]:
    if not isinstance(value, Mapping):
        raise _FieldError('Write it as {"email": {"gate": true}}.')
    found: dict[str, dict[Group, bool]] = {}
    groups = ", ".join(Group)
    for channel, chosen in value.items():
        if channel not in CHANNELS:
            faults.append(
                _FieldError(f"There is no such channel; there are {', '.join(CHANNELS)}.", str(channel))
            )
            continue
        if not isinstance(chosen, Mapping):
            faults.append(_FieldError('Write it as {"gate": true}.', channel))
            continue
        for group, wanted in chosen.items():
            if group not in KINDS:
                faults.append(
                    _FieldError(f"There is no such group of news; there are {groups}.", f"{channel}.{group}")
                )
            elif not isinstance(wanted, bool):
                faults.append(_FieldError("Write true or false.", f"{channel}.{group}"))
            else:
                found.setdefault(channel, {})[Group(group)] = wanted
    return found


def _whole(bounds: tuple[int, int], unit: str) -> Callable[[object, list[_FieldError]], int]:
    least, most = bounds

    def reader(value: object, _faults: list[_FieldError]) -> int:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and value in range(least, most + 1):
            return int(value)  # type: ignore[call-overload, no-any-return]  # a number, says the line above
        raise _FieldError(f"Write a whole number of {unit} from {least} to {most}.")

    return reader


def _fare_change(value: object, _faults: list[_FieldError]) -> Decimal:
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(written, str) or not _AMOUNT.fullmatch(written) or not Decimal(written):
        raise _FieldError('Write an amount above zero as text, like "25.00".')
    return Decimal(written)


def _yes(value: object, _faults: list[_FieldError]) -> bool:
    if not isinstance(value, bool):
        raise _FieldError("Write true or false.")
    return value


def _time(value: object, at: str) -> time:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _FieldError('Write a time of 24 hours like "22:00".', at)
    return time(int(match[1]), int(match[2]))


def _unknown(value: Mapping[Any, Any], known: tuple[str, ...], faults: list[_FieldError]) -> None:
    faults += [
        _FieldError(f"There is no such field; there are {', '.join(known)}.", str(n))
        for n in value
        if n not in known
    ]


def _quiet(value: object, faults: list[_FieldError]) -> QuietHours:
    if not isinstance(value, Mapping):
        raise _FieldError('Write it as {"from": "22:00", "until": "07:00"}.')
    _unknown(value, ("from", "until"), faults)
    start, until = _time(value.get("from"), "from"), _time(value.get("until"), "until")
    if start == until:
        raise _FieldError(
            "Quiet hours must end at another time than they begin; use paused_until for whole days."
        )
    return QuietHours(start, until)


def _digest(value: object, faults: list[_FieldError]) -> Digest | None:
    if not isinstance(value, Mapping):
        raise _FieldError('Write it as {"every": "daily", "at": "20:00"}.')
    _unknown(value, ("every", "at", "weekday"), faults)
    every = value.get("every")
    if every != "none" and every not in list(Every):
        raise _FieldError('Write "none", "daily" or "weekly".', "every")
    at = _time(value["at"], "at") if value.get("at") is not None else _DIGEST_AT
    weekday = 1 if value.get("weekday") is None else value["weekday"]
    if isinstance(weekday, bool) or weekday not in range(1, 8):
        raise _FieldError("Write 1 for Monday to 7 for Sunday.", "weekday")
    return None if every == "none" else Digest(Every(str(every)), at, int(weekday))


def _routing(value: object, faults: list[_FieldError]) -> Routing | None:
    found, wrong = routing.read(value, list(Group))
    faults += [_FieldError(sentence, at) for at, sentence in wrong]
    return found


def _moment(value: object, _faults: list[_FieldError]) -> datetime:
    remedy = 'Write a time with its offset, like "2026-12-01T08:00:00Z".'
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise _FieldError(remedy) from error
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _FieldError(remedy)
    if not 2000 <= value.year <= 2199:
        raise _FieldError("Write a year from 2000 to 2199.")
    return value.astimezone(UTC)


def _lists(value: object, faults: list[_FieldError]) -> frozenset[str]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise _FieldError('Write a list, like ["followings"].')
    unknown = [item for item in value if item not in LISTS]
    if unknown:
        faults.append(_FieldError(f"There is no such list; there are {', '.join(LISTS)}."))
    return frozenset(item for item in value if item in LISTS)


_READERS: Final[Mapping[str, Callable[[object, list[_FieldError]], Any]]] = MappingProxyType(
    {
        "channels": _channels,
        "delay_min": _whole(_DELAY_MIN, "minutes"),
        "gate_h": _whole(_GATE_H, "hours"),
        "fare_change": _fare_change,
        "quiet": _quiet,
        "urgent_passes": _yes,
        "urgent_h": _whole(_URGENT_H, "hours"),
        "digest": _digest,
        "daily_max": _whole(_DAILY_MAX, "messages"),
        "routing": _routing,
        "paused_until": _moment,
        "stopped": _lists,
    }
)
