"""What the fuzz sends: cases that schemathesis makes of the OpenAPI document, always the same ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import schemathesis
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from schemathesis.config import SchemathesisConfig
from schemathesis.openapi import from_dict
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.transport import SerializationContext

from app.web import openapi
from tests.api.conftest import DAY
from tests.fuzz import world

EXAMPLES = int(os.environ.get("GATECALL_FUZZ_EXAMPLES", "15"))
"""Random cases of one operation; more take longer."""

# Half of the random cases have these values where they fit.
_THERE = {
    "path.booking": [world.BOOKING, world.IMPORTED],
    "path.following": [world.FOLLOWING],
    "path.alert": [world.ALERT],
    "path.flight": [world.FLIGHT],
    "path.key": [world.KEY_ID],
    "path.notification": [world.NOTIFICATION],
    "path.event_id": [world.EVENT],
    "path.person": [world.PERSON],
    "query.person": [world.PERSON],
    "query.flight_number": ["UA1545"],
    "query.departure_date": [DAY],
    "query.q": ["Moscow", "EWR"],
    "header.If-Match": ["*"],
    "body.flight_number": ["UA1545", "UA407"],
    "body.departure_date": [DAY],
    "body.origin": ["EWR", "SFO"],
    "body.airport": ["EWR"],
    "body.phone": ["+15550104217"],
    "body.code": [world.CODE],
}

_CONFIG = {
    "seed": 1,
    "generation": {
        # Who asks is the test's matter.
        "with-security-parameters": False,
    },
    # All checks of schemathesis for single answers, but for two. There are no links, so no chains of requests.
    "checks": {
        # What fits the schema may still be wrong here: flights, places, zones and cursors are looked up, and unknown
        # parameters are refused.
        "positive_data_acceptance": {"enabled": False},
        # It knows no cookies with a token beside them; who may ask what is seen by `may` and tests/web/test_access.py.
        "ignored_auth": {"enabled": False},
        "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 409, 413, 415, 422, 428]},
        # 428 is the answer without If-Match, 404 without the thing.
        "missing_required_header": {"expected-statuses": [400, 401, 403, 404, 428]},
    },
    "dictionaries": {name: {"values": values} for name, values in _THERE.items()},
    "parameters": {name: {"dictionary": name, "probability": 0.5} for name in _THERE},
}

# Who may use operations with a security scheme. The program has all scopes, staff are signed in as persons.
_MAY = {
    "personSession": ("person", "staff"),
    "apiKey": ("program", "staff"),
    "staffKey": ("staff", "program"),
    "callbackKey": ("provider",),
}


@schemathesis.serializer("message/rfc822")
def _mail(_context: SerializationContext, value: Any) -> dict[str, Any]:
    return {"data": str(value).encode("utf-8", "replace")}


def document() -> dict[str, Any]:
    """The product's document, with what there is as examples of its parameters."""
    found = openapi.specification()
    for path, operations in found["paths"].items():
        for operation in operations.values():
            operation["parameters"] = [_with_example(one, path) for one in operation.get("parameters", ())]
    asked = found["components"]["schemas"]["NewPickup"]["properties"]["booking"]
    asked["examples"] = [world.BOOKING]
    return found


def _with_example(parameter: dict[str, Any], path: str) -> dict[str, Any]:
    values = _THERE.get(f"{parameter['in']}.{parameter['name']}")
    if parameter["in"] == "path" and path.startswith("/api/v1/bookings/"):
        values = [world.IMPORTED]  # what a person added is none of a program's
    return parameter if values is None else parameter | {"example": values[0]}


SCHEMA: BaseSchema = from_dict(document(), config=SchemathesisConfig.from_dict(_CONFIG))


def _nobody(_environ: Any, _start_response: Any) -> Any:
    raise AssertionError("each case is sent to the world's site")


SCHEMA.app = _nobody  # schemathesis takes WSGI for its own repeats of a case then, and no network
OPERATIONS = [
    f"{method.upper()} {path}" for path, found in SCHEMA.raw_schema["paths"].items() for method in found
]


def any_case(operation: str) -> SearchStrategy[schemathesis.Case]:
    """Cases that fit an operation's schema, and cases that do not."""
    found = _operation(operation)
    return st.one_of(
        [
            found.as_strategy(generation_mode=mode)
            for mode in SCHEMA.config.generation_for(operation=found).modes
        ]
    )


def edges(operation: str) -> Iterator[schemathesis.Case]:
    """Cases at every edge of an operation's schema, within and without. operation: like "GET /update"."""
    found = _operation(operation)
    generation = SCHEMA.config.generation_for(operation=found, phase="coverage")
    return SCHEMA.iter_coverage_cases(found, generation_modes=generation.modes, generation_config=generation)


def _operation(label: str) -> APIOperation:
    found = SCHEMA.find_operation_by_label(label)
    assert found is not None, label
    return found


def may(case: schemathesis.Case) -> tuple[str, ...]:
    """Who may ask this; all askers where anybody may. First whoever it is meant for."""
    schemes = [name for one in case.operation.definition.raw.get("security", ()) for name in one]
    if schemes:
        return _MAY[schemes[0]]
    others = ("stranger", "person", "program", "staff", "provider")
    return ("provider", *others) if case.path.startswith("/callbacks/") else others
