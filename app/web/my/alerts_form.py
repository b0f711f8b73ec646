"""The form of a fare alert: what it offers, what it shows of an alert, and the alert that it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from app.channels.addresses import address_on
from app.domain import channels as kinds
from app.domain import people, places
from app.domain.channels import LINKED
from app.domain.errors import PermanentError
from app.domain.people import Person
from app.domain.place_search import PlaceError
from app.domain.preferences import Group
from app.domain.speech import say, to_say
from app.web import airport_field, alert_trip, preferences_form, refusals
from app.web.my.frame import Fields

_PLACES = ("origin", "destination")
_TEXTS = (
    *(
        "from_day",
        "until_day",
        "month",
        "stops",
        "airlines",
        "cabin",
        "condition",
        "below",
        "drop",
        "drop_unit",
    ),
    *("name", "against", "days", "every_h", "at", "currency", "min_step", "repeat", "where"),
)
_TICKS = ("unchanged", "tell_now")
LABELS = {
    "name": to_say("Name"),
    "origin": to_say("From"),
    "destination": to_say("To"),
    "from_day": to_say("Leave from"),
    "until_day": to_say("Leave until"),
    "month": to_say("Any day of a month"),
    "stops": to_say("Stops"),
    "airlines": to_say("Airlines"),
    "cabin": to_say("Cabin"),
    "condition": to_say("When"),
    "below": to_say("Price"),
    "drop": to_say("Drop"),
    "days": to_say("Days"),
    "every_h": to_say("Report"),
    "at": to_say("Report's time"),
    "currency": to_say("Currency"),
    "min_step": to_say("Smallest step"),
    "repeat": to_say("How often"),
    "channels": to_say("Where"),
}
"""What the summary of faults calls each field."""

# What a faulty field of an alert is called in the form.
_FIELDS = {
    "origins": "origin",
    "destinations": "destination",
    "dates": "from_day",
    "dates.from": "from_day",
    "dates.until": "until_day",
    "max_stops": "stops",
    "condition.kind": "condition",
    "condition.percent": "drop",
    "condition.against": "drop",
    "condition.days": "days",
    "condition.every_h": "every_h",
    "condition.at": "at",
    "condition.unchanged": "condition",
    "tell_now": "condition",
}


@dataclass(frozen=True, slots=True)
class Way:
    """A channel that an alert may go by. shown: the person's address, masked, or what is missing."""

    channel: str
    name: str
    shown: str


@dataclass(frozen=True, slots=True)
class Ways:
    """usual: the channels that fares go by without a choice of the alert's own, in words."""

    all: Sequence[Way]
    usual: str


def labels() -> dict[str, str]:
    """LABELS in the person's language."""
    return {name: say(words) for name, words in LABELS.items()}


def blank(asked: Mapping[str, str], currency: str) -> Fields:
    """The form of a new alert. asked: what an address says of the trip: origin, destination, date."""
    values = dict.fromkeys((*_PLACES, *_TEXTS, *_TICKS, "channels"), "")
    for name in _PLACES:
        text = asked.get(name, "").strip()[:80]
        values[name] = airport_field.words(text.upper()) if places.airport(text.upper()) else text
    day = asked.get("date", "").strip()[:10]
    values |= {
        "from_day": day,
        "until_day": day,
        "condition": "below",
        "drop_unit": "percent",
        "against": "told",
    }
    values |= {"every_h": "24", "at": "08:00", "repeat": "again", "tell_now": "yes", "where": "choices"}
    return Fields(values | {"currency": currency}, {})


def standing(document: Mapping[str, Any]) -> Fields:
    """The form with an alert as it stands; document: what it is stored as."""
    values = dict(blank({}, str(document["currency"])).values)
    condition = document["condition"]
    for name, field in (("origin", "origins"), ("destination", "destinations")):
        values[name] = alert_trip.written(document[field])
    values |= {"from_day": document["dates"]["from"], "until_day": document["dates"]["until"]}
    stops = document.get("max_stops")
    values["stops"] = "" if stops is None else str(stops)
    values["name"] = document.get("name") or ""
    values["airlines"] = ", ".join(document.get("airlines") or ())
    values["cabin"] = document.get("cabin") or ""
    values["min_step"] = str(document.get("min_step") or "")
    values["condition"] = condition["kind"]
    values["below"] = condition.get("amount", "") if condition["kind"] == "below" else ""
    if condition["kind"] == "drop":
        unit = "percent" if condition.get("percent") is not None else "amount"
        values |= {"drop": str(condition[unit]), "drop_unit": unit, "against": condition["against"]}
    values["days"] = str(condition.get("days", ""))
    if condition["kind"] == "report":
        values |= {"every_h": str(condition["every_h"]), "at": condition.get("at") or values["at"]}
        values["unchanged"] = "yes" if condition.get("unchanged") else ""
    channels = document.get("channels") or ()
    values |= {"repeat": document["repeat"], "tell_now": "yes" if document["tell_now"] else ""}
    values |= {"where": "these" if channels else "choices", "channels": " ".join(channels)}
    return Fields(values, {})


def ways(user: Mapping[str, Any], channels: Sequence[str]) -> Ways:
    """What the person can choose from. channels: those that are on here."""
    person = people.parse(user)
    found, usual = [], []
    for channel in channels:
        title = kinds.title(channel)
        try:
            address_on(channel, person)
        except PermanentError:
            missing = say("not linked") if channel in LINKED else say("no verified address")
            found.append(Way(channel, title, missing))
            continue
        found.append(Way(channel, title, _masked(channel, person)))
        if preferences_form.is_on(person.preferences, channel, Group.FARE):
            usual.append(title)
    return Ways(found, ", ".join(usual) or say("by nothing so far"))


def _masked(channel: str, person: Person) -> str:
    if channel == "email":
        return people.masked_email(person.email or "")
    return people.shown_phone(person.phone or "") if channel == "sms" else say("linked")


def sent(form: MultiDict[str, str]) -> dict[str, str]:
    """What was typed, by field; boxes that are not ticked are ""."""
    values = {name: airport_field.meant(form, name) for name in _PLACES}
    values |= {name: form.get(name, "").strip()[:200] for name in _TEXTS}
    values |= {name: "yes" if form.get(name) else "" for name in _TICKS}
    return values | {"channels": " ".join(form.getlist("channel")[:20])}


def document(values: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The alert that a form means, to be read strictly, and what is wrong already: a sentence by field."""
    faults: dict[str, str] = {}
    found: dict[str, Any] = {"currency": values["currency"].upper()}
    for name, field in (("origin", "origins"), ("destination", "destinations")):
        try:
            if not values[name]:
                raise PlaceError("it is empty")
            found[field] = alert_trip.airports(alert_trip.in_text(values[name]))
        except PlaceError as error:
            faults[name] = str(error)
    found |= {"name": values["name"] or None, "dates": _dates(values, faults)}
    found["max_stops"] = _whole(values["stops"])
    airlines = [code for part in values["airlines"].split(",") if (code := part.strip().upper())]
    found |= {"airlines": airlines or None, "cabin": values["cabin"] or None}
    found["condition"] = _condition(values, faults)
    found |= {"repeat": values["repeat"], "tell_now": bool(values["tell_now"])}
    found["min_step"] = _amount(values["min_step"]) or None
    found["channels"] = None
    if values["where"] == "these":
        found["channels"] = values["channels"].split()
        if not found["channels"]:
            faults["channels"] = say("Tick at least one, or choose the other way.")
    return {name: value for name, value in found.items() if value is not None}, faults


def placed(field: str, kind: str) -> str:
    """Where the form has a field of an alert that is at fault. kind: of the condition."""
    if field == "condition.amount":
        return "drop" if kind == "drop" else "below"
    name = field.partition("[")[0]
    return _FIELDS.get(name) or _FIELDS.get(name.partition(".")[0]) or name.partition(".")[0]


def no_amount(currency: str) -> str:
    """What the form says of a field that holds no amount: they are typed there, not sent as text. currency: as typed,
    "" for none."""
    if not currency:
        return say("Write an amount in the currency, like 220 or 7.50.")
    return say("Write an amount in {currency}, like 220 or 7.50.", currency=currency)


def with_faults(values: Mapping[str, str], faults: Mapping[str, str]) -> Fields:
    """The form as it was typed, with what is wrong, in the order of its fields; sentences begin with a capital."""
    order = [*LABELS, *(name for name in faults if name not in LABELS)]
    said = {name: faults[name] for name in order if name in faults}
    choices = {
        name: airport_field.choices(values[name]) for name in _PLACES if name in faults and values[name]
    }
    return Fields(values, {name: refusals.as_sentence(words) for name, words in said.items()}, choices)


def _dates(values: Mapping[str, str], faults: dict[str, str]) -> dict[str, str]:
    first, last, month = values["from_day"], values["until_day"], values["month"]
    if month and (first or last):
        faults["month"] = say("Fill in either the month or the days.")
    elif month:
        try:
            return alert_trip.month_days(month)
        except ValueError as error:
            faults["month"] = str(error)
    elif not first:
        faults["from_day"] = say("Fill in a day, or the month below.")
    return {"from": first, "until": last or first}


def _condition(values: Mapping[str, str], faults: dict[str, str]) -> dict[str, Any]:
    kind = values["condition"]
    found: dict[str, Any] = {"kind": kind}
    if kind == "below":
        found["amount"] = _needed(values, "below", faults)
    elif kind == "drop":
        unit = "percent" if values["drop_unit"] == "percent" else "amount"
        found |= {unit: _needed(values, "drop", faults).removesuffix("%"), "against": values["against"]}
    elif kind == "new_low":
        found["days"] = _whole(_needed(values, "days", faults))
    elif kind == "report":
        found |= {"every_h": _whole(values["every_h"]), "unchanged": bool(values["unchanged"])}
        if isinstance(found["every_h"], int) and found["every_h"] >= 24 and values["at"]:
            found["at"] = values["at"]
    return found


def _needed(values: Mapping[str, str], name: str, faults: dict[str, str]) -> str:
    if not values[name]:
        faults[name] = "it is empty"
    return _amount(values[name])


def _amount(text: str) -> str:
    """A number as the reader takes it, without blanks."""
    return "".join(text.split())


def _whole(text: str) -> int | str | None:
    """The whole number; the text itself when it is none, so that the reader says what is wrong; None for none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text or None
