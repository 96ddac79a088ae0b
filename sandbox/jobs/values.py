"""Read and check single values; error messages have the manual's wording for their kind."""

from collections.abc import Mapping
from typing import Any

from sandbox.answers import Refused


def required_text(values: Mapping[str, Any], key: str) -> str:
    """Return a non-blank string; Refused 410 `Required parameter '…' is missing` otherwise [M for policyIDList]."""
    value = values.get(key)
    if not isinstance(value, str) or not value.strip():
        raise Refused(410, f"Required parameter '{key}' is missing")
    return value


def required_cents(values: Mapping[str, Any], key: str) -> int:
    value = values.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused(410, f"'{key}' parameter is missing or malformed")
    return value


def required_email(values: Mapping[str, Any]) -> str:
    """Return `employeeEmail`; Refused 410 otherwise, with the message observed live [O]."""
    value = values.get("employeeEmail")
    if not isinstance(value, str) or "@" not in value:
        raise Refused(410, "'employeeEmail' parameter is missing or malformed")
    return value


def listed(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated string; Refused 410 when it is not a string."""
    return tuple(part.strip() for part in optional_text(values, key).split(",") if part.strip())


def optional_text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key, "")
    if not isinstance(value, str):
        raise Refused(410, f"'{key}' parameter is missing or malformed")
    return value
