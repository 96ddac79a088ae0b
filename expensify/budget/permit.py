"""Leave for one call, and what became of it."""

import time
from dataclasses import dataclass, field
from typing import Literal

from expensify.errors import PermitExpired

Outcome = Literal["answered", "unanswered", "not_sent", "refused"]


@dataclass(frozen=True)
class Done:
    """What a step is told about an earlier call; `handle` names the call in the log.

    Its answer came `ago` seconds before the telling: what the caller did with it since then costs the budget nothing.
    """

    handle: int
    outcome: Outcome
    retry_after: float | None = None
    ago: float = field(default=0.0, compare=False)


class Permit:
    """Leave to send one request now.

    Whoever sends calls `use` in the line before, then says what came of it; `done` goes to the next
    `Budget.step`. A permit that is never spoken of again counts as a call: nothing leaks, one slot is lost.
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
        """PermitExpired when too old to be safe (its slot goes back), RuntimeError when used before."""
        if self._used or self._outcome is not None:
            raise RuntimeError("A permit is for one request.")
        if time.monotonic() > self._good_until:
            self._outcome = "not_sent"
            raise PermitExpired
        self._used = True

    def answered(self) -> None:
        """An answer of any kind began to arrive, so the request had arrived before."""
        if self._outcome != "refused":
            self._outcome = "answered"
        if self._answered_at is None:
            self._answered_at = time.monotonic()

    def unanswered(self) -> None:
        """It was sent and given up; it may have arrived at any moment until now."""
        if self._outcome is None:
            self._outcome = "unanswered"

    def not_sent(self) -> None:
        """Nothing left this machine; the slot goes back."""
        if self._outcome is None:
            self._outcome = "not_sent"

    def refused(self, retry_after: float | None = None) -> None:
        """Expensify counted too many requests; `retry_after` is its own wish in seconds."""
        self._outcome = "refused"
        self._retry_after = retry_after

    @property
    def done(self) -> Done | None:
        """None as long as nothing is known."""
        if self._outcome is None:
            return None
        ago = time.monotonic() - self._answered_at if self._answered_at is not None else 0.0
        return Done(self._handle, self._outcome, self._retry_after, ago)
