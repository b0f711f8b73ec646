"""The description of the API and the API agree."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from app.web import openapi, query
from app.web.publishing import NoticeBody
from tests.web.changes import FARE, NOTICE, UA1545, change
from tests.web.conftest import Site

SPEC = openapi.specification()
# Pages for people, and what serves the documentation itself.
NOT_API = re.compile(
    r"^/(docs|static|staff|why/|w/|board|f/|fares|health$|help|my|sign-|preferences|unsubscribe|calendar/|trip/"
    r"|pickup/|language$|$)"
)


def test_every_route_of_the_api_is_described_and_every_description_has_a_route(site: Site) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in site.app.url_map.iter_rules()
        for method in rule.methods or ()
        if method in {"GET", "POST", "PUT", "PATCH", "DELETE"} and not NOT_API.match(rule.rule)
    }
    # The layer before Flask answers these two.
    routes |= {("/update", "get"), ("/update/stream", "get")}
    described = {(path, method) for path, operations in SPEC["paths"].items() for method in operations}
    assert routes == described


def test_every_parameter_is_described() -> None:
    assert set(openapi.PARAMETERS) == set(query.READERS)
    limit = openapi.PARAMETERS["limit"][0]
    for edge in (limit["minimum"], limit["maximum"], limit["default"]):
        assert query.parse(f"limit={edge}").limit == edge
    assert query.parse("").limit == limit["default"]


def test_every_reference_leads_somewhere() -> None:
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(SPEC)))
    assert references
    for reference in references:
        assert reference.removeprefix("#/components/schemas/") in SPEC["components"]["schemas"], reference


def test_every_operation_has_a_name_of_its_own_and_a_summary() -> None:
    operations = [o for path in SPEC["paths"].values() for o in path.values()]
    assert len({o["operationId"] for o in operations}) == len(operations)
    assert all(o["summary"] and o["responses"] for o in operations)


def check(model: type[BaseModel], body: bytes) -> None:
    TypeAdapter(model).validate_json(body, strict=True)


def test_answers_are_as_described(site: Site) -> None:
    site.take(change(UA1545, UA1545 | {"gate": "C71"}), change(None, UA1545, key="k2"), change(UA1545, None))
    site.take(change(FARE, FARE | {"amount": 1}, key="f", collection="prices"), partition=1)
    site.take(change(FARE | {"amount": 1}, None, key="f", collection="prices"), partition=1)
    site.take(change(None, NOTICE, key="n", collection="notices"), partition=2)
    site.take(change(NOTICE, None, key="n", collection="notices"), partition=2)
    answer = site.client.get("/update")
    assert len(answer.json["updates"]) == 7
    check(openapi.Feed, answer.data)
    for path in ("/update?limit=0", "/update/x", "/update?cursor=x&type=y"):
        check(openapi.ProblemDocument, site.client.get(path).data)
    check(openapi.Liveness, site.client.get("/health/live").data)
    check(openapi.Readiness, site.client.get("/health/ready").data)


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/update", {}, "200"),
        ("/update?limit=0", {}, "400"),
        ("/update?cursor=" + "a" * 30_000, {}, "414"),
        ("/update", {"headers": {"If-None-Match": "*"}}, "304"),
        ("/update", {"method": "POST"}, "401"),
    ],
)
def test_statuses_and_media_types_are_described(
    site: Site, path: str, options: dict[str, Any], status: str
) -> None:
    answer = site.client.open(path, **options)
    assert str(answer.status_code) == status
    operation = SPEC["paths"]["/update"][options.get("method", "GET").lower()]
    described = operation["responses"][status]
    if "content" in described:
        assert answer.mimetype in described["content"]
    for header in described.get("headers", {}):
        assert header in answer.headers


def test_the_described_examples_are_accepted() -> None:
    properties = SPEC["components"]["schemas"]["Notice"]["properties"]
    NoticeBody.model_validate({name: field["examples"][0] for name, field in properties.items()})


def test_the_documentation_page_loads_nothing_from_elsewhere(site: Site) -> None:
    page = site.client.get("/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded
    for address in loaded:
        assert address.startswith("/"), address
        with site.client.get(address) as answer:
            assert answer.status_code == 200, address
    assert "<script>" not in page.text
    assert site.client.get("/docs/swagger/../plugins.py").status_code == 404
