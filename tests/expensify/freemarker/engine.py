"""The real FreeMarker, as one process that answers JSON lines (see oracle/Oracle.java).

It needs `java` and FreeMarker's jar, which Debian's libfreemarker-java provides; FREEMARKER_JAR names another.
"""

import datetime as dt
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tests.waiting import PATIENCE

JAR = Path(os.environ.get("FREEMARKER_JAR", "/usr/share/java/freemarker.jar"))
SOURCE = Path(__file__).parent / "oracle" / "Oracle.java"


@dataclass(frozen=True)
class Answer:
    """The engine's result for a template: its output, or the position and message of its error."""

    output: str | None
    error: str = ""
    line: int = 0
    column: int = 0
    seconds: float = 0.0


def is_installed() -> bool:
    return shutil.which("java") is not None and JAR.exists()


class Engine:
    """One Java process. `render` waits for its answer."""

    def __init__(self, *, warm: bool = False) -> None:
        """With `warm` the machine takes the time to become fast; without, it starts in half the time."""
        effort = ["-XX:TieredStopAtLevel=4"] if warm else ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        self._process = subprocess.Popen(
            ["java", *effort, "-cp", str(JAR), str(SOURCE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def render(
        self,
        template: str,
        data: Mapping[str, object],
        *,
        missing: str = "empty",
        boolean: str = "empty",
        zone: str = "UTC",
        repeat: int = 1,
    ) -> Answer:
        request = {
            "template": template,
            "data": encoded(data),
            "missing": missing,
            "boolean": boolean,
            "zone": zone,
            "repeat": str(repeat),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Answer(
            answer.get("output"),
            answer.get("error", ""),
            answer.get("line", 0),
            answer.get("column", 0),
            answer.get("seconds", 0.0),
        )

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


def encoded(value: object) -> object:
    """A value of the data as the oracle reads it."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, Decimal):
        return {"d": str(value)}
    if isinstance(value, float):
        return {"f": repr(value)}
    if isinstance(value, dt.datetime):
        return {"datetime": str(round(value.timestamp() * 1000))}
    if isinstance(value, dt.date):
        return {"date": str(round(dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC).timestamp() * 1000))}
    if isinstance(value, Mapping):
        return {"m": [[key, encoded(item)] for key, item in value.items()]}
    assert isinstance(value, (list, tuple))
    return [encoded(item) for item in value]
