"""The language of every page: what the signed-in person chose, else what this browser's cookie says, else what the
browser asks for, else English. Programs (the feed, the API, probes) are spoken to in English.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import Any, Final

from flask import Flask, Request, Response, current_app, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.domain import speech, speech_templates
from app.web import csrf, reader, script_words
from app.web.services import services
from app.web.sign_in.own_paths import is_own

COOKIE: Final = "language"
"""Holds a tag of `speech.LANGUAGES`; nothing about a person."""

_KEPT = timedelta(days=365)
_OF_PROGRAMS = (
    "/api/", "/update", "/health/", "/metrics", "/openapi.json", "/callbacks/", "/docs", "/static/"
)  # fmt: skip


def register(app: Flask) -> None:
    """Speak in every request, from before its first check until it is torn down. To be called before whatever else
    looks at requests."""
    app.jinja_env.globals.update(speech_templates.FUNCTIONS, script_words=script_words.as_json)

    @app.before_request
    def begin() -> None:
        if is_spoken(request):
            stack = g.speech = ExitStack()
            stack.enter_context(speech.speaking(*_chosen()))

    @app.after_request
    def say_which(answer: Response) -> Response:
        if "speech" in g:
            answer.vary.update(("Accept-Language", "Cookie"))
            if answer.mimetype == "text/html":
                answer.headers.setdefault("Content-Language", speech.current().language)
        return answer

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        stack: ExitStack | None = g.pop("speech", None)
        if stack is not None:
            stack.close()

    @app.context_processor
    def names() -> dict[str, Any]:
        return {"languages_offered": offered, "this_page": this_page}


def is_spoken(of: Request) -> bool:
    """Whether people read the answer; what programs read is English."""
    return not of.path.startswith(_OF_PROGRAMS)


def offered() -> tuple[speech.Language, ...]:
    """The languages that the present page may be had in; none where it is English for everybody."""
    return tuple(speech.LANGUAGES.values()) if "speech" in g else ()


def this_page() -> str:
    """The address to come back to: of the present page, without an address of elsewhere that it was given to go on to;
    where it answers a form and cannot be asked for, ""."""
    goes_on = request.args.get("next", "")
    wanted = request.full_path.rstrip("?") if not goes_on or is_own(goes_on) else request.path
    if request.method in ("GET", "HEAD"):
        return wanted
    try:
        adapter = current_app.create_url_adapter(request)
        assert adapter is not None, "there is one while a request is answered"
        adapter.match(method="GET")
    except (HTTPException, RequestRedirect):
        return ""
    return wanted


def of_browser(asked: Request) -> str | None:
    """The language that was chosen in this browser; None when none was."""
    kept = asked.cookies.get(COOKIE)
    return kept if kept in speech.LANGUAGES else None


def remember(answer: Response, language: str) -> None:
    """Keep a choice in the browser, for whoever reads there without being signed in."""
    answer.set_cookie(
        COOKIE,
        language,
        max_age=_KEPT,
        secure=csrf.is_secure(services().settings),
        httponly=True,
        samesite="Lax",
        path="/",
    )


def _chosen() -> tuple[str, int | None]:
    """The language and the clock of this request. What a person chose that nobody speaks here chooses nothing."""
    person = reader.present()
    clock = person.clock if person is not None else None
    if person is not None and person.language is not None:
        return person.language, clock
    return of_browser(request) or best_tag(request) or speech.ENGLISH, clock


def best_tag(asked: Request) -> str | None:
    """What the browser likes best of what is spoken here, as it writes it ("de-CH"; "*" takes anything); None where it
    asks for nothing of it."""
    # Not best_match: it prefers a tag that is ours letter by letter to one that is liked better.
    for tag, quality in sorted(asked.accept_languages, key=lambda one: -one[1]):
        if quality > 0 and (tag == "*" or tag.partition("-")[0].lower() in speech.LANGUAGES):
            return tag
    return None
