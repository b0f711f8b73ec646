"""Requests to the demo's own processes, on 127.0.0.1."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any


def request(
    port: int,
    path: str,
    *,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 10,
) -> tuple[int, bytes]:
    """GET, or POST a JSON body; returns the status and the body. Raises OSError when there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        if body is None:
            connection.request("GET", path, headers=dict(headers or {}))
        else:
            kind = {"Content-Type": "application/json", **(headers or {})}
            connection.request("POST", path, json.dumps(body).encode(), kind)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except http.client.HTTPException as error:  # the server ended in the middle of an answer
        raise ConnectionError(f"no whole answer from port {port}: {type(error).__name__}") from error
    finally:
        connection.close()


def get_json(port: int, path: str, *, timeout_s: float = 10) -> Any:
    """The JSON of a 200 answer. Raises OSError for any other answer and for none."""
    status, body = request(port, path, timeout_s=timeout_s)
    if status != 200:
        raise ConnectionError(f"port {port} answered {path.partition('?')[0]} with {status}")
    return json.loads(body)
