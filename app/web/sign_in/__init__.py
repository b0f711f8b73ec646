"""Signing in without a password, signing out, and adding a phone: a link by mail, a code by SMS."""

from __future__ import annotations

from flask import Blueprint

from app.web import access, reader
from app.web.pages import errors
from app.web.sign_in import asking, confirming, leaving, phone_pages


def blueprint() -> Blueprint:
    """All pages of the sign-in. They are kept nowhere and found by no search engine; what is in an address is told to
    nobody (Referrer-Policy)."""
    made = Blueprint("sign_in", __name__)
    access.of_blueprint(made, access.PERSON)
    made.add_url_rule("/sign-in", view_func=asking.start, endpoint="start", methods=["GET", "POST"])
    made.add_url_rule("/sign-in/sent", view_func=asking.sent, endpoint="sent")
    made.add_url_rule("/sign-in/<token>", view_func=confirming.link, endpoint="link", methods=["GET", "POST"])
    made.add_url_rule("/sign-out", view_func=leaving.sign_out, endpoint="sign_out", methods=["POST"])
    made.add_url_rule(
        "/sign-out/everywhere", view_func=leaving.everywhere, endpoint="sign_out_everywhere", methods=["POST"]
    )
    made.add_url_rule("/my/phone", view_func=phone_pages.number, endpoint="phone", methods=["GET", "POST"])
    made.add_url_rule(
        "/my/phone/code", view_func=phone_pages.code, endpoint="phone_code", methods=["GET", "POST"]
    )
    errors.register(made)
    made.after_request(reader.keep_nothing)
    return made
