from collections.abc import Sequence

from expensify.budget import BudgetUnavailable
from exports import dispatch
from exports.models import Run


def find_places(runs: Sequence[Run]) -> bool:
    """Give each run its `place_in_line`, None where it stands in no line. False when Redis cannot say."""
    try:
        places = dispatch.places(runs)
        is_known = True
    except BudgetUnavailable:
        places, is_known = {}, False
    for run in runs:
        run.place_in_line = places.get(run.pk)
    return is_known
