from collections.abc import Sequence

from expensify.budget import BudgetUnavailable
from exports import dispatch
from exports.models import Run


def find_places(runs: Sequence[Run]) -> None:
    """Give each run its `place_in_line`; None where it stands in no line, or nobody knows since Redis is away."""
    try:
        places = dispatch.places(runs)
    except BudgetUnavailable:
        places = {}
    for run in runs:
        run.place_in_line = places.get(run.pk)
