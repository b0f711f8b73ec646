"""/api/v1/me/alerts: what a person asks to be told about fares."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response

from app.domain import alert as alerts_of
from app.domain import alert_words
from app.domain.alert import Alert, AlertError
from app.domain.fares import Fare, Money
from app.domain.place_search import PlaceError
from app.store.alerts import Alerts, OwnAlert, TooManyAlertsError
from app.store.users import ChangedMeanwhileError
from app.web import access, alert_trip, choosing
from app.web.api import alert_models as models
from app.web.api import described
from app.web.api.answers import (
    Mark,
    as_json,
    changed_meanwhile,
    cursor_after,
    done,
    entity_tag,
    must_match,
    wanted_page,
    written,
)
from app.web.api.me import own_document
from app.web.api.repeats import at_work, idempotent
from app.web.api.requests import body, is_id, not_found, parameters, refused
from app.web.problems import Fault, Problem
from app.web.services import services

PATH = "/api/v1/me/alerts"
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.get("/me/alerts", endpoint="alerts_listed")(listed)
    blueprint.post("/me/alerts", endpoint="alerts_add")(add)
    blueprint.get("/me/alerts/<alert>", endpoint="alerts_one")(one)
    blueprint.patch("/me/alerts/<alert>", endpoint="alerts_change")(change)
    blueprint.delete("/me/alerts/<alert>", endpoint="alerts_remove")(remove)


@access.person
def listed() -> Response:
    """The person's alerts, a page at a time."""
    wanted = wanted_page(parameters("limit", "cursor"))
    after = wanted.after.id if wanted.after else None
    rows = _store().page(access.own(), after, wanted.limit + 1)
    following = cursor_after([Mark(_ANY_TIME, row.alert.id) for row in rows], wanted.limit)
    floor = _floor()
    return as_json(models.Alerts(alerts=[_model(row, floor) for row in rows[: wanted.limit]], next=following))


@access.person
@idempotent
def add() -> Response:
    """Make an alert; it is looked at at once."""
    parameters()
    own_document()
    sent = body(models.NewAlert)
    parts, begun = services(), at_work()
    wanted = understood(_requested(sent), parts.clock())
    most, work = parts.settings.alerts_per_person, begun.work if begun else None
    try:
        made = _store().create(access.own(), wanted, parts.now(), most=most, work=work)
    except TooManyAlertsError as error:
        raise _too_many(error) from error
    return _answer(made, 201)


@access.person
def one(alert: str) -> Response:
    """One alert, and how it stands."""
    parameters()
    return _answer(_own(alert))


@access.person
def change(alert: str) -> Response:
    """Change what is sent; it counts as new."""
    parameters()
    row = _own(alert)
    sent = body(models.AlertChange)
    must_match(tag(row))
    parts = services()
    try:
        if sent.model_fields_set == {"paused"}:
            changed = _store().pause(access.own(), alert, sent.paused is True, row.version, parts.now())
        else:
            whole = understood(row.alert.to_request() | _requested(sent), parts.clock())
            named = replace(whole, id=row.alert.id)
            most = parts.settings.alerts_per_person
            changed = _store().change(access.own(), named, row.version, parts.now(), most=most)
    except TooManyAlertsError as error:
        raise _too_many(error) from error
    except ChangedMeanwhileError as error:
        raise changed_meanwhile() from error
    return _answer(changed)


@access.person
def remove(alert: str) -> Response:
    """Delete an alert for good."""
    parameters()
    row = _own(alert)
    must_match(tag(row))
    try:
        if not _store().delete(access.own(), alert, row.version):
            raise not_found("alert")
    except ChangedMeanwhileError as error:
        raise changed_meanwhile() from error
    return done()


def understood(whole: dict[str, Any], now: datetime) -> Alert:
    """A whole alert as the domain reads it, strictly. now: the domain clock. Raises Problem 400."""
    try:
        return alerts_of.read(whole, now)
    except AlertError as error:
        raise refused(Fault(name, sentence) for name, sentence in error.faults) from error


def tag(row: OwnAlert) -> str:
    """The tag of what the person wants; fares move without it."""
    return entity_tag(row.alert.id, row.version)


def _too_many(error: TooManyAlertsError) -> Problem:
    return Problem(403, "Too many alerts", f"{str(error)[:1].upper()}{str(error)[1:]}.")


def _store() -> Alerts:
    return Alerts(services().database)


def _own(alert: str) -> OwnAlert:
    row = _store().get(access.own(), alert) if is_id(alert) else None
    if row is None:
        raise not_found("alert")
    return row


def _requested(sent: models.AlertChange) -> dict[str, Any]:
    """What was sent as `alert.read` takes it: airports as codes, a month as its days. Raises Problem 400."""
    found = sent.model_dump(by_alias=True, exclude_unset=True)
    faults = []
    for name in ("origins", "destinations"):
        if name in found:
            try:
                found[name] = alert_trip.airports(found[name])
            except PlaceError as error:
                faults.append(Fault(name, str(error)))
    if "dates" in found:
        try:
            found["dates"] = _days(sent.dates)
        except ValueError as error:
            faults.append(Fault("dates.month", str(error)))
    if "condition" in found:
        found["condition"] = sent.condition.model_dump(exclude_none=True)
    if faults:
        raise refused(faults)
    return found


def _days(sent: models.Days) -> dict[str, Any]:
    if sent.month is None:
        return {"from": sent.from_, "until": sent.until or sent.from_}
    if sent.from_ is not None or sent.until is not None:
        raise ValueError("write either the month, or from and until")
    return dict(alert_trip.month_days(sent.month))


def _answer(row: OwnAlert, status: int = 200) -> Response:
    location = f"{PATH}/{row.alert.id}" if status == 201 else None
    return as_json(_model(row, _floor()), status, etag=tag(row), location=location)


def _floor() -> Decimal | None:
    """The smallest change of a fare that the person chose to be told; None where they chose none."""
    return choosing.chosen(own_document()).fare_change


def _model(row: OwnAlert, floor: Decimal | None) -> models.Alert:
    alert = row.alert
    chosen = alert.to_request()
    missing = dict.fromkeys(("name", "max_stops", "airlines", "cabin", "min_step", "channels"))
    return models.Alert(
        id=alert.id,
        title=alert.title,
        sentence=alert_words.sentence(alert, floor),
        status="ended" if row.is_ended else "paused" if alert.paused else "active",
        state=_state(row),
        created_at=written(alert.created_at),
        **(missing | chosen),
    )


def _state(row: OwnAlert) -> models.AlertState:
    state = row.state

    def amount(minor: int | None) -> str | None:
        return None if minor is None else Money(minor, row.alert.currency).plain

    return models.AlertState(
        cheapest=_offer(state.cheapest.fare) if state.cheapest else None,
        told=state.n,
        told_amount=amount(state.told),
        lowest_amount=amount(state.lowest),
        next_report_at=written(state.report_at),
    )


def _offer(fare: Fare) -> models.Offer:
    missing: dict[str, Any] = dict.fromkeys(models.Offer.model_fields)
    known = {name: value for name, value in fare.to_document().items() if name in missing}
    return models.Offer(**(missing | known))


OUT = (models.Offer, models.AlertDays, models.AlertState, models.Alert, models.Alerts)
IN = (models.NewAlert, models.AlertChange)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    person, id_ = described.PERSON, described.in_path("alert", "The id of the alert.")
    return {
        PATH: {
            "get": described.operation(
                "list_alerts", "My fare alerts", {200: described.answer("A page", models.Alerts)},
                400, 401, 403, who=person, parameters=described.PAGED,
                words="Those that have ended too, until they are deleted.",
            ),
            "post": described.operation(
                "make_alert", "Make a fare alert",
                {201: described.answer("Made; it is looked at at once", models.Alert, etag=True, located=True)},
                400, 401, 403, 404, 409, 413, 415, 422,
                who=person, parameters=[described.KEY], body=models.NewAlert,
                words="Airports by code, city or name; a city means all of its airports. Amounts are decimal text in "
                "the alert's currency. An alert ends after its last day. 403 also for more alerts than one may have.",
            ),
        },
        f"{PATH}/{{alert}}": {
            "get": described.operation(
                "read_alert", "One fare alert, and how it stands",
                {200: described.answer("It", models.Alert, etag=True)},
                400, 401, 403, 404, who=person, parameters=[id_],
                words="The ETag is of what you chose; fares move without it.",
            ),
            "patch": described.operation(
                "change_alert", "Change, pause or resume a fare alert",
                {200: described.answer("As it is now", models.Alert, etag=True)},
                400, 401, 403, 404, 412, 413, 415, 428,
                who=person, parameters=[id_, described.IF_MATCH], body=models.AlertChange,
            ),
            "delete": described.operation(
                "delete_alert", "Delete a fare alert", {204: described.answer("It is gone")},
                400, 401, 403, 404, 412, 428, who=person, parameters=[id_, described.IF_MATCH],
            ),
        },
    }  # fmt: skip
