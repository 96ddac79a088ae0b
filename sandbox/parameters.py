"""Read the parameters of a request, as leniently as the real server does."""

import json
import re
from collections.abc import Mapping
from email import policy
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

from sandbox.answers import Refused

Job = dict[str, Any]

_LENIENCY = re.compile(
    r"""(?P<double>"(?:\\.|[^"\\])*")|'(?P<single>(?:\\.|[^'\\])*)'|(?P<trailing>,)(?=\s*[}\]])""", re.DOTALL
)


def read_form(body: bytes, content_type: str) -> dict[str, str]:
    """Read the fields of a form body, URL-encoded or multipart; a body of another type has none."""
    if content_type.startswith("multipart/form-data"):
        head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
        message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
        return {
            str(part.get_param("name", header="content-disposition")): _part_text(part.get_payload(decode=True))
            for part in message.iter_parts()
        }
    if content_type.startswith("application/x-www-form-urlencoded"):
        return read_query(body.decode("utf-8", "replace"))
    return {}


def read_query(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def read_json(text: str, *, lenient: bool) -> Any:
    """Parse JSON; with `lenient` also with single quotes, trailing commas and a stray quote after the end.

    The published samples have all three. Raises ValueError when it cannot be parsed.
    """
    try:
        return json.loads(text)
    except ValueError:
        if not lenient:
            raise
    repaired = _LENIENCY.sub(_repair, text).strip()
    value, end = json.JSONDecoder(strict=False).raw_decode(repaired)
    if repaired[end:].strip(" \t\r\n'\""):
        raise ValueError("Text after the end of the JSON object")
    return value


def read_job(form: Mapping[str, str], *, lenient: bool) -> Job:
    """Return the job description; Refused 500 when it is missing or no JSON object [O: code measured, text ours]."""
    if not form.get("requestJobDescription"):
        raise Refused(500, "Required parameter 'requestJobDescription' is missing")
    try:
        job = read_json(form["requestJobDescription"], lenient=lenient)
    except ValueError as error:
        raise Refused(500, f"A JSONObject text could not be read: {error}") from None
    if not isinstance(job, dict):
        raise Refused(500, "A JSONObject text must begin with '{'")
    return job


def without_secrets(value: Any) -> Any:
    """Return the JSON value without passwords and secrets, for a log."""
    if isinstance(value, dict):
        return {key: without_secrets(item) for key, item in value.items() if not _is_secret(key)}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value


def _is_secret(key: str) -> bool:
    return key.lower().endswith(("secret", "password"))


def _repair(match: re.Match[str]) -> str:
    if match["single"] is not None:
        return json.dumps(match["single"].replace("\\'", "'"))
    return match["double"] or ""


def _part_text(payload: object) -> str:
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
