"""Expensify's call limits, and the margins that this portal keeps."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

_WINDOW = re.compile(r"\s*([1-9][0-9]*)\s*/\s*([0-9]+(?:\.[0-9]+)?)\s*s\s*")


@dataclass(frozen=True)
class Limits:
    """At most `calls` requests in any `seconds`, for each (calls, seconds) of `windows` together.

    The published limits are 5 in 10 s and 20 in 60 s; whether the windows slide, are fixed or drain like a
    bucket is not published. Calls paced by the "universal" envelope are allowed by all of these at the full
    20 a minute; "burst" assumes windows that are counted, and finishes up to 15 s sooner.

    `margin` s are added to every window: for the edges of windows, and clocks of different speed. A call whose answer
    is awaited counts as arriving up to `unanswered` s after its grant: one lost packet at the start (1 s) and
    half a second for the rest. Each refusal that these rules do not explain adds `slack_step` s to every gap
    for a day, up to `slack_most`, which adapts to a stricter server.
    """

    windows: tuple[tuple[int, float], ...] = ((5, 10.0), (20, 60.0))
    envelope: Literal["universal", "burst"] = "universal"
    margin: float = 0.05
    unanswered: float = 1.5
    slack_step: float = 0.5
    slack_most: float = 2.0

    def __post_init__(self) -> None:
        if not self.windows or any(calls < 1 or seconds <= 0 for calls, seconds in self.windows):
            raise ValueError("Call limits need at least one window of at least one call and more than 0 seconds.")

    @classmethod
    def parse(cls, text: str) -> "Limits":
        """The limits of a setting like `"5/10s,20/60s"`; ValueError says how to write it."""
        windows = []
        for part in text.split(","):
            window = _WINDOW.fullmatch(part)
            if window is None or float(window[2]) == 0:
                raise ValueError(
                    f"{part.strip()!r} is not a call limit. Write calls/seconds, "
                    "separated by commas, for example 5/10s,20/60s."
                )
            windows.append((int(window[1]), float(window[2])))
        return cls(tuple(windows))

    @property
    def depth(self) -> int:
        """The number of past calls that matter."""
        return max(calls for calls, _ in self.windows)

    @property
    def service(self) -> float:
        """Seconds of budget time that one call uses, which is its share of the slowest window."""
        return max(seconds / calls for calls, seconds in self.windows)

    @property
    def permit_seconds(self) -> float:
        """How old a permit may be when the request leaves; the rest of `unanswered` is for the network."""
        return self.unanswered / 3

    def gaps(self) -> dict[int, float]:
        """k → seconds that must lie between a call and the k-th call before it.

        Any calls + 1 requests then span more than each window. A strict bucket that holds as many calls as
        the smallest window allows, and regains one each `service` s, sets the gaps between.
        """
        gaps: dict[int, float] = {}
        for calls, seconds in self.windows:
            gaps[calls] = max(gaps.get(calls, 0), seconds)
        if self.envelope == "universal":
            burst = min(gaps)
            for k in range(burst, self.depth + 1):
                gaps[k] = max(gaps.get(k, 0), (k + 1 - burst) * self.service)
        needed: dict[int, float] = {}
        for k in sorted(gaps):
            longest = max(needed.values(), default=0)
            if gaps[k] > longest or k == self.depth:  # else the gap to a later call implies it
                needed[k] = max(gaps[k], longest)
        return {k: gap + self.margin for k, gap in needed.items()}

    def upcoming(self, ages: Sequence[float] = (), *, quiet: float = 0, slack: float = 0) -> Iterator[float]:
        """Seconds from now at which the next calls may go, if each is answered at once and none is refused.

        `ages` are those of the calls already made, youngest first; nothing goes for `quiet` seconds.
        """
        gaps = self.gaps()
        sent = [-age for age in reversed(ages)]
        while True:
            due = [sent[-k] + gap + slack for k, gap in gaps.items() if k <= len(sent)]
            sent.append(max([0.0, quiet, *due]))
            yield sent[-1]

    def instants(
        self, indexes: Sequence[int], ages: Sequence[float], *, quiet: float = 0, slack: float = 0
    ) -> list[float]:
        """`upcoming` at each index; far ones follow from its cycle, so a long queue costs no more."""
        exact = list(islice(self.upcoming(ages, quiet=quiet, slack=slack), 4 * self.depth))
        calls, _ = max(self.windows, key=lambda window: window[1] / window[0])  # the slowest window repeats
        cycle = exact[-1] - exact[-1 - calls]

        def at(index: int) -> float:
            beyond = max(0, index - len(exact) + 1)
            cycles = -(-beyond // calls)
            return exact[index - cycles * calls] + cycles * cycle

        return [at(index) for index in indexes]
