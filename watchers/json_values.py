"""BSON values as JSON values. An admin can store anything; what has no form in JSON is named, not guessed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from types import NoneType
from typing import Any

from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.objectid import ObjectId

from app.domain.errors import BadEventError

_SAME_IN_JSON = frozenset({str, int, bool, NoneType})


def json_values(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A document's fields as JSON values.

    ObjectId and Decimal128 become text, datetime RFC 3339 in UTC, Int64 a number; null and nested stay.
    Raises BadEventError("unencodable") with the top field at fault for all else: NaN, Infinity, binary,
    regular expression, code, timestamp, a date beyond the year 9999.
    """
    if _SAME_IN_JSON.issuperset(map(type, document.values())):
        return document
    return {field: _json(value, field) for field, value in document.items()}


def _json(value: Any, field: str) -> Any:
    kind = type(value)
    if kind in _SAME_IN_JSON:
        return value
    if kind is float and math.isfinite(value):
        return value
    if kind is Int64:
        return int(value)
    if kind is ObjectId:
        return str(value)
    if kind is datetime:
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if kind is Decimal128 and value.to_decimal().is_finite():
        return str(value)
    if kind is dict:
        return {name: _json(inner, field) for name, inner in value.items()}
    if kind is list:
        return [_json(inner, field) for inner in value]
    what = f"the number {value}" if kind in {float, Decimal128} else f"a value of type {kind.__name__}"
    raise BadEventError("unencodable", f"{field}: {what} has no form in JSON", field=field)
