"""/api/v1/me/phone: a phone number is somebody's when they send back the six digits that were sent there."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from app.store.phone_codes import Verdict
from app.web import access, choosing
from app.web.api import described, me
from app.web.api.answers import as_json, written
from app.web.api.repeats import idempotent
from app.web.api.requests import STRICT, body, parameters, refused
from app.web.problems import Fault, Problem
from app.web.services import services
from app.web.sign_in import phone

PATH = "/api/v1/me/phone"


class NewPhone(BaseModel):
    """A number to add, or to have in place of the present one."""

    model_config = STRICT

    phone: Annotated[
        str, Field(max_length=40, description="With its country code.", examples=["+15550104217"])
    ]


class CodeSent(BaseModel):
    """A code is on its way. phone: the number as it was understood. consent: what whoever sends the code back agrees
    to; show it beside the button."""

    model_config = ConfigDict(extra="forbid")

    phone: str
    expires_at: str
    consent: str


class PhoneCode(BaseModel):
    """The digits that came."""

    model_config = STRICT

    code: Annotated[str, Field(max_length=20, examples=["042817"])]


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.post("/me/phone", endpoint="phone_send")(send)
    blueprint.post("/me/phone/confirm", endpoint="phone_confirm")(confirm)


@access.person
@idempotent
def send() -> Response:
    """Send six digits to a number. The person's own number stays what it is until they come back."""
    parameters()
    me.own_document()
    sent = phone.send_code(services(), access.own(), body(NewPhone).phone)
    words = choosing.PHONE_WORDS
    return as_json(CodeSent(phone=sent.phone, expires_at=written(sent.works_until) or "", consent=words), 202)


@access.person
@idempotent
def confirm() -> Response:
    """Compare the digits; when they are right the number is the person's, verified."""
    parameters()
    me.own_document()
    tried = phone.enter_code(services(), access.own(), body(PhoneCode).code)
    if tried.verdict is Verdict.OVER:
        words = "No code is expected: it was tried too often, it is too old, or none was sent. Have a new one sent."
        raise Problem(410, "The code counts no more", words)
    if tried.verdict is Verdict.WRONG:
        left = (
            "a code has six digits"
            if tried.left < 0
            else f"it is not what was sent; tries left: {tried.left}"
        )
        raise refused([Fault("code", left)])
    return me.answer(me.own_document())


OUT = (CodeSent,)
IN = (NewPhone, PhoneCode)


def paths() -> dict[str, Any]:
    """The routes for the OpenAPI document."""
    errors = (400, 401, 403, 404, 409, 413, 415, 422)
    asked: dict[str, Any] = {"who": described.PERSON, "parameters": [described.KEY]}
    return {
        PATH: {
            "post": described.operation(
                "add_phone", "Send a code to a phone number",
                {202: described.answer("A text with six digits is on its way", CodeSent)}, *errors,
                **asked, body=NewPhone,
                words="403 where this system sends no texts; 429 within a minute, and after five in an hour.",
            ),
        },
        f"{PATH}/confirm": {
            "post": described.operation(
                "confirm_phone", "Send the digits back: the number is mine",
                {200: described.answer("The person, with the number", me.Profile, etag=True)}, *errors, 410,
                **asked, body=PhoneCode,
                words="A code has five tries; then, and when it is too old, the answer is 410.",
            ),
        },
    }  # fmt: skip
