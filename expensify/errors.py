"""Errors of a call, named for what the caller does next.

ExpensifyError
 +- TryLater           nothing was done; send the same request again
 |   +- RateLimited    Expensify counted too many requests (429)
 |   +- Unreachable    no connection to Expensify
 |   +- PermitExpired  the permit expired before the request was sent
 +- OutcomeUnknown     the request was sent and the result is unknown; a person decides
 +- Rejected           Expensify refused the request and would refuse it again
     +- Unauthorized   wrong or missing key pair
     +- NotAllowed     the account or its plan lacks the right (403)
     +- NotFound       no such file or policy (404)
     +- Invalid        a setting of the job is missing or malformed (410)
     +- TooLarge       the file is larger than the caller accepts
"""


class ExpensifyError(Exception):
    """A call failed. The text never contains a credential or any part of the request.

    `message` is the API's own message, or "" without one. `sentence` is for finance users: what happened,
    whether anything changed at Expensify, what to do. `code` is a short identifier for programs.
    """

    code = "error"
    sentence = "The call to Expensify failed."

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "",
        sentence: str = "",
        http_status: int | None = None,
        response_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.http_status = http_status
        self.response_code = response_code
        if code:
            self.code = code
        if sentence:
            self.sentence = sentence

    def __str__(self) -> str:
        return f"{self.code}: {self.message or self.sentence}"


class TryLater(ExpensifyError):
    """The request certainly had no effect, so it may be sent again."""

    code = "try_later"
    sentence = "Expensify could not take the request now. Nothing was changed. It can be sent again."


class RateLimited(TryLater):
    """Expensify counted too many requests; `retry_after` is in seconds, None when the server gave none."""

    code = "rate_limited"
    sentence = (
        "Expensify received too many requests from this account and did not carry this one out. "
        "Nothing was changed. It can be sent again in a minute."
    )

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: float | None = None,
        http_status: int | None = None,
        response_code: int | None = None,
    ) -> None:
        super().__init__(message, http_status=http_status, response_code=response_code)
        self.retry_after = retry_after


class Unreachable(TryLater):
    """No connection to Expensify could be made, so the request was not sent."""

    code = "unreachable"
    sentence = (
        "Expensify could not be reached, so the request never left and nothing was changed. "
        "Try again later; if it goes on, ask IT whether the network lets the portal out."
    )


class PermitExpired(TryLater):
    """The permit expired before the request was sent; nothing was sent."""

    code = "permit_expired"
    sentence = (
        "The request waited too long for its turn and was not sent, so nothing was changed. "
        "It takes its place in the line again."
    )


class OutcomeUnknown(ExpensifyError):
    """The request was sent and no readable result came back; `code` says why.

    `no_answer`: no response. `no_verdict`: an HTTP error or redirect without the API's envelope.
    `server_error`: an error that does not say whether the request was carried out, such as code 500.
    `unreadable`: a complete response that cannot be trusted. `truncated`: the connection broke.
    `too_slow`: the response did not end in time. When the job changes something, a person must decide
    whether to repeat it.
    """

    code = "no_answer"
    SERVER_ERROR = "server_error"

    _HOW = {
        "no_answer": "The request was sent, but Expensify did not answer.",
        "no_verdict": "The request was sent, but an error page came back instead of Expensify's answer.",
        "server_error": "Expensify answered with an error that does not say whether it carried the request out.",
        "unreadable": "The request was sent, but Expensify's answer made no sense to the portal.",
        "truncated": "The request was sent, but the connection broke before the whole answer was here.",
        "too_slow": "The request was sent, but the answer came so slowly that it was given up.",
    }
    _CHECK = (
        "It may or may not have been carried out. Look in Expensify whether the change was made before you repeat it."
    )
    _REPEAT = "It can be repeated without harm: nothing at Expensify is marked or changed by it."

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "no_answer",
        http_status: int | None = None,
        response_code: int | None = None,
    ) -> None:
        super().__init__(message, code=code, http_status=http_status, response_code=response_code)
        self.sentence = f"{self._HOW[code]} {self._CHECK}"

    def is_harmless(self) -> None:
        """Make the sentence say that repeating is safe; for jobs that change nothing."""
        self.sentence = f"{self._HOW[self.code]} {self._REPEAT}"


class Rejected(ExpensifyError):
    """Expensify refused the request and would refuse the same request again."""

    code = "rejected"
    sentence = (
        "Expensify answered with an error instead of a result. Its own words say why; correct that, then try again."
    )


class Unauthorized(Rejected):
    """Wrong or missing key pair: 404 `Authentication error`, 403 `No authentication method specified`.

    Both were observed on the live server in October 2026 [O]; no other 403 or 404 is about the key pair.
    """

    code = "unauthorized"
    sentence = (
        "Expensify does not accept this credential. Nothing was changed. Generate a new pair at "
        "https://www.expensify.com/tools/integrations/ and enter it in the portal."
    )


class NotAllowed(Rejected):
    """403 for another reason: the account lacks a right, or its plan does not include the job."""

    code = "not_allowed"
    sentence = (
        "The account behind this credential may not do this, or its Expensify plan does not include it. "
        "Nothing was changed. Ask an administrator of the policy or the domain for the right."
    )


class NotFound(Rejected):
    """404 for a file or policy. Code `not_ready`: the download was empty, which may be temporary."""

    code = "not_found"
    sentence = (
        "Expensify does not know the file or the policy that was asked for. Nothing was changed. "
        "Check the policy, or generate the file again."
    )


class Invalid(Rejected):
    """410: a setting of the job is missing or malformed."""

    code = "invalid"
    sentence = (
        "Expensify found a mistake in the request and did not carry it out. Nothing was changed. "
        "Its own words name the setting to correct."
    )


class TooLarge(Rejected):
    """The download exceeded the caller's size limit and was stopped."""

    code = "too_large"
    sentence = (
        "The file is larger than the portal accepts, so its download was stopped. "
        "Nothing was changed by the download. Export a shorter period, or ask IT to raise the limit."
    )
