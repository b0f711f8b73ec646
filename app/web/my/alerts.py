"""My fare alerts: the list, and the form of one with what the fares are now beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from app.domain import alert as alerts_of
from app.domain import alert_words
from app.domain.alert import Alert, AlertError
from app.store.alerts import Alerts, OwnAlert, TooManyAlertsError
from app.store.users import ChangedMeanwhileError
from app.web import access, choosing, preferences_form
from app.web.api.requests import is_id
from app.web.my import alerts_form, alerts_list, alerts_now, frame
from app.web.my.alert_picks import Picks
from app.web.my.frame import Answer, Document, Fields
from app.web.services import services

MOST = 200
"""Alerts on the page; the API has them all, page by page."""


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    one = "/alerts/<alert>"
    blueprint.add_url_rule("/alerts", view_func=listed, endpoint="alerts", methods=["GET"])
    blueprint.add_url_rule("/alerts/new", view_func=new, endpoint="new_alert", methods=["GET"])
    blueprint.add_url_rule("/alerts/new", view_func=make, endpoint="make_alert", methods=["POST"])
    blueprint.add_url_rule(one, view_func=view, endpoint="alert", methods=["GET"])
    blueprint.add_url_rule(one, view_func=save, endpoint="save_alert", methods=["POST"])
    blueprint.add_url_rule(f"{one}/pause", view_func=pause, endpoint="pause_alert", methods=["POST"])
    blueprint.add_url_rule(f"{one}/delete", view_func=sure, endpoint="sure_of_alert", methods=["GET"])
    blueprint.add_url_rule(f"{one}/delete", view_func=delete, endpoint="delete_alert", methods=["POST"])


def listed() -> Answer:
    """All of the person's alerts, those that are at work first."""
    user = frame.own()
    found = _store().page(access.own(), None, MOST + 1)
    rows = sorted((alerts_list.row_of(one, user) for one in found[:MOST]), key=lambda row: row.sort)
    return frame.draw("alerts.html", alerts=rows, is_cut=len(found) > MOST, most=MOST)


def new() -> Answer:
    """The form of a new alert; an address may say the trip: `?origin=JFK&destination=SFO&date=2013-03-01`."""
    user = frame.own()
    asked = {name: request.args.get(name, "") for name in ("origin", "destination", "date")}
    return _page(user, alerts_form.blank(asked, alerts_now.currency_for(services(), user, asked)))


def make() -> Answer | Response:
    """Make the alert that the form says; with `do=look` only show what it would do."""
    parts, user = services(), frame.own()
    values = alerts_form.sent(request.form)
    wanted, form = _understood(values)
    if wanted is None:
        return _page(user, form, 422)
    if _only_looks():
        return _page(user, form)
    try:
        made = _store().create(access.own(), wanted, parts.now(), most=parts.settings.alerts_per_person)
    except TooManyAlertsError as error:
        return _page(user, alerts_form.with_faults(values, {"name": str(error)}), 422)
    return frame.back("my.alert", "alert-made", alert=made.alert.id)


def view(alert: str) -> Answer:
    """One alert: how it stands, and its form."""
    row = _own(alert)
    return _page(frame.own(), alerts_form.standing(row.alert.to_request()), row=row)


def save(alert: str) -> Answer | Response:
    """Change an alert, all of it or, with anything wrong, nothing."""
    parts, user, row = services(), frame.own(), _own(alert)
    values = alerts_form.sent(request.form)
    wanted, form = _understood(values)
    if wanted is None:
        return _page(user, form, 422, row=row)
    if _only_looks():
        return _page(user, form, row=row)
    version = preferences_form.version_in(request.form.to_dict())
    wanted = replace(wanted, id=row.alert.id, paused=row.alert.paused)
    try:
        _store().change(access.own(), wanted, version, parts.now(), most=parts.settings.alerts_per_person)
    except TooManyAlertsError as error:
        return _page(user, alerts_form.with_faults(values, {"name": str(error)}), 422, row=row)
    except ChangedMeanwhileError:
        row = _own(alert)
        return _page(user, alerts_form.standing(row.alert.to_request()), 409, row=row)
    return frame.back("my.alert", "alert-saved", alert=row.alert.id)


def pause(alert: str) -> Response:
    """Say nothing from now on, or speak again (`paused=yes`, `paused=no`); back to where the button was."""
    row, is_paused = _own(alert), request.form.get("paused") == "yes"
    to: dict[str, Any] = {"alert": row.alert.id} if request.form.get("back") == "alert" else {}
    page = "my.alert" if to else "my.alerts"
    try:
        _store().pause(access.own(), row.alert.id, is_paused, row.version, services().now())
    except ChangedMeanwhileError:
        return frame.back(page, "changed-meanwhile", **to)
    return frame.back(page, "alert-paused" if is_paused else "alert-resumed", **to)


def sure(alert: str) -> Answer:
    """Ask once more before an alert is deleted."""
    return frame.draw("alert_sure.html", alert=_own(alert).alert)


def delete(alert: str) -> Response:
    """Delete an alert for good."""
    _store().delete(access.own(), _own(alert).alert.id)
    return frame.back("my.alerts", "alert-deleted")


def _store() -> Alerts:
    return Alerts(services().database)


def _own(alert: str) -> OwnAlert:
    row = _store().get(access.own(), alert) if is_id(alert) else None
    if row is None:
        raise frame.not_yours("alert")
    return row


def _only_looks() -> bool:
    return request.form.get("do") == "look"


def _understood(values: dict[str, str]) -> tuple[Alert | None, Fields]:
    """The alert that the form means, None when something is wrong; and the form as it is shown again."""
    document, faults = alerts_form.document(values)
    try:
        found = alerts_of.read(document, services().clock())
    except AlertError as error:
        for name, sentence in error.faults:
            place = alerts_form.placed(name, values["condition"])
            is_amount = name in error.amounts
            faults.setdefault(place, alerts_form.no_amount(values["currency"]) if is_amount else sentence)
        return None, alerts_form.with_faults(values, faults)
    return None if faults else found, alerts_form.with_faults(values, faults)


def _page(user: Document, form: Fields, status: int = 200, *, row: OwnAlert | None = None) -> Answer:
    wanted, _ = _understood(dict(form.values))
    is_standing = row is not None and status != 422 and not _only_looks()
    return frame.draw(
        "alert.html",
        status,
        form=form,
        labels=alerts_form.labels(),
        picks=Picks(str(preferences_form.zone_of(user)).replace("_", " ")),
        ways=alerts_form.ways(user, services().settings.channels),
        now=alerts_now.panel(services(), user, form.values, wanted, row, is_standing=is_standing),
        say=alert_words.sentence(wanted, choosing.chosen(user).fare_change) if wanted else "",
        alert=alerts_list.row_of(row, user) if row else None,
        title=row.alert.title if row else "",
        version=row.version if row else 0,
        action=url_for("my.save_alert", alert=row.alert.id) if row else url_for("my.make_alert"),
        is_stale=status == 409,
    )
