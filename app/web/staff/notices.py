"""The page of notices: what staff told travellers, a form that shows whom a notice reaches before it is sent, and the
button that takes one back."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from flask import redirect, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from app.domain import gsm, notice_value, speech, wording_notice
from app.domain.news import Role
from app.domain.notice_value import URGENT_TYPE, NoticeValue, subject_of
from app.domain.notices import MAX_MESSAGE, Notice
from app.domain.place_search import PlaceError, one_airport
from app.domain.speech import number, plural, say, to_say
from app.domain.wording_shapes import LINK_SLOT, NoticeNews
from app.store import ids, notices
from app.store.announcements import Announcements
from app.store.notice_audience import MOST_COUNTED
from app.store.notices import Published
from app.web import publishing, refusals
from app.web.publishing import NoticeBody, Outlook
from app.web.services import services
from app.web.staff import asked, session

log = structlog.get_logger()

_ENDPOINT = "staff.notices"
_MOST = 50
TYPES: Mapping[str, str] = {
    "info": to_say("Info"),
    "disruption": to_say("Disruption"),
    URGENT_TYPE: to_say("Urgent: passes quiet hours"),
}
"""The types that the form offers, with their names; programs may write others."""
_WRITE_A_TIME = to_say("Write a time like {example}, in UTC.")
_FIELDS = ("type", "message", "airport", "flight", "expires_at")


@dataclass(frozen=True, slots=True)
class Row:
    """A notice in the list. people: how many were told, None while that is not known. ends: in a word or two."""

    id: str
    at: datetime | None
    about: str
    path: str
    message: str
    type: str
    by: str
    people: int | None
    is_over: bool
    ends: str


@dataclass(frozen=True, slots=True)
class Look:
    """What will happen when the notice is published. tells: how many people, in a sentence; button: what publishes it.
    subject: of the mail, sms: the text, of so many parts; both as those
    read them who have the reader's language. digest: of what was looked at."""

    outlook: Outlook
    tells: str
    button: str
    subject: str
    sms: str
    parts: int
    until: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed, by field, and what is wrong with it. key: the same for every press of one form's button."""

    fields: Mapping[str, str]
    key: str
    faults: Mapping[str, str] = field(default_factory=dict)
    look: Look | None = None
    is_changed: bool = False


def view() -> str:
    """The list and an empty form."""
    return _page(Form({"type": "info"}, secrets.token_urlsafe(16)))[0]


def send() -> Response | tuple[str, int]:
    """What the form sends: first whom the notice would reach and what they would read; only what was looked at as it is
    typed is published, once however often the button is pressed, and whatever became of it since."""
    typed = {name: request.form.get(name, "").strip() for name in _FIELDS}
    key = request.form.get("key", "")[:100] or secrets.token_urlsafe(16)
    looked = request.form.get("looked", "")
    notice, faults = _read(typed)
    if notice is None:
        return _page(Form(typed, key, faults), 422)
    digest = _digest(notice)
    if request.form.get("do") == "publish":
        try:
            done = _publish(notice, key, may_be_new=not faults and looked == digest)
        except notices.RepeatedDifferentlyError:
            done, key = None, secrets.token_urlsafe(16)
        if done is not None:
            log.info("notice accepted", notice_id=done.id, created_by=session.signed_in())
            return redirect(url_for(_ENDPOINT, did="published", id=done.id), 303)
    if faults:
        return _page(Form(typed, key, faults), 422)
    return _page(Form(typed, key, look=_look(notice), is_changed=bool(looked) and looked != digest))


def withdraw() -> Response | str:
    """Take a notice back, after asking. :raise 404: there is no such notice any more."""
    parts = services()
    notice_id = request.form.get("id", "")
    found = parts.database.notices.find_one({"_id": {"$in": ids.forms(notice_id)}})
    if not notice_id or found is None:
        raise NotFound(say("There is no such notice; it may have been withdrawn already."))
    if request.form.get("sure") != "yes":
        (row,) = _rows([found])
        return render_template("staff/notice_sure.html", row=row)
    notices.withdraw(parts.database, notice_id)
    log.info("notice withdrawn", notice_id=notice_id, staff=session.signed_in())
    return redirect(url_for(_ENDPOINT, did="withdrawn"), 303)


def _publish(notice: Notice, key: str, *, may_be_new: bool) -> Published | None:
    """The notice as this press of the button published it, or an earlier one; None when none did. Raises
    RepeatedDifferentlyError."""
    parts, by = services(), session.signed_in()
    first = notices.published(parts.database, notice, created_by=by, idempotency_key=key)
    if first is not None or not may_be_new:
        return first
    return notices.publish(
        parts.database,
        notice,
        created_by=by,
        created_at=parts.now(),
        idempotency_key=key,
        kept_until=publishing.kept_until(),
        audience=publishing.outlook(notice).people,
    )


def _page(form: Form, status: int = 200) -> tuple[str, int]:
    parts = services()
    did = request.args.get("did")
    said = _said(request.args.get("id", "")) if did == "published" else None
    if did == "published" and said is None:
        did = "withdrawn"  # the button was pressed again, or the page was loaded again
    page = render_template(
        "staff/notices.html",
        form=form,
        types=[(one, say(name)) for one, name in TYPES.items()],
        longest=MAX_MESSAGE,
        hours=_hours(parts.settings.notice_hours),
        rows=_rows(notices.latest(parts.database, _MOST)),
        did=did if did in {"published", "withdrawn"} else None,
        said=said,
    )
    return page, status


def _read(typed: Mapping[str, str]) -> tuple[Notice | None, dict[str, str]]:
    """The notice, None where it cannot be read, and what is wrong with the fields: of one that can be, that its time is
    over. An airport may be written by name."""
    sent: dict[str, Any] = {name: text for name, text in typed.items() if text}
    faults: dict[str, str] = {}
    try:
        if "airport" in sent:
            sent["airport"] = one_airport(sent["airport"])
    except PlaceError as error:
        faults["airport"] = _sentence(str(error))
        del sent["airport"]
    try:
        if "expires_at" in sent:
            expires_at = asked.moment(sent, "expires_at")
            sent["expires_at"] = expires_at.isoformat() if expires_at else None
    except BadRequest:
        faults["expires_at"] = say(_WRITE_A_TIME, example="2026-12-01T10:00")
        del sent["expires_at"]
    try:
        notice = NoticeBody.model_validate(sent).notice()
    except ValidationError as error:
        wrong = {fault.field: _sentence(fault.message) for fault in publishing.faults_of(error)}
        if not typed["message"]:
            wrong["message"] = say("Write what people are to read.")
        return None, wrong | faults
    over = {"expires_at": say("This time is over.")} if publishing.is_over(notice) else {}
    return (None if faults else notice), faults | over


def _look(notice: Notice) -> Look:
    parts = services()
    outlook, spoken = publishing.outlook(notice), speech.current()
    value = notice_value.of_notice(notice, outlook.until, outlook.about.local_to)
    news = NoticeNews(
        heard=value.unsaid(),
        want=value,
        kinds=notice_value.of_state(value),
        role=Role.TRAVELLER,
        doubtful=False,
        found_late=False,
        changed_at=parts.clock(),
        now=parts.clock(),
        public_url=parts.settings.public_url,
        short_link=True,
        language=spoken.language,
        clock=spoken.clock,
    )
    message = wording_notice.compose(news)
    sms = message.sms.replace(LINK_SLOT, "...")
    return Look(
        outlook=outlook,
        tells=_tells(outlook.people),
        button=_button(outlook.people),
        subject=message.subject,
        sms=sms,
        parts=gsm.parts(message.sms),
        until=outlook.until,
        digest=_digest(notice),
    )


def _digest(notice: Notice) -> str:
    """The same for the same notice, as it was looked at and as it is published."""
    written = [notice.type, notice.message, notice.airport or "", notice.flight or "", str(notice.expires_at)]
    return hashlib.sha256("\n".join(written).encode()).hexdigest()[:32]


def _hours(amount: float) -> str:
    """So many hours, in words: "24 hours", "0.5 hours"."""
    if amount == int(amount):
        return speech.hours(int(amount))
    return say("{number} hours", number=number(amount))


def _are_countless(people: int) -> bool:
    return people >= MOST_COUNTED


def _tells(people: int | None) -> str:
    """How many people a notice will tell; None: they could not be counted in time."""
    if people is None:
        return say("This will tell very many people")
    if people == 0:
        return say("This will tell nobody by message")
    if _are_countless(people):
        return say("This will tell more than {number} people", number=number(MOST_COUNTED))
    return plural("This will tell {number} person", "This will tell {number} people", people)


def _button(people: int | None) -> str:
    """The words on the button that publishes a notice."""
    if people is None:
        return say("Publish and tell very many people")
    if people == 0:
        return say("Publish it")
    if _are_countless(people):
        return say("Publish and tell more than {number} people", number=number(MOST_COUNTED))
    return plural("Publish and tell {number} person", "Publish and tell {number} people", people)


def _said(notice_id: str) -> str | None:
    """How many people the notice that was just published reaches; None when it is gone."""
    found = services().database.notices.find_one({"_id": {"$in": ids.forms(notice_id)}}, {"audience": 1})
    if found is None:
        return None
    people = found.get("audience")
    if people is None:
        return say("It reaches very many people, on their channels and as they chose.")
    if _are_countless(people):
        return say(
            "It reaches more than {number} people, on their channels and as they chose.",
            number=number(MOST_COUNTED),
        )
    return plural(
        "It reaches {number} person, on their channels and as they chose.",
        "It reaches {number} people, on their channels and as they chose.",
        people,
    )


def _rows(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """What the list shows; a notice that cannot be understood is a dead letter, and is shown as far as it goes."""
    subjects = [subject_of(ids.text(one["_id"])) for one in found]
    people = Announcements(services().database).people(subjects)
    return [_row(one, people.get(subject)) for one, subject in zip(found, subjects, strict=True)]


def _row(one: Mapping[str, Any], people: int | None) -> Row:
    parts = services()
    at = one.get("created_at") if isinstance(one.get("created_at"), datetime) else None
    ends = one.get("expires_at") if isinstance(one.get("expires_at"), datetime) else None
    notice = Notice(
        type=str(one.get("type", "")),
        message=str(one.get("message", "")),
        airport=str(one["airport"]).upper() if one.get("airport") else None,
        flight=str(one["flight"]).upper() if one.get("flight") else None,
        expires_at=ends,
    )
    made_at = parts.clock.at(at) if at else None
    over_at = publishing.terms().over_at(notice, made_at) if made_at else ends
    value = NoticeValue(notice.type, notice.message, notice.airport, notice.flight, "")
    is_over = over_at is not None and over_at <= parts.clock()
    return Row(
        id=ids.text(one["_id"]),
        at=at,
        about=_about(value),
        path=wording_notice.path(value),
        message=notice.message,
        type=notice.type,
        by=str(one.get("created_by", "")),
        people=0 if value.is_for_all else people,
        is_over=is_over,
        ends=over_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if over_at else "",
    )


def _about(value: NoticeValue) -> str:
    try:
        return wording_notice.place(value)
    except KeyError:  # a code that is no airport's
        return " ".join(filter(None, value.place))


def _sentence(text: str) -> str:
    return refusals.said(f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "?")) else "."))
