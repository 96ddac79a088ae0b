"""A run as the steps people see: what is done, what goes on, what never came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from exports.models import ApiCall, Run
from exports.models.run import Status

NAMES = {
    "queued": "Queued",
    "generating": "Generating",
    "generated": "File name received",
    "downloading": "Downloading",
    "stored": "Stored",
}
KEYS = list(NAMES)


@dataclass(frozen=True)
class Step:
    """`state` is "done", "now", "ahead", the status with which the run ended here, or "never" for what comes after."""

    key: str
    state: str
    at: datetime | None

    @property
    def name(self) -> str:
        return NAMES[self.key]

    @property
    def state_in_words(self) -> str:
        words = {"done": "done", "now": "now", "ahead": "still to come", "never": "not reached"}
        return words.get(self.state) or f"ended here: {Status(self.state).label.lower()}"


def steps(run: Run, calls: Sequence[ApiCall]) -> list[Step]:
    """The five steps of a run; `calls` are the run's, oldest first."""
    reached = _reached(run, calls)
    times = _times(run, calls)
    found = []
    for number, key in enumerate(KEYS):
        if run.status == Status.SUCCEEDED or number < reached:
            state = "done"
        elif number == reached:
            state = run.status if run.is_final else "now"
        else:
            state = "never" if run.is_final else "ahead"
        found.append(Step(key, state, times.get(key) if state not in {"ahead", "never"} else None))
    return found


def _reached(run: Run, calls: Sequence[ApiCall]) -> int:
    if not run.is_final:
        return KEYS.index(run.status)
    if run.remote_file:
        return KEYS.index("downloading" if any(call.kind == "download" for call in calls) else "generated")
    return KEYS.index("generating" if calls else "queued")


def _times(run: Run, calls: Sequence[ApiCall]) -> dict[str, datetime | None]:
    generate = next((call for call in reversed(calls) if call.kind == "generate"), None)
    download = next((call for call in reversed(calls) if call.kind == "download"), None)
    return {
        "queued": run.created_at,
        "generating": generate.sent_at if generate else None,
        "generated": _answered(generate) if run.remote_file else None,
        "downloading": download.sent_at if download else None,
        "stored": run.finished_at,
    }


def _answered(call: ApiCall | None) -> datetime | None:
    return call.sent_at + timedelta(seconds=call.seconds) if call and call.seconds is not None else None
