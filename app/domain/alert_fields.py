"""The fields of a fare alert as somebody sends them, one reader each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from re import compile as pattern
from typing import Any, Final

from app.domain import alert_conditions, fares, fields, places, speech
from app.domain.alert_conditions import Drop, FieldError, Repeat
from app.domain.errors import BadEventError
from app.domain.preferences import CHANNELS

MOST_DAYS: Final = 366
MOST_AIRLINES: Final = 20
LONGEST_NAME: Final = 80

_AIRLINE = pattern(r"[A-Z0-9]{2,3}")
_CABIN = pattern(r"[a-z][a-z0-9_]{0,39}")


def found(body: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldError]]:
    """The fields of an Alert that are chosen and understood, and what is wrong with the others: `at` names the whole
    field ("condition.amount")."""
    found: dict[str, Any] = {}
    faults: list[FieldError] = []
    code = body.get("currency")
    currency = code.upper() if isinstance(code, str) and code.upper() in fares.CURRENCIES else "USD"
    for name, reader in READERS.items():
        value = body.get(name)
        if value is None and name not in NEEDED:
            continue
        inner: list[FieldError] = []
        try:
            found |= reader(value, currency, inner)
        except FieldError as fault:
            inner.append(fault)
        faults += [fault.within(name) for fault in inner]
    return _with_step_of_drop(found, faults), faults


def _with_step_of_drop(found: dict[str, Any], faults: list[FieldError]) -> dict[str, Any]:
    """The fields without a smallest step above the drop: a drop as large as was asked for would be no change."""
    condition, step = found.get("condition"), found.get("min_step")
    drop = condition.amount if isinstance(condition, Drop) else None
    if drop is None or step is None or step.amount_minor <= drop.amount_minor:
        return found
    faults.append(FieldError(f"It is more than the drop: write at most {drop.plain}.", "min_step"))
    return {name: value for name, value in found.items() if name != "min_step"}


def _airports(field: str) -> _Reader:
    def reader(value: object, _currency: str, _faults: list[FieldError]) -> dict[str, Any]:
        if not isinstance(value, list | tuple) or not value:
            raise FieldError('Write a list of codes of airports, like ["JFK"].')
        codes = [one.strip().upper() if isinstance(one, str) else str(one) for one in value]
        unknown = [code for code in codes if places.airport(code) is None]
        if unknown:
            raise FieldError(f"{unknown[0][:20]} is not the code of an airport. Write it like JFK.")
        return {field: tuple(dict.fromkeys(codes))}

    return reader


def _dates(value: object, _currency: str, _faults: list[FieldError]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise FieldError('Write it as {"from": "2013-03-01", "until": "2013-03-14"}.')
    unknown = [str(name) for name in value if name not in {"from", "until"}]
    if unknown:
        raise FieldError("There is no such field; there are from, until.", unknown[0])
    first, last = _day(value, "from"), _day(value, "until")
    if last < first:
        begin = date.fromisoformat(first)
        raise FieldError(
            f"The last day is before the first. Choose {speech.short_date(begin)} or later.", "until"
        )
    if (date.fromisoformat(last) - date.fromisoformat(first)).days >= MOST_DAYS:
        raise FieldError(f"These are more than {MOST_DAYS} days. Choose an earlier last day.", "until")
    return {"first": first, "last": last}


def _day(value: Mapping[Any, Any], at: str) -> str:
    try:
        found = fields.day(value, at)
    except BadEventError as error:
        raise FieldError('Write a date like "2013-03-01".', at) from error
    if found is None:
        raise FieldError('Write a date like "2013-03-01".', at)
    return found


def _max_stops(value: object, _currency: str, _faults: list[FieldError]) -> dict[str, Any]:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 9:
        raise FieldError("Write a whole number of stops from 0 to 9; 0 is direct only.")
    return {"max_stops": value}


def _airlines(value: object, _currency: str, _faults: list[FieldError]) -> dict[str, Any]:
    if not isinstance(value, list | tuple) or len(value) > MOST_AIRLINES:
        raise FieldError(f'Write a list of at most {MOST_AIRLINES} codes of airlines, like ["UA"].')
    codes = [one.strip().upper() if isinstance(one, str) else "" for one in value]
    if not all(map(_AIRLINE.fullmatch, codes)):
        raise FieldError('Write codes of two or three letters and digits, like ["UA"].')
    return {"airlines": tuple(dict.fromkeys(codes))}


def _cabin(value: object, _currency: str, _faults: list[FieldError]) -> dict[str, Any]:
    cabin = "_".join(value.lower().replace("-", " ").split()) if isinstance(value, str) else ""
    if not _CABIN.fullmatch(cabin):
        raise FieldError('Write it like "economy".')
    return {"cabin": cabin}


def _currency(value: object, _currency: str, _faults: list[FieldError]) -> dict[str, Any]:
    if not isinstance(value, str) or value.upper() not in fares.CURRENCIES:
        raise FieldError('Write its ISO 4217 code, like "USD".')
    return {"currency": value.upper()}


def _condition(value: object, currency: str, faults: list[FieldError]) -> dict[str, Any]:
    condition = alert_conditions.read(value, currency, faults)
    return {"condition": condition} if condition else {}


def _repeat(value: object, _currency: str, _faults: list[FieldError]) -> dict[str, Any]:
    if value not in list(Repeat):
        raise FieldError(f"Write one of {', '.join(Repeat)}.")
    return {"repeat": Repeat(str(value))}


def _yes(field: str) -> _Reader:
    def reader(value: object, _currency: str, _faults: list[FieldError]) -> dict[str, Any]:
        if not isinstance(value, bool):
            raise FieldError("Write true or false.")
        return {field: value}

    return reader


def _min_step(value: object, currency: str, _faults: list[FieldError]) -> dict[str, Any]:
    return {"min_step": alert_conditions.read_amount(value, currency)}


def _channels(value: object, _currency: str, _faults: list[FieldError]) -> dict[str, Any]:
    if not isinstance(value, list | tuple) or not all(one in CHANNELS for one in value):
        raise FieldError(f"Write a list of channels; there are {', '.join(CHANNELS)}.")
    return {"channels": tuple(dict.fromkeys(value))}


def _name(value: object, _currency: str, _faults: list[FieldError]) -> dict[str, Any]:
    name = " ".join(value.split()) if isinstance(value, str) else None
    if name is None or not name.isprintable() or len(name) > LONGEST_NAME:
        raise FieldError(f"Write at most {LONGEST_NAME} characters in one line.")
    return {"name": name}


_Reader = Callable[[object, str, list[FieldError]], dict[str, Any]]
NEEDED: Final = frozenset({"origins", "destinations", "dates", "currency", "condition"})
READERS: Final[Mapping[str, _Reader]] = {
    "name": _name,
    "origins": _airports("origins"),
    "destinations": _airports("destinations"),
    "dates": _dates,
    "max_stops": _max_stops,
    "airlines": _airlines,
    "cabin": _cabin,
    "currency": _currency,
    "condition": _condition,
    "repeat": _repeat,
    "tell_now": _yes("tell_now"),
    "min_step": _min_step,
    "channels": _channels,
    "paused": _yes("paused"),
}
