"""The server's rate limits, as lists of arrivals per caller."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

Limits = Sequence[tuple[int, float]]


class Windows:
    """Decides on each arrival; the caller passes the time and holds the lock."""

    def __init__(self, limits: Limits, model: Literal["sliding", "fixed", "leaky"], *, count_refused: bool) -> None:
        self.limits = tuple(limits)
        self.count_refused = count_refused
        self._wait = {"sliding": self._sliding, "fixed": self._fixed, "leaky": self._leaky}[model]
        self._longest = max((seconds for _, seconds in self.limits), default=0.0)
        self._arrivals: dict[str, list[float]] = defaultdict(list)
        self._levels: dict[tuple[str, int], tuple[float, float]] = {}

    def arrive(self, caller: str, at: float) -> float | None:
        """Return None when the request is within all windows, else the seconds until one would be."""
        arrivals = self._arrivals[caller]
        while arrivals and arrivals[0] <= at - self._longest:
            arrivals.pop(0)
        waits = [self._wait(caller, number, limit, seconds, at) for number, (limit, seconds) in enumerate(self.limits)]
        wait = max(waits, default=0.0)
        if wait > 0 and not self.count_refused:
            return wait
        arrivals.append(at)
        for number, (_, seconds) in enumerate(self.limits):
            self._fill(caller, number, seconds, at)
        return wait if wait > 0 else None

    def _sliding(self, caller: str, number: int, limit: int, seconds: float, at: float) -> float:
        inside = [arrival for arrival in self._arrivals[caller] if arrival > at - seconds]
        return inside[-limit] + seconds - at if len(inside) >= limit else 0.0

    def _fixed(self, caller: str, number: int, limit: int, seconds: float, at: float) -> float:
        start = math.floor(at / seconds) * seconds
        inside = sum(arrival >= start for arrival in self._arrivals[caller])
        return start + seconds - at if inside >= limit else 0.0

    def _leaky(self, caller: str, number: int, limit: int, seconds: float, at: float) -> float:
        """A bucket of `limit` requests that leaks `limit` per `seconds`, continuously."""
        over = self._level(caller, number, limit / seconds, at) + 1 - limit
        return over * seconds / limit if over > 1e-9 else 0.0

    def _level(self, caller: str, number: int, per_second: float, at: float) -> float:
        level, since = self._levels.get((caller, number), (0.0, at))
        return max(0.0, level - (at - since) * per_second)

    def _fill(self, caller: str, number: int, seconds: float, at: float) -> None:
        limit = self.limits[number][0]
        level = self._level(caller, number, limit / seconds, at)
        # A refused request that counts keeps the bucket full, but cannot overfill it.
        self._levels[caller, number] = (min(level + 1, float(limit)), at)
