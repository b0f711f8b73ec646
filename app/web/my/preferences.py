"""What I hear: the form of choices, kept all of it or, with anything wrong, nothing."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from app.domain.preferences import PreferencesError
from app.store.users import ChangedMeanwhileError
from app.web import choosing, preferences_form
from app.web.my import frame
from app.web.my.frame import Answer, Document
from app.web.preferences_form import Form
from app.web.services import services


def view() -> Answer:
    """The form with what stands."""
    return _page(_standing(frame.own()))


def save() -> Answer | Response:
    """Keep what the form says; what waits for the person is looked at again at once."""
    parts, user = services(), frame.own()
    before, sent = choosing.chosen(user), request.form.to_dict()
    try:
        wanted = preferences_form.read(sent, before, preferences_form.zone_of(user))
    except PreferencesError as error:
        return _page(preferences_form.typed(before, sent, error, user, parts.settings.rules), 422)
    try:
        choosing.save(parts, user, wanted, preferences_form.version_in(sent), way="page")
    except ChangedMeanwhileError:
        return _page(_standing(frame.own()), 409)
    return frame.back("my.preferences", "preferences")


def _standing(user: Document) -> Form:
    rules = services().settings.rules
    return preferences_form.shown(choosing.chosen(user), user, choosing.version_of(user), rules)


def _page(form: Form, status: int = 200) -> Answer:
    return frame.draw("preferences.html", status, f=form, is_stale=status == 409)
