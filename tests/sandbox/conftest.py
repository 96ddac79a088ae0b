from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sandbox.app import Sandbox
from sandbox.choices import Choices
from sandbox.company.company import Company
from tests.sandbox.caller import TODAY, Caller, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def calling(clock: Clock) -> Iterator[Callable[..., Caller]]:
    """Start a sandbox with the given choices (no limits unless asked for) and get a caller for it.

    It uses `clock`, and calls `wait` instead of sleeping, if given.
    """
    with ExitStack() as stack:

        def start(*, control: bool = False, wait: Callable[[float], bool] | None = None, **choices: Any) -> Caller:
            sandbox = Sandbox(
                choices=Choices(**{"limits": (), **choices}),
                company=Company.untouched(TODAY),
                clock=lambda: clock.now,
                wait=wait,
                control=control,
            )
            caller = Caller(sandbox, stack.enter_context(sandbox.serve()).url)
            stack.callback(caller.http.close)
            return caller

        yield start


@pytest.fixture
def caller(calling: Callable[..., Caller]) -> Caller:
    return calling()
