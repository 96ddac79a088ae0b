"""Behaviour that is not known outside Expensify, as settings; the default is the likeliest answer."""

from dataclasses import dataclass, replace
from typing import Literal

NEVER = float("inf")


@dataclass(frozen=True)
class Choices:
    """The sandbox's behaviour where the public sources are silent or contradict each other; times in seconds."""

    limits: tuple[tuple[int, float], ...] = ((5, 10.0), (20, 60.0))
    """(requests, seconds) pairs, which all apply together; empty for no limits."""
    limit_model: Literal["sliding", "fixed", "leaky"] = "sliding"
    limit_per: Literal["pair", "account", "address"] = "pair"
    limit_answer: Literal["http", "envelope", "both"] = "both"
    """HTTP 429 with a page, HTTP 200 with `responseCode` 429, or HTTP 429 with this envelope."""
    retry_after: Literal["", "seconds", "date"] = ""
    """No `Retry-After` has ever been reported, so none by default."""
    count_downloads: bool = True
    count_refused: bool = True
    """Whether a request answered with 429 counts in the windows too."""

    generation_seconds: float = 0.0
    """The delay between the file's name and the file; marks are set when the file exists."""
    not_ready: Literal["404", "empty"] = "404"
    """The answer to a download before that time."""
    file_seconds: float = NEVER
    """How long a finished file is kept."""
    download_by: Literal["account", "pair", "anyone"] = "account"
    """Who may download a file: any key pair of the account, only the key pair that generated it, or anyone."""

    lenient_json: bool = True
    """Accept single quotes, trailing commas and a stray quote at the end, as in published samples."""
    query_parameters: bool = True
    """Read parameters from the URL as well as from the body."""

    add_header: bool = True
    empty_selection: Literal["rendered", "410"] = "rendered"
    unknown_report: Literal["ignored", "404"] = "ignored"
    unknown_policy: Literal["404", "left_out"] = "404"
    """The policy getter's answer to an unknown policy ID."""
    approved_after_inclusive: bool = False
    employee_email: bool = True
    """Whether `inputSettings.employeeEmail` is allowed for people of the account's own domain."""
    test_as_boolean: bool = False
    """Whether JSON `true` works like the documented string "true"."""
    report_dates: Literal["datetime", "date"] = "datetime"
    closed_status: Literal["Archived", "Closed"] = "Archived"
    missing_values: Literal["empty", "error"] = "empty"
    booleans: Literal["empty", "error", "words"] = "empty"
    """The output of a boolean without `?string`."""
    template_error: Literal["envelope", "file", "html"] = "envelope"
    """A 500 envelope, a file that contains the message, or a server's error page."""

    create_for_others: bool = True
    """Whether Expensify has enabled creating reports and expenses in other people's accounts."""
    missing_policy_name: Literal[500, 410] = 500
    partial_reimbursement: Literal[200, 207] = 200
    tag_merge: Literal["replace", "merge"] = "replace"
    advanced_employees: bool = True
    """Whether plan and rights allow the advanced employee updater; False means 403."""
    removal_needs_all_keys: bool = True
    false_in_words_is_true: bool = False
    """Whether the string "false" as `isTerminated` counts as true."""

    def faster(self, factor: float) -> "Choices":
        """Return the same choices with all times divided by `factor`, for demos and tests."""
        return replace(
            self,
            limits=tuple((requests, seconds / factor) for requests, seconds in self.limits),
            generation_seconds=self.generation_seconds / factor,
            file_seconds=self.file_seconds / factor,
        )


def parse_limits(text: str) -> tuple[tuple[int, float], ...]:
    """Parse "5/10s,20/60s" to ((5, 10.0), (20, 60.0)); ValueError names an invalid part."""
    limits = []
    for part in text.split(","):
        requests, slash, seconds = part.strip().partition("/")
        try:
            limit = int(requests), float(seconds.removesuffix("s"))
        except ValueError:
            limit = 0, 0.0
        if not slash or limit[0] < 1 or limit[1] <= 0:
            raise ValueError(f"{part.strip()!r} is not a limit such as 5/10s")
        limits.append(limit)
    return tuple(limits)
