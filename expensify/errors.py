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

    `message` is the API's own message, or "" without one. `code` is a short identifier for programs. `sentence`
    is for finance users: what `happened`, the `effect` of this call, and `advice`. What is told about several calls
    together leaves the effect out: an earlier call may have changed something.
    """

    code = "error"
    happened = "The call to Expensify failed."
    effect = ""
    advice = ""

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "",
        happened: str = "",
        advice: str = "",
        http_status: int | None = None,
        response_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.http_status = http_status
        self.response_code = response_code
        if code:
            self.code = code
        if happened:
            self.happened = happened
        if advice:
            self.advice = advice

    @property
    def sentence(self) -> str:
        return " ".join(part for part in (self.happened, self.effect, self.advice) if part)

    def __str__(self) -> str:
        return f"{self.code}: {self.message or self.sentence}"


class TryLater(ExpensifyError):
    """The request certainly had no effect, so it may be sent again."""

    code = "try_later"
    happened = "Expensify could not take the request now."
    effect = "Nothing was changed."
    advice = "It can be sent again."


class RateLimited(TryLater):
    """Expensify counted too many requests; `retry_after` is in seconds, None when the server gave none."""

    code = "rate_limited"
    happened = "Expensify received too many requests from this account and did not carry this one out."
    advice = "It can be sent again in a minute."

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
    happened = "Expensify could not be reached, so the request was not sent."
    advice = "Try again later; if it goes on, ask IT whether the network lets the portal out."


class PermitExpired(TryLater):
    """The permit expired before the request was sent; nothing was sent."""

    code = "permit_expired"
    happened = "The request waited too long for its turn and was not sent."
    advice = "It takes its place in the line again."


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
    effect = "It may or may not have been carried out."
    advice = "Look in Expensify whether the change was made before you repeat it."

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "no_answer",
        http_status: int | None = None,
        response_code: int | None = None,
    ) -> None:
        super().__init__(message, code=code, http_status=http_status, response_code=response_code)
        self.happened = self._HOW[code]

    def is_harmless(self) -> None:
        """Make the sentence say that repeating is safe; for jobs that change nothing."""
        self.effect = ""
        self.advice = "It can be repeated without harm: nothing at Expensify is marked or changed by it."


class Rejected(ExpensifyError):
    """Expensify refused the request and would refuse the same request again."""

    code = "rejected"
    happened = "Expensify answered with an error instead of a result."
    advice = "Its own words say why; correct that, then try again."


class Unauthorized(Rejected):
    """Wrong or missing key pair: 404 `Authentication error`, 403 `No authentication method specified`.

    Both were observed on the live server in October 2026 [O]; no other 403 or 404 is about the key pair.
    """

    code = "unauthorized"
    happened = "Expensify does not accept this credential."
    effect = "Nothing was changed."
    advice = "Generate a new pair at https://www.expensify.com/tools/integrations/ and enter it in the portal."


class NotAllowed(Rejected):
    """403 for another reason: the account lacks a right, or its plan does not include the job."""

    code = "not_allowed"
    happened = "The account behind this credential may not do this, or its Expensify plan does not include it."
    effect = "Nothing was changed."
    advice = "Ask an administrator of the policy or the domain for the right."


class NotFound(Rejected):
    """404 for a file or policy. Code `not_ready`: the download was empty, which may be temporary."""

    code = "not_found"
    happened = "Expensify does not know the file or the policy that was asked for."
    effect = "Nothing was changed."
    advice = "Check the policy, or generate the file again."


class Invalid(Rejected):
    """410: a setting of the job is missing or malformed."""

    code = "invalid"
    happened = "Expensify found a mistake in the request and did not carry it out."
    effect = "Nothing was changed."
    advice = "Its own words name the setting to correct."


class TooLarge(Rejected):
    """The download exceeded the caller's size limit and was stopped."""

    code = "too_large"
    happened = "The file is larger than the portal accepts, so its download was stopped."
    advice = "Export a shorter period, or ask IT to raise the limit."
