from collections.abc import Sequence

from expensify.budget.wire import BudgetUnavailable
from exports.models import Run
from exports.runs import queue


def add_positions(runs: Sequence[Run]) -> bool:
    """Set `queue_position` of each run to its queue position, or None. False when Redis is unavailable."""
    try:
        positions, is_available = queue.positions(runs), True
    except BudgetUnavailable:
        positions, is_available = {}, False
    for run in runs:
        run.queue_position = positions.get(run.pk)
    return is_available
