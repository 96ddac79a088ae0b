"""Templates and sample data in files, for the commands that check and preview them."""

import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

MOST_BYTES = 20 * 1024**2


class CannotRead(Exception):
    """The file cannot be used; the message says why, and what to do."""


def read_text(name: str) -> str:
    """The text in a file, or on standard input for `-`. Raises CannotRead."""
    try:
        content = sys.stdin.buffer.read(MOST_BYTES + 1) if name == "-" else _beginning(name)
    except OSError as error:
        raise CannotRead(f"{name} cannot be read: {error.strerror or error}.") from error
    if len(content) > MOST_BYTES:
        raise CannotRead(f"{name} is larger than {MOST_BYTES // 1024**2} MB. Choose a smaller file.")
    try:
        # As the form does: line breaks are LF.
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CannotRead(f"{name} is not UTF-8 text (line {line}). Save it as UTF-8.") from error


def _beginning(name: str) -> bytes:
    with Path(name).open("rb") as file:
        return file.read(MOST_BYTES + 1)


def read_data(name: str) -> Mapping[str, Any]:
    """The data for a template in a JSON file: `{"reports": […]}`, or a list of reports alone. Raises CannotRead."""
    try:
        data = json.loads(read_text(name), parse_float=Decimal)
    except RecursionError as error:
        raise CannotRead(f"{name} is nested too deeply.") from error
    except json.JSONDecodeError as error:
        raise CannotRead(f"{name} is not JSON (line {error.lineno}, column {error.colno}).") from error
    except ValueError as error:
        raise CannotRead(f"{name} has a number that is too long.") from error
    reports = data if isinstance(data, list) else data.get("reports") if isinstance(data, dict) else None
    if not (isinstance(reports, list) and all(isinstance(report, dict) for report in reports)):
        raise CannotRead(f'{name} has no reports. Write them as {{"reports": [{{"reportName": "Trip", …}}, …]}}.')
    return {"addHeader": True, **(data if isinstance(data, dict) else {}), "reports": reports}
