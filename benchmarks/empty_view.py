"""An empty Flask view on the server the product uses: what the feed is measured against."""

from __future__ import annotations

import sys

from flask import Flask

from app import settings as settings_module
from app.web.server import serve
from app.web.updates_api import Wsgi


def build() -> Wsgi:
    """A Flask application with one view that answers nothing."""
    app = Flask(__name__)

    @app.get("/update")
    def empty() -> str:
        return ""

    return app.wsgi_app


if __name__ == "__main__":
    sys.exit(serve(settings_module.load(), build))
