"""The message in a topic: what goes in comes out; what is not a message is named."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bus import envelope
from app.domain import order
from app.domain.errors import BadEventError
from app.domain.events import ChangeEvent, Op, changed_fields

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
IMAGES = st.none() | st.dictionaries(st.text(min_size=1), VALUES, max_size=5)


def event(**more: Any) -> ChangeEvent:
    values: dict[str, Any] = {
        "id": "8263",
        "op": Op.UPDATE,
        "namespace": "gatecall.flights",
        "key": "f1",
        "document_key": "f1",
        "order": order.of_event(1, (5, 6), "8263"),
        "cluster_time": (5, 6),
        "wall_time": datetime(2026, 12, 1, 10, 0, 0, 5000, tzinfo=UTC),
        "before": {"gate": "A1"},
        "after": {"gate": "A2"},
        "changed": ("gate",),
    }
    return ChangeEvent(**(values | more))


@given(op=st.sampled_from(Op), key=st.text(), before=IMAGES, after=IMAGES)
def test_every_event_comes_back_as_it_was(op: Op, key: str, before: Any, after: Any) -> None:
    sent = event(op=op, key=key, before=before, after=after)
    assert envelope.decode(envelope.encode(sent)) == sent


def test_the_message_has_the_documented_fields() -> None:
    assert orjson.loads(envelope.encode(event())) == {
        "v": 1,
        "id": "8263",
        "op": "update",
        "ns": "gatecall.flights",
        "key": "f1",
        "doc": "f1",
        "order": "0001.0000000500000006.8263",
        "cluster_time": [5, 6],
        "wall_time": "2026-12-01T10:00:00.005000Z",
        "before": {"gate": "A1"},
        "after": {"gate": "A2"},
        "changed": ["gate"],
    }


def test_a_value_without_form_in_json_is_named() -> None:
    with pytest.raises(BadEventError) as bad:
        envelope.encode(event(after={"status": "x", "gate": "half \udc80 a character"}))
    assert (bad.value.reason, bad.value.field) == ("unencodable", "gate")


WRONG = [
    (None, "not_json", None),
    (b"", "not_json", None),
    (b"{", "not_json", None),
    (b"\xff", "not_json", None),
    (b"[]", "bad_envelope", None),
    (b"{}", "unknown_version", "v"),
    (b'{"v":2}', "unknown_version", "v"),
    ({"id": None}, "bad_envelope", "id"),
    ({"op": "upsert"}, "bad_envelope", "op"),
    ({"key": 5}, "bad_envelope", "key"),
    ({"order": "5"}, "bad_envelope", "order"),
    ({"order": "zzzz.0000000500000006.~"}, "bad_envelope", "order"),
    ({"cluster_time": [5]}, "bad_envelope", "cluster_time"),
    ({"wall_time": "yesterday"}, "bad_envelope", "wall_time"),
    ({"wall_time": "2026-12-01T10:00:00"}, "bad_envelope", "wall_time"),
    ({"before": []}, "bad_envelope", "before"),
    ({"after": "A2"}, "bad_envelope", "after"),
    ({"changed": "gate"}, "bad_envelope", "changed"),
]


@pytest.mark.parametrize(("message", "reason", "field"), WRONG)
def test_what_is_not_a_message_is_refused_with_its_reason(
    message: Any, reason: str, field: str | None
) -> None:
    if isinstance(message, dict):
        message = orjson.dumps(orjson.loads(envelope.encode(event())) | message)
    with pytest.raises(BadEventError) as bad:
        envelope.decode(message)
    assert (bad.value.reason, bad.value.field) == (reason, field)


def older_message(**more: Any) -> bytes:
    """A message as a program before the first one would have written it: other names, no `changed`."""
    body = orjson.loads(envelope.encode(event()))
    body["v"], body["collection"] = 0, body.pop("ns")
    del body["changed"]
    return orjson.dumps(body | more)


def decode_0(body: dict[str, Any]) -> ChangeEvent:
    changed = sorted(changed_fields(body["before"], body["after"]))
    return envelope.DECODERS[1](body | {"ns": body["collection"], "changed": changed})


def test_messages_of_every_version_with_a_decoder_are_read_side_by_side(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(envelope, "DECODERS", {**envelope.DECODERS, 0: decode_0})
    assert envelope.decode(older_message()) == event() == envelope.decode(envelope.encode(event()))
    assert orjson.loads(envelope.encode(event()))["v"] == envelope.VERSION == max(envelope.DECODERS)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (0, "version 0 is not read any more; this program reads 1"),
        (2, "version 2 was written by a newer Gatecall; this program reads 1: upgrade it"),
        ("1", "no version that this program could read ('1'); it reads 1"),
        (True, "no version that this program could read (True); it reads 1"),
        (None, "no version that this program could read (None); it reads 1"),
        ([], "no version that this program could read ([]); it reads 1"),
    ],
)
def test_an_unknown_version_is_refused_with_words_for_whoever_finds_the_dead_letter(
    version: Any, words: str
) -> None:
    body = orjson.loads(envelope.encode(event())) | {"v": version}
    with pytest.raises(BadEventError) as bad:
        envelope.decode(orjson.dumps(body))
    assert (bad.value.reason, bad.value.field, str(bad.value)) == ("unknown_version", "v", words)


def test_a_field_that_nobody_knows_is_no_reason_to_refuse() -> None:
    body = orjson.loads(envelope.encode(event())) | {"later": {"more": 1}}
    assert envelope.decode(orjson.dumps(body)) == event()
