"""What is held about me: to take along, and to have erased."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, request

from app.domain.speech import say
from app.web import access, person_cookie
from app.web.api import leaving
from app.web.my import frame
from app.web.my.frame import Answer, Fields

CONFIRM = "ERASE"
"""What somebody writes to be erased: nobody does by accident."""


def register(blueprint: Blueprint) -> None:
    """Put the views on the blueprint."""
    blueprint.add_url_rule("/data", view_func=view, endpoint="data", methods=["GET"])
    blueprint.add_url_rule("/data/export", view_func=export, endpoint="export", methods=["POST"])
    blueprint.add_url_rule("/data/erase", view_func=sure, endpoint="sure", methods=["GET"])
    blueprint.add_url_rule("/data/erase", view_func=erase, endpoint="erase", methods=["POST"])


def view() -> Answer:
    """What can be done with it."""
    return frame.draw("data.html")


def export() -> Response:
    """Everything, as a file. Raises Problem 429 when one was made just now."""
    return leaving.export()


def sure() -> Answer:
    """What an erasure does, and the form that does it."""
    return _sure(Fields({"confirm": ""}, {}))


def erase() -> Answer | Response:
    """Erase the person who asks, once they wrote the word. Raises Problem 409 while a message is on its way."""
    written = request.form.get("confirm", "").strip()
    if written.upper() != CONFIRM:
        return _sure(
            Fields({"confirm": written[:40]}, {"confirm": say("Write {word} to be erased.", word=CONFIRM)}),
            422,
        )
    leaving.end_of(access.own())
    g.reader = None
    answer = make_response(frame.draw("erased.html"))
    person_cookie.take(answer)
    return answer


def _sure(form: Fields, status: int = 200) -> Answer:
    return frame.draw("erase.html", status, form=form, word=CONFIRM)
