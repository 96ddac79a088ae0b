"""What nobody outside Expensify knows for sure, each as a setting with the likelier answer as its default."""

from dataclasses import dataclass, replace
from typing import Literal

NEVER = float("inf")


@dataclass(frozen=True)
class Choices:
    """How this stand-in behaves where the public sources are silent or disagree; all times in seconds."""

    limits: tuple[tuple[int, float], ...] = ((5, 10.0), (20, 60.0))
    """(requests, seconds) pairs, all of which hold at once; empty for no limits."""
    limit_model: Literal["sliding", "fixed", "leaky"] = "sliding"
    limit_per: Literal["pair", "account", "address"] = "pair"
    limit_answer: Literal["http", "envelope", "both"] = "both"
    """HTTP 429 with a page, HTTP 200 with `responseCode` 429, or HTTP 429 with that envelope."""
    retry_after: Literal["", "seconds", "date"] = ""
    """No `Retry-After` has ever been reported, so none by default."""
    count_downloads: bool = True
    count_refused: bool = True
    """Whether a request answered with 429 takes a place in the windows too."""

    generation_seconds: float = 0.0
    """A file exists only so long after its name was given out; marks are set when it does."""
    not_ready: Literal["404", "empty"] = "404"
    """How a download before that time is answered."""
    file_seconds: float = NEVER
    """How long a finished file is kept."""
    download_by: Literal["account", "pair", "anyone"] = "account"
    """Who may fetch a file: any pair of the same account, only the pair that made it, or everybody."""

    lenient_json: bool = True
    """Tolerates single quotes, trailing commas and a stray quote at the end: published samples have them."""
    query_parameters: bool = True
    """Reads parameters from the URL as well as from the body."""

    add_header: bool = True
    empty_selection: Literal["rendered", "410"] = "rendered"
    unknown_report: Literal["ignored", "404"] = "ignored"
    unknown_policy: Literal["404", "left_out"] = "404"
    """How the policy getter takes an identifier that leads nowhere."""
    approved_after_inclusive: bool = False
    employee_email: bool = True
    """Whether `inputSettings.employeeEmail` may be used for people of the account's own domain."""
    test_as_boolean: bool = False
    """Whether JSON `true` works as the documented string "true" does."""
    report_dates: Literal["datetime", "date"] = "datetime"
    closed_status: Literal["Archived", "Closed"] = "Archived"
    missing_values: Literal["empty", "error"] = "empty"
    booleans: Literal["empty", "error", "words"] = "empty"
    """What a boolean printed without `?string` gives."""
    template_error: Literal["envelope", "file", "html"] = "envelope"
    """A 500 envelope, a file that carries the message, or a server's error page."""

    create_for_others: bool = True
    """Whether Expensify has enabled creating reports and expenses in other people's accounts."""
    missing_policy_name: Literal[500, 410] = 500
    partial_reimbursement: Literal[200, 207] = 200
    tag_merge: Literal["replace", "merge"] = "replace"
    advanced_employees: bool = True
    """Whether plan and rights allow the advanced employee updater; False answers 403."""
    removal_needs_all_keys: bool = True
    false_in_words_is_true: bool = False
    """Whether an `isTerminated` of "false", a string, counts as true."""

    def faster(self, factor: float) -> "Choices":
        """The same server with every time divided by `factor`, so that demos and tests need not wait."""
        return replace(
            self,
            limits=tuple((requests, seconds / factor) for requests, seconds in self.limits),
            generation_seconds=self.generation_seconds / factor,
            file_seconds=self.file_seconds / factor,
        )


def parse_limits(text: str) -> tuple[tuple[int, float], ...]:
    """Read "5/10s,20/60s" as ((5, 10.0), (20, 60.0)); ValueError names the part it cannot read."""
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
