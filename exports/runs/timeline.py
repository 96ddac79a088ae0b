"""A run as the steps people see: what is done, what goes on, what never came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from exports.deliveries.summary import Mails
from exports.models import ApiCall, Occurrence, Run
from exports.models.run import Status

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
# Where a run rests that waits for the call of the next step.
_RESTS_AT = {Status.SELECTED: "listing", Status.LISTED: "listed", Status.STORED: "marking"}
_CALLS = {
    "select": "selecting",
    "list": "listing",
    "generate": "generating",
    "download": "downloading",
    "mark": "marking",
    "members": "reading",
    "dry_run": "updating",
    "apply": "updating",
}


@dataclass(frozen=True)
class TimelineStep:
    """`state` is "done", "now", "ahead", the status with which the run ended here, or "never" for what comes after.

    The mails of a schedule may also be "held", or sent "partly".
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
    found = []
    for number, key in enumerate(keys):
        if run.status == Status.SUCCEEDED or number < reached:
            state = "done"
        elif number == reached:
            state = run.status if run.is_final else "now"
        else:
            state = "never" if run.is_final else "ahead"
        found.append(TimelineStep(key, state, times.get(key) if state not in {"ahead", "never"} else None))
    return found


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
    if run.purpose != Run.Purpose.EXPORT:
        return ["queued", "reading" if run.purpose == Run.Purpose.MEMBERS else "updating", "answered"]
    if run.marks_last and run.of_batch:
        return ["queued", "marking", "marked"]
    if run.report_count == 0:
        return ["queued", "selecting", "listing", "listed"]
    return [
        "queued",
        *(["selecting", "listing", "listed"] if run.selects else []),
        *["generating", "generated", "downloading", "stored"],
        *(["marking", "marked"] if run.marks_last else []),
    ]


def _reached(run: Run, calls: Sequence[ApiCall]) -> str:
    if not run.is_final:
        return _RESTS_AT.get(Status(run.status), run.status)
    if run.purpose != Run.Purpose.EXPORT:
        return _keys(run)[1 if calls else 0]
    made = {call.kind for call in calls}
    is_stored = run.of_batch or (run.remote_file and run.fetched == len(run.remote_files))
    if run.marks_last and is_stored:
        return "marking"
    if run.remote_file:
        return "downloading" if "download" in made else "generated"
    if run.report_count is not None:
        return "generating" if "generate" in made else "listed"
    if run.selection_file:
        return "listing"
    return ("selecting" if run.selects else "generating") if calls else "queued"


def _times(run: Run, calls: Sequence[ApiCall]) -> dict[str, datetime | None]:
    last = {call.kind: call for call in calls}
    sent: dict[str, datetime | None] = {
        step: last[kind].sent_at for kind, step in _CALLS.items() if kind in last
    }
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
