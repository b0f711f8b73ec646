"""My pages: what a person was told and why, what they hear, book and follow, who they are, and where they are signed
in. Each is whole without JavaScript; each change is a form that leads back to a page, which says what was done."""

from __future__ import annotations

from flask import Blueprint, Response

from app.web import access
from app.web.my import (
    alerts,
    data,
    flights,
    frame,
    inbox,
    keys,
    notifications,
    preferences,
    profile,
    sessions,
    sharing,
)
from app.web.my.apprise import register as register_apprise
from app.web.my.telegram import register as register_telegram
from app.web.my.webhook import register as register_webhook
from app.web.pages import errors
from app.web.problems import Problem


def blueprint() -> Blueprint:
    """Everything under /my; for a person who is signed in, about their own things."""
    made = Blueprint("my", __name__, url_prefix="/my")
    access.of_blueprint(made, access.PERSON)
    made.add_url_rule("", view_func=notifications.view, endpoint="notifications", methods=["GET"])
    made.add_url_rule("/preferences", view_func=preferences.view, endpoint="preferences", methods=["GET"])
    made.add_url_rule(
        "/preferences", view_func=preferences.save, endpoint="save_preferences", methods=["POST"]
    )
    made.add_url_rule("/profile", view_func=profile.view, endpoint="profile", methods=["GET"])
    made.add_url_rule("/profile", view_func=profile.save, endpoint="save_profile", methods=["POST"])
    made.add_url_rule(
        "/phone/remove", view_func=profile.remove_phone, endpoint="remove_phone", methods=["POST"]
    )
    alerts.register(made)
    data.register(made)
    flights.register(made)
    inbox.register(made)
    sharing.register(made)
    sessions.register(made)
    keys.register(made)
    register_telegram(made)
    register_webhook(made)
    register_apprise(made)
    errors.register(made)
    made.register_error_handler(Problem, frame.problem)

    @made.after_request
    def keep_nothing(answer: Response) -> Response:
        """Nothing keeps a copy, and no search engine lists it."""
        answer.headers["Cache-Control"] = "private, no-store"
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer

    return made
