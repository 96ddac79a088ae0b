"""The progress of a run: steps that are done, in progress, ahead or never reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from exports.deliveries.summary import Mails
from exports.models import ApiCall, Occurrence, Run
from exports.models.run import Status
from exports.runs.steps import CALLS

NAMES = {
    "queued": "Queued",
    "selecting": "Asking which reports there are",
    "listing": "Fetching the list",
    "listed": "Reports known",
    "generating": "Generating",
    "generated": "File name received",
    "downloading": "Downloading",
    "stored": "Stored",
    "marking": "Marking the reports",
    "marked": "Marked",
    "reading": "Reading the members",
    "updating": "Sending the people",
    "answered": "Answered",
    "delivered": "Delivered",
}
# The step shown while a run waits for the call of that step.
_RESTS_AT = {Status.SELECTED: "listing", Status.LISTED: "listed", Status.STORED: "marking"}
# The steps of each kind of call: while it is in progress, and after it.
_KEYS = {
    "select": ["selecting"],
    "list": ["listing", "listed"],
    "generate": ["generating", "generated"],
    "download": ["downloading", "stored"],
    "mark": ["marking", "marked"],
    "members": ["reading", "answered"],
    "dry_run": ["updating", "answered"],
    "apply": ["updating", "answered"],
}


@dataclass(frozen=True)
class TimelineStep:
    """`state` is "done", "now", "ahead", "never", or the status with which the run ended at this step.

    The step of a schedule's mails may also be "held" or "partly" (sent).
    """

    key: str
    state: str
    at: datetime | None

    @property
    def name(self) -> str:
        return NAMES[self.key]

    @property
    def state_in_words(self) -> str:
        words = {
            "done": "done",
            "now": "now",
            "ahead": "still to come",
            "never": "not reached",
            "held": "held",
            "partly": "not all of them",
        }
        return words.get(self.state) or f"ended here: {Status(self.state).label.lower()}"


def steps(run: Run, calls: Sequence[ApiCall]) -> list[TimelineStep]:
    """The steps of a run; `calls` are the run's, oldest first."""
    keys = _keys(run)
    reached = keys.index(_reached(run, calls))
    times = _times(run, calls)
    timeline = []
    for number, key in enumerate(keys):
        if run.status == Status.SUCCEEDED or number < reached:
            state = "done"
        elif number == reached:
            state = run.status if run.is_final else "now"
        else:
            state = "never" if run.is_final else "ahead"
        timeline.append(TimelineStep(key, state, times.get(key) if state not in {"ahead", "never"} else None))
    return timeline


def delivered(run: Run, occurrence: Occurrence, mails: Mails) -> TimelineStep:
    """The last step of a scheduled run: its mails."""
    if run.status != Status.SUCCEEDED:
        return TimelineStep("delivered", "never" if run.is_final else "ahead", None)
    if occurrence.settled_at is None or mails.are_under_way:
        return TimelineStep("delivered", "now", occurrence.settled_at)
    if mails.held:
        return TimelineStep("delivered", "held", occurrence.settled_at)
    return TimelineStep("delivered", "done" if mails.sent == mails.all else "partly", occurrence.settled_at)


def _keys(run: Run) -> list[str]:
    calls = run.traits.calls[:2] if run.report_count == 0 else run.traits.calls
    return ["queued", *(key for call in calls for key in _KEYS[CALLS[call].kind])]


def _reached(run: Run, calls: Sequence[ApiCall]) -> str:
    if not run.is_final:
        return _RESTS_AT.get(Status(run.status), run.status)
    if run.traits.of_update:
        return _keys(run)[1 if calls else 0]
    if run.kind == Run.Kind.MARKING:
        return "marking"
    kinds = {call.kind for call in calls}
    if run.marks_last and run.remote_file and run.fetched == len(run.remote_files):
        return "marking"
    if run.remote_file:
        return "downloading" if "download" in kinds else "generated"
    if run.report_count is not None:
        return "generating" if "generate" in kinds else "listed"
    if run.selection_file:
        return "listing"
    return ("selecting" if run.traits.selects else "generating") if calls else "queued"


def _times(run: Run, calls: Sequence[ApiCall]) -> dict[str, datetime | None]:
    last = {call.kind: call for call in calls}
    sent: dict[str, datetime | None] = {keys[0]: last[kind].sent_at for kind, keys in _KEYS.items() if kind in last}
    return sent | {
        "queued": run.created_at,
        "listed": _answered(last.get("list")) if run.report_count is not None else None,
        "generated": _answered(last.get("generate")) if run.remote_file else None,
        "stored": _answered(last.get("download")) if run.marks_last else run.finished_at,
        "marked": run.finished_at,
        "answered": run.finished_at,
    }


def _answered(call: ApiCall | None) -> datetime | None:
    return call.sent_at + timedelta(seconds=call.seconds) if call and call.seconds is not None else None
