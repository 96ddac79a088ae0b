"""What was done to the portal, and when: the other half of every run's history."""

import threading
import time
from collections import Counter
from dataclasses import dataclass

# Seconds that a killed process may still take to die, or a worker to notice what broke.
AFTERMATH = 0.5


@dataclass
class Event:
    """Something that happened at `at`, or went on until `until` (seconds since 1970)."""

    at: float
    kind: str
    detail: str = ""
    until: float | None = None

    def overlaps(self, start: float, end: float) -> bool:
        return self.at <= end and (self.until or self.at) + AFTERMATH >= start


class Journal:
    """Any thread may write; what is read is a copy."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._lock = threading.Lock()

    def note(self, kind: str, detail: str = "", *, lasting: bool = False) -> Event:
        """Write down that it happened now; one that is `lasting` goes on until `end`."""
        event = Event(time.time(), kind, detail, until=float("inf") if lasting else None)
        with self._lock:
            self._events.append(event)
        return event

    def end(self, event: Event) -> None:
        event.until = time.time()

    def between(self, start: float, end: float, *kinds: str) -> list[Event]:
        """What overlaps this span, of all kinds or of those that begin with one of these words."""
        with self._lock:
            events = list(self._events)
        return [event for event in events if event.overlaps(start, end) and (not kinds or event.kind.startswith(kinds))]

    def counts(self) -> Counter[str]:
        with self._lock:
            return Counter(event.kind for event in self._events)
