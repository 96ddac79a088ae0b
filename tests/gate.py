"""Let a test decide when the sandbox answers, instead of guessing how many seconds something else will take."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sandbox.app import Sandbox
from sandbox.faults import Fault
from sandbox.server import Cut


@contextmanager
def held(sandbox: Sandbox, fault: Fault, *, on: str) -> Iterator[Callable[[], None]]:
    """The next such request is held where `fault` has a delay of any length, until what is yielded is called."""
    opened = threading.Event()

    def wait(seconds: float) -> None:
        while seconds > 0 and not opened.wait(0.05):
            if sandbox._stopping.is_set():
                raise Cut

    sandbox._wait = wait  # type: ignore[method-assign]
    sandbox.script(replace(fault), on=on)
    try:
        yield opened.set
    finally:
        opened.set()
        del sandbox._wait
