"""The control endpoint for other processes: script faults, read the log, reset, all as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any, Protocol

from sandbox.answers import JSON, Answer
from sandbox.faults import Fault
from sandbox.state import State


class Controlled(Protocol):
    """The part of the sandbox that other processes control."""

    state: State

    def script(
        self, fault: Fault, *, on: str = "any", times: int = 1, pair: str | None = None, after: int = 0
    ) -> None: ...
    def reset(self) -> None: ...


def answer(sandbox: Controlled, method: str, path: str, body: bytes) -> Answer:
    """`POST script` (a fault's fields, with on, times, pair, after), `GET log`, `POST reset`."""
    try:
        match method, path.removeprefix("/_sandbox/"):
            case "POST", "script":
                _script(sandbox, json.loads(body))
                return _json({"scripted": True})
            case "GET", "log":
                return _json(_log(sandbox))
            case "POST", "reset":
                sandbox.reset()
                return _json({"reset": True})
    except (ValueError, TypeError) as error:
        return _json({"error": str(error)}, http_status=400)
    return _json({"error": f"No {method} {path}"}, http_status=404)


def _script(sandbox: Controlled, values: Any) -> None:
    if not isinstance(values, dict):
        raise ValueError("A fault is a JSON object")
    options = {key: values.pop(key) for key in ("on", "times", "pair", "after") if key in values}
    sandbox.script(Fault.from_json(values), **options)


def _log(sandbox: Controlled) -> dict[str, Any]:
    state = sandbox.state
    with state.lock:
        return {
            "arrivals": [asdict(replace(arrival, fault=None)) for arrival in state.log],
            "generated": [asdict(generation) for generation in state.generated],
            "marks": {report: sorted(labels) for report, labels in state.marks.items() if labels},
            "mails": state.mails,
            "uploads": state.uploads,
            "refused": state.refused,
        }


def _json(values: Any, *, http_status: int = 200) -> Answer:
    return Answer(json.dumps(values).encode(), http_status=http_status, content_type=JSON)
