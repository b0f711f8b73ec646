"""Pages for staff: `/staff`. Closed to everybody who is not signed in with a staff key.

A page is a view, a line in `blueprint` and, if it is to be found, a line in `NAV`.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from app.domain.speech import to_say
from app.web.pages import errors
from app.web.staff import dead_letters, notices, notifications, ops, session, why

NAV: tuple[tuple[str, str], ...] = (
    ("staff.dead_letters", to_say("Dead letters")),
    ("staff.notices", to_say("Notices")),
    ("staff.notifications", to_say("Notifications")),
    # Translators: the page that says why somebody was told, or was not.
    ("staff.why", to_say("Why")),
    ("staff.ops", to_say("Operations")),
)
"""Endpoint and name of each page in the bar; templates say the name."""


def blueprint() -> Blueprint:
    """All pages for staff."""
    staff = Blueprint("staff", __name__, url_prefix="/staff")
    session.guard(staff)
    staff.add_url_rule("/sign-in", view_func=session.sign_in, endpoint="sign_in", methods=["GET", "POST"])
    staff.add_url_rule("/sign-out", view_func=session.sign_out, endpoint="sign_out", methods=["POST"])
    staff.add_url_rule("/", view_func=home, endpoint="home", strict_slashes=False)
    staff.add_url_rule("/ops", view_func=ops.view, endpoint="ops")
    staff.add_url_rule("/dead-letters", view_func=dead_letters.view, endpoint="dead_letters")
    staff.add_url_rule("/dead-letters/one", view_func=dead_letters.detail, endpoint="dead_letter")
    staff.add_url_rule(
        "/dead-letters/act", view_func=dead_letters.act, endpoint="dead_letters_act", methods=["POST"]
    )
    staff.add_url_rule("/notices", view_func=notices.view, endpoint="notices")
    staff.add_url_rule("/notices", view_func=notices.send, endpoint="notices_send", methods=["POST"])
    staff.add_url_rule(
        "/notices/withdraw", view_func=notices.withdraw, endpoint="notices_withdraw", methods=["POST"]
    )
    staff.add_url_rule("/notifications", view_func=notifications.view, endpoint="notifications")
    staff.add_url_rule("/notifications/one", view_func=notifications.detail, endpoint="notification")
    staff.add_url_rule(
        "/notifications/again",
        view_func=notifications.send_again,
        endpoint="notification_again",
        methods=["POST"],
    )
    staff.add_url_rule("/why", view_func=why.page, endpoint="why")
    staff.context_processor(_for_templates)
    errors.register(staff)
    return staff


def home() -> str:
    """The first page: what there is."""
    return render_template("staff/home.html")


def _for_templates() -> dict[str, Any]:
    return {"staff_nav": NAV, "staff_id": session.staff_id()}
