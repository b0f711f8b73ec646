"""/openapi.json and /docs: the API described by the same models that read and write it. Works offline."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import orjson
from flask import Blueprint, Response, render_template, send_from_directory

from app.web import access, openapi

# Swagger UI sets styles from its script and holds its pictures in data: addresses.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)

blueprint = Blueprint(
    "documentation",
    __name__,
    static_folder="docs_static",
    static_url_path="/docs/static",
)
access.of_blueprint(blueprint, access.PUBLIC)


@blueprint.get("/openapi.json")
def specification() -> Response:
    """The API as an OpenAPI 3.1 document."""
    return Response(_document(), 200, {"Cache-Control": "no-cache"}, content_type="application/json")


@blueprint.get("/docs")
def page() -> Response:
    """The documentation page."""
    answer = Response(render_template("docs/index.html"))
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


@blueprint.get("/docs/swagger/<path:name>")
def swagger(name: str) -> Response:
    """Swagger UI's own files, out of the package that brings them.

    :raise 404: there is no such file.
    """
    return send_from_directory(_swagger_files(), name, max_age=86_400)


@cache
def _document() -> bytes:
    return orjson.dumps(openapi.specification(), option=orjson.OPT_INDENT_2)


@cache
def _swagger_files() -> Path:
    package = find_spec("flask_openapi3_swagger")
    assert package is not None, "flask-openapi3-swagger is among the requirements"
    assert package.origin is not None, "it is an ordinary package"
    return Path(package.origin).parent / "templates" / "swagger"
