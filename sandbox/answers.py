"""The answers of jobs, before faults and HTTP."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TEXT = "text/plain;charset=utf-8"
JSON = "application/json"
RATE_LIMITED = "You have been rate-limited. Please try again later or contact help@expensify.com for assistance."


@dataclass
class Answer:
    """A body with HTTP status and headers; `code` is the responseCode, 200 for bare names and files."""

    body: bytes
    code: int = 200
    http_status: int = 200
    content_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()
    file_name: str = ""


def text(body: str, *, file_name: str = "") -> Answer:
    return Answer(body.encode(), file_name=file_name)


def ok(values: Mapping[str, Any] | None = None, *, content_type: str = TEXT) -> Answer:
    """Return a success envelope; `values` may contain another `responseCode`, such as 207."""
    body = {**(values or {})}
    body.setdefault("responseCode", 200)
    return Answer(json.dumps(body, ensure_ascii=False).encode(), code=body["responseCode"], content_type=content_type)


def envelope(code: int, message: str, *, http_status: int = 200) -> Answer:
    return Answer(
        json.dumps({"responseMessage": message, "responseCode": code}, ensure_ascii=False).encode(),
        code=code,
        http_status=http_status,
    )


def page(http_status: int, title: str) -> Answer:
    """Return the error page of a proxy or servlet container, without an envelope."""
    body = f"<html><head><title>{http_status} {title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Answer(body.encode(), code=0, http_status=http_status, content_type="text/html;charset=utf-8")


class Refused(Exception):
    """The job fails with an error envelope."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
