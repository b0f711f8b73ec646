"""The Flask application: feed, pages, API and health. It never imports watchers or consumers."""

from __future__ import annotations

from flask import Flask, Request
from flask_cors import CORS
from werkzeug.middleware.proxy_fix import ProxyFix

from app.web import (
    access,
    api,
    csrf,
    documentation,
    headers,
    inbox,
    my,
    pages,
    problems,
    reader,
    sign_in,
    speaking,
    staff,
)
from app.web.callbacks import callbacks
from app.web.health import probes
from app.web.pages.errors import not_found
from app.web.publishing import publishing
from app.web.services import Services
from app.web.stopping.routes import blueprint as stopping_blueprint
from app.web.trial_message import blueprint as trial_message
from app.web.updates_api import UpdatesApi

# A notice has at most a few hundred characters; nothing else is sent here.
_MAX_BODY_BYTES = 64 * 1024
_ALLOWED_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID")


def create_app(services: Services) -> Flask:
    """The application, with every blueprint. It opens nothing: clients come in `services`."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY_BYTES
    app.extensions["gatecall"] = services
    csrf.configure(app, services.settings)
    speaking.register(app)  # before all others, whose refusals are pages, too
    access.register(app, _is_page)
    reader.register(app)
    inbox.register(app)
    app.register_blueprint(probes)
    app.register_blueprint(publishing)
    app.register_blueprint(callbacks)
    app.register_blueprint(documentation.blueprint)
    api.register(app, services)
    app.register_blueprint(pages.blueprint(services))
    app.register_blueprint(my.blueprint())
    app.register_blueprint(stopping_blueprint())
    app.register_blueprint(trial_message())
    app.register_blueprint(sign_in.blueprint())
    app.register_blueprint(staff.blueprint())
    problems.register(app, _is_page, not_found)
    headers.register(app, services.settings)
    if services.settings.cors_origins:
        CORS(
            app,
            resources={"/update": {}, "/openapi.json": {}},
            origins=list(services.settings.cors_origins),
            methods=["GET", "HEAD", "POST"],
            allow_headers=list(_ALLOWED_HEADERS),
            expose_headers=headers.EXPOSED.split(", "),
            max_age=86_400,
        )
    if proxies := services.settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    app.wsgi_app = UpdatesApi(services.settings, services.feed, app.wsgi_app)  # type: ignore[method-assign]
    return app


def _is_page(request: Request) -> bool:
    """Whether a person's browser asks for an address that is not the API's."""
    api = request.path.startswith(
        ("/api/", "/update", "/health/", "/metrics", "/openapi.json", "/callbacks/")
    )
    return not api and request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html"
