"""Fare alerts as a browser makes them: the form filled in, what it shows, and fares beside it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from app.domain import alert as alerts_of
from app.domain import alert_rules, fares
from app.domain.alert import Offer
from app.domain.alert_state import AlertState
from tests.my.conftest import NOW, Person, Web, text_of

Form = dict[str, Any]

FORM: Form = {
    "origin": "JFK",
    "destination": "San Francisco",
    "from_day": "2013-03-01",
    "until_day": "2013-03-14",
    "currency": "USD",
    "condition": "below",
    "below": "220",
    "drop_unit": "percent",
    "against": "told",
    "every_h": "24",
    "at": "08:00",
    "repeat": "again",
    "tell_now": "yes",
    "where": "choices",
}


def made(maya: Person, **fields: Any) -> str:
    """The address of a new alert."""
    answer = maya.post("/my/alerts/new", page="/my/alerts/new", **(FORM | fields))
    assert answer.status_code == 303, text_of(answer.text)
    return str(answer.location).partition("?")[0]


def fare(web: Web, amount: Any, **fields: Any) -> None:
    document = {"origin": "JFK", "destination": "SFO", "departure_date": "2013-03-08", "currency": "USD"}
    web.database["prices"].insert_one(document | {"amount": amount, "stops": 0, "airline": "UA"} | fields)


def now_part(page: str) -> str:
    """What stands beside the form."""
    return text_of("<main>" + page[page.index("<aside") : page.index("</aside>")] + "</main>")


def looked_at(web: Web, amount: str) -> None:
    """What the consumer keeps of every alert when this is the only fare."""
    for row in web.stored("alerts"):
        wanted = alerts_of.parse(row)
        one = {"origin": "JFK", "destination": "SFO", "departure_date": "2013-03-08"}
        offer = Offer("f1", fares.parse(one | {"amount": amount, "currency": "USD"}))
        step = alert_rules.step(wanted, AlertState.from_document(row.get("state")), [offer], NOW)
        kept = {"state": step.state.to_document(), "order": "0001"}
        web.database["alerts"].update_one({"_id": row["_id"]}, {"$set": kept})


def as_shown(page: str) -> dict[str, Any]:
    """The fields of the form for an alert, as a browser would send them back."""
    form = page[page.index('<form class="form') :]
    form = form[: form.index("</form>")]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value, kind = (re.search(rf'{key}="([^"]*)"', tag) for key in (" name", "value", "type"))
        if name and (kind is None or kind[1] not in ("radio", "checkbox") or " checked" in tag):
            found[name[1]] = unescape(value[1]) if value else ""
    for name, inner in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', inner)
        found[name] = chosen[1] if chosen else ""
    return found
