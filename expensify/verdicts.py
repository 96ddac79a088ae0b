"""The verdict on an answer: a result, or the error that it means. Pure functions; no input is trusted.

The HTTP status is not the verdict: a wrong key pair is answered with HTTP 200 and an envelope [O]. Nor is
the content type: a bare file name and some JSON answers share `text/plain` [O].

1. A message that is known to come before any work counts, whatever its code: wait, or rejected.
2. 403, 404, 410 and other codes from 400 to 499 reject the request before it is carried out.
3. Any other code, such as 500 ("anything else" [M]) or 207, does not say whether the request was carried out.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from expensify.answers import one_line, whole_number
from expensify.errors import (
    ExpensifyError,
    Invalid,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
)

_MEANINGS: dict[int, type[Rejected]] = {403: NotAllowed, 404: NotFound, 410: Invalid}
_ABOUT_THE_PAIR = {"authentication error": 404, "no authentication method specified": 403}
# The sentence of older manuals, in an envelope of any code or as the whole body [M].
_RATE_LIMITED = re.compile(
    r"You have been rate-limited(\. Please try again later( or contact help@expensify\.com for assistance)?)?\.?",
    re.IGNORECASE,
)
# Messages of the server's checks, which precede all work [M][O]. "Error encountered while trying to write …" is none.
_NOTHING_DONE = re.compile(
    r"No authentication method specified"
    r"|Authentication error"
    r"|File not found"
    r"|Policy not found"
    r"|(Argument|Required parameter) '[^']*' is missing( or malformed)?"
    r"|'[^']*' parameter is missing or malformed"
    r"|Domain name is missing or malformed"
    r"|Malformed date '[^']*'\. Expected format is yyyy-MM-dd"
    r"|'[^']*' object malformed"
    r"|Status '[^']*' is not supported"
    r"|Invalid tag name '[^']*'"
    r"|Not authorized to authenticate as user \S+"
    r"|Column \S+ not found in CSV header"
    r"|Rule already exists with those actions, please update rule \d+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Verdict:
    """The API's code and message in an answer, and the error they mean, if any."""

    response_code: int | None
    message: str
    error: ExpensifyError | None


def judge(
    http_status: int,
    value: Any,
    *,
    text: str = "",
    retry_after: float | None = None,
    accepted: Collection[int] = (200,),
) -> Verdict:
    """Return the verdict on an answer whose body `text` parsed to `value`; `retry_after` is in seconds.

    The order matters: a code in the body outranks the HTTP status, and a message without a code is an
    error even under HTTP 200 [I].
    """
    code, message, has_envelope = None, "", False
    if isinstance(value, dict):
        said = value.get("responseMessage")
        message = one_line(said) if isinstance(said, str) else ""
        code = whole_number(value.get("responseCode"))
        has_envelope = "responseMessage" in value or "responseCode" in value

    error: ExpensifyError | None = None
    if has_envelope and code not in accepted:
        if _RATE_LIMITED.fullmatch(message):
            error = RateLimited(message, retry_after=retry_after, http_status=http_status, response_code=code)
        elif code is None and "responseCode" in value:
            error = OutcomeUnknown(message, code="unreadable", http_status=http_status)
        else:
            error = _envelope_error(code, message, http_status, retry_after)
    elif not has_envelope and _RATE_LIMITED.fullmatch(text.strip()):
        error = RateLimited(one_line(text), retry_after=retry_after, http_status=http_status)
    elif not 200 <= http_status < 300:
        error = _http_error(http_status, retry_after)
    return Verdict(code, message, error)


def _envelope_error(code: int | None, message: str, http_status: int, retry_after: float | None) -> ExpensifyError:
    meaning = code if code is not None else http_status
    if meaning == 429:
        return RateLimited(message, retry_after=retry_after, http_status=http_status, response_code=code)
    about_the_pair = _ABOUT_THE_PAIR.get(message.rstrip(".").lower())
    if about_the_pair is not None and code in (about_the_pair, None):
        return Unauthorized(message, http_status=http_status, response_code=code)
    if 400 <= meaning < 500 or _NOTHING_DONE.fullmatch(message.rstrip(".")):
        return _MEANINGS.get(meaning, Rejected)(message, http_status=http_status, response_code=code)
    return OutcomeUnknown(message, code=OutcomeUnknown.SERVER_ERROR, http_status=http_status, response_code=code)


def _http_error(http_status: int, retry_after: float | None) -> ExpensifyError:
    """An HTTP error without an envelope: the page of a proxy, or of a server that crashed."""
    if http_status == 429:
        return RateLimited(retry_after=retry_after, http_status=http_status)
    if 400 <= http_status < 500:
        return _MEANINGS.get(http_status, Rejected)(http_status=http_status)
    return OutcomeUnknown(code="no_verdict", http_status=http_status)
