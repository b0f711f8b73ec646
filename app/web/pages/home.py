"""The front door, and the page that explains the others."""

from __future__ import annotations

from datetime import time

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.domain import speech


def view() -> Response:
    """The front door is the board."""
    return redirect(url_for("pages.board"), 302)


def help_view() -> str:
    """How to read a board, and what was done so that everyone can."""
    before, after = time(14, 45), time(15, 13)
    return render_template("help.html", before=before, after=after, twelve_hours=speech.current().clock == 12)
