"""What Expensify's limits could mean: each judges arrivals of one partner, and none knows our limiter."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

Windows = tuple[tuple[int, float], ...]
PUBLISHED: Windows = ((5, 10.0), (20, 60.0))

Judge = Callable[[float], bool]


@dataclass
class SlidingLog:
    """Accepts when fewer than the limit were accepted in each window that ends now, its edge included."""

    windows: Windows = PUBLISHED
    accepted: list[float] = field(default_factory=list)

    def __call__(self, at: float) -> bool:
        for calls, seconds in self.windows:
            if sum(1 for earlier in self.accepted[-calls:] if earlier >= at - seconds) >= calls:
                return False
        self.accepted.append(at)
        return True


@dataclass
class FixedWindows:
    """Counts from the full ten seconds or minute, which begin at `offset`."""

    offset: float
    windows: Windows = PUBLISHED
    counts: Counter[tuple[int, int]] = field(default_factory=Counter)

    def __call__(self, at: float) -> bool:
        slots = [(i, int((at - self.offset) // seconds)) for i, (_, seconds) in enumerate(self.windows)]
        if any(self.counts[slot] >= self.windows[slot[0]][0] for slot in slots):
            return False
        self.counts.update(slots)
        return True


@dataclass
class LeakyBucket:
    """Holds `size` calls and loses one each `seconds`."""

    size: int = 5
    seconds: float = 3.0
    level: float = 0
    at: float = 0

    def __call__(self, at: float) -> bool:
        level = max(0.0, self.level - (at - self.at) / self.seconds)
        if level + 1 > self.size + 1e-9:
            return False
        self.level, self.at = level + 1, at
        return True


def all_judges() -> dict[str, Judge]:
    fixed = {f"fixed windows from {offset} s": FixedWindows(offset) for offset in (0.0, 3.3, 5.0, 8.7, 31.0)}
    return {"sliding log": SlidingLog(), "strict bucket": LeakyBucket(), **fixed}


def refusals(arrivals: list[float]) -> dict[str, int]:
    """How many of these arrivals each judge refuses."""
    return {name: sum(not judge(at) for at in sorted(arrivals)) for name, judge in all_judges().items()}


def steady_share(arrivals: list[float], calls: int = 20, seconds: float = 60.0) -> float:
    """The rate while there was always work, as a share of the limit; the first burst does not count."""
    marks = sorted(arrivals)[::calls]
    spans = [later - earlier for earlier, later in pairwise(marks)]
    return seconds * len(spans) / sum(spans)


class HttpReferee(ThreadingHTTPServer):
    """Answers 429 beyond the limits; remembers what arrived when, by the monotonic clock of this machine."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, windows: Windows) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.judge = SlidingLog(windows)
        self.lock = threading.Lock()
        self.refused = 0
        self.accepted: list[tuple[str, float]] = []

    @property
    def arrivals(self) -> list[float]:
        return [at for _, at in self.accepted]

    @contextmanager
    def serving(self) -> Iterator["HttpReferee"]:
        thread = threading.Thread(target=self.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HttpReferee

    def do_POST(self) -> None:
        name = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with self.server.lock:
            at = time.monotonic()
            accepted = self.server.judge(at)
            if accepted:
                self.server.accepted.append((name, at))
            else:
                self.server.refused += 1
        self.send_response(200 if accepted else 429)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...
