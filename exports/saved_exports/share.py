"""A saved export as a file for another team: what it asks for, without anything that is the team's own."""

import json
from typing import Any

from exports.columns.writing import recognise
from exports.models import ExportVersion
from exports.saved_exports.job import ExportSettings

KIND = "saved export of an Expensify portal"
LARGEST = 1_500_000  # bytes; a template has at most a million characters
# Where from, for whom, to where: these stay with the team. Never kept in a version at all: credentials and passwords.
OWN = {
    "policy_ids",
    "report_ids",
    "employee_email",
    "email_recipients",
    "email_message",
    "sftp_host",
    "sftp_login",
    "sftp_port",
}


class CannotImport(Exception):
    """What was uploaded is no shared export; the text says so to people."""


def shared(name: str, version: ExportVersion) -> dict[str, Any]:
    """The file's content, as JSON."""
    settings = ExportSettings.from_json(version.settings).as_json()
    return {
        "kind": KIND,
        "format": 1,
        "name": name,
        "settings": {setting: value for setting, value in settings.items() if setting not in OWN},
        "columns": version.columns,
        "template": version.template,
    }


def read(content: bytes) -> dict[str, Any]:
    """What a file shared by another team says: name, settings, columns (or None) and template. Raises CannotRead.

    The values are of the right types, and no more is known of them: the form checks them like typed ones.
    """
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise CannotImport("This is not a shared export: it is not a JSON file.") from None
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise CannotImport(
            "This is a JSON file, but not a shared export. Download one with “Share” on its page."
        )
    if found.get("format") != 1:
        raise CannotImport("This file was made by a newer portal than this one.")
    name, settings, template = found.get("name"), found.get("settings"), found.get("template")
    if not (isinstance(name, str) and isinstance(settings, dict) and isinstance(template, str)):
        raise CannotImport("This file is damaged: its name, settings or template are missing.")
    # Columns count only while they write the template that comes with them.
    columns = found.get("columns")
    return {
        "name": name[:100],
        "settings": _settings(settings),
        "columns": columns if columns is not None and recognise(template, columns) else None,
        "template": template,
    }


def _settings(found: dict[str, Any]) -> dict[str, Any]:
    usual = ExportSettings.from_json({}).as_json()
    kept = {name: value for name, value in found.items() if name in usual and name not in OWN}
    for name, value in kept.items():
        whole = name == "limit" and (value is None or type(value) is int)
        words = isinstance(value, list) and all(isinstance(word, str) for word in value)
        if not (whole or (words if isinstance(usual[name], list) else type(value) is type(usual[name]))):
            raise CannotImport(f"This file is damaged: its setting “{name}” is not what it should be.")
    return usual | kept
