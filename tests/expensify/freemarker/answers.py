"""FreeMarker's output for a case: from the real engine where it is installed, else from the recording.

outputs.json holds the recorded answers; `python -m tests.expensify.freemarker.record` records them again.
"""

import hashlib
import json
from pathlib import Path
from typing import Protocol

from tests.expensify.freemarker.corpus import CORPUS, Case
from tests.expensify.freemarker.engine import Engine, encoded

STORE = Path(__file__).parent / "outputs.json"


class Answers(Protocol):
    """Something that knows what FreeMarker prints; None where it refuses."""

    def output(self, name: str) -> str | None: ...


class FromEngine:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def output(self, name: str) -> str | None:
        case = CORPUS[name]
        return self._engine.render(case.template, case.data).output


class FromStore:
    """The recorded answers. One for a template or data that have changed since is no answer."""

    def __init__(self) -> None:
        self._recorded = json.loads(STORE.read_text(encoding="utf-8"))["corpus"]

    def output(self, name: str) -> str | None:
        recorded = self._recorded[name]
        assert recorded["case"] == digest(CORPUS[name]), "this case has changed since it was recorded; record again"
        output: str | None = recorded["output"]
        return output


def digest(case: Case) -> str:
    """Changes when a case's template or data do."""
    text = case.template + json.dumps(encoded(case.data), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
