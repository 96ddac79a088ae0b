"""Share a saved export with another team as a file, without the team's own data."""

import json
from typing import Any

from expensify.foreign_text import is_writable
from exports.columns.writing import recognise
from exports.models import ExportVersion
from exports.saved_exports.job import ExportSettings

KIND = "saved export of an Expensify portal"
LARGEST = 1_500_000  # bytes; a template has at most a million characters
# These stay with the team. Versions never hold credentials and passwords.
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
    """The uploaded file is not a shared export; the text is for people."""


def export_file(name: str, version: ExportVersion) -> dict[str, Any]:
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
    """Name, settings, columns (or None) and template from another team's file. Raises CannotImport.

    Checks only the types of the values: the form checks the rest, as for typed values.
    """
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise CannotImport("This is not a shared export: it is not a JSON file.") from None
    # A template must come as it was written, so nothing in it is replaced.
    if not is_writable(data):
        raise CannotImport(
            "This file is damaged: it holds characters that cannot be stored. Share the export again, and import that "
            "file. Nothing was imported."
        )
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise CannotImport("This is a JSON file, but not a shared export. Download one with “Share” on its page.")
    if data.get("format") != 1:
        raise CannotImport("This file was made by a newer portal than this one.")
    name, settings, template = data.get("name"), data.get("settings"), data.get("template")
    if not (isinstance(name, str) and isinstance(settings, dict) and isinstance(template, str)):
        raise CannotImport("This file is damaged: its name, settings or template are missing.")
    # Keep the columns only if they write exactly this template.
    columns = data.get("columns")
    return {
        "name": name[:100],
        "settings": _settings(settings),
        "columns": columns if columns is not None and recognise(template, columns) else None,
        "template": template,
    }


def _settings(stored: dict[str, Any]) -> dict[str, Any]:
    defaults = ExportSettings.from_json({}).as_json()
    settings = {name: value for name, value in stored.items() if name in defaults and name not in OWN}
    for name, value in settings.items():
        is_limit = name == "limit" and (value is None or type(value) is int)
        is_list = isinstance(value, list) and all(isinstance(word, str) for word in value)
        if not (is_limit or (is_list if isinstance(defaults[name], list) else type(value) is type(defaults[name]))):
            raise CannotImport(f"This file is damaged: its setting “{name}” is not what it should be.")
    return defaults | settings
