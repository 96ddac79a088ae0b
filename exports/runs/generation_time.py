"""How long an export's file usually takes after its name came back, so that no call is spent on asking too early."""

from math import ceil

from exports.models import Run
from exports.models.run import Status

# Every so many runs the first look comes at half the time: waiting alone would never show that Expensify got quicker.
PROBE_EVERY = 20
# Seconds: below, asking at once is as good; above, a look now and then is better than waiting on.
SHORTEST, LONGEST = 1.0, 300.0


def before_first_look(run: Run) -> float:
    """Seconds to wait before this run's first download: what nine of ten runs since the last probe needed at most."""
    past = Run.objects.filter(export_id=run.export_id, status=Status.SUCCEEDED, ready_after__isnull=False)
    count = past.count()
    if not count:
        return 0.0
    is_probe = count % PROBE_EVERY == 0
    newest = past.order_by("-pk").values_list("ready_after", flat=True)
    times = sorted(newest[: PROBE_EVERY if is_probe else count % PROBE_EVERY])
    usual = times[ceil(0.9 * len(times)) - 1] / (2 if is_probe else 1)
    return min(usual, LONGEST) if usual >= SHORTEST else 0.0


def until_ready(run: Run) -> float:
    """Seconds from the name of the file to the download that got it, or the wait if no look came too early."""
    if run.ready_after is not None or run.generated_at is None:
        return run.ready_after or 0.0
    return (run.moved_at - run.generated_at).total_seconds()
