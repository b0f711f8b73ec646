"""What a person hears, looked at and changed by the signed link in their mails, without signing in."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.domain.people import masked_email
from app.domain.preferences import PreferencesError
from app.store.users import ChangedMeanwhileError
from app.web import choosing, preferences_form
from app.web.preferences_form import Form
from app.web.services import services
from app.web.stopping.link import DeadLinkError, Holder, dead, holder_of_preferences

Answer = tuple[str, int]


def show(token: str) -> Answer:
    """The form with what stands. Changes nothing."""
    parts = services()
    try:
        holder = holder_of_preferences(parts, token)
    except DeadLinkError as error:
        return dead(error)
    return _page(token, holder, _standing(holder), is_saved="saved" in request.args)


def save(token: str) -> Answer | Response:
    """Keep what the form says, all of it or, with anything wrong, nothing."""
    parts = services()
    try:
        holder = holder_of_preferences(parts, token)
    except DeadLinkError as error:
        return dead(error)
    before = choosing.chosen(holder.user)
    sent = request.form.to_dict()
    try:
        wanted = preferences_form.read(sent, before, preferences_form.zone_of(holder.user))
    except PreferencesError as error:
        shown = preferences_form.typed(before, sent, error, holder.user, parts.settings.rules)
        return _page(token, holder, shown, status=422)
    try:
        choosing.save(parts, holder.user, wanted, preferences_form.version_in(sent), way="page")
    except ChangedMeanwhileError:
        holder = holder_of_preferences(parts, token)
        return _page(token, holder, _standing(holder), status=409)
    return redirect(url_for("stopping.choices", token=token, saved=""), 303)


def _standing(holder: Holder) -> Form:
    user = holder.user
    rules = services().settings.rules
    return preferences_form.shown(choosing.chosen(user), user, choosing.version_of(user), rules)


def _page(token: str, holder: Holder, form: Form, *, is_saved: bool = False, status: int = 200) -> Answer:
    shown = render_template(
        "stopping/choices.html",
        f=form,
        token=token,
        mailbox=masked_email(holder.email),
        is_saved=is_saved,
        is_stale=status == 409,
    )
    return shown, status
