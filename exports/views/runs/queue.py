from collections.abc import Sequence

from expensify.budget.wire import BudgetUnavailable
from exports.models import Run
from exports.runs import queue


def add_positions(runs: Sequence[Run]) -> bool:
    """Set `place_in_line` of each run to its queue position, or None. False when Redis is unavailable."""
    try:
        positions, is_available = queue.positions(runs), True
    except BudgetUnavailable:
        positions, is_available = {}, False
    for run in runs:
        run.place_in_line = positions.get(run.pk)
    return is_available
