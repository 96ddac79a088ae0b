"""Call budgets for tests that are about something else."""

from dataclasses import replace
from typing import Any

from expensify.budget.budget import Budget
from expensify.budget.limits import Limits
from exports.runs import queue
from sandbox.app import Sandbox
from tests.waiting import PATIENCE

# A budget that delays no call.
WIDE = Limits(((500, 1.0), (2000, 6.0)), unanswered=PATIENCE)


def of_long_windows(settings: Any) -> Budget:
    """The call budget with windows of hours, so that a call still counts when a slow machine shows its page."""
    settings.EXPENSIFY_LIMITS = replace(settings.EXPENSIFY_LIMITS, windows=((5, 3600.0), (20, 7200.0)))
    queue.budget.cache_clear()
    return queue.budget()


def use_limits(settings: Any, sandbox: Sandbox, limits: Limits) -> None:
    """Let the portal keep to these limits, and the sandbox to none."""
    sandbox.choices = replace(sandbox.choices, limits=())
    sandbox.reset()
    settings.EXPENSIFY_LIMITS = limits
    queue.budget.cache_clear()
