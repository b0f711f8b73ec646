"""The pages for a phone: the number, then the six digits."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for

from app.domain.speech import plural, say
from app.store.phone_codes import Verdict
from app.web import access, choosing
from app.web.problems import Problem
from app.web.services import services
from app.web.sign_in import phone
from app.web.sign_in.asking import Answer

DONE = "/my/profile?done=phone"


@access.person
def number() -> Answer:
    """GET: the form for a number. POST: send a code to it."""
    parts = services()
    given = request.form.get("phone", "")
    if request.method != "POST":
        return _number(None, 200, "")
    try:
        phone.send_code(parts, access.own(), given)
    except Problem as problem:
        return _number(problem.detail, problem.status, given)
    return redirect(url_for("sign_in.phone_code"), 303)  # type: ignore[return-value]


@access.person
def code() -> Answer:
    """GET: where to enter the code. POST: compare it."""
    if request.method != "POST":
        return _code(None, 200)
    tried = phone.enter_code(services(), access.own(), request.form.get("code", "")[:20])
    if tried.verdict is Verdict.RIGHT:
        return redirect(DONE, 303)  # type: ignore[return-value]
    if tried.verdict is Verdict.OVER:
        words = say(
            "This code counts no more: it was tried too often, or it is too old. Have a new one sent."
        )
        return _number(words, 410, "")
    if tried.left < 0:
        return _code(say("A code has six digits."), 400)
    return _code(
        plural(
            "This is not the code we sent. {number} try left.",
            "This is not the code we sent. {number} tries left.",
            tried.left,
        ),
        400,
    )


def _number(wrong: str | None, status: int, given: str) -> Answer:
    is_on = "sms" in services().settings.channels
    values = {"wrong": wrong, "given": given[:40], "is_on": is_on, "consent": say(choosing.PHONE_WORDS)}
    return render_template("sign_in/phone.html", **values), status


def _code(wrong: str | None, status: int) -> Answer:
    parts = services()
    waiting = phone.expected(parts, access.own())
    if waiting is None:
        return redirect(url_for("sign_in.phone"), 303)  # type: ignore[return-value]
    wait_s = phone.wait_of(waiting, parts)
    page = render_template(
        "sign_in/code.html",
        digits=f"{waiting.phone[-4:-2]} {waiting.phone[-2:]}",
        number=waiting.phone,
        minutes=parts.settings.phone_code_minutes,
        wrong=wrong,
        wait=f"{wait_s // 60}:{wait_s % 60:02d}" if wait_s else None,
    )
    return page, status
