"""The message in a topic: a change event as JSON (docs/architecture.md has its fields).

Messages outlive programs: a topic holds what older programs wrote for as long as its retention. So every version
that may still lie in a topic has a decoder here, and `encode` writes the newest. A field that a decoder does not
know is no reason for a new version; a field that means something else, or is missing, is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from app.domain.errors import BadEventError
from app.domain.events import ChangeEvent, Op
from app.domain.order import Order

VERSION = 1
_OPTIONS = orjson.OPT_UTC_Z
_OPS = {op.value: op for op in Op}


def encode(event: ChangeEvent) -> bytes:
    """The event as a message. before and after hold JSON values only.

    Raises BadEventError("unencodable") when they do not; its field is the one at fault.
    """
    try:
        return orjson.dumps(
            {
                "v": VERSION,
                "id": event.id,
                "op": event.op,
                "ns": event.namespace,
                "key": event.key,
                "doc": event.document_key,
                "order": event.order,
                "cluster_time": event.cluster_time,
                "wall_time": event.wall_time,
                "before": event.before,
                "after": event.after,
                "changed": event.changed,
            },
            option=_OPTIONS,
        )
    except TypeError as error:  # orjson.JSONEncodeError is one
        field = _field_at_fault(event)
        raise BadEventError("unencodable", f"not valid as JSON: {error}", field=field) from error


def decode(message: bytes | None) -> ChangeEvent:
    """The event of a message.

    Raises BadEventError: "not_json", "unknown_version" (no decoder: made by a later Gatecall, or by one long gone),
    "bad_envelope" (a field is missing or of the wrong type; its name is the error's field).
    """
    if message is None:
        raise BadEventError("not_json", "the message is empty")
    try:
        body = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise BadEventError("not_json", f"the message is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadEventError("bad_envelope", "the message is JSON, but not an object")
    version = body.get("v")
    decoder = DECODERS.get(version) if type(version) is int else None
    if decoder is None:
        raise BadEventError("unknown_version", _unknown(version), field="v")
    return decoder(body)


def _decode_1(body: dict[str, Any]) -> ChangeEvent:
    return ChangeEvent(
        id=_text(body, "id"),
        op=_op(body),
        namespace=_text(body, "ns"),
        key=_text(body, "key"),
        document_key=_text(body, "doc"),
        order=_order(body),
        cluster_time=_cluster_time(body),
        wall_time=_moment(body, "wall_time"),
        before=_values(body, "before"),
        after=_values(body, "after"),
        changed=_names(body, "changed"),
    )


DECODERS: Mapping[int, Callable[[dict[str, Any]], ChangeEvent]] = {1: _decode_1}
"""By version. One is removed only when no topic can hold its messages any more (retention)."""


def _unknown(version: Any) -> str:
    known = ", ".join(map(str, sorted(DECODERS)))
    if type(version) is not int:
        return f"no version that this program could read ({version!r}); it reads {known}"
    if version > max(DECODERS):
        return f"version {version} was written by a newer Gatecall; this program reads {known}: upgrade it"
    return f"version {version} is not read any more; this program reads {known}"


def _bad(field: str, what: str) -> BadEventError:
    return BadEventError("bad_envelope", f"{field}: {what}", field=field)


def _text(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str):
        raise _bad(field, "a text is missing")
    return value


def _op(body: dict[str, Any]) -> Op:
    op = _OPS.get(_text(body, "op"))
    if op is None:
        raise _bad("op", f"{body['op']!r} is none of {', '.join(_OPS)}")
    return op


def _order(body: dict[str, Any]) -> Order:
    parts = _text(body, "order").split(".", 2)
    try:
        if len(parts) != 3 or (len(parts[0]), len(parts[1])) != (4, 16):
            raise ValueError
        int(parts[0], 16), int(parts[1], 16)
    except ValueError:
        raise _bad("order", "not an order") from None
    return Order(body["order"])


def _cluster_time(body: dict[str, Any]) -> tuple[int, int]:
    match body.get("cluster_time"):
        case [int(seconds), int(increment)]:
            return (seconds, increment)
    raise _bad("cluster_time", "two numbers are missing")


def _moment(body: dict[str, Any], field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(body, field))
    except ValueError:
        raise _bad(field, "not a time as in RFC 3339") from None
    if moment.tzinfo is None:
        raise _bad(field, "a time without a zone")
    return moment.astimezone(UTC)


def _values(body: dict[str, Any], field: str) -> dict[str, Any] | None:
    value = body.get(field)
    if value is not None and not isinstance(value, dict):
        raise _bad(field, "neither an object nor null")
    return value


def _names(body: dict[str, Any], field: str) -> tuple[str, ...]:
    value = body.get(field)
    if not isinstance(value, list) or not all(isinstance(n, str) for n in value):
        raise _bad(field, "a list of names is missing")
    return tuple(value)


def _field_at_fault(event: ChangeEvent) -> str | None:
    for values in (event.after, event.before):
        for field, value in (values or {}).items():
            try:
                orjson.dumps({field: value})
            except TypeError:
                return field
    return None
