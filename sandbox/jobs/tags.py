"""Read tag levels, inline or from a table."""

import csv
import io
from typing import Any

from sandbox.answers import Refused
from sandbox.company.model import TagLevel

MALFORMED = "'tags' object malformed"


def inline_levels(described: dict[str, Any]) -> list[TagLevel]:
    """Read independent levels, each with its tags; with several levels every tag is enabled [M]."""
    data = described.get("data")
    if not isinstance(data, list) or not data:
        raise Refused(410, MALFORMED)
    return [_read_level(entry, alone=len(data) == 1) for entry in data]


def table_levels(config: dict[str, Any], table: str) -> list[TagLevel]:
    """Read one level per column, or per two columns with GL codes; dependent levels lose their dependencies."""
    delimiters = {"csv": ",", "tsv": "\t"}
    if config.get("fileType") not in delimiters or not table.strip():
        raise Refused(410, MALFORMED)
    reader = csv.reader(io.StringIO(table, newline=""), delimiter=delimiters[config["fileType"]])
    rows = [row for row in reader if row]
    step = 2 if config.get("glCodes") is True else 1
    titles = rows.pop(0) if config.get("header") is True else []
    width = max((len(row) for row in rows), default=0)
    levels = []
    for number, column in enumerate(range(0, width, step)):
        name = titles[column] if column < len(titles) else f"Tag {number + 1}"
        codes: dict[str, str] = {}
        for row in rows:
            if len(row) > column and row[column]:
                codes.setdefault(row[column], row[column + 1] if step == 2 and len(row) > column + 1 else "")
        tags = [{"name": tag, "glCode": code, "enabled": True} for tag, code in codes.items()]
        levels.append(TagLevel(name, tags, _is_required(config.get("setRequired"), number)))
    return levels


def _read_level(entry: Any, *, alone: bool) -> TagLevel:
    described = entry.get("tags") if isinstance(entry, dict) else None
    if not isinstance(described, list):
        raise Refused(410, MALFORMED)
    tags = []
    for tag in described:
        if not isinstance(tag, dict) or not isinstance(tag.get("name"), str):
            raise Refused(410, MALFORMED)
        enabled = tag.get("enabled", True) is not False or not alone
        tags.append({"name": tag["name"], "glCode": str(tag.get("glCode", "")), "enabled": enabled})
    return TagLevel(str(entry.get("name", "")), tags, entry.get("setRequired") is True)


def _is_required(setting: object, number: int) -> bool:
    """The setting is a boolean for dependent levels, a list of booleans for independent levels [M*]."""
    if isinstance(setting, list):
        return number < len(setting) and setting[number] is True
    return setting is True
