"""The choice of a language at the foot of every page: of the profile for who is signed in, else of this browser."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from werkzeug.exceptions import BadRequest, Conflict, Forbidden

from app.domain import speech
from app.store.users import ChangedMeanwhileError, Users
from app.web import access, choosing, csrf, person_cookie, speaking
from app.web.services import services
from app.web.sign_in.own_paths import is_own

_TRIES = 3


@access.signed
def choose() -> Response:
    """Keep the choice, and lead back to where it was made.

    A form that another site sends changes nothing: a person's has the token of their session. Who is nobody has no
    session, and gets no cookie but the one that they ask for; their browser says where the form stood.

    :raise 400: there is no such language. :raise 403: the form is not of this site.
    """
    language = request.form.get("language", "")
    if language not in speech.LANGUAGES:
        raise BadRequest(speech.say("There is no such language here."))
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden(speech.say("This form is of another site, and nothing was changed."))
    if csrf.is_possible(services().settings) and (session := person_cookie.present()) is not None:
        csrf.check()
        _keep(session.person, language)
    wanted = request.form.get("next", "")
    answer: Response = redirect(wanted if is_own(wanted) else url_for("pages.board"), 303)  # type: ignore[assignment]
    speaking.remember(answer, language)
    return answer


def _keep(person: str, language: str) -> None:
    users = Users(services().database)
    for _ in range(_TRIES):
        user = users.get(person)
        if user is None or user.get("language") == language:
            return
        try:
            users.set_fields(person, {"language": language}, choosing.version_of(user))
        except ChangedMeanwhileError:
            continue
        return
    raise Conflict(speech.say("Nothing was done: your profile was changed meanwhile. Choose once more."))
