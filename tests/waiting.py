"""How tests wait for something that another thread or process does."""

import time
from collections.abc import Callable
from typing import Any

# Seconds. A step of one second may take a hundred on a busy machine; only a hang takes longer than this.
PATIENCE = 240.0


def wait_until(
    condition: Callable[[], Any], *, seconds: float = PATIENCE, every: float = 0.05, log: Callable[[], str] = str
) -> Any:
    """Poll until `condition` is true and return its value. Fail with the end of `log` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not true within {seconds:g} s: {condition}\n{log()[-4000:]}"
        time.sleep(every)
    return value
