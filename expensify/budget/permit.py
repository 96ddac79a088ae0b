"""The permit for one call, and its outcome."""

import time
from dataclasses import dataclass, field
from typing import Literal

from expensify.errors import PermitExpired

Outcome = Literal["answered", "unanswered", "not_sent", "refused"]


@dataclass(frozen=True)
class Done:
    """The outcome of an earlier call, for the next step; `handle` identifies the call in the log.

    The answer came `ago` seconds before the report: the time the caller spent since then costs the budget nothing.
    """

    handle: int
    outcome: Outcome
    retry_after: float | None = None
    ago: float = field(default=0.0, compare=False)


class Permit:
    """The right to send one request now.

    The sender calls `use` directly before sending, then reports the outcome; `done` goes to the next `Budget.step`.
    A permit without a report counts as a call: one slot is lost, and no limit is exceeded.
    """

    def __init__(self, handle: int, *, good_until: float) -> None:
        self._handle = handle
        self._good_until = good_until  # time.monotonic(), counted from before the budget was asked
        self._used = False
        self._outcome: Outcome | None = None
        self._retry_after: float | None = None
        self._answered_at: float | None = None  # time.monotonic()

    def __repr__(self) -> str:
        return f"<Permit {self._handle} {self._outcome or ('used' if self._used else 'unused')}>"

    def use(self) -> None:
        """Raises PermitExpired when too old to be safe (its slot is returned), RuntimeError when used before."""
        if self._used or self._outcome is not None:
            raise RuntimeError("A permit is for one request.")
        if time.monotonic() > self._good_until:
            self._outcome = "not_sent"
            raise PermitExpired
        self._used = True

    def answered(self) -> None:
        """An answer of any kind began to arrive, so the request has arrived."""
        if self._outcome != "refused":
            self._outcome = "answered"
        if self._answered_at is None:
            self._answered_at = time.monotonic()

    def unanswered(self) -> None:
        """The request was sent without an answer; it may have arrived at any moment until now."""
        if self._outcome is None:
            self._outcome = "unanswered"

    def not_sent(self) -> None:
        """Nothing left this machine; the slot is returned."""
        if self._outcome is None:
            self._outcome = "not_sent"

    def refused(self, retry_after: float | None = None) -> None:
        """Expensify counted too many requests; `retry_after` is the header's value in seconds."""
        self._outcome = "refused"
        self._retry_after = retry_after

    @property
    def done(self) -> Done | None:
        """None as long as no outcome is reported."""
        if self._outcome is None:
            return None
        ago = time.monotonic() - self._answered_at if self._answered_at is not None else 0.0
        return Done(self._handle, self._outcome, self._retry_after, ago)
