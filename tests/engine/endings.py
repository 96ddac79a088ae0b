"""Every way in which a run can end without success: its kind and effects, the step, and what came of its last call."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from expensify.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    Rejected,
    TooLarge,
    Unauthorized,
    Unreachable,
)
from exports.models.run import RESTING, Status
from exports.models.run_kind import KINDS, Kind
from exports.results.store import CannotStore
from exports.runs import steps
from exports.runs.file_checks import NotTheFile
from exports.runs.report_list import CannotReadList
from exports.runs.steps import RunStep

LABEL = "ERP"
MARK = {"actionName": "markAsExported", "label": LABEL}
UPLOAD = {"actionName": "sftpUpload"}
EFFECTS: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "marks": [MARK],
    "uploads": [UPLOAD],
    "marks and uploads": [MARK, UPLOAD],
}
UNCLEAR = ("no_answer", "no_verdict", "server_error", "unreadable", "truncated", "too_slow")
CANCELLED = "cancelled"
LOST = "worker lost"


@dataclass(frozen=True)
class Ending:
    kind: Kind
    effects: str
    step: RunStep
    cause: str

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.effects}, {self.step.kind}: {self.cause}"

    @property
    def marks_last(self) -> bool:
        return KINDS[self.kind].marks_last or self.kind == Kind.MARKING

    @property
    def actions(self) -> list[dict[str, Any]]:
        return EFFECTS[self.effects]

    @property
    def makes_twice(self) -> bool:
        """Whether generating the file has effects that must not happen twice."""
        return any(action != MARK or not self.marks_last for action in self.actions)


def causes(step: RunStep) -> dict[str, Exception]:
    """What may come of a call: the errors of the client, and what the file may be."""
    found: dict[str, Exception] = {code: OutcomeUnknown("Oops", code=code) for code in UNCLEAR}
    found |= {
        "unreachable": Unreachable(),
        "rejected": Rejected("Required parameter 'x' is missing"),
        "rejected by a page": Rejected(),
        "unauthorized": Unauthorized("Authentication error"),
        "not allowed": NotAllowed("Not authorized"),
        "not found": NotFound("File not found"),
        "invalid": Invalid("Malformed date"),
    }
    if step.kind in {"download", "list"}:
        found |= {
            "empty": NotFound(
                code="not_ready", happened="Expensify has not finished the file yet, or the export came out empty."
            ),
            "too large": TooLarge(),
            "the disk is full": CannotStore(
                "The portal could not store the file: no space. An operator has to look at it."
            ),
            "a web page": NotTheFile("A web page came back instead of the file, probably an error page."),
        }
    if step.kind == "download":
        found["other rows"] = CannotReadList("The file has 2 rows, but the listed reports have 3.")
    return found


def endings() -> Iterator[Ending]:
    for kind in Kind:
        for effects in _effects(kind):
            for step in steps.steps_of(kind):
                for cause in [*causes(step), LOST, *([CANCELLED] if step.resting in RESTING else [])]:
                    yield Ending(kind, effects, step, cause)


def error_of(ending: Ending) -> Exception | None:
    error = causes(ending.step).get(ending.cause)
    if isinstance(error, OutcomeUnknown) and not must_not_be_repeated(ending):
        error.is_harmless()
    return error


def must_not_be_repeated(ending: Ending) -> bool:
    is_generating = ending.step.in_flight == Status.GENERATING and ending.makes_twice
    return is_generating or ending.step in {steps.MARK, steps.APPLY}


def _effects(kind: Kind) -> list[str]:
    if kind in {Kind.MARKED_LAST, Kind.MARKING}:
        return ["marks", "marks and uploads"] if kind == Kind.MARKED_LAST else ["marks"]
    if kind in {Kind.EXPORT, Kind.LISTED_EXPORT}:
        return list(EFFECTS)
    return ["nothing", "uploads"] if kind == Kind.SAME_REPORTS else ["nothing"]
