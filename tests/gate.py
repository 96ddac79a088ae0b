"""Let a test decide when the sandbox responds, instead of waiting a number of seconds."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sandbox.app import Sandbox
from sandbox.faults import Fault
from sandbox.server import Cut


@contextmanager
def held(sandbox: Sandbox, fault: Fault, *, on: str) -> Iterator[Callable[[], None]]:
    """Hold the next such request at the delay of `fault` until the yielded function is called."""
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
