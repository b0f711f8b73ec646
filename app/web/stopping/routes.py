"""The addresses behind the links in mails: each link is the key for one person, one address and one purpose."""

from __future__ import annotations

from flask import Blueprint, Response

from app.web import access
from app.web.pages import errors
from app.web.stopping import calendar, one_click, pickup, signed_choices, trip

_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


def blueprint() -> Blueprint:
    """What is behind the links `unsubscribe`, `preferences` and `calendar`."""
    made = Blueprint("stopping", __name__)
    access.of_blueprint(made, access.SIGNED)
    made.add_url_rule("/unsubscribe/<token>", view_func=one_click.ask, endpoint="ask", methods=["GET"])
    made.add_url_rule("/unsubscribe/<token>", view_func=one_click.stop, endpoint="stop", methods=["POST"])
    made.add_url_rule(
        "/unsubscribe/<token>/undo", view_func=one_click.undo, endpoint="undo", methods=["POST"]
    )
    made.add_url_rule(
        "/preferences/<token>", view_func=signed_choices.show, endpoint="choices", methods=["GET"]
    )
    made.add_url_rule(
        "/preferences/<token>", view_func=signed_choices.save, endpoint="save", methods=["POST"]
    )
    made.add_url_rule("/calendar/<token>.ics", view_func=calendar.view, endpoint="calendar", methods=["GET"])
    made.add_url_rule("/pickup/<token>", view_func=pickup.view, endpoint="pickup", methods=["GET"])
    made.add_url_rule("/pickup/<token>", view_func=pickup.answer, endpoint="answer_pickup", methods=["POST"])
    made.add_url_rule("/trip/<token>", view_func=trip.view, endpoint="trip", methods=["GET"])
    errors.register(made)

    @made.after_request
    def keep_nothing(answer: Response) -> Response:
        """Nothing keeps a copy, no search engine lists it, and no other site is told the address."""
        answer.headers.update(_PRIVATE)
        return answer

    return made
