"""How long Expensify usually takes to generate an export's file, so that no call asks for it too early."""

from math import ceil

from exports.models import Run
from exports.models.run import Status

# Every 20th run looks after half the time: otherwise nobody would notice that Expensify got faster.
PROBE_EVERY = 20
# Seconds. Below, the run asks at once; above, it asks at intervals.
SHORTEST, LONGEST = 1.0, 300.0


def before_first_look(run: Run) -> float:
    """Seconds to wait before this run's first download: the 90th percentile of the runs since the last probe."""
    past = Run.objects.filter(export_id=run.export_id, status=Status.SUCCEEDED, ready_after__isnull=False)
    count = past.count()
    if not count:
        return 0.0
    is_probe = count % PROBE_EVERY == 0
    newest = past.order_by("-pk").values_list("ready_after", flat=True)
    times = sorted(
        seconds for seconds in newest[: PROBE_EVERY if is_probe else count % PROBE_EVERY] if seconds is not None
    )
    usual = times[ceil(0.9 * len(times)) - 1] / (2 if is_probe else 1)
    return min(usual, LONGEST) if usual >= SHORTEST else 0.0


def until_ready(run: Run) -> float | None:
    """Seconds from the file's name to its download, or the wait before it if no look came too early.

    None for a download that a person had repeated: that came as late as the person.
    """
    if run.ready_after is not None or run.generated_at is None:
        return run.ready_after
    return (run.moved_at - run.generated_at).total_seconds()
