from collections.abc import Sequence

from expensify.budget.wire import BudgetUnavailable
from exports.models import Run
from exports.runs import queue


def find_places(runs: Sequence[Run]) -> bool:
    """Give each run its `place_in_line`, None where it stands in no line. False when Redis cannot say."""
    try:
        places = queue.places(runs)
        is_known = True
    except BudgetUnavailable:
        places, is_known = {}, False
    for run in runs:
        run.place_in_line = places.get(run.pk)
    return is_known
