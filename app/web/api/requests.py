"""What is asked of the API, read strictly: bodies, parameters of the query, ids.

What is not expected is refused, each field by name. A value that goes into a query of MongoDB has been through a
model that says its type, so no object of operators ever gets there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import orjson
from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError

from app.web.problems import Fault, Problem

STRICT = ConfigDict(extra="forbid", strict=True)
"""Of every body that is read: no field but those named, no value of another type."""

_MEDIA_TYPES = ("application/json", "application/merge-patch+json")
_DEEPEST = 8
_LONGEST_ID = 200

Body = TypeVar("Body", bound=BaseModel)


def refused(faults: Iterable[Fault]) -> Problem:
    """400 that names every field at fault."""
    all_faults = list(faults)
    detail = "; ".join(f"{fault.field}: {fault.message}" for fault in all_faults)
    return Problem(400, "The request cannot be understood", detail, faults=all_faults)


def json_object() -> dict[str, Any]:
    """The body of the present request.

    Raises Problem: 415 when it is not sent as JSON, 400 when it is none, no object, nested too deep, or has a field
    that could be an operator or a path of MongoDB.
    """
    if request.mimetype not in _MEDIA_TYPES:
        raise Problem(
            415, "Unsupported Media Type", "Send JSON, with the header Content-Type: application/json."
        )
    try:
        sent = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise Problem(400, "The body is not JSON", f"The body is not JSON: {error}.") from error
    if not isinstance(sent, dict):
        raise Problem(400, "The body is not an object", 'Send a JSON object, like {"name": "value"}.')
    faults = list(_odd_fields(sent, "", 0))
    if faults:
        raise refused(faults)
    return sent


def body(model: type[Body]) -> Body:
    """The body of the present request as this model. Raises Problem 400 or 415."""
    return validated(model, json_object())


def validated(model: type[Body], sent: Mapping[str, Any]) -> Body:
    """An object as this model. Raises Problem 400 that names every field at fault."""
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise refused(_fault(one, model) for one in found) from error


def parameters(*known: str) -> dict[str, str]:
    """The query's parameters. Raises Problem 400 when one is unknown or given twice."""
    faults = []
    found = {}
    for name, values in request.args.lists():
        if name not in known:
            there = f"there are {', '.join(known)}" if known else "this address takes none"
            faults.append(Fault(name[:100], f"unknown parameter; {there}"))
        elif len(values) > 1:
            faults.append(Fault(name, "given twice"))
        else:
            found[name] = values[0]
    if faults:
        raise refused(faults)
    return found


def one_line(value: str) -> str:
    """A name that somebody wrote, with single blanks. Raises ValueError when nothing, or no line, is left."""
    name = " ".join(value.split())
    if not name or not name.isprintable():
        raise ValueError("write a name without control characters")
    return name


def is_id(text: str) -> bool:
    """Whether something may be called so at all."""
    return 0 < len(text) <= _LONGEST_ID and text.isprintable()


def not_found(what: str) -> Problem:
    """404 for what is not there, and for what is somebody else's: nobody learns which."""
    return Problem(404, "Not Found", f"There is no such {what} of yours.")


def _odd_fields(value: Any, path: str, depth: int) -> Iterable[Fault]:
    if depth > _DEEPEST:
        yield Fault(path or "body", "nested too deep")
    elif isinstance(value, dict):
        for name, inner in value.items():
            here = f"{path}.{name}"[-100:] if path else name[:100]
            if name.startswith("$") or "." in name or "\0" in name or not name:
                yield Fault(here, "a field's name is not empty, does not begin with $, and has no dot in it")
            else:
                yield from _odd_fields(inner, here, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _odd_fields(one, path, depth + 1)
    elif isinstance(value, str) and "\0" in value:
        yield Fault(path, "remove the character NUL")


_WORDS = {
    "missing": "it is required",
    "string_type": "write it as text",
    "int_type": "write a whole number",
    "bool_type": "write true or false",
    "dict_type": "write an object",
    "model_type": "write an object",
}


def _fault(error: Any, model: type[BaseModel]) -> Fault:
    name = ".".join(str(part) for part in error["loc"])[:100] or "body"
    if error["type"] == "extra_forbidden":
        there = [field.alias or key for key, field in model.model_fields.items()]
        known = f"; there are {', '.join(there)}" if len(error["loc"]) == 1 else ""
        return Fault(name, f"unknown field{known}")
    return Fault(name, _WORDS.get(error["type"], str(error["msg"]).removeprefix("Value error, ")))
