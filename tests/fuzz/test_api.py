"""Every operation of the OpenAPI document, asked by everybody: no fault of ours, no answer that is not described."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from flask import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from structlog.testing import capture_logs

from app.web import access
from tests.fuzz.cases import EXAMPLES, OPERATIONS, any_case, edges, may
from tests.fuzz.world import World

# A test goes to the address at once, and the fuzz sends nothing: webhooks are off here. tests/api has them on.
REFUSED_HERE = frozenset({"PUT /api/v1/me/webhook"})
ANYBODY = ("stranger", "person", "program", "staff", "provider")


def at_edges(operation: str, world: World) -> tuple[set[int], dict[str, str]]:
    """The statuses of right answers to cases at the edges of an operation, and what is wrong with the others: each
    kind once, with its first case."""
    statuses: set[int] = set()
    faults: dict[str, str] = {}
    for case in edges(operation):
        try:
            statuses.add(world.answer(case, may(case)[0]))
        except FailureGroup as failures:
            for one in failures.exceptions:
                faults.setdefault(f"{type(one).__name__}: {one}", str(failures))
    return statuses, faults


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_edge_is_answered_as_described(operation: str, world: World) -> None:
    statuses, faults = at_edges(operation, world)
    assert not faults, "\n\n".join(faults.values())
    if operation not in REFUSED_HERE:
        assert any(status < 300 for status in statuses), "no case got beyond what refuses it"


# Not parametrized by schemathesis: with pytest 9.2 all its tests have one name, and pytest-xdist runs one of them.
@pytest.mark.parametrize("operation", OPERATIONS)
def test_whatever_is_sent_and_whoever_asks(operation: str, world: World) -> None:
    @settings(max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=any_case(operation), who=st.none() | st.sampled_from(ANYBODY))
    def ask(case: schemathesis.Case, who: str | None) -> None:
        allowed = may(case)
        status = world.answer(case, who or allowed[0])
        assert (who or allowed[0]) in allowed or 400 <= status < 500

    ask()


def number_for_name() -> Response:
    return Response('{"airports": [], "suggestions": [1]}', content_type="application/json")


def without_limits() -> Response:
    return Response('{"airports": [], "suggestions": []}', content_type="application/json")


def page() -> Response:
    return Response("<p>Moscow", content_type="text/html")


def teapot() -> Response:
    return Response(status=418)


def bug() -> Response:
    raise LookupError("Moscow")


@pytest.mark.parametrize(
    ("view", "fault"),
    [
        (number_for_name, "JsonSchemaError"),
        (page, "UndefinedContentType"),
        (teapot, "UndefinedStatusCode"),
        (bug, "ServerError"),
        (without_limits, "AcceptedNegativeData"),
    ],
)
def test_a_view_that_answers_wrongly_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, view: Callable[[], Any], fault: str
) -> None:
    monkeypatch.setitem(world.site.app.view_functions, "api.finding_places", access.public(view))
    with capture_logs():
        _, faults = at_edges("GET /api/v1/places", world)
    assert any(name.startswith(fault) for name in faults), faults
