"""Expensify's call limits, kept for all workers together in Redis; knows nothing of what is called."""

from expensify.budget.budget import Budget, Place, Step, Ticket, Usage, Used, budget_key
from expensify.budget.limits import Limits
from expensify.budget.permit import Done, Outcome, Permit
from expensify.budget.wire import BudgetUnavailable, connect

__all__ = [
    "Budget",
    "BudgetUnavailable",
    "Done",
    "Limits",
    "Outcome",
    "Permit",
    "Place",
    "Step",
    "Ticket",
    "Usage",
    "Used",
    "budget_key",
    "connect",
]
