"""The Flask application: feed, pages, API and health. It never imports watchers or consumers."""

from __future__ import annotations

from flask import Flask

from app.web import pages
from app.web.services import Services


def create_app(services: Services) -> Flask:
    """The application, with every blueprint. It opens nothing: clients come in `services`."""
    app = Flask(__name__)
    app.extensions["gatecall"] = services
    app.register_blueprint(pages.blueprint(services))
    return app
