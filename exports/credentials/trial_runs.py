"""Compare the file of a trial with a new key pair with the export's last file."""

from dataclasses import dataclass

from accounts.models import Rotation
from exports.models import Result, Run
from exports.models.run import Status
from exports.results import preview


@dataclass(frozen=True)
class Trial:
    """A trial of a rotation; `before` is the last result with the old pair, `differs` the differences in words."""

    run: Run
    result: Result | None
    before: Result | None
    differs: str


def of(rotation: Rotation) -> list[Trial]:
    """The last five trials with the new pair, newest first."""
    runs = rotation.trials.select_related("export", "result", "team").order_by("-pk")[:5]
    return [_trial(run) for run in runs]


def _trial(run: Run) -> Trial:
    result = getattr(run, "result", None)
    earlier = Result.objects.filter(
        run__export=run.export_id, run__trial_of=None, run__status=Status.SUCCEEDED, purged_at=None
    )
    before = earlier.order_by("-pk").first()
    return Trial(run, result, before, _difference(before, result) if result and before else "")


def _difference(before: Result, result: Result) -> str:
    if before.media_type != result.media_type:
        return f"It is {result.media_type} now, and was {before.media_type}."
    old, new = _headings(before), _headings(result)
    if old == new:
        return ""
    missing = [name for name in old if name not in new]
    added = [name for name in new if name not in old]
    if missing or added:
        return " ".join(
            f"{word}: {', '.join(names)}." for word, names in (("Missing", missing), ("New", added)) if names
        )
    return "Its columns stand in another order."


def _headings(result: Result) -> list[str]:
    table = preview.preview(result)
    return table.headings if isinstance(table, preview.TablePreview) else []
