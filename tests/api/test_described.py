"""The API does what its description says: statuses, media types, headers and bodies."""

from __future__ import annotations

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.web import api, openapi
from app.web.problems import MEDIA_TYPE
from tests.api.conftest import DAY, Asking, Site
from tests.api.test_alerts import BELOW

SPEC = openapi.specification()
MODELS = {model.__name__: model for model, _ in api.models()}
CHANGES = ("post", "put", "patch", "delete")


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, found in api.paths().items() for method, one in found.items()]


def agrees(path: str, method: str, answer: TestResponse) -> None:
    """Whether an answer is one of those that are described."""
    described = SPEC["paths"][path][method]["responses"].get(str(answer.status_code))
    assert described is not None, f"{method} {path} answers {answer.status_code}: {answer.text}"
    for header in described.get("headers", {}):
        assert header in answer.headers, (path, method, header)
    content = described.get("content", {})
    if not content:
        assert not answer.data
        return
    assert answer.mimetype in content
    schema = content[answer.mimetype]["schema"]["$ref"].rpartition("/")[2]
    model = openapi.ProblemDocument if answer.mimetype == MEDIA_TYPE else MODELS[schema]
    model.model_validate_json(answer.data)


def test_every_operation_has_its_answers() -> None:
    for path, method, one in operations():
        answers = set(one["responses"])
        assert {"429", "503"} <= answers, path
        assert any(status.startswith("2") for status in answers)
        if one.get("security"):
            assert {"401", "403"} <= answers, (path, method)
        if method == "post":
            assert {"409", "422"} <= answers, (path, method)
            assert any(p["name"] == "Idempotency-Key" for p in one["parameters"])
        if any(p["name"] == "If-Match" for p in one.get("parameters", ())):
            assert {"412", "428"} <= answers, (path, method)
        in_path = {p["name"] for p in one.get("parameters", ()) if p["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))


def test_answers_are_as_described(site: Site, ada: Asking) -> None:
    flight = site.flight()
    site.program("bookings:write").post(
        "/bookings",
        {
            "id": "bk-1",
            "passenger": {"id": "p", "name": "A"},
            "flight_number": "UA1545",
            "departure_date": DAY,
        },
    )
    choice = {"flight_number": "UA1545", "departure_date": DAY}
    for path, sent in (
        ("/me/bookings", choice), ("/me/followings", choice), ("/me/api-keys", {"name": "k", "scopes": ["feed:read"]}),
        ("/me/alerts", BELOW),
    ):  # fmt: skip
        agrees(f"/api/v1{path}", "post", ada.post(path, sent))
        agrees(f"/api/v1{path}", "post", ada.post(path, {"$ne": 1}))
        agrees(f"/api/v1{path}", "post", site.stranger().post(path, sent))
    for path in ("/me", "/me/preferences", "/me/bookings", "/me/followings", "/me/pickups", "/me/alerts",
                 "/me/notifications", "/me/sessions", "/me/api-keys"):  # fmt: skip
        agrees(f"/api/v1{path}", "get", ada.get(path))
        agrees(f"/api/v1{path}", "get", ada.get(f"{path}?no=1"))
        agrees(f"/api/v1{path}", "get", site.stranger().get(path))
        agrees(f"/api/v1{path}", "get", site.program("staff").get(path))
    agrees("/api/v1/flights/{flight}", "get", site.stranger().get(f"/flights/{flight['_id']}"))
    agrees(
        "/api/v1/flights", "get", site.stranger().get(f"/flights?flight_number=UA1545&departure_date={DAY}")
    )
    agrees("/api/v1/flights", "get", site.stranger().get("/flights"))
    agrees("/api/v1/places", "get", site.stranger().get("/places?q=Moscow"))
    agrees("/api/v1/places", "get", site.stranger().get("/places"))
    agrees("/api/v1/me/export", "post", ada.post("/me/export"))
    agrees("/api/v1/me", "delete", ada.ask("DELETE", "/me", {"confirm": "erase"}))


@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path, method, _ in operations() if method in CHANGES]
)
def test_odd_requests_get_described_answers(site: Site, ada: Asking, path: str, method: str) -> None:
    address = re.sub(r"{\w+}", "nothing", path.removeprefix("/api/v1"))
    staff = site.person(name="Root", roles=["admin"])
    bodies: list[Any] = [{}, {"$where": "1"}, {"a.b": 1}, {"x": [[{"$ne": None}]]}]
    before = site.database.users.count_documents({})
    for asker in (ada, staff, site.program("bookings:write", "flights:write"), site.stranger()):
        for sent in bodies:
            if method == "delete" and path.endswith("/me/sessions"):
                continue  # it needs nothing, and does what it says
            agrees(path, method, asker.ask(method.upper(), address, sent))
    assert site.database.users.count_documents({}) == before
