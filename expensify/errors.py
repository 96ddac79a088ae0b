"""What can come of a call, named for what the caller does next: try later, ask a person, or give up."""


class ExpensifyError(Exception):
    """A call that gave no result; its text never holds a credential or any part of what was sent.

    `message` holds the API's own words, or "" when there are none. `sentence` is for the people of finance:
    what happened, whether anything changed at Expensify, what to do. `code` is a short word for programs.
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
    """Certainly nothing was done by this request, so the same one may be sent again."""

    code = "try_later"
    sentence = "Expensify could not take the request now. Nothing was changed. It can be sent again."


class RateLimited(TryLater):
    """Expensify counted too many requests; `retry_after` is its own wish in seconds, when it named one."""

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
    """No connection to Expensify came about, so the request never left."""

    code = "unreachable"
    sentence = (
        "Expensify could not be reached, so the request never left and nothing was changed. "
        "Try again later; if it goes on, ask IT whether the network lets the portal out."
    )


class PermitExpired(TryLater):
    """The permit to call had gone stale before the request was sent; nothing left."""

    code = "permit_expired"
    sentence = (
        "The request waited too long for its turn and was not sent, so nothing was changed. "
        "It takes its place in the line again."
    )


class OutcomeUnknown(ExpensifyError):
    """The request left and no readable verdict came back; `code` says how the answer was lost.

    `no_answer`: nothing came. `no_verdict`: an HTTP error or redirect without the API's envelope.
    `unreadable`: a whole answer that says nothing we may trust. `truncated`: it broke off.
    `too_slow`: it had not ended when its time was up. Who sent a job that changes something must let a
    person decide whether to repeat it.
    """

    code = "no_answer"

    _HOW = {
        "no_answer": "The request was sent, but Expensify did not answer.",
        "no_verdict": "The request was sent, but an error page came back instead of Expensify's answer.",
        "unreadable": "The request was sent, but Expensify's answer made no sense to the portal.",
        "truncated": "The request was sent, but the connection broke before the whole answer was here.",
        "too_slow": "The request was sent, but the answer came so slowly that it was given up.",
    }
    _CHECK = (
        "It may or may not have been carried out. "
        "Look in Expensify whether the change was made before you repeat it."
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
        """Say in the sentence that repeating is safe; for jobs that change nothing."""
        self.sentence = f"{self._HOW[self.code]} {self._REPEAT}"


class Rejected(ExpensifyError):
    """Expensify said no; the same request would be refused again."""

    code = "rejected"
    sentence = (
        "Expensify answered with an error instead of a result. "
        "Its own words say why; correct that, then try again."
    )


class Unauthorized(Rejected):
    """The pair is wrong or missing: 404 `Authentication error`, 403 `No authentication method specified`.

    Both were observed on the live server in October 2026 [O]; no other 403 or 404 speaks about the pair.
    """

    code = "unauthorized"
    sentence = (
        "Expensify does not accept this credential. Nothing was changed. Generate a new pair at "
        "https://www.expensify.com/tools/integrations/ and enter it in the portal."
    )


class NotAllowed(Rejected):
    """403 about anything but the pair: the account lacks a right, or its plan does not include the job."""

    code = "not_allowed"
    sentence = (
        "The account behind this credential may not do this, or its Expensify plan does not include it. "
        "Nothing was changed. Ask an administrator of the policy or the domain for the right."
    )


class NotFound(Rejected):
    """404 about a file or a policy; with code `not_ready` a download without a byte, which may pass."""

    code = "not_found"
    sentence = (
        "Expensify does not know the file or the policy that was asked for. Nothing was changed. "
        "Check the policy, or generate the file again."
    )


class Invalid(Rejected):
    """410: a value in the job is missing or malformed."""

    code = "invalid"
    sentence = (
        "Expensify found a mistake in the request and did not carry it out. Nothing was changed. "
        "Its own words name the setting to correct."
    )


class TooLarge(Rejected):
    """A download passed the size the caller was willing to take, and was broken off."""

    code = "too_large"
    sentence = (
        "The file is larger than the portal accepts, so its download was stopped. "
        "Nothing was changed by the download. Export a shorter period, or ask IT to raise the limit."
    )
